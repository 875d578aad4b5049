/** Statistics over time. Numbers are in the units of the catalogue; null is a gap. */
import { pathOf } from './act'
import { get } from './client'
import { type MeasuredType } from './metrics'
import { type components } from './schema.gen'
import { COLLECTIONS } from './types'

export type { Unit } from './metrics'

export type StatsType = MeasuredType
const WITH_STATS: readonly string[] = ['VM', 'VM-controller', 'host', 'SR', 'pool'] satisfies StatsType[]

export function hasStats(type: string): type is StatsType {
  return WITH_STATS.includes(type)
}

export const GRANULARITIES = ['seconds', 'minutes', 'hours', 'days'] as const
/** Steps of 5 s over 10 minutes, of 1 min over 2 hours, of 1 h over a week, of 1 day over a year. */
export type Granularity = (typeof GRANULARITIES)[number]

/** Oldest first. */
export type Values = readonly (number | null)[]
/** Xen Orchestra's keys, nested: `cpus.0`, `iops.r.a`. */
export interface Tree {
  readonly [key: string]: Values | Tree
}

/** The statistics of one object. Times in seconds; `stale` only when the host does not answer for its metrics. */
export type Stats = Readonly<Omit<components['schemas']['StatsAnswer'], 'stats'>> & { readonly stats: Tree }

/** A host that could not say its statistics. */
export interface NoStats {
  readonly error: { readonly message?: string; readonly detail?: string }
}

/** Fleet metrics, or XO's keys, of several objects of one type. */
export interface ManyStats {
  readonly interval: number
  readonly metrics: readonly string[]
  readonly objects: Readonly<Record<string, { readonly endTimestamp: number; readonly stats: Tree }>>
}

/** Throws Problem: 422 for a VM that does not run. */
export function getStats(type: Exclude<StatsType, 'pool'>, id: string, granularity: Granularity, signal?: AbortSignal): Promise<Stats> {
  return get<Stats>(pathOf(COLLECTIONS[type], id, 'stats'), { granularity }, signal)
}

/** By host. Throws Problem. */
export function getPoolStats(id: string, granularity: Granularity, signal?: AbortSignal): Promise<Readonly<Record<string, Stats | NoStats>>> {
  return get(pathOf('pools', id, 'stats'), { granularity }, signal)
}

/** Several objects at once, each with only what is asked for. Throws Problem. */
export function getManyStats(type: StatsType, ids: readonly string[], metrics: readonly string[], granularity: Granularity, signal?: AbortSignal): Promise<ManyStats> {
  return get<ManyStats>(`/${COLLECTIONS[type]}/stats`, { ids: ids.join(','), metrics: metrics.join(','), granularity }, signal)
}
