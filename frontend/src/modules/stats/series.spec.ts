// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { byValue, less, mean, merge, points, spanOf, sum, summary, toCsv, valueAt, within, type Series } from './series'

const T = 1_800_000_000
const series = (key: string, values: Series['values'], more: Partial<Series> = {}): Series => ({ key, name: key, values, end: T, interval: 5, ...more })

describe('points in time', () => {
  it('end where the answer ends, and keep gaps', () => {
    expect(points(series('a', [1, null, 3]))).toEqual([
      [(T - 10) * 1000, 1],
      [(T - 5) * 1000, null],
      [T * 1000, 3],
    ])
  })

  it('take no value for one that is no number', () => {
    expect(points(series('a', [Number.NaN, Number.POSITIVE_INFINITY])).map(([, value]) => value)).toEqual([null, null])
  })

  it('are found by a moment: those next to it, gaps and what is outside not', () => {
    const a = series('a', [1, null, 3])
    expect(valueAt(a, T * 1000)).toBe(3)
    expect(valueAt(a, T * 1000 - 2_000)).toBe(3)
    expect(valueAt(a, (T - 5) * 1000)).toBeUndefined()
    expect(valueAt(a, (T - 11) * 1000)).toBe(1)
    expect(valueAt(a, (T - 60) * 1000)).toBeUndefined()
    expect(valueAt(a, (T + 60) * 1000)).toBeUndefined()
  })

  it('are all in the span of their charts', () => {
    const plan = { key: 'k', title: 'k', unit: 'count' as const }
    const span = spanOf([{ ...plan, series: [series('a', [1, 2, 3])] }, { ...plan, series: [series('b', [1], { end: T + 7 })] }])
    expect(span).toEqual({ from: (T - 10) * 1000, to: (T + 7) * 1000 })
    expect(within(points(series('a', [1, 2, 3])), { from: (T - 5) * 1000, to: T * 1000 })).toHaveLength(2)
    expect(spanOf([{ ...plan, series: [] }])).toBeUndefined()
  })
})

describe('what a line comes to', () => {
  it('leaves gaps out', () => {
    expect(summary(points(series('a', [1, null, 3, 8, null])))).toEqual({ min: 1, max: 8, mean: 4, last: 8 })
    expect(summary(points(series('a', [null, null])))).toBeUndefined()
  })

  it('puts the highest first, the whole before its parts, limits last', () => {
    const list = [series('low', [1, 1]), series('unknown', [null]), series('limit', [100], { limit: true }), series('high', [9, 9]), series('whole', [5], { main: true })]
    expect(byValue(list, { from: 0, to: T * 2000 }).map(({ key }) => key)).toEqual(['whole', 'high', 'low', 'unknown', 'limit'])
  })

  it('goes by what is shown', () => {
    const list = [series('early', [9, 9, 1]), series('late', [0, 0, 5])]
    expect(byValue(list, { from: T * 1000, to: T * 1000 }).map(({ key }) => key)).toEqual(['late', 'early'])
  })
})

describe('several lines', () => {
  it('are one table on the times of the first, though clocks differ by less than half a step', () => {
    const { times, columns } = merge([series('a', [1, 2, 3]), series('b', [4, 5, 6], { end: T + 2 }), series('c', [7], { end: T - 5 })])
    expect(times).toEqual([(T - 10) * 1000, (T - 5) * 1000, T * 1000])
    expect(columns).toEqual([
      [1, 2, 3],
      [4, 5, 6],
      [null, 7, null],
    ])
  })

  it('have a moment that only one of them has', () => {
    const { times, columns } = merge([series('a', [1]), series('b', [2], { end: T + 5 })])
    expect(times).toEqual([T * 1000, (T + 5) * 1000])
    expect(columns).toEqual([
      [1, null],
      [null, 2],
    ])
  })

  it('are nothing when there are none', () => {
    expect(merge([])).toEqual({ times: [], columns: [] })
  })

  it('come to sums and means of what is known, the ends aligned', () => {
    expect(sum([[1, null, 3], [10, null]])).toEqual([1, 10, 3])
    expect(mean([[1, 2], [3, null]])).toEqual([2, 2])
    expect(mean([])).toEqual([])
    expect(less([5, 6, null], [1, null, 2])).toEqual([4, null, null])
    expect(less([9, 5, 6], [1, 2])).toEqual([null, 4, 4])
  })
})

describe('a file of values', () => {
  it('has a line for each moment and nothing in a gap', () => {
    const text = toCsv([series('eth0 received', [1.5, null]), series('a "b", c', [3, 4])], 'bytes/s')
    expect(text).toBe(`time,eth0 received (B/s),"a ""b"", c (B/s)"\r\n${new Date((T - 5) * 1000).toISOString()},1.5,3\r\n${new Date(T * 1000).toISOString()},,4\r\n`)
  })

  it('holds what is shown', () => {
    expect(toCsv([series('a', [1, 2, 3])], 'count', { from: T * 1000, to: T * 1000 }).trim().split('\r\n')).toEqual(['time,a', `${new Date(T * 1000).toISOString()},3`])
  })

  it('lets no name be a formula', () => {
    expect(toCsv([series('=cmd()', [1])], 'count')).toContain("time,'=cmd()")
  })
})
