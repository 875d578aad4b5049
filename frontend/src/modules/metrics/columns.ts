/** Columns of live values: the newest number with its last minutes, sorted and filtered by the number. */
import { markRaw } from 'vue'
import { type MeasuredType } from '@/api/metrics'
import { brief } from '@/modules/stats/units'
import type { Messages } from '@/i18n/en'
import { type ModuleColumn } from '../columns'
import { type Look } from '../look'
import { pathOfMetric, UNITS, type MetricName } from './known'
import LiveCell from './LiveCell.vue'

const cell = markRaw(LiveCell)

export interface LiveColumn<T> extends ModuleColumn<T> {
  readonly metric: MetricName
}

type Id = keyof Messages['column'] & string

/** `bar`: a share of a whole is told at once by its length. */
export function liveColumn<T extends { readonly id: string }>(type: MeasuredType, id: Id, metric: MetricName, options: { extra?: boolean; bar?: boolean; width?: number } = {}): LiveColumn<T> {
  const { extra, bar, width } = options
  const value = (row: T, look: Look) => look.metric(type, row.id, metric)
  return {
    id,
    label: `column.${id}`,
    metric,
    reads: [pathOfMetric(metric)],
    path: pathOfMetric(metric),
    width: width ?? (UNITS[metric] === 'percent' ? 122 : 150),
    extra,
    cell: (row, look) => ({
      kind: 'part',
      part: cell,
      props: { type, id: row.id, metric, look: bar ? 'bar' : 'line' },
      key: `${row.id} ${metric}`,
      text: () => {
        const now = value(row, look)
        return now === undefined ? '' : brief(UNITS[metric], now)
      },
    }),
    sort: value,
    // An export brings the values of all rows along; on the screen only some are watched.
    plain: (row, look) => (row as { metrics?: Readonly<Record<string, number | null>> }).metrics?.[metric] ?? value(row, look),
  }
}
