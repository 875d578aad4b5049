/** The metrics that lists and screens show, with their units and scales: those of `GET /metrics`, as far as they are drawn here. */
import { type MeasuredType, type Unit } from '@/api/metrics'
import { type TypeName } from '@/api/types'

/** Whether a type has live values. */
export function isMeasured(type: TypeName): type is MeasuredType {
  return type === 'VM' || type === 'VM-controller' || type === 'host' || type === 'SR' || type === 'pool'
}

export const UNITS = {
  cpu: 'percent',
  load: 'count',
  memory: 'bytes',
  memoryUsed: 'bytes',
  memoryFree: 'bytes',
  memoryPercent: 'percent',
  networkRx: 'bytes/s',
  networkTx: 'bytes/s',
  network: 'bytes/s',
  diskRead: 'bytes/s',
  diskWrite: 'bytes/s',
  disk: 'bytes/s',
  iops: 'requests/s',
  diskLatency: 'ms',
  iowait: 'percent',
  space: 'percent',
} as const satisfies Record<string, Unit>

export type MetricName = keyof typeof UNITS

const TRAFFIC: readonly MetricName[] = ['networkRx', 'networkTx', 'network']
const STORAGE: readonly MetricName[] = ['diskRead', 'diskWrite', 'disk', 'iops']
const WAITING: readonly MetricName[] = ['diskLatency', 'iowait']

/** What each type has, in the order in which it is offered. */
export const METRICS: Readonly<Record<MeasuredType, readonly MetricName[]>> = {
  VM: ['cpu', 'memory', 'memoryUsed', 'memoryPercent', ...TRAFFIC, ...STORAGE, ...WAITING],
  'VM-controller': ['cpu', 'memory', 'memoryUsed', 'memoryPercent', ...TRAFFIC, ...STORAGE, ...WAITING],
  host: ['cpu', 'load', 'memoryUsed', 'memoryFree', 'memoryPercent', ...TRAFFIC, ...STORAGE, ...WAITING],
  SR: ['space', ...STORAGE, ...WAITING],
  pool: ['cpu', 'memoryUsed', 'memoryFree', 'memoryPercent', ...TRAFFIC, ...STORAGE],
}

/** What its values cannot exceed. */
export function mostOf(metric: MetricName): number | undefined {
  return UNITS[metric] === 'percent' ? 100 : undefined
}

const PREFIX = 'metrics.'

/** `metrics.cpu` as the API calls it in filters, sorts and fields. */
export const pathOfMetric = (metric: string): string => PREFIX + metric

/** The metrics that some names of fields mean. */
export function metricsOf(names: Iterable<string>): string[] {
  return [...new Set([...names].filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length)))]
}

/** Fields that rows have: a metric is none, though filters and columns name it like one. */
export function rowFields(names: Iterable<string>): string[] {
  return [...names].filter((name) => name !== 'metrics' && !name.startsWith(PREFIX))
}
