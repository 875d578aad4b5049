/** The address of a comparison: it holds the whole question, so that it can be shared. Pure, and small: lists and pages link here. */
import { GRANULARITIES, type Granularity, type StatsType } from '@/api/stats'
import { COLLECTIONS, typeOf } from '@/api/types'

/** Types that can be compared: the service answers for many of them at once. */
export type Comparable = Exclude<StatsType, 'VM-controller'>
export const COMPARABLE: readonly Comparable[] = ['VM', 'host', 'SR', 'pool']

export function isComparable(type: string | undefined): type is Comparable {
  return (COMPARABLE as readonly (string | undefined)[]).includes(type)
}

export interface Chosen {
  readonly type: Comparable
  readonly id: string
}

export interface Question {
  readonly objects: readonly Chosen[]
  readonly metrics: readonly string[]
  readonly granularity: Granularity
  readonly by: 'metric' | 'object'
}

type Query = Readonly<Record<string, unknown>>

/** `?o=vms:<id>,<id>;hosts:<id>&m=cpu,memoryUsed&g=minutes&by=object`. What cannot be read is left out. */
export function readQuestion({ o, m, g, by }: Query): Question {
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  const objects = text(o)
    .split(';')
    .flatMap((part) => {
      const [collection = '', list = ''] = part.split(':')
      const type = typeOf(collection)
      return isComparable(type) ? list.split(',').filter(Boolean).map((id): Chosen => ({ type, id })) : []
    })
  const seen = new Set<string>()
  return {
    objects: objects.filter(({ id }) => !seen.has(id) && seen.add(id) !== undefined),
    metrics: [...new Set(text(m).split(',').filter(Boolean))],
    granularity: granularityOf(g),
    by: by === 'object' ? 'object' : 'metric',
  }
}

export function writeQuestion({ objects, metrics, granularity, by }: Question): Record<string, string> {
  const lists = COMPARABLE.flatMap((type) => {
    const ids = objects.filter((each) => each.type === type).map(({ id }) => id)
    return ids.length === 0 ? [] : `${COLLECTIONS[type]}:${ids.join(',')}`
  })
  return {
    ...(lists.length === 0 ? {} : { o: lists.join(';') }),
    ...(metrics.length === 0 ? {} : { m: metrics.join(',') }),
    ...(granularity === 'seconds' ? {} : { g: granularity }),
    ...(by === 'metric' ? {} : { by }),
  }
}

/** What one wants to see first of objects of a type. */
export const FIRST: Readonly<Record<Comparable, readonly string[]>> = {
  VM: ['cpu', 'memoryUsed', 'network', 'disk'],
  host: ['cpu', 'memoryUsed', 'network', 'disk'],
  SR: ['disk', 'iops', 'diskLatency'],
  pool: ['cpu', 'memoryUsed', 'network', 'disk'],
}

/** The page that compares these. */
export function compareAddress(type: Comparable, ids: readonly string[], granularity: Granularity = 'seconds'): { path: string; query: Record<string, string> } {
  return { path: '/stats', query: writeQuestion({ objects: ids.map((id) => ({ type, id })), metrics: FIRST[type], granularity, by: 'metric' }) }
}

/** The span of time that an address asks for; ten minutes when it says nothing. */
export function granularityOf(text: unknown): Granularity {
  return GRANULARITIES.find((each) => each === text) ?? 'seconds'
}
