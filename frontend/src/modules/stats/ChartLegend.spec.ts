import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'
import { i18n, lateTexts, setLocale } from '@/i18n'
import ChartLegend from './ChartLegend.vue'
import { type Colors } from './colors'
import { type ChartPlan, type Series } from './series'

const T = 1_800_000_000
const colors: Colors = { lines: Array.from({ length: 8 }, (_, i) => `#00000${i}`), text: '#000000', muted: '#000000', border: '#000000', background: '#000000', font: 'sans-serif' }
const line = (key: string, values: Series['values']): Series => ({ key, name: key, values, end: T, interval: 5 })
const plan = (...series: Series[]): ChartPlan => ({ key: 'network', title: 'Network', unit: 'bytes/s', series })
const span = { from: (T - 10) * 1000, to: T * 1000 }

beforeEach(async () => {
  await setLocale('en')
  await lateTexts()
})

function show(made: ChartPlan, more: object = {}) {
  return mount(ChartLegend, { props: { plan: made, span, hidden: new Set<string>(), colors, numbered: false, ...more }, global: { plugins: [i18n] } })
}
const texts = (legend: ReturnType<typeof show>) => legend.findAll('button').map((button) => button.text().replaceAll(/\s+/g, ' '))

describe('the legend', () => {
  it('has the highest first, with its last value, or that under the crosshair', async () => {
    const legend = show(plan(line('low', [1024, 1024]), line('high', [4096, 2048])))
    expect(texts(legend)).toEqual(['high2 KiB/s', 'low1 KiB/s'])
    await legend.setProps({ at: (T - 5) * 1000 })
    expect(texts(legend)).toEqual(['high4 KiB/s', 'low1 KiB/s'])
  })

  it('says that a value is not known', () => {
    expect(texts(show(plan(line('gap', [1, null]), line('none', [null])), { at: T * 1000 }))).toEqual(['gap–', 'none–'])
  })

  it('is a list of switches', async () => {
    const legend = show(plan(line('a', [1]), line('b', [2])), { hidden: new Set(['a']) })
    expect(legend.findAll('button').map((button) => button.attributes('aria-pressed'))).toEqual(['true', 'false'])
    await legend.findAll('button')[1]!.trigger('click')
    await legend.findAll('button')[0]!.trigger('click', { shiftKey: true })
    expect(legend.emitted('toggle')).toEqual([['a']])
    expect(legend.emitted('only')).toEqual([['b']])
  })

  it('keeps its order while a pointer or the focus is in it', async () => {
    const legend = show(plan(line('a', [1]), line('b', [2])))
    await legend.find('.chart-legend').trigger('pointerenter')
    await legend.setProps({ plan: plan(line('a', [9]), line('b', [2])) })
    expect(texts(legend).map((text) => text[0])).toEqual(['b', 'a'])
    await legend.find('.chart-legend').trigger('pointerleave')
    expect(texts(legend).map((text) => text[0])).toEqual(['a', 'b'])
  })

  it('shows a few of many, and all when asked', async () => {
    const legend = show(plan(...Array.from({ length: 20 }, (_, i) => line(`l${i}`, [i]))))
    expect(legend.findAll('[aria-pressed]')).toHaveLength(8)
    await legend.find('[aria-expanded]').trigger('click')
    expect(legend.findAll('[aria-pressed]')).toHaveLength(20)
  })
})
