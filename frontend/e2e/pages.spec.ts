import { type Page } from '@playwright/test'
import { accessible, expect, test } from './world'

/** By how many pixels the page is wider than the window. */
function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
}

const PAGES = [
  ['/', 'Dashboard'],
  ['/servers', 'Connections'],
  ['/connect', 'Connect a pool'],
  ['/users', 'Users'],
  ['/account', 'My account'],
  ['/about', 'About'],
  ['/vms', 'VMs'],
  ['/hosts', 'Hosts'],
  ['/srs', 'Storage'],
  ['/alarms', 'Alarms'],
  ['/alarm-rules', 'Alarm rules'],
  ['/notification-channels', 'Channels'],
  ['/notifications', 'Deliveries'],
  ['/stats', 'Statistics'],
  ['/there/is/nothing', 'There is no such page'],
] as const

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [1440, 390]) {
    test.describe(`${scheme}, ${width} px`, () => {
      test.use({ colorScheme: scheme, viewport: { width, height: width === 390 ? 844 : 900 } })
      for (const [path, title] of PAGES) {
        test(`${path} is accessible and fits`, async ({ page }) => {
          await page.goto(path)
          await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible()
          await expect(page.locator('[aria-busy="true"]')).toHaveCount(0)
          await accessible(page)
          expect(await overflow(page)).toBeLessThanOrEqual(0)
        })
      }
    })
  }
}

test('on a telephone the tree is a drawer', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto('/')
  await expect(page.getByRole('tree')).toBeHidden()
  await page.getByTestId('toggle-sidebar').click()
  const drawer = page.getByRole('dialog', { name: 'Navigation' })
  await expect(drawer.getByRole('treeitem', { name: /^Lakeside/ })).toBeVisible()
  await accessible(page)
  await drawer.getByRole('treeitem', { name: /^xcp-01/ }).click()
  await expect(drawer).toBeHidden()
  await expect(page).toHaveURL(/\/hosts\//)
})

test('at 360 px nothing is cut off', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 })
  for (const path of ['/', '/servers', '/account', '/vms']) {
    await page.goto(path)
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    expect(await overflow(page), path).toBeLessThanOrEqual(0)
  }
})
