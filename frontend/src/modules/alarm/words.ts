/** What alarms and their rules say, in words: severities, states, conditions with their units and durations. */
import { type AlarmEvent, type Comparison, type Severity } from '@/api/alarms'
import { type Alarm, type AlarmRule, type Delivery } from '@/api/types'
import { type Tone } from '@/components/states'
import { type useText } from '@/i18n'
import { bytes, duration, number, percent } from '@/i18n/format'
import { brief } from '@/modules/stats/units'
import { type StateLook } from '../columns'
import { UNITS, type MetricName } from '../metrics/known'

type Words = Pick<ReturnType<typeof useText>, 't'>

export const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical']
export const EVENTS: readonly AlarmEvent[] = ['raised', 'ended', 'acknowledged']
const SEVERITY: Record<Severity, { readonly icon: string; readonly tone: Tone }> = {
  info: { icon: 'i-lucide-info', tone: 'busy' },
  warning: { icon: 'i-lucide-triangle-alert', tone: 'warn' },
  critical: { icon: 'i-lucide-octagon-alert', tone: 'bad' },
}

export function severityLook(severity: Severity, { t }: Words): StateLook {
  return { ...SEVERITY[severity], word: t(`severity.${severity}`) }
}

/** More is graver: for sorting. Pools do not say how grave theirs are. */
export const gravity = (severity: Severity | undefined): number | undefined => (severity === undefined ? undefined : SEVERITIES.indexOf(severity))

/** A pool's own alarm stands until somebody removes it. */
export function alarmState(alarm: Pick<Alarm, 'state' | 'acknowledged'>, { t }: Words): StateLook {
  if (alarm.state === 'ended') return { icon: 'i-lucide-circle-check', tone: 'good', word: t('alarmState.ended') }
  if (alarm.acknowledged !== undefined) return { icon: 'i-lucide-eye', tone: 'idle', word: t('alarmState.acknowledged') }
  return { icon: 'i-lucide-bell-ring', tone: 'bad', word: t('alarmState.raised') }
}

const DELIVERY: Record<Delivery['state'], { readonly icon: string; readonly tone: Tone }> = {
  queued: { icon: 'i-lucide-hourglass', tone: 'busy' },
  sent: { icon: 'i-lucide-mail-check', tone: 'good' },
  failed: { icon: 'i-lucide-circle-x', tone: 'bad' },
}

export function deliveryState(delivery: Pick<Delivery, 'state'>, { t }: Words): StateLook {
  return { ...DELIVERY[delivery.state], word: t(`deliveryState.${delivery.state}`) }
}

export const unitOf = (metric: string) => UNITS[metric as MetricName] ?? 'count'

/** A number of a metric with its unit: `90` of `cpu` is "90 %". */
export function amount(metric: string, value: number): string {
  return brief(unitOf(metric), value)
}

interface Condition {
  readonly metric: string
  readonly comparison: Comparison
  readonly threshold: number
  readonly clear: number
  readonly durationS: number
  readonly clearDurationS: number
}

const long = (seconds: number) => duration(seconds * 1000)

/** When it is raised: "CPU use above 90 % for 5 min". */
export function raisedWords(rule: Condition, { t }: Words): string {
  const values = { metric: t(`metric.${rule.metric as MetricName}`), limit: amount(rule.metric, rule.threshold), time: long(rule.durationS) }
  return t(rule.durationS > 0 ? `rule.${rule.comparison}For` : `rule.${rule.comparison}`, values)
}

/** When it ends: "below 85 % for 1 min". */
export function endedWords(rule: Condition, { t }: Words): string {
  const back = rule.comparison === 'above' ? 'below' : 'above'
  const values = { limit: amount(rule.metric, rule.clear), time: long(rule.clearDurationS) }
  return t(rule.clearDurationS > 0 ? `rule.ends.${back}For` : `rule.ends.${back}`, values)
}

export function conditionWords(rule: AlarmRule, words: Words): string {
  return words.t('rule.condition', { raised: raisedWords(rule, words), ended: endedWords(rule, words) })
}

/**
 * The measured value with its unit. Ours has its metric's unit. Of a pool's own it hangs on the name, and is a hundred
 * times what was measured, also where that is no share: Xen Orchestra's records have it so.
 */
export function alarmValue(alarm: Pick<Alarm, 'body' | 'rule'>): string | undefined {
  const { name = '', value } = alarm.body ?? {}
  const told = Number(value)
  if (value === undefined || value === '' || Number.isNaN(told)) return undefined
  if (alarm.rule !== undefined) return amount(name, told)
  const measured = told / 100
  if (name === 'memory_free_kib') return bytes(measured * 1024)
  if (/network|throughput/.test(name)) return `${bytes(measured)}/s`
  if (/usage|utilisation/.test(name)) return percent(measured, 1)
  return number(measured, 2)
}
