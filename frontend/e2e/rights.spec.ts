import { accessible, expect, rest, sim, signInAs, test } from './world'

const NAME = 'delegate@example.org'
const PASSWORD = 'six machines and no more'
let vms: { id: string; name: string }[]
let user: string
let role: string

test.describe.configure({ mode: 'serial' })

test.beforeAll(async () => {
  vms = []
  for (let nth = 0; nth < 6; nth++) {
    const { uuid, name } = await sim.vm('Halted', nth)
    vms.push({ id: uuid, name })
  }
  user = ((await rest('POST', '/users', { name: NAME, password: PASSWORD })) as { id: string }).id
  role = ((await rest('POST', '/acl-roles', { name: 'Six machines', description: 'Sees and starts six VMs' })) as { id: string }).id
  const selector = `id:|(${vms.map(({ id }) => `="${id}"`).join(' ')})`
  for (const action of ['read', 'start']) await rest('POST', '/acl-privileges', { roleId: role, resource: 'vm', action, selector })
  await rest('POST', '/acl-privileges', { roleId: role, resource: 'vm', action: 'snapshot', selector: `id:="${vms[0]!.id}"` })
  await rest('PUT', `/acl-roles/${role}/users/${user}`)
})

test.afterAll(async () => {
  await rest('DELETE', `/users/${user}`)
  await rest('DELETE', `/acl-roles/${role}`)
})

test.describe('somebody with six VMs', () => {
  test.use({ storageState: { cookies: [], origins: [] } })
  test.beforeEach(async ({ page }) => signInAs(page, NAME, PASSWORD))

  test('sees these and nothing else', async ({ page }) => {
    await expect(page.getByRole('link', { name: /^6 VMs/ })).toBeVisible()
    await expect(page.getByRole('region', { name: 'Hosts' })).toHaveCount(0)
    await accessible(page)
    const screens = page.getByRole('navigation', { name: 'Screens' })
    await expect(screens.getByRole('link', { name: /^VMs/ })).toBeVisible()
    for (const hidden of [/^Hosts/, /^Pools/, /^Storage/, /^Networks/, /^People/, /^Connections/, /^Self-service/]) await expect(screens.getByRole('link', { name: hidden })).toHaveCount(0)
    await page.goto('/vms')
    await expect(page.getByTestId('count')).toHaveText('6')
    await accessible(page)
    await page.goto('/audit')
    await expect(page.getByTestId('refused')).toBeVisible()
    await accessible(page)
    const other = await sim.vm('Running', 0)
    await page.goto(`/vms/${other.uuid}`)
    await expect(page.getByRole('main')).toContainText('you may not see it')
  })

  test('starts one, cannot delete it, and is told why something is not possible', async ({ page }) => {
    const [first, second] = vms
    await page.goto(`/vms/${first!.id}`)
    const actions = page.getByTestId('actions')
    await expect(actions.getByRole('button', { name: 'Take a snapshot' })).not.toHaveAttribute('aria-disabled', 'true')
    await page.goto(`/vms/${second!.id}`)
    const snapshot = actions.getByRole('button', { name: 'Take a snapshot' })
    await expect(snapshot).toHaveAttribute('aria-disabled', 'true')
    await expect(snapshot).toHaveAccessibleDescription(/it needs vm:snapshot/)
    // What is never allowed is not offered at all.
    await expect(actions.getByRole('button', { name: 'Shut down' })).toHaveCount(0)
    await accessible(page)
    await actions.getByRole('button', { name: 'Start', exact: true }).click()
    await expect(page.getByTestId('state')).toHaveText('Running')
    await expect(page.locator('[data-action="delete"]')).toHaveCount(0)
    const status = await page.evaluate((id) => fetch(`/rest/v0/vms/${id}`, { method: 'DELETE' }).then((response) => response.status), second!.id)
    expect(status).toBe(403)
  })

  test('sees another right at once', async ({ page }) => {
    await page.goto('/vms')
    await expect(page.getByTestId('count')).toHaveText('6')
    const more = await sim.vm('Running', 0)
    const { id } = (await rest('POST', '/acl-privileges', { roleId: role, resource: 'vm', action: 'read', selector: `id:="${more.uuid}"` })) as { id: string }
    await expect(page.getByTestId('count')).toHaveText('7')
    await rest('DELETE', `/acl-privileges/${id}`)
    await expect(page.getByTestId('count')).toHaveText('6')
  })
})

test('an administrator sees what this user sees, and why', async ({ page }) => {
  await page.goto(`/users/${user}`)
  await expect(page.getByRole('heading', { name: new RegExp(`^${NAME}`) })).toBeVisible()
  await expect(page.getByTestId('seen-by').locator('[data-type="VM"]')).toContainText('6')
  await page.getByTestId('seen-by').locator('[data-type="VM"]').click()
  await expect(page.getByTestId('seen-by').getByRole('link', { name: vms[0]!.name })).toBeVisible()
  await accessible(page)
  const why = page.getByTestId('why')
  await why.getByLabel('Object').click()
  await page.getByPlaceholder('Find', { exact: true }).fill(vms[1]!.name)
  await page.getByRole('option', { name: vms[1]!.name, exact: true }).click()
  await why.getByRole('button', { name: 'Why?' }).click()
  await expect(page.getByTestId('why-answer')).toContainText(`may start ${vms[1]!.name}`)
  await expect(page.getByTestId('why-answer')).toContainText('Six machines')
  await accessible(page)
})
