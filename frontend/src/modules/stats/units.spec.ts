import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Unit } from '@/api/stats'
import { setLocale } from '@/i18n'
import { brief, exact, scaleOf, tick } from './units'

beforeEach(() => setLocale('en'))
afterEach(() => vi.unstubAllGlobals())

const GIB = 2 ** 30

describe('a number as people read it', () => {
  it.each<[Unit, number, string, string]>([
    ['percent', 0, '0%', '0%'],
    ['percent', 4.256, '4.3%', '4.26%'],
    ['percent', 97.25, '97%', '97.3%'],
    ['bytes', 1.5 * GIB, '1.5 GiB', '1.5 GiB'],
    ['bytes', 230.046 * GIB, '230 GiB', '230.05 GiB'],
    ['bytes/s', 2048, '2 KiB/s', '2 KiB/s'],
    ['bytes/s', 700, '700 B/s', '700 B/s'],
    ['requests/s', 0.43, '0.4/s', '0.43/s'],
    ['requests/s', 10_520.19, '10,520/s', '10,520.2/s'],
    ['ms', 0.5551, '0.6 ms', '0.555 ms'],
    ['count', 1.5347, '1.53', '1.53'],
  ])('%s %d is %s, and exactly %s', (unit, value, short, long) => {
    expect(brief(unit, value)).toBe(short)
    expect(exact(unit, value)).toBe(long)
  })

  it('is never minus nothing', () => {
    expect(brief('bytes/s', -1e-9)).toBe('0 B/s')
    expect(brief('requests/s', -1e-9)).toBe('0/s')
  })

  it('is written as the language has it', async () => {
    await setLocale('fr')
    expect(brief('bytes', 1.5 * GIB).replaceAll(/\s/gu, ' ')).toBe('1,5 Gio')
    expect(brief('percent', 12).replaceAll(/\s/gu, ' ')).toBe('12 %')
  })
})

describe('a scale', () => {
  it('ends at 100 for a share of a whole, and is finer where all is low', () => {
    expect(scaleOf('percent', 97, 100)).toEqual({ max: 100, step: 25 })
    expect(scaleOf('percent', 100, 100)).toEqual({ max: 100, step: 25 })
    expect(scaleOf('percent', 31, 100)).toEqual({ max: 40, step: 10 })
    expect(scaleOf('percent', 0, 100)).toEqual({ max: 8, step: 2 })
  })

  it('has steps that are round in binary units for bytes', () => {
    expect(scaleOf('bytes', 384 * GIB)).toEqual({ max: 384 * GIB, step: 128 * GIB })
    expect(scaleOf('bytes/s', 3000)).toEqual({ max: 3072, step: 1024 })
    expect(scaleOf('bytes/s', 1023 * 1024)).toEqual({ max: 2 ** 20, step: 2 ** 18 })
  })

  it('has steps of 1, 2, 2.5 or 5 times a power of ten otherwise', () => {
    expect(scaleOf('requests/s', 9_300)).toEqual({ max: 10_000, step: 2_500 })
    expect(scaleOf('ms', 0.61)).toEqual({ max: 0.8, step: 0.2 })
    expect(scaleOf('count', 2)).toEqual({ max: 2, step: 0.5 })
  })

  it.each<Unit>(['percent', 'bytes', 'bytes/s', 'requests/s', 'ms', 'count'])('of %s holds any value in one to four steps, whose ticks all differ', (unit) => {
    for (const value of [0, 1e-3, 0.5, 1, 3.99, 7, 99.9, 100, 1023, 1024, 1e5, 7.7e8, 2 ** 40]) {
      const { max, step } = scaleOf(unit, value)
      expect(max).toBeGreaterThanOrEqual(value * (1 - 1e-9))
      const ticks = Array.from({ length: Math.round(max / step) + 1 }, (_, i) => tick(unit, i * step, step))
      expect(ticks.length).toBeGreaterThanOrEqual(2)
      expect(ticks.length).toBeLessThanOrEqual(5)
      expect(new Set(ticks).size, `${unit} ${value}: ${ticks.join(', ')}`).toBe(ticks.length)
    }
  })

  it('has something to show when nothing is known', () => {
    expect(scaleOf('ms', Number.NaN).max).toBeGreaterThan(0)
    expect(scaleOf('bytes', Number.NEGATIVE_INFINITY).max).toBeGreaterThan(0)
  })
})
