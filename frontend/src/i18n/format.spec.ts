import { afterEach, describe, expect, it } from 'vitest'
import { i18n } from './index'
import { bytes, duration, percent, relative } from './format'

const spaces = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ')

describe('in English and French', () => {
  afterEach(() => (i18n.global.locale.value = 'en'))

  it('sizes are binary', () => {
    expect([0, 512, 1536, 3 * 2 ** 30, 136 * 2 ** 40].map((n) => spaces(bytes(n)))).toEqual(['0 B', '512 B', '1.5 KiB', '3 GiB', '136 TiB'])
    i18n.global.locale.value = 'fr' as 'en'
    expect(spaces(bytes(1536))).toBe('1,5 Kio')
  })

  it('shares', () => {
    expect(percent(0.674)).toBe('67%')
    i18n.global.locale.value = 'fr' as 'en'
    expect(spaces(percent(0.674))).toBe('67 %')
  })

  it('lengths of time in their two largest units', () => {
    expect([0, 12_000, 200_000, 3_600_000, 90_061_000].map((ms) => spaces(duration(ms)))).toEqual(['0 sec', '12 sec', '3 min 20 sec', '1 hr', '1 day 1 hr'])
  })

  it('times relative to now', () => {
    expect(relative(0, 3 * 60_000)).toBe('3 min. ago')
  })
})
