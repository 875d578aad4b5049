/** Lines of a chart as data: their points in time, what they come to, several of them as one table, and that as CSV. */
import { type Unit, type Values } from '@/api/stats'
import { csvField } from '@/components/table/export'

export interface Series {
  /** Unique in its chart; stays the same from one answer to the next. */
  readonly key: string
  readonly name: string
  /** For the end of a line, where there is little room; the name when not given. */
  readonly short?: string
  readonly values: Values
  /** Time of the last value and between two, in seconds. */
  readonly end: number
  readonly interval: number
  /** What the others are parts of: drawn stronger. */
  readonly main?: boolean
  /** A limit rather than a measure: drawn weaker. */
  readonly limit?: boolean
}

/** One chart: lines with a common unit. */
export interface ChartPlan {
  readonly key: string
  readonly title: string
  readonly unit: Unit
  readonly series: readonly Series[]
  /** Values cannot be higher: a share of a whole. */
  readonly most?: number
  /** Parts of a whole, drawn one upon the other: always, or if the reader likes. */
  readonly stack?: 'always' | 'possible'
  /** So many lines were left out: more than anybody can tell apart. */
  readonly leftOut?: number
}

/** [ms, value], oldest first. */
export type Point = readonly [at: number, value: number | null]

export function points({ values, end, interval }: Pick<Series, 'values' | 'end' | 'interval'>): Point[] {
  const first = end - (values.length - 1) * interval
  return values.map((value, i) => [(first + i * interval) * 1000, value !== null && Number.isFinite(value) ? value : null])
}

/** A span of time in ms, both ends included. */
export interface Span {
  readonly from: number
  readonly to: number
}

export function within(list: readonly Point[], { from, to }: Span): Point[] {
  return list.filter(([at]) => at >= from && at <= to)
}

export interface Summary {
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly last: number
}

/** Undefined when nothing is known. */
export function summary(list: readonly Point[]): Summary | undefined {
  const known = list.flatMap(([, value]) => (value === null ? [] : [value]))
  const last = known.at(-1)
  if (last === undefined) return undefined
  return { min: Math.min(...known), max: Math.max(...known), mean: known.reduce((sum, value) => sum + value, 0) / known.length, last }
}

export const isEmpty = ({ series }: ChartPlan): boolean => series.every(({ values }) => values.every((value) => value === null))

/** From the oldest value of all these charts to the newest; undefined when there is none. */
export function spanOf(charts: readonly ChartPlan[]): Span | undefined {
  let from = Number.POSITIVE_INFINITY
  let to = Number.NEGATIVE_INFINITY
  for (const { series } of charts)
    for (const { values, end, interval } of series) {
      if (values.length === 0) continue
      from = Math.min(from, end - (values.length - 1) * interval)
      to = Math.max(to, end)
    }
  return to > from ? { from: from * 1000, to: to * 1000 } : undefined
}

/** The value at a moment: that of the step it falls next to. Undefined outside and where nothing is known. */
export function valueAt(series: Series, at: number): number | undefined {
  const back = Math.round((series.end - at / 1000) / series.interval)
  return series.values[series.values.length - 1 - back] ?? undefined
}

export interface Merged {
  /** In ms, oldest first. */
  readonly times: readonly number[]
  /** A column for each series, a value for each time. */
  readonly columns: readonly Values[]
}

/** Series side by side on common times. Hosts' clocks differ, so moments within half a step of each other are one: that of the first series. */
export function merge(series: readonly Series[], span?: Span): Merged {
  const step = Math.min(...series.map(({ interval }) => interval)) * 1000
  if (!Number.isFinite(step)) return { times: [], columns: [] }
  const origin = (series[0]?.end ?? 0) * 1000
  const slots = series.map((each) => {
    const found = new Map<number, number | null>()
    for (const [at, value] of points(each)) if (span === undefined || (at >= span.from && at <= span.to)) found.set(Math.round((at - origin) / step), value)
    return found
  })
  const steps = [...new Set(slots.flatMap((each) => [...each.keys()]))].sort((a, b) => a - b)
  return { times: steps.map((each) => origin + each * step), columns: slots.map((each) => steps.map((at) => each.get(at) ?? null)) }
}

const UNIT_SYMBOL: Readonly<Record<Unit, string>> = { percent: '%', bytes: 'B', 'bytes/s': 'B/s', 'requests/s': '1/s', ms: 'ms', count: '' }

/** A line for each moment, a column for each series; times in ISO 8601, numbers plain, nothing where nothing is known. */
export function toCsv(series: readonly Series[], unit: Unit, span?: Span): string {
  const { times, columns } = merge(series, span)
  const symbol = UNIT_SYMBOL[unit]
  const head = ['time', ...series.map(({ name }) => (symbol === '' ? name : `${name} (${symbol})`))]
  const rows = times.map((at, i) => [new Date(at).toISOString(), ...columns.map((column) => column[i])])
  return [head, ...rows].map((row) => `${row.map(csvField).join(',')}\r\n`).join('')
}

/** Series in the order of what they come to in `span`, the highest first; what is unknown comes last. Limits stay at the end. */
export function byValue(series: readonly Series[], span: Span): Series[] {
  const means = new Map(series.map((each) => [each, summary(within(points(each), span))?.mean ?? Number.NEGATIVE_INFINITY]))
  const weight = (each: Series) => Number(each.main === true) - Number(each.limit === true)
  return [...series].sort((a, b) => weight(b) - weight(a) || means.get(b)! - means.get(a)!)
}

/** Value by value: `combine` of those that are known, null where none is. The last values of all are aligned. */
export function combined(all: readonly Values[], combine: (known: readonly number[]) => number): Values {
  const length = Math.max(0, ...all.map((values) => values.length))
  return Array.from({ length }, (_, i) => {
    const known = all.flatMap((values) => values[values.length - length + i] ?? [])
    return known.length === 0 ? null : combine(known)
  })
}

export const mean = (all: readonly Values[]): Values => combined(all, (known) => known.reduce((sum, value) => sum + value, 0) / known.length)
export const sum = (all: readonly Values[]): Values => combined(all, (known) => known.reduce((total, value) => total + value, 0))

/** `a` without `b`, where both are known. */
export function less(a: Values, b: Values): Values {
  return a.map((value, i) => {
    const other = b[i + b.length - a.length] ?? null
    return value === null || other === null ? null : value - other
  })
}

export const times = (values: Values, factor: number): Values => values.map((value) => (value === null ? null : value * factor))
