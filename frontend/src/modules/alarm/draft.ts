/** A rule while it is written: what the fields hold, in units that people write, and what is sent of it. Pure. */
import { type Comparison, type Draft, type RuleType, type Severity } from '@/api/alarms'
import { type Unit } from '@/api/metrics'
import { type AlarmRule } from '@/api/types'
import { METRICS, UNITS, type MetricName } from '../metrics/known'

export interface RuleForm {
  name: string
  type: RuleType
  metric: MetricName
  comparison: Comparison
  /** In the unit of the field; '' while nothing is written. */
  threshold: number | ''
  clear: number | ''
  minutes: number | ''
  clearMinutes: number | ''
  severity: Severity
  filter: string
  enabled: boolean
  channels: string[]
}

/** Bytes are written in GiB, throughput in MiB/s: how many of the metric's own unit one is. */
const FACTOR: Readonly<Record<Unit, number>> = { percent: 1, bytes: 2 ** 30, 'bytes/s': 2 ** 20, 'requests/s': 1, ms: 1, count: 1 }
export const factorOf = (metric: string): number => FACTOR[UNITS[metric as MetricName] ?? 'count']

/** A first idea of where each unit's trouble begins, and where it is over. */
const FIRST: Readonly<Record<Unit, readonly [number, number]>> = { percent: [90, 85], bytes: [1, 1], 'bytes/s': [100, 80], 'requests/s': [1000, 800], ms: [50, 30], count: [4, 3] }

const rounded = (value: number) => Number(value.toPrecision(12))

export function emptyForm(type: RuleType = 'VM'): RuleForm {
  return withMetric({ name: '', type, metric: 'cpu', comparison: 'above', threshold: '', clear: '', minutes: 5, clearMinutes: 1, severity: 'warning', filter: '', enabled: true, channels: [] }, METRICS[type][0] as MetricName)
}

/** The form with another metric: its values are of another unit, so they begin anew. */
export function withMetric(form: RuleForm, metric: MetricName): RuleForm {
  const comparison: Comparison = metric === 'memoryFree' ? 'below' : 'above'
  const [threshold, clear] = FIRST[UNITS[metric]]
  return { ...form, metric, comparison, threshold, clear: comparison === 'above' ? clear : threshold * 2 }
}

/** The form about another type: with the same metric, where that type has it. */
export function withType(form: RuleForm, type: RuleType): RuleForm {
  const has = METRICS[type].includes(form.metric)
  const next = { ...form, type, filter: '' }
  return has ? next : withMetric(next, METRICS[type][0] as MetricName)
}

export function formOf(rule: AlarmRule): RuleForm {
  const factor = factorOf(rule.metric)
  return {
    name: rule.name,
    type: rule.type,
    metric: rule.metric as MetricName,
    comparison: rule.comparison,
    threshold: rounded(rule.threshold / factor),
    clear: rounded(rule.clear / factor),
    minutes: rounded(rule.durationS / 60),
    clearMinutes: rounded(rule.clearDurationS / 60),
    severity: rule.severity,
    filter: rule.filter,
    enabled: rule.enabled,
    channels: [...rule.channels],
  }
}

export type WrongRule = 'name' | 'threshold' | 'clear' | 'minutes' | 'clearMinutes'

const LONGEST_MIN = 1_440

/** The fields that cannot be sent as they are. An alarm ends on the other side of the threshold, or at it. */
export function wrongInRule(form: RuleForm): WrongRule[] {
  const wrong: WrongRule[] = []
  if (form.name.trim() === '') wrong.push('name')
  if (form.threshold === '') wrong.push('threshold')
  if (form.clear !== '' && form.threshold !== '' && (form.comparison === 'above' ? form.clear > form.threshold : form.clear < form.threshold)) wrong.push('clear')
  const isLength = (minutes: number | '') => minutes !== '' && minutes >= 0 && minutes <= LONGEST_MIN
  if (!isLength(form.minutes)) wrong.push('minutes')
  if (!isLength(form.clearMinutes)) wrong.push('clearMinutes')
  return wrong
}

/** What the rule would say, for sentences and previews; an empty field counts as it will be sent. */
export function conditionOf(form: RuleForm) {
  const factor = factorOf(form.metric)
  const threshold = Number(form.threshold) * factor
  return {
    metric: form.metric,
    comparison: form.comparison,
    threshold,
    clear: form.clear === '' ? threshold : form.clear * factor,
    durationS: Math.round(Number(form.minutes) * 60),
    clearDurationS: Math.round(Number(form.clearMinutes) * 60),
  }
}

export function draftOf(form: RuleForm): Draft {
  return { name: form.name.trim(), type: form.type, ...conditionOf(form), severity: form.severity, filter: form.filter.trim(), enabled: form.enabled, channels: form.channels }
}
