import { accessible, expect, sim, test, wire } from './world'

test.afterEach(async () => {
  await sim.post('/faults/clear')
})

test('a change made in the pool is on the screen within a second', async ({ page }) => {
  const vm = await sim.vm('Halted')
  await page.goto('/')
  const node = page.locator(`[data-node="VM:${vm.uuid}"]`)
  await page.getByRole('searchbox', { name: 'Find in the tree' }).fill(vm.uuid)
  await expect(node).toContainText(vm.name.trim())

  await sim.set('VM', vm.ref, { name_label: 'renamed elsewhere' })
  await expect(node).toContainText('renamed elsewhere', { timeout: 5_000 })
  await sim.set('VM', vm.ref, { name_label: vm.name })
  await expect(node).toContainText(vm.name.trim(), { timeout: 5_000 })
})

test('figures of the dashboard are live, and lead to the list behind them', async ({ page }) => {
  await page.goto('/')
  const figure = page.getByRole('region', { name: 'VMs' }).locator('[data-figure="state.Halted"]')
  const before = Number(/(\d+)$/.exec(await expect.poll(() => figure.innerText()).toMatch(/\d/).then(() => figure.innerText()))?.[1])
  const vm = await sim.vm('Halted')
  await sim.set('VM', vm.ref, { power_state: 'Suspended' })
  await expect(figure).toContainText(String(before - 1), { timeout: 5_000 })
  await sim.set('VM', vm.ref, { power_state: 'Halted' })
  await expect(figure).toContainText(String(before), { timeout: 5_000 })
  await figure.click()
  await expect(page).toHaveURL(/\/vms\?filter=power_state(:|%3A)Halted/)
})

test('a silent pool is shown as it last was, with its age; then it is back', async ({ page }) => {
  await page.goto('/')
  const pool = page.getByRole('treeitem', { name: /^Lakeside/ })
  await expect(pool).toBeVisible()
  await expect(page.getByTestId('lamp')).toContainText('Live')

  // Every connection breaks, and nothing is answered any more.
  await sim.post('/faults/hang', { seconds: 600 })
  await sim.post('/faults/drop_connections')
  await expect(pool).toHaveAttribute('data-stale', 'true', { timeout: 20_000 })
  await expect(page.getByTestId('lamp')).toContainText('1 pool silent', { timeout: 20_000 })
  const age = async () => Number(/(\d+) sec/.exec(await pool.innerText())?.[1] ?? -1)
  const first = await age()
  expect(first).toBeGreaterThanOrEqual(0)
  await expect.poll(age).toBeGreaterThan(first)
  await expect(page.getByRole('region', { name: 'Connections with trouble' })).toContainText('Lakeside')
  await expect(page.getByRole('treeitem', { name: /^xcp-01/ })).toBeVisible()
  await accessible(page)

  await page.goto('/servers')
  const card = page.getByRole('article', { name: 'Lakeside' })
  await expect(card).toHaveAttribute('data-state', 'stale')
  await expect(card).toContainText('The pool does not answer')
  await accessible(page)

  await sim.post('/faults/clear')
  await sim.post('/faults/drop_connections')
  await expect(card).toHaveAttribute('data-state', 'connected', { timeout: 40_000 })
  await expect(page.getByTestId('lamp')).toContainText('Live')
  await expect(pool).not.toHaveAttribute('data-stale', 'true')
})

test('the line to the service breaks and heals by itself, and nothing is missed', async ({ page }) => {
  const vm = await sim.vm('Halted', 1)
  const line = await wire()
  await page.goto(`${line.url}/`)
  const node = page.locator(`[data-node="VM:${vm.uuid}"]`)
  await page.getByRole('searchbox', { name: 'Find in the tree' }).fill(vm.uuid)
  await expect(node).toContainText(vm.name.trim())
  await expect(page.getByTestId('lamp')).toContainText('Live')
  line.cut()
  await expect(page.getByTestId('lamp')).toContainText('Reconnecting')
  await expect(node).toContainText(vm.name.trim())
  await sim.set('VM', vm.ref, { name_label: 'while away' })
  await line.mend()
  await expect(page.getByTestId('lamp')).toContainText('Live', { timeout: 25_000 })
  await expect(node).toContainText('while away', { timeout: 10_000 })
  await sim.set('VM', vm.ref, { name_label: vm.name })
  line.close()
})
