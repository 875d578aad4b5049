/** What the journeys stand on: pages that tell of everything wrong, the simulated pool, and axe. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import AxeBuilder from '@axe-core/playwright'
import { expect, test as base, type Page } from '@playwright/test'

export interface Place {
  readonly url: string
  readonly user: string
  readonly password: string
  /** Address of the simulated pool, host:port. */
  readonly pool: string
  readonly poolUser: string
  readonly poolPassword: string
  readonly fingerprint: string
  readonly control: string
}

export const url = () => process.env.PODIUM_E2E_URL ?? ''
export const user = () => process.env.PODIUM_E2E_USER ?? 'admin'
export const password = () => process.env.PODIUM_E2E_PASSWORD ?? ''
export const place = () => JSON.parse(process.env.PODIUM_E2E_POOL ?? '{}') as Place

/** Any test fails on an uncaught error, a broken rule of the CSP, or a request to another origin. */
export const test = base.extend<{ honest: undefined }>({
  baseURL: async ({}, use) => use(url()),
  honest: [
    async ({ page }, use) => {
      const wrong: string[] = []
      page.on('pageerror', (error) => wrong.push(`uncaught: ${error.message}`))
      page.on('console', (message) => /Content Security Policy|\[Vue warn\]|\[intlify\]/.test(message.text()) && wrong.push(message.text()))
      page.on('request', (request) => new URL(request.url()).hostname !== new URL(url()).hostname && !/^(data|blob|about):/.test(request.url()) && wrong.push(`left the origin: ${request.url()}`))
      await use(undefined)
      expect(wrong).toEqual([])
    },
    { auto: true },
  ],
})

export { expect }

/** A wire between browser and service that can be cut and mended. */
export async function wire(): Promise<{ url: string; cut(): void; mend(): Promise<void>; close(): void }> {
  const target = new URL(url())
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    const far = connect(Number(target.port), target.hostname)
    for (const end of [socket, far]) {
      open.add(end)
      end.on('error', () => end.destroy())
      end.on('close', () => {
        open.delete(end)
        socket.destroy()
        far.destroy()
      })
    }
    socket.pipe(far).pipe(socket)
  })
  const listen = (port: number) => new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  await listen(0)
  const { port } = server.address() as AddressInfo
  const cut = () => {
    server.close()
    for (const end of open) end.destroy()
  }
  return { url: `http://127.0.0.1:${port}`, cut, mend: () => listen(port), close: cut }
}

/** No violation of WCAG 2.2 AA on what is shown now. */
export async function accessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).slice(0, 3).join(' | ')}`)).toEqual([])
}

interface Row {
  readonly ref: string
  readonly record: Record<string, unknown>
}

/** The simulated pool's control port. */
export const sim = {
  async post(path: string, body: unknown = {}): Promise<unknown> {
    const response = await fetch(`${place().control}${path}`, { method: 'POST', body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
    return response.json()
  },
  /** Records of a class by ref. */
  async records(cls: string): Promise<Row[]> {
    const response = await fetch(`${place().control}/records?class=${cls}`)
    const body = (await response.json()) as Record<string, Record<string, Record<string, unknown>>>
    const rows = body[cls] ?? Object.values(body)[0] ?? {}
    return Object.entries(rows).map(([ref, record]) => ({ ref, record }))
  },
  /** An ordinary VM in this power state. */
  async vm(power_state: string, nth = 0): Promise<{ ref: string; uuid: string; name: string }> {
    const rows = (await this.records('VM')).filter(({ record }) => record.power_state === power_state && !record.is_a_template && !record.is_control_domain && !record.is_a_snapshot)
    const { ref, record } = rows[nth]!
    return { ref, uuid: String(record.uuid), name: String(record.name_label) }
  },
  set: (cls: string, ref: string, fields: Record<string, unknown>) => sim.post('/set', { class: cls, ref, fields }),
}

/** A request of an administrator's program; the answer's body. */
export async function rest(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${url()}/rest/v0${path}`, {
    method,
    headers: { authorization: `Basic ${Buffer.from(`${user()}:${password()}`).toString('base64')}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

export const signIn = (page: Page): Promise<void> => signInAs(page, user(), password())

export async function signInAs(page: Page, name: string, secret: string): Promise<void> {
  await page.goto('/signin')
  await page.getByLabel('User name').fill(name)
  await page.locator('input[name=password]').fill(secret)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL((now) => now.pathname === '/')
}
