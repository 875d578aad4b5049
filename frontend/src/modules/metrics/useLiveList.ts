/** Live values in a list: watched for all rows while the list is sorted or filtered by them; cells watch their own otherwise. */
import { computed, effectScope, onScopeDispose, watch, type EffectScope } from 'vue'
import { type TypeName } from '@/api/types'
import { ABSENT, type Beside } from '@/components/filter/evaluate'
import { useMetrics } from '@/stores/metrics'
import { isMeasured, METRICS, metricsOf, pathOfMetric } from './known'

/** `filter`, `sort`: the names of fields by which the list is filtered and sorted now. */
export function useLiveList(type: TypeName, { filter, sort }: { filter: () => Iterable<string>; sort: () => Iterable<string> }) {
  const metrics = useMetrics()
  const measured = isMeasured(type) ? type : undefined
  const filters = computed(() => measured !== undefined && metricsOf(filter()).length > 0)
  const needed = computed(() => (measured === undefined ? [] : metricsOf([...filter(), ...sort()])))

  let scope: EffectScope | undefined
  watch(
    () => needed.value.join(' '),
    () => {
      const before = scope
      scope = effectScope(true)
      if (measured !== undefined && needed.value.length > 0) scope.run(() => metrics.watch(measured, needed.value))
      before?.stop() // only now: the shared subscription must not end between the two
    },
    { immediate: true },
  )
  onScopeDispose(() => scope?.stop())

  const beside: Beside = (row, name) => {
    if (measured === undefined || !name.startsWith('metrics.')) return ABSENT
    return metrics.value(measured, (row as { id?: string } | null)?.id ?? '', name.slice('metrics.'.length))
  }

  return {
    /** Whether the filter reads live values. */
    filters,
    beside,
    /** Changes when rows may have to change places, or to come and go. */
    pace: computed(() => (measured !== undefined && needed.value.length > 0 ? metrics.pace(measured).value : 0)),
    value: metrics.value,
    /** What completion may offer beside the fields of rows. */
    sample: measured === undefined ? [] : [Object.fromEntries(METRICS[measured].map((name) => [pathOfMetric(name), Number.NaN]))],
  }
}
