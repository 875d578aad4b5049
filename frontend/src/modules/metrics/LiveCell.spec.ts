import { mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { i18n, lateTexts, setLocale } from '@/i18n'
import { useObjects } from '@/stores/objects'
import LiveCell from './LiveCell.vue'
import { metricsOf, rowFields } from './known'

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
  say(name: string, data: unknown) {
    this.dispatchEvent(Object.assign(new Event(name), { data: JSON.stringify(data), lastEventId: '' }))
  }
}

let wrapper: VueWrapper
let time: number

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ interval: 5, metrics: ['cpu'], objects: { v1: { endTimestamp: 1000, stats: { cpu: [10, null, 30] } } } })))
  setActivePinia(createPinia())
  await setLocale('en')
  await lateTexts()
  useObjects().start(() => undefined, { origin: 'http://podium', EventSource: Line as never, fetch: () => Promise.resolve(new Response('{}', { status: 201 })) })
  Line.last.say('init', { id: 'c' })
  time = 1000
})
afterEach(() => {
  wrapper.unmount()
  useObjects().stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function show(look: 'line' | 'bar' = 'line') {
  wrapper = mount(LiveCell, { props: { type: 'VM', id: 'v1', metric: 'cpu', look }, global: { plugins: [i18n], stubs: { Icon: true } } })
  await vi.advanceTimersByTimeAsync(600)
}
async function say(values: Record<string, (number | null)[]>) {
  time += 5
  Line.last.say('metrics', { $subscription: 'metrics:VM', time, interval: 5, metrics: ['cpu'], values })
  await vi.advanceTimersByTimeAsync(300)
  await nextTick()
}

describe('a live cell', () => {
  it('shows the number with its past, says both in words, and draws no line over a gap', async () => {
    await show()
    expect(wrapper.text()).toBe('30%')
    await say({ v1: [40] })
    expect(wrapper.text()).toBe('40%')
    expect(wrapper.get('.live').attributes('title')).toBe('CPU use: 40%. Between 10% and 40% in the last 5 minutes.')
    const path = wrapper.get('.spark-line').attributes('d')!
    expect(path.match(/M/g)).toHaveLength(2) // 10 alone, then 30 to 40
    expect(path.match(/L/g)).toHaveLength(1)
    expect(wrapper.get('svg').attributes('aria-hidden')).toBe('true')
  })

  it('is a bar where a share is told at a glance, in colours that mean something', async () => {
    await show('bar')
    await say({ v1: [40] })
    expect(wrapper.get('.live-bar span').attributes('style')).toContain('width: 40%')
    expect(wrapper.get('.live-bar span').classes()).toContain('bg-primary')
    await say({ v1: [97] })
    expect(wrapper.get('.live-bar span').classes()).toContain('bg-red-600')
  })

  it('says when there is no value, and when the value is old', async () => {
    await show()
    await say({ v1: [null] })
    expect(wrapper.text()).toBe('–')
    expect(wrapper.get('.live').attributes('title')).toBe('CPU use: no value at the moment.')
    await say({ v1: [50] })
    await vi.advanceTimersByTimeAsync(40_000)
    await nextTick()
    expect(wrapper.text()).toContain('50%')
    expect(wrapper.text()).toContain('(old)')
    expect(wrapper.get('.live').attributes('title')).toContain('No new value since')
  })

  it('is not drawn again when another object has news', async () => {
    await show()
    await say({ v1: [50] })
    const before = wrapper.get('.spark-line').element.getAttribute('d')
    const writes = vi.spyOn(wrapper.get('.spark-line').element, 'setAttribute')
    await say({ v2: [99] })
    await say({ v3: [99] })
    expect(writes).not.toHaveBeenCalled()
    expect(wrapper.get('.spark-line').element.getAttribute('d')).toBe(before)
  })
})

describe('names of metrics among fields', () => {
  it('are told apart: rows do not have them', () => {
    const names = ['id', 'name_label', 'metrics.cpu', 'metrics.disk', 'metrics.cpu', 'metrics']
    expect(metricsOf(names)).toEqual(['cpu', 'disk'])
    expect(rowFields(names)).toEqual(['id', 'name_label'])
  })
})
