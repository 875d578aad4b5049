import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, watchEffect, type EffectScope } from 'vue'
import { useMetrics, type Metrics } from './metrics'
import { useObjects, type Objects } from './objects'

/** The browser's EventSource, played by the test. */
class Line extends EventTarget {
  static last: Line
  readyState = 1
  constructor(readonly url: string) {
    super()
    Line.last = this
  }
  close() {
    this.readyState = 2
  }
  say(name: string, data: unknown, lastEventId = '') {
    this.dispatchEvent(Object.assign(new Event(name), { data: JSON.stringify(data), lastEventId }))
  }
}

interface Post {
  readonly name: string
  readonly collection: string
  readonly metrics: readonly string[]
  readonly ids?: readonly string[]
  readonly filter?: string
}

const NO = Number.NaN
let objects: Objects
let metrics: Metrics
let looking: EffectScope
let posts: Post[]
let deleted: string[]
let status: number
/** What the past is answered with, by id and metric; and what was asked. */
let history: Record<string, Record<string, (number | null)[]>>
let asked: URL[]
let end: number

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'requestAnimationFrame', 'Date', 'performance'] })
  posts = []
  deleted = []
  asked = []
  history = {}
  status = 201
  end = 1000
  vi.stubGlobal('fetch', (request: Request) => {
    const url = new URL(request.url, 'http://podium')
    asked.push(url)
    const ids = url.searchParams.get('ids')!.split(',')
    const found = Object.fromEntries(ids.flatMap((id) => (history[id] === undefined ? [] : [[id, { endTimestamp: end, stats: history[id] }]])))
    return Promise.resolve(Response.json({ interval: 5, metrics: [], objects: found }))
  })
  setActivePinia(createPinia())
  objects = useObjects()
  metrics = useMetrics()
  looking = effectScope(true)
  objects.start(() => undefined, {
    origin: 'http://podium',
    EventSource: Line as unknown as typeof EventSource,
    fetch: (input, init) => {
      if (init?.method === 'DELETE') deleted.push(decodeURIComponent(String(input).split('/').at(-1)!))
      const body = init?.method === 'POST' ? (JSON.parse(String(init.body)) as Post) : undefined
      if (body?.metrics !== undefined) posts.push(body)
      return Promise.resolve(new Response('{}', { status }))
    },
  })
  Line.last.say('init', { id: 'c1' }, 'e-1')
})

afterEach(async () => {
  looking.stop()
  await later(5_000) // nobody looks any more: the store lets go
  objects.stop()
  hide(false)
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const frame = (values: Record<string, (number | null)[]>, { type = 'VM', time = 1005, names = ['cpu'] } = {}) => Line.last.say('metrics', { $subscription: `metrics:${type}`, time, interval: 5, metrics: names, values })
function hide(hidden: boolean): void {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden })
  document.dispatchEvent(new Event('visibilitychange'))
}
/** While the test lasts. */
const watch = (...args: Parameters<Metrics['watch']>) => looking.run(() => metrics.watch(...args))!
const tail = (line: Float32Array, n: number) => [...line.slice(-n)]

describe('live values', () => {
  it('are subscribed to once per type, with all metrics and objects that somebody looks at', async () => {
    const one = effectScope()
    one.run(() => {
      metrics.watch('VM', ['cpu'], { ids: ['b'] })
      metrics.watch('VM', ['disk'], { ids: ['a'] })
      metrics.watch('host', ['load'], { ids: ['h'] })
    })
    expect(posts).toEqual([])
    await later(200)
    expect(posts).toEqual([
      { name: 'metrics:VM', collection: 'VM', metrics: ['cpu', 'disk'], ids: ['a', 'b'] },
      { name: 'metrics:host', collection: 'host', metrics: ['load'], ids: ['h'] },
    ])
    // The same again needs nothing new; it ends only with its last reader.
    const two = effectScope()
    two.run(() => metrics.watch('VM', ['cpu', 'disk'], { ids: ['a', 'b'] }))
    await later(5_000)
    expect(posts).toHaveLength(2)
    one.stop()
    await later(5_000)
    expect(deleted).toEqual(['metrics:host'])
    expect(posts).toHaveLength(2)
    two.stop()
    await later(5_000)
    expect(deleted).toEqual(['metrics:host', 'metrics:VM'])
  })

  it('ask for all while somebody wants all, and for those that match', async () => {
    const stop = watch('VM', ['cpu'])
    watch('VM', ['cpu'], { ids: ['a'] })
    await later(200)
    expect(posts.at(-1)).toEqual({ name: 'metrics:VM', collection: 'VM', metrics: ['cpu'] })
    stop()
    watch('VM', ['cpu'], { filter: '$container:="h"' })
    await later(5_000)
    expect(posts.at(-1)).toMatchObject({ filter: '|(($container:="h") id:|(="a"))' })
  })

  it('survive rows that scroll away and come back, without a word to the service', async () => {
    const stop = watch('VM', ['cpu'], { ids: ['a'] })
    await later(200)
    stop()
    await later(1_000)
    watch('VM', ['cpu'], { ids: ['a'] })
    await later(5_000)
    expect(posts).toHaveLength(1)
    expect(deleted).toEqual([])
  })

  it('are posted again after a reconnect', async () => {
    watch('VM', ['cpu'], { ids: ['a'] })
    await later(200)
    Line.last.say('init', { id: 'c2' }, 'e-9')
    await later(0)
    expect(posts).toHaveLength(2)
    expect(posts[1]).toEqual(posts[0])
  })

  it('are told when the service refuses them', async () => {
    status = 422
    watch('VM', ['cpu'], { ids: ['a'] })
    await later(300)
    expect(metrics.refused('VM').value).toBe(422)
  })

  it('wake a reader only when its own value has come, and all at most four times a second', async () => {
    watch('VM', ['cpu'])
    await later(200)
    const a: (number | undefined)[] = []
    const stamps: string[] = []
    const scope = effectScope()
    scope.run(() => {
      watchEffect(() => a.push(metrics.value('VM', 'a', 'cpu')), { flush: 'sync' })
      watchEffect(() => stamps.push(metrics.stamp('VM', 'b', 'cpu')), { flush: 'sync' })
    })
    for (let i = 0; i < 40; i++) frame({ a: [i] }, { time: 1005 + i * 5 })
    expect(a).toEqual([undefined])
    await later(250)
    expect(a).toEqual([undefined, 39])
    expect(new Set(stamps).size).toBe(1)
    scope.stop()
  })

  it('turn the pace of lists at most every five seconds', async () => {
    watch('VM', ['cpu'])
    await later(200)
    const pace = metrics.pace('VM')
    const before = pace.value
    for (let i = 0; i < 8; i++) {
      frame({ a: [i] }, { time: 1005 + i })
      await later(500)
    }
    expect(pace.value).toBe(before + 1)
    frame({ a: [9] }, { time: 1020 })
    await later(2_000)
    expect(pace.value).toBe(before + 2)
  })

  it('have a past, asked for together and put behind what has come meanwhile', async () => {
    history = { a: { cpu: [1, null, 3] }, b: { disk: [7] } }
    watch('VM', ['cpu'], { ids: ['a'] })
    watch('VM', ['disk'], { ids: ['b'] })
    metrics.past('VM', 'a', 'cpu')
    metrics.past('VM', 'b', 'disk')
    metrics.past('VM', 'a', 'cpu')
    frame({ a: [4, null] }, { time: 1005, names: ['cpu', 'disk'] })
    await later(250)
    expect(asked).toHaveLength(1)
    expect(asked[0]!.pathname).toBe('/rest/v0/vms/stats')
    expect(asked[0]!.searchParams.get('ids')).toBe('a,b')
    expect(asked[0]!.searchParams.get('metrics')).toBe('cpu,disk')
    await later(300)
    expect(tail(metrics.line('VM', 'a', 'cpu'), 5)).toEqual([NO, 1, NO, 3, 4])
    expect(metrics.value('VM', 'b', 'disk')).toBe(7)
  })

  it('ask for the past in portions', async () => {
    const ids = Array.from({ length: 130 }, (_, i) => `v${i}`)
    watch('VM', ['cpu'], { ids })
    for (const id of ids) metrics.past('VM', id, 'cpu')
    await later(250)
    expect(asked.map((url) => url.searchParams.get('ids')!.split(',').length)).toEqual([60, 60, 10])
  })

  it('grow old when they stop coming, and say so', async () => {
    watch('VM', ['cpu'], { ids: ['a'] })
    await later(200)
    frame({ a: [4] })
    await later(300)
    const seen: boolean[] = []
    const scope = effectScope()
    scope.run(() => watchEffect(() => seen.push(metrics.isOld('VM', 'a')), { flush: 'sync' }))
    await later(20_000)
    expect(seen.at(-1)).toBe(false)
    await later(20_000)
    expect(seen.at(-1)).toBe(true)
    frame({ a: [5] }, { time: 1050 })
    await later(300)
    expect(seen.at(-1)).toBe(false)
    scope.stop()
  })

  it('pause while the page is hidden, and ask for what was missed', async () => {
    history = { a: { cpu: [1] } }
    watch('VM', ['cpu'], { ids: ['a'] })
    metrics.past('VM', 'a', 'cpu')
    await later(300)
    expect(asked).toHaveLength(1)
    hide(true)
    expect(deleted).toEqual(['metrics:VM'])
    for (let i = 0; i < 4; i++) {
      await later(15_000)
      Line.last.say('ping', { ping: 0 }) // the line itself stays
    }
    hide(false)
    await later(300)
    expect(posts).toHaveLength(2)
    expect(asked).toHaveLength(2)
    // A glance at another page has missed nothing worth asking for.
    hide(true)
    await later(2_000)
    hide(false)
    await later(300)
    expect(posts).toHaveLength(3)
    expect(asked).toHaveLength(2)
  })

  it('begin anew once nobody has looked for a while', async () => {
    const stop = watch('VM', ['cpu'], { ids: ['a'] })
    await later(200)
    frame({ a: [4] })
    await later(300)
    expect(metrics.value('VM', 'a', 'cpu')).toBe(4)
    stop()
    await later(10_000)
    expect(metrics.value('VM', 'a', 'cpu')).toBeUndefined()
  })

  it('leave the sequence of ids alone: a frame of values is no place to resume from', async () => {
    Line.last.say('update', { $subscription: 'VM', id: 'v', name_label: 'x' }, 'e-7')
    frame({ a: [1] })
    expect(objects.lastFrame.value).toBeGreaterThan(0)
    await later(300)
    expect(objects.collection('VM').rows.get('v')?.name_label).toBe('x')
  })
})
