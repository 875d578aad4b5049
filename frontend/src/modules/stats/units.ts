/** Numbers of statistics as people read them, and scales with round steps in their units. */
import { type Unit } from '@/api/stats'
import { bytes, milliseconds, number, percent } from '@/i18n/format'

/** As short as an axis needs it. Percentages are 0 to 100. */
export function brief(unit: Unit, value: number): string {
  switch (unit) {
    case 'percent':
      return percent(value / 100, decimals(value))
    case 'bytes':
      return bytes(value)
    case 'bytes/s':
      return `${bytes(value)}/s`
    case 'requests/s':
      return `${number(value, decimals(value))}/s`
    case 'ms':
      return milliseconds(value, decimals(value))
    case 'count':
      return number(value, value === 0 ? 0 : Math.abs(value) < 10 ? 2 : 0)
  }
}

/** A tick of an axis: with the decimals that its step has, so that no two ticks read the same. */
export function tick(unit: Unit, value: number, step: number): string {
  const digits = [0, 1, 2, 3].find((each) => Math.abs(step * 10 ** each - Math.round(step * 10 ** each)) < 1e-6) ?? 4
  switch (unit) {
    case 'percent':
      return percent(value / 100, digits)
    case 'requests/s':
      return `${number(value, digits)}/s`
    case 'ms':
      return milliseconds(value, digits)
    case 'count':
      return number(value, digits)
    default:
      return brief(unit, value)
  }
}

/** As exactly as it is worth knowing. */
export function exact(unit: Unit, value: number): string {
  switch (unit) {
    case 'percent':
      return percent(value / 100, Math.abs(value) < 10 ? 2 : 1)
    case 'bytes':
      return bytes(value, 2)
    case 'bytes/s':
      return `${bytes(value, 2)}/s`
    case 'requests/s':
      return `${number(value, Math.abs(value) < 100 ? 2 : 1)}/s`
    case 'ms':
      return milliseconds(value, Math.abs(value) < 1 ? 3 : 2)
    case 'count':
      return number(value, 2)
  }
}

function decimals(value: number): number {
  const size = Math.abs(value)
  return size === 0 || size >= 10 ? 0 : size < 0.1 ? 2 : 1
}

export interface Scale {
  readonly max: number
  readonly step: number
}

const TARGET = 4
const DECIMAL = [1, 2, 2.5, 5, 10]
const BINARY = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
const PERCENT = [2, 5, 10, 25]

/**
 * A scale from 0 that holds `highest`, with about four round steps: of 1, 2, 2.5 or 5 times a power of ten; of powers of
 * two for bytes, which are written in binary units. `limit`: what the values cannot exceed; a percentage of a whole ends there.
 */
export function scaleOf(unit: Unit, highest: number, limit?: number): Scale {
  const top = Number.isFinite(highest) && highest > 0 ? highest : 0
  if (unit === 'percent' && limit === 100) {
    const step = PERCENT.find((each) => each * TARGET >= top) ?? 25
    return { max: step * TARGET, step }
  }
  const binary = unit === 'bytes' || unit === 'bytes/s'
  if (binary && top <= TARGET) return { max: TARGET, step: 1 } // there is no half of a byte
  if (top === 0) return { max: 1, step: 0.25 }
  const base = binary ? 1024 : 10
  const power = base ** Math.floor(Math.log(top / TARGET) / Math.log(base))
  const step = power * ((binary ? BINARY : DECIMAL).find((each) => each * power * TARGET >= top * (1 - 1e-9)) ?? base)
  return { max: step * Math.max(1, Math.ceil((top / step) * (1 - 1e-9))), step }
}
