/** Columns of a pool's own tasks. */
import { type XapiTask } from '@/api/types'
import { percent } from '@/i18n/format'
import { descriptionColumn, idColumn, linkColumn, poolColumn, stateColumn, timeColumn, titleColumn, type ModuleColumn, type StateLook } from '../columns'
import { type Look } from '../look'

const ICONS: Record<string, Omit<StateLook, 'word'>> = {
  pending: { icon: 'i-lucide-loader-circle', tone: 'busy' },
  success: { icon: 'i-lucide-circle-check', tone: 'good' },
  failure: { icon: 'i-lucide-circle-x', tone: 'bad' },
  cancelling: { icon: 'i-lucide-circle-slash', tone: 'warn' },
  cancelled: { icon: 'i-lucide-circle-slash', tone: 'idle' },
  interrupted: { icon: 'i-lucide-circle-slash', tone: 'warn' },
}

export function taskState(status: string, look: Look): StateLook {
  return { ...(ICONS[status] ?? { icon: 'i-lucide-circle-help', tone: 'warn' as const }), word: look.tOr(`taskStatus.${status}`, status) }
}

export const xapiTaskColumns: ModuleColumn<XapiTask>[] = [
  titleColumn<XapiTask>('xapi-task', ['name_label'], { width: 280 }),
  stateColumn<XapiTask>('state', ['status'], (task, look) => taskState(task.status, look)),
  {
    id: 'progress',
    label: 'column.progress',
    reads: ['progress'],
    path: 'progress',
    width: 130,
    brief: true,
    cell: (task) => (typeof task.progress === 'number' ? { kind: 'bar', share: task.progress, text: percent(task.progress), tone: 'busy' } : { kind: 'none' }),
    sort: (task) => task.progress,
    plain: (task) => task.progress,
  },
  timeColumn<XapiTask>('created', ['created'], (task) => task.created, { brief: true }),
  timeColumn<XapiTask>('finished', ['finished'], (task) => task.finished),
  linkColumn<XapiTask>('host', ['$host'], 'host', (task) => task.$host),
  poolColumn<XapiTask>(),
  descriptionColumn<XapiTask>(),
  idColumn<XapiTask>(),
]
