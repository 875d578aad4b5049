// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { ceiling, sparkPath, summary } from './sparkline'

const BOX = { width: 60, height: 18 }
const NO = Number.NaN

describe('a sparkline', () => {
  it('goes from left to right, from the floor to the top', () => {
    expect(sparkPath([0, 50, 100], 100, BOX)).toBe('M0.0 17.0L30.0 9.0L60.0 1.0')
  })

  it('leaves gaps open', () => {
    expect(sparkPath([0, 100, NO, 100, 0], 100, BOX)).toBe('M0.0 17.0L15.0 1.0M45.0 1.0L60.0 17.0')
  })

  it('shows a value alone between gaps, at the edges too', () => {
    expect(sparkPath([NO, 100, NO, NO, NO], 100, BOX)).toBe('M14.0 1.0h2')
    expect(sparkPath([NO, NO, 0], 100, BOX)).toBe('M59.0 17.0h2')
    expect(sparkPath([0, NO, NO], 100, BOX)).toBe('M0.0 17.0h2')
  })

  it('draws nothing of nothing', () => {
    expect(sparkPath([NO, NO], 100, BOX)).toBe('')
    expect(sparkPath([], 100, BOX)).toBe('')
  })

  it('stays inside its box, whatever comes', () => {
    expect(sparkPath([250, -5], 100, BOX)).toBe('M0.0 1.0L60.0 17.0')
    expect(sparkPath([0, 0], 0, BOX)).toBe('M0.0 17.0L60.0 17.0')
  })

  it('takes its top from the limit, else from the highest value', () => {
    expect(ceiling([1, 2], 100)).toBe(100)
    expect(ceiling([10, NO, 20])).toBeCloseTo(23)
    expect(ceiling([NO])).toBe(0)
  })

  it('is told by its lowest, highest and mean', () => {
    expect(summary([NO, 2, 4, NO, 6])).toEqual({ least: 2, most: 6, mean: 4, known: 3 })
    expect(summary([NO])).toBeUndefined()
  })
})
