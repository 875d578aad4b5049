/** Fleet metrics over HTTP: their history for many objects, and who uses most. Live values come by the stream (`stores/metrics`). */
import { get } from './client'
import { type components } from './schema.gen'
import { COLLECTIONS } from './types'

/** Types whose objects have fleet metrics. */
export type MeasuredType = 'VM' | 'VM-controller' | 'host' | 'SR' | 'pool'

type Schemas = components['schemas']

/** One metric of a type, as `GET /metrics` lists it. */
export type MetricInfo = Readonly<Schemas['Metric']>
export type Unit = MetricInfo['unit']

export type Catalogue = Readonly<Record<'VM' | 'host' | 'SR' | 'pool', readonly MetricInfo[]>>

/** `interval` and `endTimestamp`: seconds; values oldest first, null is a gap. */
export interface Series {
  readonly interval: number
  readonly metrics: readonly string[]
  readonly objects: Readonly<Record<string, { readonly endTimestamp: number; readonly stats: Readonly<Record<string, readonly (number | null)[]>> }>>
}

export interface Top {
  readonly type: MeasuredType
  readonly metric: string
  readonly unit: Unit
  readonly objects: readonly Readonly<Schemas['Top']>[]
}

/** Every metric of every type. Throws Problem. */
export const catalogue = (): Promise<Catalogue> => get<Catalogue>('/metrics')

/** The last ten minutes of some metrics of some objects, in steps of five seconds. Throws Problem. */
export const recent = (type: MeasuredType, metrics: readonly string[], ids: readonly string[]): Promise<Series> =>
  get<Series>(`/${COLLECTIONS[type]}/stats`, { metrics: metrics.join(','), ids: ids.join(','), granularity: 'seconds' })

/** The objects of a type with the highest values now, highest first; of one pool, or of those that match. Throws Problem. */
export const top = (type: MeasuredType, metric: string, within: { readonly limit: number; readonly pool?: string; readonly filter?: string }, signal?: AbortSignal): Promise<Top> =>
  get<Top>('/metrics/top', { type, metric, ...within }, signal)
