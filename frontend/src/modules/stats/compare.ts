/** Metrics of several objects side by side: what the service is asked for a question, and the charts made of the answers. Pure. */
import { type MetricInfo } from '@/api/metrics'
import { type ManyStats, type StatsType, type Tree, type Unit, type Values } from '@/api/stats'
import { COMPARABLE, type Chosen, type Comparable, type Question } from './address'
import { isValues } from './plan'
import { points, summary, type ChartPlan, type Series } from './series'

export const MOST_OBJECTS = 20
export const MOST_METRICS = 6
/** Of more lines than this in one chart, the highest. */
export const MOST_LINES = 40

/** What there is of each device: Xen Orchestra's keys, or their beginnings. */
export const DETAILS: Readonly<Record<Comparable, readonly string[]>> = {
  VM: ['cpus', 'vifs.rx', 'vifs.tx', 'xvds.r', 'xvds.w', 'iops.r', 'iops.w', 'vbdLatency.r', 'vbdLatency.w'],
  host: ['cpus', 'pifs.rx', 'pifs.tx', 'ioThroughput.r', 'ioThroughput.w', 'iops.r', 'iops.w', 'latency.r', 'latency.w'],
  SR: [],
  pool: [],
}

const DETAIL_UNITS: Readonly<Record<string, Unit>> = { cpus: 'percent', vifs: 'bytes/s', pifs: 'bytes/s', xvds: 'bytes/s', ioThroughput: 'bytes/s', iops: 'requests/s', latency: 'ms', vbdLatency: 'ms' }

export type Catalogue = { readonly [K in StatsType]?: readonly MetricInfo[] }

/** The unit of a metric, of types that have it; undefined when none of them has. */
export function unitOf(metric: string, types: Iterable<Comparable>, catalogue: Catalogue): Unit | undefined {
  for (const type of types) {
    const found = catalogue[type]?.find(({ name }) => name === metric)
    if (found !== undefined) return found.unit
    if (DETAILS[type].includes(metric)) return DETAIL_UNITS[metric.split('.')[0]!]
  }
  return undefined
}

export function has(type: Comparable, metric: string, catalogue: Catalogue): boolean {
  return unitOf(metric, [type], catalogue) !== undefined
}

/** As far as it is answered: not more objects and metrics than fit. */
export function limited(question: Question): Question {
  return { ...question, objects: question.objects.slice(0, MOST_OBJECTS), metrics: question.metrics.slice(0, MOST_METRICS) }
}

export interface Request {
  readonly type: Comparable
  readonly ids: readonly string[]
  readonly metrics: readonly string[]
}

/** One call for each type, with the metrics that this type has. */
export function requestsOf(question: Question, catalogue: Catalogue): Request[] {
  const { objects, metrics } = limited(question)
  return COMPARABLE.flatMap((type) => {
    const ids = objects.filter((each) => each.type === type).map(({ id }) => id)
    const known = metrics.filter((metric) => has(type, metric, catalogue))
    return ids.length === 0 || known.length === 0 ? [] : [{ type, ids, metrics: known }]
  })
}

export interface CompareNames {
  readonly object: (chosen: Chosen) => string
  readonly metric: (metric: string) => string
  /** A device of an object, by its key below a metric of Xen Orchestra's. */
  readonly part: (metric: string, key: string) => string
}

/** Leaves below a path: the values themselves have an empty key. */
function leaves(tree: Tree, metric: string): [string, Values][] {
  let found: Values | Tree | undefined = tree
  for (const key of metric.split('.')) found = found === undefined || isValues(found) ? undefined : found[key]
  const walk = (node: Values | Tree | undefined, path: string): [string, Values][] =>
    node === undefined ? [] : isValues(node) ? [[path, node]] : Object.entries(node).flatMap(([key, inner]) => walk(inner, path === '' ? key : `${path}.${key}`))
  return walk(found, '')
}

interface Measured extends Series {
  readonly metric: string
  readonly chosen: Chosen
  readonly part: string
}

export type Answers = Partial<Record<Comparable, ManyStats>>

function measure(question: Question, answers: Answers, names: CompareNames): Measured[] {
  const { objects, metrics } = limited(question)
  return objects.flatMap((chosen) => {
    const answer = answers[chosen.type]
    const found = answer?.objects[chosen.id]
    if (answer === undefined || found === undefined) return []
    return metrics.flatMap((metric) =>
      leaves(found.stats, metric).map(([key, values]): Measured => ({
        metric,
        chosen,
        part: key === '' ? '' : names.part(metric, key),
        key: [chosen.id, metric, key].filter(Boolean).join(' '),
        name: names.object(chosen),
        values,
        end: found.endTimestamp,
        interval: answer.interval,
      })),
    )
  })
}

/** A share of a whole ends at 100. */
const most = (unit: Unit) => (unit === 'percent' ? { most: 100 } : {})

/** The highest of more than can be told apart, in their own order. */
function crowded(plan: ChartPlan): ChartPlan {
  if (plan.series.length <= MOST_LINES) return plan
  const top = new Set([...plan.series].map((series) => ({ series, mean: summary(points(series))?.mean ?? -1 })).sort((a, b) => b.mean - a.mean).slice(0, MOST_LINES).map(({ series }) => series))
  return { ...plan, series: plan.series.filter((series) => top.has(series)), leftOut: plan.series.length - MOST_LINES }
}

/** One chart for each metric with a line for each object, or for each object one chart for each unit with a line for each metric. */
export function comparison(question: Question, answers: Answers, catalogue: Catalogue, names: CompareNames): ChartPlan[] {
  const { objects, metrics, by } = limited(question)
  const types = new Set(objects.map(({ type }) => type))
  const all = measure(question, answers, names)
  if (by === 'metric')
    return metrics.flatMap((metric) => {
      const unit = unitOf(metric, types, catalogue)
      const series = all.filter((each) => each.metric === metric).map((each) => ({ ...each, name: [each.name, each.part].filter(Boolean).join(' · ') }))
      return unit === undefined || series.length === 0 ? [] : [crowded({ key: metric, title: names.metric(metric), unit, series, ...most(unit) })]
    })
  return objects.flatMap((chosen) => {
    const mine = all.filter((each) => each.chosen.id === chosen.id)
    const units = [...new Set(metrics.flatMap((metric) => unitOf(metric, [chosen.type], catalogue) ?? []))]
    return units.flatMap((unit) => {
      const series = mine.filter(({ metric }) => unitOf(metric, [chosen.type], catalogue) === unit).map((each) => ({ ...each, name: [names.metric(each.metric), each.part].filter(Boolean).join(' · ') }))
      const titles = [...new Set(series.map(({ metric }) => names.metric(metric)))]
      return series.length === 0 ? [] : [crowded({ key: `${chosen.id} ${unit}`, title: `${names.object(chosen)} · ${titles.join(', ')}`, unit, series, ...most(unit) })]
    })
  })
}

/** Objects of which nothing came. */
export function unanswered(question: Question, answers: Answers): Chosen[] {
  return limited(question).objects.filter(({ type, id }) => {
    const found = answers[type]?.objects[id]
    const known = (node: Values | Tree): boolean => (isValues(node) ? node.some((value) => value !== null) : Object.values(node).some(known))
    return found === undefined || !known(found.stats)
  })
}
