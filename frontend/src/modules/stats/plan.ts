/** Which charts an object has, made of what its statistics hold: Xen Orchestra's keys (see backend, metrics/names.py). Pure. */
import { type NoStats, type Stats, type StatsType, type Tree, type Values } from '@/api/stats'
import { type MessageKey } from '@/i18n'
import { less, mean, sum, times, type ChartPlan, type Series } from './series'

/** What devices and places are called, by the keys that statistics have for them. */
export interface Names {
  readonly t: (key: MessageKey, values?: Record<string, unknown>) => string
  /** Numbers in names by value. */
  readonly compare: (a: string, b: string) => number
  /** By the first eight characters of its uuid. */
  readonly sr: (short: string) => string
  /** By the letter of xvd?, or the whole name of a device. */
  readonly disk: (device: string) => string
  /** By the number of the device. */
  readonly vif: (device: string) => string
  /** By the number of eth?, or the whole name of a device. */
  readonly pif: (device: string) => string
  readonly host: (id: string) => string
}

/** The whole name of a disk's device: Xen Orchestra keeps the letter alone of xvd?. */
export const diskDevice = (key: string): string => (/^[a-z]$/.test(key) ? `xvd${key}` : key)
/** Of a host's interface: it keeps the number alone of eth?. */
export const portDevice = (key: string): string => (/^\d+$/.test(key) ? `eth${key}` : key)

export function isValues(found: Values | Tree | undefined): found is Values {
  return Array.isArray(found)
}

/** The values at a path, if there are any. */
export function at(tree: Tree, ...path: readonly string[]): Values | undefined {
  let found: Values | Tree | undefined = tree
  for (const key of path) {
    if (found === undefined || isValues(found)) return undefined
    found = found[key]
  }
  return isValues(found) ? found : undefined
}

/** What there is below a path, by key. */
export function below(tree: Tree, ...path: readonly string[]): [string, Values][] {
  let found: Values | Tree | undefined = tree
  for (const key of path) {
    if (found === undefined || isValues(found)) return []
    found = found[key]
  }
  return found === undefined || isValues(found) ? [] : Object.entries(found).flatMap(([key, values]) => (isValues(values) ? [[key, values]] : []))
}

type Made = Omit<Series, 'end' | 'interval'>
interface Draft extends Omit<ChartPlan, 'series'> {
  readonly series: readonly (Made | undefined)[]
}

/** Charts without lines are left out. */
function charts({ endTimestamp: end, interval }: Pick<Stats, 'endTimestamp' | 'interval'>, drafts: readonly Draft[]): ChartPlan[] {
  return drafts
    .map((draft) => ({ ...draft, series: draft.series.flatMap((each) => (each === undefined ? [] : [{ ...each, end, interval }])) }))
    .filter(({ series }) => series.length > 0)
}

function line(key: string, name: string, values: Values | undefined, more: Partial<Made> = {}): Made | undefined {
  return values === undefined ? undefined : { key, name, values, ...more }
}

const WAYS = {
  network: [
    ['rx', 'stats.received'],
    ['tx', 'stats.sent'],
  ],
  storage: [
    ['r', 'stats.reads'],
    ['w', 'stats.writes'],
  ],
} as const

/** Two lines for each device, one for each way: `<key>.<way>.<device>`. `shortOf`: what it is called where there is little room. */
function bothWays(tree: Tree, key: string, ways: keyof typeof WAYS, nameOf: (device: string) => string, { t, compare }: Names, shortOf = nameOf): Made[] {
  const devices = [...new Set(WAYS[ways].flatMap(([way]) => below(tree, key, way).map(([device]) => device)))]
  return devices
    .map((device) => ({ device, name: nameOf(device) }))
    .sort((a, b) => compare(a.name, b.name))
    .flatMap(({ device, name }) => WAYS[ways].flatMap(([way, text]) => line(`${way}.${device}`, t(text, { name }), at(tree, key, way, device), { short: t(text, { name: shortOf(device) }) }) ?? []))
}

function each(tree: Tree, path: readonly string[], nameOf: (key: string) => string, { compare }: Names, shortOf = nameOf): Made[] {
  return below(tree, ...path)
    .map(([key, values]) => ({ key, name: nameOf(key), short: shortOf(key), values }))
    .sort((a, b) => compare(a.name, b.name))
}

function cpus(tree: Tree, whole: Values | undefined, name: string, core: (n: string) => string, names: Names): Made[] {
  const parts = each(tree, ['cpus'], core, names, (n) => n)
  const main = whole ?? (parts.length === 0 ? undefined : mean(parts.map(({ values }) => values)))
  const all = line('all', name, main, { main: true })
  return [...(all === undefined ? [] : [all]), ...parts]
}

function hostCharts(stats: Stats, names: Names): ChartPlan[] {
  const { t } = names
  const tree = stats.stats
  const memory = at(tree, 'memory')
  const free = at(tree, 'memoryFree')
  const ports = bothWays(tree, 'pifs', 'network', names.pif, names)
  return charts(stats, [
    { key: 'cpu', title: t('stats.chart.cpu'), unit: 'percent', most: 100, series: cpus(tree, undefined, t('stats.average'), (n) => t('stats.core', { n }), names) },
    { key: 'load', title: t('stats.chart.load'), unit: 'count', series: [line('load', t('stats.chart.load'), at(tree, 'load'))] },
    {
      key: 'memory',
      title: t('stats.chart.memory'),
      unit: 'bytes',
      series: [line('used', t('stats.used'), memory && free && less(memory, free)), line('total', t('stats.total'), memory, { limit: true })],
    },
    { key: 'network', title: t('stats.chart.network'), unit: 'bytes/s', series: ports.length > 0 ? ports : ['rx', 'tx'].map((way, i) => line(way, t(WAYS.network[i]![1], { name: t('stats.all') }), at(tree, 'pifsAggr', way))) },
    { key: 'throughput', title: t('stats.chart.storage'), unit: 'bytes/s', series: bothWays(tree, 'ioThroughput', 'storage', names.sr, names) },
    { key: 'iops', title: t('stats.chart.iops'), unit: 'requests/s', series: bothWays(tree, 'iops', 'storage', names.sr, names) },
    { key: 'latency', title: t('stats.chart.latency'), unit: 'ms', series: bothWays(tree, 'latency', 'storage', names.sr, names) },
    { key: 'iowait', title: t('stats.chart.iowait'), unit: 'percent', series: shares(each(tree, ['iowait'], names.sr, names)) },
  ])
}

/** XAPI has a host's I/O wait as seconds per second, and Xen Orchestra leaves it so. */
const shares = (made: readonly Made[]): Made[] => made.map((one) => ({ ...one, values: times(one.values, 100) }))

const ALMOST = 0.005
/** Nothing to say when it is (almost) the same as another all the time: most VMs have all of what they are to have. */
function differing(values: Values | undefined, other: Values | undefined): Values | undefined {
  return values?.some((value, i) => value !== null && Math.abs(value - (other?.[i] ?? 0)) > value * ALMOST) === true ? values : undefined
}

const RUN_STATES = ['Fullrun', 'PartialRun', 'ConcurrencyHazard', 'PartialContention', 'FullContention', 'Blocked'] as const

function vmCharts(stats: Stats, names: Names): ChartPlan[] {
  const { t } = names
  const tree = stats.stats
  const memory = at(tree, 'memory')
  const free = at(tree, 'memoryFree')
  const disks = bothWays(tree, 'xvds', 'storage', names.disk, names, diskDevice)
  return charts(stats, [
    { key: 'cpu', title: t('stats.chart.cpu'), unit: 'percent', most: 100, series: cpus(tree, at(tree, 'cpuUsage'), t('stats.average'), (n) => t('stats.vcpu', { n }), names) },
    { key: 'runstates', title: t('stats.chart.runstates'), unit: 'percent', most: 100, stack: 'always', series: RUN_STATES.map((state) => line(state, t(`stats.runstate.${state}`), at(tree, `runstate${state}`))) },
    {
      key: 'memory',
      title: t('stats.chart.memory'),
      unit: 'bytes',
      series: [
        line('used', t('stats.used'), memory && free && less(memory, free)),
        line('allocated', t('stats.allocated'), memory, { limit: free !== undefined }),
        line('target', t('stats.target'), differing(at(tree, 'memoryTarget'), memory), { limit: true }),
      ],
    },
    { key: 'network', title: t('stats.chart.network'), unit: 'bytes/s', series: bothWays(tree, 'vifs', 'network', names.vif, names, (device) => `#${device}`) },
    { key: 'throughput', title: t('stats.chart.disks'), unit: 'bytes/s', series: disks.length > 0 ? disks : bothWays(tree, 'ioThroughput', 'storage', names.disk, names, diskDevice) },
    { key: 'iops', title: t('stats.chart.diskIops'), unit: 'requests/s', series: bothWays(tree, 'iops', 'storage', names.disk, names, diskDevice) },
    { key: 'latency', title: t('stats.chart.diskLatency'), unit: 'ms', series: bothWays(tree, 'vbdLatency', 'storage', names.disk, names, diskDevice) },
    { key: 'iowait', title: t('stats.chart.iowait'), unit: 'percent', series: each(tree, ['vbdIowait'], names.disk, names, diskDevice) },
  ])
}

/** Combined over the hosts that use it; a way may have one series, or one for each host. */
function srCharts(stats: Stats, names: Names): ChartPlan[] {
  const { t } = names
  const tree = stats.stats
  const ways = (key: string, fold: (all: readonly Values[]) => Values) =>
    WAYS.storage.map(([way, text]) => {
      const parts = below(tree, key, way).map(([, values]) => values)
      return line(way, t(`${text}Alone`), at(tree, key, way) ?? (parts.length > 0 ? fold(parts) : undefined))
    })
  const whole = at(tree, 'iowait')
  return charts(stats, [
    { key: 'throughput', title: t('stats.chart.storage'), unit: 'bytes/s', series: ways('ioThroughput', sum) },
    { key: 'iops', title: t('stats.chart.iops'), unit: 'requests/s', series: ways('iops', sum) },
    { key: 'latency', title: t('stats.chart.latency'), unit: 'ms', series: ways('latency', mean) },
    { key: 'iowait', title: t('stats.chart.iowait'), unit: 'percent', series: whole === undefined ? shares(each(tree, ['iowait'], names.host, names)) : shares([{ key: 'iowait', name: t('stats.chart.iowait'), values: whole }]) },
  ])
}

export function chartsOf(type: Exclude<StatsType, 'pool'>, stats: Stats, names: Names): ChartPlan[] {
  if (type === 'host') return hostCharts(stats, names)
  return type === 'SR' ? srCharts(stats, names) : vmCharts(stats, names)
}

export type PoolStats = Readonly<Record<string, Stats | NoStats>>

const isKnown = (answer: Stats | NoStats): answer is Stats => !('error' in answer)

/** A line for each host that answered. */
export function poolCharts(answers: PoolStats, names: Names): ChartPlan[] {
  const { t } = names
  const hosts = Object.entries(answers)
    .flatMap(([id, stats]) => (isKnown(stats) ? [{ id, name: names.host(id), stats }] : []))
    .sort((a, b) => names.compare(a.name, b.name))
  const chart = (key: string, unit: ChartPlan['unit'], values: (tree: Tree) => Values | undefined, more: Partial<ChartPlan> = {}): ChartPlan => ({
    key,
    unit,
    title: t(`stats.chart.${key as 'cpu'}`),
    series: hosts.flatMap(({ id, name, stats: { stats, endTimestamp: end, interval } }) => {
      const made = line(id, name, values(stats))
      return made === undefined ? [] : [{ ...made, end, interval }]
    }),
    ...more,
  })
  const summed = (tree: Tree, key: string, ...ways: readonly string[]) => {
    const parts = ways.flatMap((way) => below(tree, key, way).map(([, values]) => values))
    return parts.length === 0 ? undefined : sum(parts)
  }
  const aggregated = (tree: Tree) => {
    const parts = ['rx', 'tx'].flatMap((way) => [at(tree, 'pifsAggr', way) ?? []])
    return parts.some((part) => part.length > 0) ? sum(parts) : undefined
  }
  return [
    chart('cpu', 'percent', (tree) => {
      const parts = below(tree, 'cpus').map(([, values]) => values)
      return parts.length === 0 ? undefined : mean(parts)
    }, { most: 100 }),
    chart('memory', 'bytes', (tree) => {
      const [memory, free] = [at(tree, 'memory'), at(tree, 'memoryFree')]
      return memory && free && less(memory, free)
    }, { title: t('stats.chart.memoryUsed'), stack: 'possible' }),
    chart('load', 'count', (tree) => at(tree, 'load')),
    chart('network', 'bytes/s', (tree) => aggregated(tree) ?? summed(tree, 'pifs', 'rx', 'tx'), { stack: 'possible' }),
    chart('storage', 'bytes/s', (tree) => summed(tree, 'ioThroughput', 'r', 'w'), { stack: 'possible' }),
    chart('iops', 'requests/s', (tree) => summed(tree, 'iops', 'r', 'w'), { stack: 'possible' }),
  ].filter(({ series }) => series.length > 0)
}

/** Hosts of which something has to be said: silent ones with what is last known, and those that gave no statistics. */
export interface Gap {
  readonly host?: string
  readonly reason: string
  /** In seconds; undefined when nothing at all is known. */
  readonly since?: number
}

export function gapsOf(answers: PoolStats): Gap[] {
  return Object.entries(answers).flatMap(([host, answer]) => {
    if (!isKnown(answer)) return [{ host, reason: answer.error.detail ?? answer.error.message ?? '' }]
    return answer.stale === undefined ? [] : [{ host, ...answer.stale }]
  })
}
