import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { type TypeName } from '@/api/types'
import { i18n, lateTexts, setLocale } from '@/i18n'
import { useObjects } from '@/stores/objects'
import ObjectView from './ObjectView.vue'

/** The service's end of the stream: says what the test tells it to say, and remembers what it was asked for. */
class Line extends EventTarget {
  static last: Line
  readyState = 1
  readonly url: string
  constructor(url: string) {
    super()
    this.url = url
    Line.last = this
  }
  close() {
    this.readyState = 2
  }
  say(name: string, data: unknown) {
    this.dispatchEvent(Object.assign(new Event(name), { data: JSON.stringify(data), lastEventId: 'e-1' }))
  }
}

const vm = {
  id: 'v1', uuid: 'v1', type: 'VM', $pool: 'p1', $container: 'h1', name_label: 'web 1', name_description: 'shop', tags: ['prod'], power_state: 'Running',
  CPUs: { max: 4, number: 2 }, memory: { size: 4_294_967_296, static: [1, 4_294_967_296], dynamic: [4_294_967_296, 4_294_967_296] },
  addresses: { '0/ipv4/0': '10.0.0.1' }, mainIpAddress: '10.0.0.1', os_version: null, current_operations: {}, startTime: 1_700_000_000, auto_poweron: true, $VBDs: [], VIFs: [], snapshots: [],
}

let wrapper: VueWrapper | undefined
let posts: { collection: string; name: string; filter?: string }[]

beforeEach(async () => {
  setActivePinia(createPinia())
  posts = []
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ interval: 5, metrics: [], objects: {} }))) // live values have no past here
  await setLocale('en')
  await lateTexts()
  useObjects().start(() => undefined, {
    origin: 'http://podium',
    EventSource: Line as never,
    fetch: ((_: string, init?: RequestInit) => {
      if (init?.method === 'POST') posts.push(JSON.parse(String(init.body)))
      return Promise.resolve(new Response('{}', { status: 201 }))
    }) as typeof fetch,
  })
})
afterEach(() => {
  wrapper?.unmount()
  vi.unstubAllGlobals()
  useObjects().stop()
})

async function settle() {
  await flushPromises()
  await new Promise((done) => setTimeout(done, 60)) // the store writes once per animation frame
  await flushPromises()
}

async function open(type: TypeName = 'VM', id = 'v1', tab = '') {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:path(.*)*', component: { render: () => null } }] })
  wrapper = mount(ObjectView, { props: { type, id, tab }, attachTo: document.body, global: { plugins: [router, i18n], stubs: { Icon: true, Tooltip: { inheritAttrs: false, setup: (_: unknown, { slots }: { slots: { default?: () => unknown } }) => () => slots.default?.() } } } })
  await flushPromises()
  Line.last.say('init', { id: 'connection', revision: 'e-1' })
  await settle()
  return wrapper
}

const detail = () => posts.find(({ filter }) => filter === 'id:="v1"')?.name ?? ''
async function say(...frames: [string, object][]) {
  for (const [name, data] of frames) Line.last.say(name, data)
  await settle()
}
async function arrive(object: object = vm) {
  await say(['reset', { $subscription: detail() }], ['add', { $subscription: detail(), ...object }], ['synced', { $subscription: detail(), count: 1 }])
}

describe('the page of an object', () => {
  it('shows the shape of what comes, then what is known in brief, then all of it', async () => {
    const page = await open()
    expect(page.find('article').attributes('aria-busy')).toBe('true')
    await say(['add', { $subscription: 'VM', id: 'v1', type: 'VM', name_label: 'web 1', power_state: 'Running', current_operations: {}, tags: [], $pool: 'p1' }], ['synced', { $subscription: 'VM', count: 1 }])
    expect(page.find('h1').text()).toBe('web 1')
    expect(page.find('[aria-hidden="true"] .animate-pulse, [aria-hidden="true"]').exists()).toBe(true)
    await arrive()
    expect(page.find('article').attributes('aria-busy')).toBe('false')
    expect(page.text()).toContain('10.0.0.1')
    expect(page.text()).toContain('shop')
    expect(page.find('[data-testid="state"]').text()).toBe('Running')
  })

  it('is live', async () => {
    const page = await open()
    await arrive()
    await say(['patch', { $subscription: detail(), id: 'v1', patch: { power_state: 'Paused', name_label: 'web one' } }])
    expect(page.find('h1').text()).toBe('web one')
    expect(page.find('[data-testid="state"]').text()).toBe('Paused')
  })

  it('says that the object was removed, and keeps what was known', async () => {
    const page = await open()
    await arrive()
    await say(['remove', { $subscription: detail(), id: 'v1' }])
    expect(page.find('[role="status"]').text()).toContain('web 1 was removed')
    expect(page.text()).toContain('10.0.0.1')
    expect(page.find('[data-testid="state"]').exists()).toBe(false)
  })

  it('helps with an id that leads nowhere, and points where it leads', async () => {
    const page = await open('host', 'v1')
    await say(['add', { $subscription: 'VM', ...vm }], ['synced', { $subscription: 'VM', count: 1 }])
    await say(['reset', { $subscription: detail() }], ['synced', { $subscription: detail(), count: 0 }])
    expect(page.find('h1').text()).toBe('Nothing is known under this id')
    expect(page.findAll('a').map((link) => link.attributes('href'))).toContain('/vms/v1')
  })

  it('says how old it is when its pool is silent', async () => {
    const page = await open()
    await arrive()
    await say(['add', { $subscription: 'server', id: 's', type: 'server', poolId: 'p1', state: 'stale', lastAnswer: Date.now() - 600_000 }])
    expect(page.find('[role="status"]').text()).toMatch(/silent.*10 min/)
  })

  it('lists every field and every link', async () => {
    const page = await open('VM', 'v1', 'fields')
    await say(['add', { $subscription: 'host', id: 'h1', type: 'host', name_label: 'xcp-01', $pool: 'p1' }], ['synced', { $subscription: 'host', count: 1 }])
    await arrive()
    await expect.poll(() => page.find('table').exists()).toBe(true)
    const lines = Object.fromEntries(page.findAll('tr').map((row) => [row.find('th').text(), row.find('td').text()]))
    expect(lines['memory.size']).toContain('4294967296')
    expect(lines.$container).toContain('xcp-01')
    expect(page.findAll('a').map((link) => link.attributes('href'))).toContain('/hosts/h1')
    await page.find('input').setValue('tags')
    expect(page.findAll('tbody tr').length).toBe(1)
  })

  it('falls back to facts from the columns for a type without a screen of its own', async () => {
    const page = await open('PCI', 'v1')
    await arrive({ id: 'v1', type: 'PCI', $pool: 'p1', class_name: 'VGA compatible controller', device_name: 'Matrox', pci_id: '0000:03:00.0', $host: 'h1' })
    expect(page.find('h1').text()).toBe('Matrox')
    expect(page.text()).toContain('VGA compatible controller')
    expect(page.text()).toContain('0000:03:00.0')
  })
})
