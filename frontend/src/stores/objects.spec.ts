import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, watchEffect } from 'vue'
import { type VM } from '@/api/types'
import { useObjects, type Objects } from './objects'

/** The browser's EventSource, played by the test. */
class Line extends EventTarget {
  static readonly lines: Line[] = []
  readyState = 1
  readonly url: string
  private number = 0

  constructor(url: string) {
    super()
    this.url = url
    Line.lines.push(this)
  }

  close(): void {
    this.readyState = 2
  }

  say(name: string, data: unknown): void {
    this.number += 1
    this.dispatchEvent(Object.assign(new Event(name), { data: JSON.stringify(data), lastEventId: `e-${this.number}` }))
  }
}

describe('the live cache', () => {
  let objects: Objects
  const requests: { method: string; url: string; body: Record<string, unknown> | undefined }[] = []

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'requestAnimationFrame', 'Date'] })
    setActivePinia(createPinia())
    Line.lines.length = 0
    requests.length = 0
    objects = useObjects()
    objects.start(() => undefined, {
      EventSource: Line as unknown as typeof EventSource,
      fetch: (input, init) => {
        requests.push({ method: init?.method ?? 'GET', url: String(input), body: init?.body === undefined ? undefined : (JSON.parse(String(init.body)) as Record<string, unknown>) })
        return Promise.resolve(new Response('{}', { status: 201 }))
      },
    })
  })

  afterEach(() => {
    objects.stop()
    vi.useRealTimers()
  })

  const line = () => Line.lines.at(-1)!
  const frame = () => vi.advanceTimersByTimeAsync(300)

  it('wakes a reader of one row only when that row changes, once per animation frame', async () => {
    line().say('init', { id: 'c' })
    for (const id of ['a', 'b']) line().say('add', { $subscription: 'VM', id, name_label: id })
    line().say('synced', { $subscription: 'VM' })
    await frame()
    const { rows, synced, revision, list } = objects.collection('VM')
    expect(synced.value).toBe(true)
    expect(list.value.map(({ id }) => id)).toEqual(['a', 'b'])
    const seen: (string | undefined)[] = []
    const stop = watchEffect(() => seen.push(rows.get('a')?.name_label), { flush: 'sync' })
    const before = revision.value
    for (let n = 0; n < 40; n++) line().say('patch', { $subscription: 'VM', id: 'a', patch: { name_label: `a${n}` } })
    line().say('patch', { $subscription: 'VM', id: 'b', patch: { name_label: 'B' } })
    expect(seen).toEqual(['a'])
    await frame()
    expect(seen).toEqual(['a', 'a39'])
    expect(revision.value).toBe(before + 1)
    expect(rows.get('b')?.name_label).toBe('B')
    stop()
  })

  it('subscribes while somebody needs it, with all their fields, and lets go ten seconds after the last', async () => {
    line().say('init', { id: 'c' })
    const one = effectScope()
    const two = effectScope()
    one.run(() => objects.demand('VDI', ['name_label']))
    two.run(() => objects.demand('VDI', ['size']))
    const posted = () => requests.filter(({ method }) => method === 'POST').map(({ body }) => body?.fields)
    expect(posted()).toEqual([
      ['id', 'type', 'name_label'],
      ['id', 'type', 'name_label', 'size'],
    ])
    one.stop()
    await vi.advanceTimersByTimeAsync(11_000)
    expect(requests.filter(({ method }) => method === 'DELETE')).toHaveLength(0)
    two.stop()
    await vi.advanceTimersByTimeAsync(5_000)
    const three = effectScope()
    three.run(() => objects.demand('VDI', ['size']))
    await vi.advanceTimersByTimeAsync(20_000)
    line().say('ping', { ping: Date.now() })
    expect(requests.filter(({ method }) => method === 'DELETE')).toHaveLength(0)
    three.stop()
    await vi.advanceTimersByTimeAsync(10_001)
    expect(requests.filter(({ method }) => method === 'DELETE')).toHaveLength(1)
    expect(posted()).toHaveLength(2)
  })

  it('needs no subscription for what the core has', () => {
    effectScope().run(() => {
      expect(objects.demand('VM', ['name_label'])).toBe(objects.collection('VM'))
    })
    expect(requests).toHaveLength(0)
  })

  it('follows one whole object', async () => {
    line().say('init', { id: 'c' })
    const scope = effectScope()
    const vm = scope.run(() => objects.detail<VM>('VM', 'a'))!
    expect(requests[0]?.body).toMatchObject({ collection: 'VM', fields: '*', filter: 'id:="a"' })
    const name = String(requests[0]?.body?.name)
    line().say('reset', { $subscription: name })
    line().say('add', { $subscription: name, id: 'a', name_label: 'x', notes: 'long' })
    line().say('synced', { $subscription: name })
    await frame()
    expect(vm.value?.notes).toBe('long')
    expect(vm.synced.value).toBe(true)
    line().say('remove', { $subscription: name, id: 'a' })
    await frame()
    expect(vm.value).toBeUndefined()
    scope.stop()
  })

  it('forgets everything when it is stopped: somebody else may sign in', async () => {
    line().say('init', { id: 'c' })
    line().say('add', { $subscription: 'VM', id: 'a' })
    line().say('synced', { $subscription: 'VM' })
    await frame()
    objects.stop()
    expect(objects.collection('VM').rows.size).toBe(0)
    expect(objects.collection('VM').synced.value).toBe(false)
    expect(objects.state.value).toBe('connecting')
  })
})
