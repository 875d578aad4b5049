/** One live number of one object: its words, its line, its age. */
import { computed } from 'vue'
import { type MeasuredType } from '@/api/metrics'
import { summary } from '@/components/sparkline'
import { useText } from '@/i18n'
import { dateTime } from '@/i18n/format'
import { brief } from '@/modules/stats/units'
import { useMetrics } from '@/stores/metrics'
import { UNITS, type MetricName } from './known'

/** `withLine`: the last minutes are wanted too, and told in the title. */
export function useLive(type: MeasuredType, id: string, metric: MetricName, withLine = true) {
  const { t } = useText()
  const metrics = useMetrics()
  metrics.watch(type, [metric], { ids: [id] })
  if (withLine) metrics.past(type, id, metric)

  const unit = UNITS[metric]
  const stamp = computed(() => metrics.stamp(type, id, metric))
  const old = computed(() => metrics.isOld(type, id))
  const state = computed(() => {
    void stamp.value // while it stays the same, nothing is drawn again
    const line = metrics.line(type, id, metric)
    return { line, newest: metrics.value(type, id, metric), at: metrics.measuredAt(type, id), range: summary(line) }
  })
  const range = computed(() => {
    const { range: found } = state.value
    return found === undefined || found.known < 2 ? undefined : t('live.range', { least: brief(unit, found.least), most: brief(unit, found.most) })
  })
  const title = computed(() => {
    const { at, newest } = state.value
    const name = t(`metric.${metric}`)
    if (newest === undefined) return t('live.none', { name })
    return [t('live.now', { name, value: brief(unit, newest) }), withLine ? range.value : undefined, old.value && at !== undefined ? t('live.oldSince', { at: dateTime(at) }) : undefined].filter(Boolean).join(' ')
  })
  return {
    line: computed(() => state.value.line),
    newest: computed(() => state.value.newest),
    text: computed(() => (state.value.newest === undefined ? undefined : brief(unit, state.value.newest))),
    range,
    title,
    old,
  }
}
