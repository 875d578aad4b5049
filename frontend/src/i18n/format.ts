/** Numbers, sizes and times as this language writes them; every formatter is made once per language. */
import { computed } from 'vue'
import { i18n } from './index'

/** The chosen language, in the reader's own variety of it: English dates of Britain in Britain. */
const locale = () => navigator.languages.find((each) => each.startsWith(i18n.global.locale.value)) ?? i18n.global.locale.value
const made = new Map<string, unknown>()

function once<T>(key: string, make: (locale: string) => T): T {
  const name = `${locale()} ${key}`
  let formatter = made.get(name) as T | undefined
  if (formatter === undefined) made.set(name, (formatter = make(locale())))
  return formatter
}

export function number(value: number, digits = 0): string {
  return once(`n${digits}`, (l) => new Intl.NumberFormat(l, { maximumFractionDigits: digits, signDisplay: 'negative' })).format(value)
}

export function percent(share: number, digits = 0): string {
  return once(`p${digits}`, (l) => new Intl.NumberFormat(l, { style: 'percent', maximumFractionDigits: digits, signDisplay: 'negative' })).format(share)
}

const BINARY = { en: ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'], fr: ['o', 'Kio', 'Mio', 'Gio', 'Tio', 'Pio'] }

/** Binary units, as XenServer counts: 1.5 GiB. `digits`: at most so many decimals. */
export function bytes(value: number, digits = 1): string {
  let height = 0
  let rest = Math.abs(value)
  while (rest >= 1024 && height < 5) {
    rest /= 1024
    height += 1
  }
  const units = locale().startsWith('fr') ? BINARY.fr : BINARY.en
  return `${number(Math.sign(value) * rest, height > 0 && (rest < 10 || digits > 1) ? digits : 0)} ${units[height]}`
}

export function milliseconds(value: number, digits = 0): string {
  return once(`ms${digits}`, (l) => new Intl.NumberFormat(l, { style: 'unit', unit: 'millisecond', unitDisplay: 'short', maximumFractionDigits: digits, signDisplay: 'negative' })).format(value)
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]

/** "3 minutes ago" for two times in ms. */
export function relative(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1000)
  const [unit, length] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1]
  return once('r', (l) => new Intl.RelativeTimeFormat(l, { numeric: 'auto', style: 'short' })).format(Math.trunc(seconds / length), unit)
}

/** A length of time in its largest unit, or its two largest: "12 s", "3 min 20 s". */
export function duration(ms: number): string {
  let rest = Math.max(0, Math.floor(ms / 1000))
  const parts: string[] = []
  for (const [unit, size] of STEPS) {
    if (unit === 'year' || unit === 'month') continue
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0 || (unit === 'second' && parts.length === 0)) {
      parts.push(once(`d${unit}`, (l) => new Intl.NumberFormat(l, { style: 'unit', unit, unitDisplay: unit === 'day' ? 'long' : 'short' })).format(count))
    } else if (parts.length > 0) break
    if (parts.length === 2) break
  }
  return parts.join(' ')
}

/** How long a piece of work took: "0.3 sec", then as `duration`. */
export function took(ms: number): string {
  if (ms >= 10_000) return duration(ms)
  return once('took', (l) => new Intl.NumberFormat(l, { style: 'unit', unit: 'second', unitDisplay: 'short', maximumFractionDigits: 1 })).format(ms / 1000)
}

/** Date and time, exact. */
export function dateTime(ms: number): string {
  return once('dt', (l) => new Intl.DateTimeFormat(l, { dateStyle: 'medium', timeStyle: 'medium' })).format(ms)
}

export function date(ms: number): string {
  return once('da', (l) => new Intl.DateTimeFormat(l, { dateStyle: 'medium' })).format(ms)
}

/** A moment on a time axis, as exact as a span of so many ms needs it. */
export function moment(ms: number, span: number): string {
  if (span <= 300_000) return once('mo1', (l) => new Intl.DateTimeFormat(l, { timeStyle: 'medium' })).format(ms)
  if (span <= 129_600_000) return once('mo2', (l) => new Intl.DateTimeFormat(l, { hour: '2-digit', minute: '2-digit' })).format(ms)
  return once('mo3', (l) => new Intl.DateTimeFormat(l, { day: 'numeric', month: 'short' })).format(ms)
}

/** "Halted or Suspended", "Halted, Paused and Suspended". */
export function listed(words: readonly string[], type: 'disjunction' | 'conjunction'): string {
  return once(type, (l) => new Intl.ListFormat(l, { type })).format(words)
}

/** The order in which this language lists names, numbers in them by value. */
export const collator = computed(() => new Intl.Collator(locale(), { numeric: true, sensitivity: 'base' }))
