import { readFileSync } from 'node:fs'
import { type Locator, type Page } from '@playwright/test'
import { accessible, expect, sim, test } from './world'

/** The service reads its first metrics some seconds after it has met a pool. */
const FIRST_MS = 30_000

const chart = (page: Page, key: string) => page.locator(`[data-chart="${key}"]`)
const picture = (of: Locator) => of.getByRole('img')
const plot = (of: Locator) => of.getByTestId('plot')
const drawn = (of: Locator) => expect(picture(of)).toHaveAttribute('data-state', 'ready', { timeout: FIRST_MS })
const overflow = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

async function host(nth = 0): Promise<{ ref: string; uuid: string; name: string }> {
  const rows = (await sim.records('host')).map(({ ref, record }) => ({ ref, uuid: String(record.uuid), name: String(record.name_label) }))
  return rows.sort((a, b) => (a.name < b.name ? -1 : 1))[nth]!
}

async function middle(of: Locator): Promise<{ x: number; y: number; width: number }> {
  const box = (await of.boundingBox())!
  return { x: box.x + box.width / 2, y: box.y + box.height / 2, width: box.width }
}

test.afterEach(async () => {
  await sim.post('/faults/rrd_clear')
})

test('a host has its charts, with a text for those who do not see them', async ({ page }) => {
  const { uuid } = await host()
  await page.goto(`/hosts/${uuid}`)
  await page.getByRole('navigation', { name: 'Sections of this object' }).getByRole('link', { name: 'Statistics' }).click()
  await expect(page).toHaveURL(new RegExp(`/hosts/${uuid}/stats$`))
  for (const key of ['cpu', 'load', 'memory', 'network', 'throughput', 'iops', 'latency', 'iowait']) await drawn(chart(page, key))
  await expect(picture(chart(page, 'cpu'))).toHaveAccessibleName(/^CPU use over .*min.* Average: from \d.*% to \d.*%, .* on average, .* at last\./)
  await expect(picture(chart(page, 'memory'))).toHaveAccessibleName(/Used: from .*GiB/)
  await expect(chart(page, 'network')).toContainText(/eth0 received\s*[\d.]+ [KMG]?i?B\/s/)
  await accessible(page)
})

test('the span of time is in the address, and each has its values', async ({ page }) => {
  const { uuid } = await host()
  await page.goto(`/hosts/${uuid}/stats`)
  const span = page.getByRole('group', { name: 'Span of time' })
  for (const [name, g, days] of [['2 hours', 'minutes', /over \d+ hrs?/], ['Week', 'hours', /over \d+ days?/], ['Year', 'days', /over \d+ days?/]] as const) {
    await span.getByRole('button', { name }).click()
    await expect(page).toHaveURL(new RegExp(`[?&]g=${g}$`))
    await expect(span.getByRole('button', { name })).toHaveAttribute('aria-pressed', 'true')
    await drawn(chart(page, 'cpu'))
    await expect(picture(chart(page, 'cpu'))).toHaveAccessibleName(days)
  }
  await page.reload()
  await expect(span.getByRole('button', { name: 'Year' })).toHaveAttribute('aria-pressed', 'true')
  await drawn(chart(page, 'load'))
  await span.getByRole('button', { name: '10 minutes' }).click()
  await expect(page).toHaveURL(/\/stats$/)
})

test('new values arrive by themselves, and not while the page is hidden', async ({ page }) => {
  const { uuid } = await host()
  const asked: number[] = []
  page.on('request', (request) => /\/hosts\/[^/]+\/stats\?/.test(request.url()) && asked.push(Date.now()))
  await page.goto(`/hosts/${uuid}/stats`)
  await drawn(chart(page, 'cpu'))
  await expect.poll(() => asked.length, { timeout: 15_000 }).toBeGreaterThanOrEqual(3)
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' })
    document.dispatchEvent(new Event('visibilitychange'))
  })
  const before = asked.length
  await page.waitForTimeout(7_000)
  expect(asked.length).toBe(before)
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'visible' })
    document.dispatchEvent(new Event('visibilitychange'))
  })
  await expect.poll(() => asked.length, { timeout: 10_000 }).toBe(before + 1)
})

test('the crosshair and the zoom are shared by all charts of the page', async ({ page }) => {
  const { uuid } = await host()
  await page.goto(`/hosts/${uuid}/stats`)
  await drawn(chart(page, 'cpu'))
  const first = plot(chart(page, 'cpu'))
  const at = await middle(first)
  await page.mouse.move(at.x, at.y)
  await expect(page.getByTestId('crosshair')).toHaveCount(await page.locator('[data-chart]').count())
  await expect(first.getByTestId('tip')).toContainText(/Average\s*[\d.]+%/)
  await expect(page.getByTestId('tip')).toHaveCount(1)
  await accessible(page)

  await page.mouse.down()
  await page.mouse.move(at.x + at.width / 5, at.y, { steps: 4 })
  await page.mouse.up()
  const reset = page.getByRole('button', { name: 'Show everything' })
  await expect(reset).toHaveCount(await page.locator('[data-chart]').count())
  await page.waitForResponse((response) => /\/hosts\/[^/]+\/stats\?/.test(response.url())) // which does not end it
  await expect(picture(chart(page, 'memory'))).toHaveAccessibleName(/^Memory over ([1-4] mins?|\d+ secs?)\b/)
  await reset.first().click()
  await expect(reset).toHaveCount(0)

  await page.mouse.move(at.x, at.y)
  await page.keyboard.down('Control')
  await page.mouse.wheel(0, -200)
  await page.keyboard.up('Control')
  await expect(reset.first()).toBeVisible()
  await first.dblclick()
  await expect(reset).toHaveCount(0)
})

test('charts by keyboard: the crosshair, the zoom, the legend', async ({ page }) => {
  const { uuid } = await host()
  await page.goto(`/hosts/${uuid}/stats`)
  const memory = chart(page, 'memory')
  await drawn(memory)
  await plot(memory).focus()
  await page.keyboard.press('ArrowLeft')
  const said = memory.getByRole('status')
  await expect(said).toHaveText(/: .*Used [\d.]+ GiB/)
  const now = await said.innerText()
  await page.keyboard.press('Shift+ArrowLeft')
  await expect(said).not.toHaveText(now)
  await page.keyboard.press('+')
  await expect(page.getByRole('button', { name: 'Show everything' }).first()).toBeVisible()
  await page.keyboard.press('0')
  await expect(page.getByRole('button', { name: 'Show everything' })).toHaveCount(0)
  await page.keyboard.press('Escape')
  await expect(page.getByTestId('crosshair')).toHaveCount(0)

  const used = memory.getByRole('list').getByRole('button', { name: /^Used/ })
  await used.focus()
  await page.keyboard.press('Enter')
  await expect(used).toHaveAttribute('aria-pressed', 'false')
  await expect(picture(memory)).not.toHaveAccessibleName(/Used:/)
  await page.keyboard.press('Enter')
  await expect(picture(memory)).toHaveAccessibleName(/Used:/)
})

test('a chart is shown as a table, and kept as values and as a picture', async ({ page }) => {
  const { uuid, name } = await host()
  await page.goto(`/hosts/${uuid}/stats`)
  const load = chart(page, 'load')
  await drawn(load)
  await load.getByRole('button', { name: 'Show as table' }).click()
  const table = load.getByRole('table', { name: 'Load average' })
  await expect(table.getByRole('row').nth(5)).toContainText(/\d/)
  await accessible(page)

  await load.getByRole('button', { name: 'Save Load average' }).click()
  const [values] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'Values (CSV)' }).click()])
  expect(values.suggestedFilename()).toBe(`${name}-Load-average.csv`)
  const lines = readFileSync(await values.path(), 'utf8').trim().split('\r\n')
  expect(lines[0]).toBe('time,Load average')
  expect(lines.length).toBeGreaterThan(100)
  expect(lines[1]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z,[\d.]*$/)

  await load.getByRole('button', { name: 'Show as table' }).click()
  await load.getByRole('button', { name: 'Save Load average' }).click()
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'Picture (PNG)' }).click()])
  const png = readFileSync(await file.path())
  expect(png.subarray(1, 4).toString()).toBe('PNG')
  expect(png.readUInt32BE(16)).toBeGreaterThan(600)
})

test('a VM that does not run has no charts, but a way to start it; then it has', async ({ page }) => {
  const rows = (await sim.records('VM')).filter(({ record }) => record.power_state === 'Halted' && !record.is_a_template && !record.is_a_snapshot && (record.allowed_operations as string[]).includes('start') && Object.keys(record.blocked_operations as object).length === 0)
  const uuid = String(rows[2]!.record.uuid)
  await page.goto(`/vms/${uuid}/stats`)
  const tab = page.getByTestId('stats')
  await expect(tab).toContainText('This VM is not running')
  await accessible(page)
  await tab.getByRole('button', { name: 'Start', exact: true }).click()
  await expect(page.getByTestId('state')).toContainText('Running', { timeout: 20_000 })
  await drawn(chart(page, 'cpu'))
  await expect(chart(page, 'throughput')).toContainText(/\(xvda\) read/)
  await accessible(page)
})

test('a pool has a line for each host, an SR those of its own', async ({ page }) => {
  const pool = String((await sim.records('pool'))[0]!.record.uuid)
  await page.goto(`/pools/${pool}/stats`)
  await drawn(chart(page, 'memory'))
  for (const name of ['xcp-01', 'xcp-02', 'xcp-03']) await expect(chart(page, 'cpu').getByRole('button', { name: new RegExp(`^${name}`) })).toBeVisible()
  const stack = chart(page, 'memory').getByRole('button', { name: 'Stack the lines' })
  await stack.click()
  await expect(stack).toHaveAttribute('aria-pressed', 'true')
  await accessible(page)

  const sr = (await sim.records('SR')).find(({ record }) => record.type === 'nfs')!
  await page.goto(`/srs/${String(sr.record.uuid)}/stats`)
  await drawn(chart(page, 'throughput'))
  await expect(chart(page, 'throughput')).toContainText('Read')
  await accessible(page)
})

test('a host that is silent about its metrics is shown as it was, with the reason', async ({ page }) => {
  test.setTimeout(150_000)
  const silent = await host(1)
  await page.goto(`/hosts/${silent.uuid}/stats`)
  await drawn(chart(page, 'cpu'))
  await sim.post('/faults/rrd_fail', { host: silent.ref, count: 10_000 })
  const told = page.getByTestId('stats-stale')
  await expect(told).toContainText(/does not answer for its metrics: .+/, { timeout: 45_000 })
  await expect(chart(page, 'cpu')).toBeVisible()
  await accessible(page)
  await sim.post('/faults/rrd_clear')
  await expect(told).toBeHidden({ timeout: 90_000 })
})

test('chosen rows of a list are compared; the address holds the question', async ({ page }) => {
  await page.goto('/hosts')
  const rows = page.getByRole('main').locator('tr[data-id]')
  await expect(rows.first()).toBeVisible()
  await rows.nth(0).getByRole('checkbox').click()
  await rows.nth(1).getByRole('checkbox').click()
  await page.getByTestId('selection-actions').click()
  await page.getByRole('menuitem', { name: 'Compare statistics' }).click()
  await expect(page).toHaveURL(/\/stats\?o=hosts:[0-9a-f-]{36},[0-9a-f-]{36}&m=cpu/)
  await drawn(chart(page, 'cpu'))
  const names = chart(page, 'cpu').getByRole('list').getByRole('button')
  await expect(names).toHaveCount(2)
  await accessible(page)

  // Another kind of object beside them, found by name.
  await page.getByRole('button', { name: 'Add an object' }).click()
  await page.getByRole('searchbox', { name: 'Name, uuid, address or tag' }).fill('Lakeside')
  await page.getByRole('checkbox', { name: /^Lakeside/ }).first().click()
  await accessible(page)
  await page.keyboard.press('Escape')
  await expect(names).toHaveCount(3)

  // By keyboard alone.
  await page.getByRole('button', { name: 'Choose metrics' }).focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('searchbox', { name: 'Find', exact: true })).toBeFocused()
  await page.keyboard.type('load')
  await page.keyboard.press('ArrowDown')
  await expect(page.getByRole('checkbox', { name: 'Load average' })).toBeFocused()
  await page.keyboard.press('Space')
  await accessible(page)
  await page.keyboard.press('Escape')
  await drawn(chart(page, 'load'))
  await page.getByRole('button', { name: 'Remove Network', exact: true }).click()
  await expect(chart(page, 'network')).toHaveCount(0)

  await page.getByRole('group', { name: 'Group by' }).getByRole('button', { name: 'Object' }).click()
  await expect(page.getByRole('heading', { level: 3, name: /^Lakeside · CPU use/ })).toBeVisible()
  const address = page.url()
  await page.goto('about:blank')
  await page.goto(address)
  await expect(page.getByRole('heading', { level: 3, name: /^Lakeside · CPU use/ })).toBeVisible({ timeout: FIRST_MS })
  await expect(page.getByRole('list', { name: 'Objects' }).getByRole('listitem')).toHaveCount(3)
})

test('the page that compares begins with suggestions, and says what is missing', async ({ page }) => {
  await page.goto('/')
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Statistics' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Statistics' })).toBeVisible()
  await accessible(page)
  await page.getByRole('button', { name: 'CPU and memory of the hosts' }).click()
  await drawn(chart(page, 'memoryUsed'))
  const off = await sim.vm('Halted')
  const on = await sim.vm('Running')
  await page.goto(`/stats?o=vms:${on.uuid},${off.uuid}&m=cpu`)
  await drawn(chart(page, 'cpu'))
  await expect(page.getByTestId('silent')).toContainText(off.name.trim())
})

for (const scheme of ['light', 'dark'] as const) {
  test.describe(`on a telephone, ${scheme}`, () => {
    test.use({ colorScheme: scheme, viewport: { width: 390, height: 844 } })
    test('charts stand one below the other, and nothing is cut off', async ({ page }) => {
      const { uuid } = await host()
      await page.goto(`/hosts/${uuid}/stats`)
      await drawn(chart(page, 'cpu'))
      const [above, below] = [await chart(page, 'cpu').boundingBox(), await chart(page, 'load').boundingBox()]
      expect(below!.x).toBe(above!.x)
      expect(await overflow(page)).toBeLessThanOrEqual(0)
      await accessible(page)
      await page.goto(`/stats?o=hosts:${uuid},${(await host(1)).uuid}&m=cpu,cpus`)
      await drawn(chart(page, 'cpus'))
      expect(await overflow(page)).toBeLessThanOrEqual(0)
      await accessible(page)
    })
  })
}
