import { createServer, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { type Page } from '@playwright/test'
import { accessible, expect, test } from './world'

/** A rule is held against the newest values once a second; values come every five. */
const SOON = { timeout: 30_000 }

/** Somebody who is told: takes webhooks, and answers as the test says. */
class Receiver {
  readonly bodies: string[] = []
  status = 200
  private readonly server: Server

  constructor() {
    this.server = createServer((request, response) => {
      let text = ''
      request.on('data', (chunk: Buffer) => (text += chunk.toString()))
      request.on('end', () => {
        this.bodies.push(text)
        response.writeHead(this.status, { 'content-type': 'text/plain' }).end(this.status === 200 ? 'thank you' : 'not today')
      })
    })
  }

  async listen(): Promise<string> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done))
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`
  }

  close(): void {
    this.server.closeAllConnections()
    this.server.close()
  }
}

const dialog = (page: Page) => page.getByRole('dialog')
const row = (page: Page, name: string | RegExp) => page.locator('.dt-row').filter({ hasText: name })
async function act(page: Page, name: string | RegExp, action: RegExp): Promise<void> {
  await row(page, name).first().click({ button: 'right' })
  await page.getByRole('menuitem', { name: action }).click()
}
async function remove(page: Page, path: string, name: string): Promise<void> {
  await page.goto(path)
  await act(page, name, /^Delete/)
  await dialog(page).getByTestId('confirm').click()
  await page.mouse.move(5, 5) // what is gone stays under the pointer, greyed
  await expect(row(page, name)).toHaveCount(0)
}

test('an alarm is acknowledged from the dashboard, and looked at again', async ({ page }) => {
  await page.goto('/')
  const alarms = page.getByRole('main').getByRole('region', { name: 'Alarms' })
  const badge = page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: /^Alarms/ })
  await expect(alarms.getByRole('listitem').first()).toBeVisible()
  await expect(badge).toContainText(/\d/)
  const count = Number(/\d+/.exec(await badge.innerText())?.[0])
  const id = (await alarms.getByRole('listitem').first().getAttribute('data-id'))!
  await accessible(page)
  await alarms.locator(`[data-id="${id}"]`).getByRole('button', { name: /^Acknowledge:/ }).click()
  await expect(alarms.locator(`[data-id="${id}"]`)).toHaveCount(0)
  await expect(badge).toContainText(String(count - 1))

  await page.goto('/alarms')
  const acknowledged = page.locator(`.dt-row[data-id="${id}"]`)
  await expect(acknowledged).toContainText('Acknowledged')
  await page.getByRole('button', { name: 'To be looked at' }).click()
  await expect(page).toHaveURL(/acknowledged/)
  await expect(acknowledged).toHaveCount(0)
  await accessible(page)

  await page.goto(`/alarms/${id}`)
  await expect(page.getByTestId('state')).toContainText('Acknowledged')
  await page.getByRole('button', { name: 'Take the acknowledgement back' }).click()
  await expect(page.getByTestId('state')).toContainText('Raised')
  await expect(badge).toContainText(String(count))
  await accessible(page)
})

test('many are acknowledged with a note', async ({ page }) => {
  await page.goto('/alarms?filter=name%3A%3DALARM')
  await expect(page.locator('.dt-row').nth(1)).toBeVisible()
  for (const n of [0, 1]) await page.locator('.dt-row').nth(n).getByRole('checkbox').check()
  const ids = await page.locator('.dt-row').evaluateAll((rows) => rows.slice(0, 2).map((each) => (each as HTMLElement).dataset.id!))
  await page.locator('.dt-row').first().click({ button: 'right' })
  await page.getByRole('menuitem', { name: /^Acknowledge with a note/ }).click()
  await dialog(page).getByLabel('Note for the others').fill('known, see the log book')
  await accessible(page)
  await dialog(page).getByTestId('confirm').click()
  for (const id of ids) await expect(page.locator(`.dt-row[data-id="${id}"]`)).toContainText('Acknowledged', SOON)
  await page.keyboard.press('Escape')
})

test('a rule is made with a look at what it would do, raises alarms, is changed, switched off and deleted', async ({ page }) => {
  await page.goto('/alarms')
  await page.getByRole('navigation', { name: 'Alarms and what belongs to them' }).getByRole('link', { name: 'Alarm rules' }).click()
  await page.getByRole('button', { name: 'New rule' }).click()
  const form = dialog(page)
  await expect(form.getByTestId('rule-words')).toContainText('Raised with CPU use above 90% for 5 min')
  await form.getByTestId('confirm').click()
  await expect(form.getByText('Give it a name.')).toBeVisible()
  await expect(form.getByLabel('Name')).toBeFocused()
  await form.getByLabel('Name').fill('Busy hosts')
  await form.getByLabel('About').click()
  await page.getByRole('option', { name: 'Hosts' }).click()
  await form.getByLabel('Limit (%)').fill('1')
  await form.getByLabel('is back at, or below (%)').fill('2')
  await form.getByTestId('confirm').click()
  await expect(form.getByText('It has to end at the limit, or on the good side of it.')).toBeVisible()
  await form.getByLabel('is back at, or below (%)').fill('0.5')
  await form.getByLabel('for so many minutes').first().fill('0')
  await form.getByLabel('Severity').click()
  await page.getByRole('option', { name: 'Critical' }).click()
  await expect(form.getByTestId('rule-preview')).toContainText('It is about 3 objects (Hosts). 3 would be raised now.', SOON)
  await expect(form.getByTestId('rule-preview').getByRole('link')).toHaveCount(3)
  await accessible(page)
  await form.getByTestId('confirm').click()
  await expect(form).toBeHidden()
  await expect(row(page, 'Busy hosts')).toContainText('Raised with CPU use above 1%')
  await expect(row(page, 'Busy hosts').getByRole('link', { name: '3', exact: true })).toBeVisible(SOON)
  await accessible(page)

  await row(page, 'Busy hosts').getByRole('link', { name: '3', exact: true }).click()
  await expect(page.locator('.dt-row')).toHaveCount(3)
  await expect(row(page, 'xcp-01')).toContainText('Critical')
  await expect(row(page, 'xcp-01')).toContainText(/CPU use of xcp-01 is above 1/)
  await accessible(page)

  await page.goto('/alarm-rules')
  await act(page, 'Busy hosts', /^Test/)
  await expect(dialog(page).getByTestId('rule-preview')).toContainText('3 would be raised now.')
  await accessible(page)
  await dialog(page).getByRole('button', { name: 'Close' }).last().click()

  await act(page, 'Busy hosts', /^Edit/)
  await dialog(page).getByLabel('Name').fill('Very busy hosts')
  await dialog(page).getByTestId('confirm').click()
  await expect(row(page, 'Very busy hosts')).toBeVisible()

  await act(page, 'Very busy hosts', /^Disable/)
  await expect(row(page, 'Very busy hosts')).toContainText('Off')
  await page.goto('/alarms')
  await expect(row(page, 'Ended').first()).toBeVisible(SOON)
  await remove(page, '/alarm-rules', 'Very busy hosts')
})

test('a channel is tried out, tells of alarms, and what failed is sent again', async ({ page }) => {
  const receiver = new Receiver()
  const address = await receiver.listen()
  try {
    await page.goto('/notification-channels')
    await page.getByRole('button', { name: 'New channel' }).click()
    const form = dialog(page)
    await form.getByTestId('confirm').click()
    await expect(form.getByText('Write an address that begins with')).toBeVisible()
    await accessible(page)
    await form.getByLabel('Name').fill('Hook')
    await form.getByLabel('Address').fill(address)
    await form.getByLabel('Headers').fill('X-Room: operations')
    await form.getByLabel('Secret for the signature').fill('between us')
    await form.getByTestId('confirm').click()
    await expect(form).toBeHidden()
    await expect(row(page, 'Hook')).toContainText(address)

    await act(page, 'Hook', /^Test/)
    await dialog(page).getByTestId('confirm').click()
    await expect(dialog(page).getByTestId('channel-answer')).toContainText('It was taken')
    await expect(dialog(page).getByTestId('channel-answer')).toContainText('thank you')
    await accessible(page)
    receiver.status = 500
    await dialog(page).getByTestId('confirm').click()
    await expect(dialog(page).getByTestId('channel-answer')).toContainText('It was not taken')
    await expect(dialog(page).getByTestId('channel-answer')).toContainText('not today')
    await dialog(page).getByRole('button', { name: 'Close' }).last().click()
    const before = receiver.bodies.length

    // Secrets are kept, and not shown.
    await act(page, 'Hook', /^Edit/)
    await expect(dialog(page).getByText('Stored: X-Room.')).toBeVisible()
    await expect(dialog(page).getByLabel('Secret for the signature')).toHaveValue('')
    await dialog(page).getByRole('button', { name: 'Cancel' }).click()

    await page.goto('/alarm-rules')
    await page.getByRole('button', { name: 'New rule' }).click()
    await dialog(page).getByLabel('Name').fill('Told rule')
    await dialog(page).getByLabel('About').click()
    await page.getByRole('option', { name: 'Pools' }).click()
    await dialog(page).getByLabel('Limit (%)').fill('0')
    await dialog(page).getByLabel('is back at, or below (%)').fill('0')
    await dialog(page).getByLabel('for so many minutes').first().fill('0')
    await dialog(page).getByRole('checkbox', { name: 'Hook' }).check()
    await dialog(page).getByTestId('confirm').click()
    await expect(row(page, 'Told rule')).toContainText('Hook')

    await expect.poll(() => receiver.bodies.length, SOON).toBeGreaterThan(before)
    await page.goto('/notifications')
    const delivery = row(page, 'Hook').first()
    await expect(delivery).toContainText('Waiting', SOON)
    await expect(delivery).toContainText('not today')
    await accessible(page)
    receiver.status = 200
    const id = await delivery.getAttribute('data-id')
    await delivery.click({ button: 'right' })
    await page.getByRole('menuitem', { name: /^Try again/ }).click()
    await expect(page.locator(`.dt-row[data-id="${id}"]`)).toContainText('Sent', SOON)
    expect(receiver.bodies.at(-1)).toContain('Told rule')

    await remove(page, '/alarm-rules', 'Told rule')
    await remove(page, '/notification-channels', 'Hook')
  } finally {
    receiver.close()
  }
})
