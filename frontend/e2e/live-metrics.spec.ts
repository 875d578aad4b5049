import { type Locator, type Page } from '@playwright/test'
import { accessible, expect, sim, test, wire } from './world'

/** Hosts are polled every five seconds; the first values of a host come after its first answers. */
const SOON = { timeout: 30_000 }

test.afterEach(async () => {
  await sim.post('/faults/clear')
})

const number = (text: string) => Number(/-?[\d.,]+/.exec(text)?.[0].replaceAll(',', '') ?? Number.NaN)
/** The shown values of a metric in the table, from the top. */
const shown = async (page: Page, metric: string) => (await page.locator(`.dt-row [data-metric="${metric}"] .live-number`).allInnerTexts()).map(number)
/** It changes by itself: what is shown is live. The line does with every value; a rounded number may stay the same for minutes. */
async function isLive(cell: Locator): Promise<void> {
  await expect(cell).toHaveAttribute('title', /\d/, SOON)
  const before = await cell.innerHTML()
  await expect.poll(() => cell.innerHTML(), SOON).not.toBe(before)
}

test('the dashboard shows how busy everything is, and leads there', async ({ page }) => {
  test.slow() // it waits for several rounds of values
  await page.goto('/')
  const main = page.getByRole('main')
  await expect(main.getByTestId('site-cpu')).toContainText('%', SOON)

  const heat = main.getByRole('region', { name: 'Hosts at a glance' })
  const cells = heat.locator('.heat-link')
  await expect(cells).toHaveCount(3)
  for (const cell of await cells.all()) await expect(cell).toContainText(/\d%/, SOON)
  await heat.getByRole('button', { name: 'Memory use' }).click()
  await expect(cells.first()).toHaveAccessibleName(/^xcp-01, Lakeside: Memory use \d/, SOON)

  // One stop of the Tab key, arrows from cell to cell.
  await expect(heat.locator('.heat-link[tabindex="0"]')).toHaveCount(1)
  await cells.first().focus()
  await page.keyboard.press('ArrowRight')
  await expect(cells.nth(1)).toBeFocused()
  await page.keyboard.press('End')
  await expect(cells.last()).toBeFocused()

  const vms = main.getByRole('region', { name: 'VMs that use most' })
  await expect(vms.getByTestId('top').getByRole('listitem')).toHaveCount(8, SOON)
  // Values move on between two rankings: what is first by far is first.
  await expect.poll(async () => {
    const values = (await vms.locator('.live-number').allInnerTexts()).map(number)
    return (values[0] ?? 0) >= (values.at(-1) ?? 100)
  }, SOON).toBe(true)
  await vms.getByRole('button', { name: 'Network' }).click()
  await expect(vms.locator('.live-number').first()).toContainText('/s', SOON)
  await isLive(vms.locator('.live').first())
  await expect(main.getByRole('region', { name: 'Fullest storage' }).getByRole('link').nth(1)).toBeVisible()
  await accessible(page)

  await cells.last().focus()
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/hosts\//)
})

test('a list is sorted and filtered by live values', async ({ page, request, baseURL }) => {
  await page.goto('/vms?filter=power_state:Running')
  await isLive(page.locator('.dt-row [data-metric="cpu"]').first())
  await page.getByRole('columnheader', { name: 'CPU use' }).getByRole('button').first().click()
  await page.getByRole('columnheader', { name: 'CPU use' }).getByRole('button').first().click()
  await expect(page).toHaveURL(/sort=-cpuUse/)
  await expect.poll(async () => {
    const values = (await shown(page, 'cpu')).slice(0, 10)
    // Values move on between two orders: what was first by far is first.
    return values.length === 10 && (values[0] ?? 0) > (values[9] ?? 100)
  }, SOON).toBe(true)

  const line = page.locator('main [data-filter]')
  await line.fill('metrics.cp')
  await expect(page.getByRole('option', { name: /metrics\.cpu/ })).toBeVisible()
  await accessible(page)
  await line.fill('metrics.cpu:>30')
  await page.keyboard.press('Enter')
  await expect.poll(async () => Math.min(...(await shown(page, 'cpu'))), SOON).toBeGreaterThan(20)
  const answer = await request.get(`${baseURL}/rest/v0/vms?fields=id,metrics.cpu&filter=${encodeURIComponent('metrics.cpu:>30')}`)
  const rows = (await answer.json()) as { id: string; metrics: { cpu: number } }[]
  expect(rows.length).toBeGreaterThan(0)
  expect(rows.every(({ metrics }) => metrics.cpu > 30)).toBe(true)
  // The page and the service mean the same, but for those on the edge.
  expect(Math.abs(number(await page.getByTestId('count').innerText()) - rows.length)).toBeLessThan(8)
})

test('rows stay under the pointer while their values move', async ({ page }) => {
  await page.goto('/vms?sort=-cpuUse&filter=power_state:Running')
  await expect.poll(async () => (await shown(page, 'cpu'))[0], SOON).toBeGreaterThan(0)
  const rows = page.locator('.dt-row')
  await rows.nth(2).hover()
  const order = () => rows.evaluateAll((list) => list.map((row) => (row as HTMLElement).dataset.id))
  const before = await order()
  await page.waitForTimeout(11_000) // two rounds of values, at least
  expect(await order()).toEqual(before)
})

test('columns are chosen: network, disk and load', async ({ page }) => {
  await page.goto('/hosts')
  await page.getByRole('button', { name: 'Columns' }).click()
  for (const name of ['Network traffic', 'Load']) await page.getByRole('checkbox', { name, exact: true }).check()
  await page.keyboard.press('Escape')
  await expect(page.locator('.dt-row [data-metric="network"] .live-number').first()).toContainText('/s', SOON)
  await expect(page.locator('.dt-row [data-metric="load"] .live-number').first()).toContainText(/\d/, SOON)
  await accessible(page)
})

test('pages of objects show what they do now', async ({ page }) => {
  const vm = await sim.vm('Running', 4)
  await page.goto(`/vms/${vm.uuid}`)
  const now = page.getByTestId('now')
  await expect(now.locator('[data-metric="cpu"]')).toContainText('%', SOON)
  await isLive(now.locator('[data-metric="cpu"]'))
  await accessible(page)

  const halted = await sim.vm('Halted', 3)
  await page.goto(`/vms/${halted.uuid}`)
  await expect(page.getByText('Not running: there is nothing to measure.')).toBeVisible()

  await page.goto('/pools')
  await page.getByRole('main').getByRole('link', { name: /^Lakeside/ }).click()
  await expect(page.getByRole('region', { name: 'VMs that use most' }).getByTestId('top').getByRole('listitem').first()).toBeVisible(SOON)
  await expect(page.locator('.rt-table [data-metric="cpu"] .live-number').first()).toContainText('%', SOON)
  await accessible(page)
  await page.getByRole('main').locator('.rt-table').getByRole('link', { name: 'xcp-01' }).first().click()
  await expect(page.getByTestId('now').locator('[data-metric="load"]')).toContainText(/\d/, SOON)
  await accessible(page)
})

test('a storage shows what fills it, as a map and as a table', async ({ page }) => {
  await page.goto('/srs?sort=-used')
  await page.getByRole('main').getByRole('link', { name: 'NFS vm-store' }).click()
  const section = page.getByRole('region', { name: 'What fills it' })
  await section.scrollIntoViewIfNeeded()
  const disks = section.locator('a.tree-piece')
  await expect(disks.first()).toBeVisible(SOON)
  await expect(disks.first()).toHaveAccessibleName(/^(Disk|Snapshot|Base copy) .+: .+/)
  await accessible(page)
  const free = section.getByRole('button', { name: /free$/ })
  const before = await free.getAttribute('aria-pressed')
  await free.click()
  await expect(free).toHaveAttribute('aria-pressed', before === 'true' ? 'false' : 'true')
  await section.getByRole('button', { name: 'As a table' }).click()
  await expect(section.getByRole('table').getByRole('row', { name: /^Free/ })).toContainText('TiB')
  await accessible(page)
  await section.getByRole('table').getByRole('link').first().click()
  await expect(page).toHaveURL(/\/(vdis|vdi-snapshots|vdi-unmanaged)\//)
})

test('values go on after the line was cut', async ({ page }) => {
  const line = await wire()
  await page.goto(`${line.url}/hosts`)
  const cell = page.locator('.dt-row [data-metric="cpu"]').first()
  await isLive(cell)
  line.cut()
  await expect(page.getByTestId('lamp')).toContainText('Reconnecting')
  await line.mend()
  await expect(page.getByTestId('lamp')).toContainText('Live', { timeout: 25_000 })
  await isLive(cell)
  line.close()
})

test.describe('on a telephone, in the dark', () => {
  test.use({ colorScheme: 'dark', viewport: { width: 390, height: 844 } })
  test('the live parts fit', async ({ page }) => {
    await page.goto('/')
    await expect(page.locator('.heat-link').first()).toContainText(/\d%/, SOON)
    await expect(page.getByTestId('top').first()).toBeVisible(SOON)
    await accessible(page)
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0)
    await page.goto('/srs?sort=-used')
    await page.getByRole('main').getByRole('link', { name: 'NFS vm-store' }).click()
    await expect(page.locator('.tree-piece').first()).toBeVisible(SOON)
    await accessible(page)
  })
})
