import { describe, expect, it } from 'vitest'
import { strokeOf, type Colors } from './colors'
import { draw, highest, labelsOf, linesOf, momentAt, spread, xOf, type View } from './option'
import { type ChartPlan, type Series } from './series'

const T = 1_800_000_000
const colors: Colors = { lines: ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8'], text: 'text', muted: 'muted', border: 'border', background: 'background', font: 'sans-serif' }
const line = (key: string, values: Series['values'], more: Partial<Series> = {}): Series => ({ key, name: `line ${key}`, values, end: T, interval: 5, ...more })
const plan = (series: readonly Series[], more: Partial<ChartPlan> = {}): ChartPlan => ({ key: 'k', title: 'k', unit: 'requests/s', series, ...more })
const view = (made: ChartPlan, more: Partial<View> = {}): View => ({ plan: made, span: { from: (T - 10) * 1000, to: T * 1000 }, hidden: new Set(), stacked: false, colors, width: 600, height: 176, ...more })

interface Drawn {
  readonly id: string
  readonly connectNulls: boolean
  readonly stack?: string
  readonly data: readonly { readonly value: readonly [number, number | null]; readonly symbol?: string }[]
  readonly lineStyle: { readonly color: string; readonly type: unknown; readonly opacity: number }
  readonly endLabel: { readonly show: boolean; readonly formatter: string }
}
const drawn = (made: View) => draw(made).option.series as Drawn[]

describe('lines', () => {
  it('have gaps, and a symbol where a value stands alone between two', () => {
    const [only] = drawn(view(plan([line('a', [1, null, 3, null, 5, 6])]), { span: { from: (T - 25) * 1000, to: T * 1000 } }))
    expect(only?.connectNulls).toBe(false)
    expect(only?.data.map(({ value }) => value[1])).toEqual([1, null, 3, null, 5, 6])
    expect(only?.data.map(({ symbol }) => symbol !== undefined)).toEqual([true, false, true, false, false, true])
  })

  it('end with a symbol at what is known last', () => {
    const [only] = drawn(view(plan([line('a', [1, 2, null])])))
    expect(only?.data.findIndex(({ symbol }) => symbol !== undefined)).toBe(1)
  })

  it('differ without their colours, forty of them', () => {
    const strokes = Array.from({ length: 40 }, (_, i) => strokeOf(i, {}))
    expect(new Set(strokes.map(({ color, dash }) => `${color} ${dash.join()}`)).size).toBe(40)
    expect(new Set(strokes.slice(0, 5).map(({ dash }) => dash.join())).size).toBe(5)
  })

  it('that are put away are not drawn, and the others look as before', () => {
    const made = plan([line('a', [1]), line('b', [2]), line('c', [3])])
    const all = drawn(view(made))
    const some = drawn(view(made, { hidden: new Set(['a']) }))
    expect(some.map(({ id }) => id)).toEqual(['b', 'c'])
    expect(some[0]?.lineStyle).toEqual(all[1]?.lineStyle)
  })

  it('step back when another one is pointed at', () => {
    const [a, b] = drawn(view(plan([line('a', [1]), line('b', [2])]), { pointed: 'b' }))
    expect(a!.lineStyle.opacity).toBeLessThan(b!.lineStyle.opacity)
  })

  it('stand upon each other at the same moments', () => {
    const made = view(plan([line('a', [1, 2]), line('b', [10, 20], { end: T + 2 })]), { stacked: true, span: { from: (T - 5) * 1000, to: (T + 2) * 1000 } })
    const lines = linesOf(made)
    expect(lines[0]?.points.map(([at]) => at)).toEqual(lines[1]?.points.map(([at]) => at))
    expect(highest(lines, true)).toBe(22)
    expect(highest(lines, false)).toBe(20)
    expect(drawn(made).every(({ stack }) => stack === 'all')).toBe(true)
  })
})

describe('labels at the ends', () => {
  it('are names of a few lines where there is room, numbers of more, and none of one', () => {
    expect(labelsOf(1, 900)).toBe('none')
    expect(labelsOf(3, 900)).toBe('names')
    expect(labelsOf(3, 300)).toBe('numbers')
    expect(labelsOf(12, 900)).toBe('numbers')
    expect(labelsOf(40, 900)).toBe('none')
  })

  it('say the whole even among many parts', () => {
    const parts = Array.from({ length: 40 }, (_, i) => line(`p${i}`, [i]))
    const shown = drawn(view(plan([line('whole', [50], { main: true }), ...parts]))).filter(({ endLabel }) => endLabel.show)
    expect(shown.map(({ endLabel }) => endLabel.formatter)).toEqual(['line whole'])
  })

  it('as numbers, never stand upon each other', () => {
    const shown = drawn(view(plan(Array.from({ length: 12 }, (_, i) => line(`l${i}`, [i < 6 ? 100 : i])), {}))).filter(({ endLabel }) => endLabel.show)
    expect(shown.length).toBeGreaterThan(1)
    expect(shown.filter(({ endLabel }) => ['2', '3', '4', '5', '6'].includes(endLabel.formatter))).toEqual([])
  })

  it('are moved apart, no further than there is room', () => {
    expect(spread([50, 50, 50], 12, 10, 154)).toEqual([50, 62, 74])
    expect(spread([150, 20, 152], 12, 10, 154)).toEqual([142, 20, 154])
    expect(spread([10, 100], 12, 10, 154)).toEqual([10, 100])
  })
})

describe('a place on the chart', () => {
  it('is a moment, and back', () => {
    const { frame } = draw(view(plan([line('a', [1, 2, 3])])))
    const span = { from: 0, to: 1000 }
    for (const at of [0, 250, 1000]) expect(momentAt(xOf(at, span, frame, 600), span, frame, 600)).toBeCloseTo(at)
    expect(momentAt(0, span, frame, 600)).toBe(0)
    expect(momentAt(9999, span, frame, 600)).toBe(1000)
  })
})
