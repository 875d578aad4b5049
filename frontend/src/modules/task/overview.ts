/** The first screen of a task: who asked for what, how far it is, how it ended. */
import { type Task, type TypeName } from '@/api/types'
import { NONE, type Cell } from '@/components/table/column'
import { percent, took } from '@/i18n/format'
import { type Relation } from '../links'
import { type Fact, type Overview, type Section } from '../overview'
import { taskState } from '../xapi-task/columns'
import { stepsOf, subject, taskProgress } from './progress'

/** What its page names: whom it was for, what it is about, what it made. */
export function taskRelations(task: Task): Pick<Relation, 'types' | 'ids'>[] {
  const about = subject(task)
  return [
    ...(about === undefined ? [] : [{ types: [about.type], ids: [about.id] }]),
    ...(task.properties.userId === undefined ? [] : [{ types: ['user' as TypeName], ids: [task.properties.userId] }]),
  ]
}

function json(value: unknown): string | undefined {
  if (value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0)) return undefined
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2)
}

export const taskOverview: Overview<Task> = (task, look) => {
  const { t } = look
  const state = taskState(task.status, look)
  const about = subject(task)
  const progress = taskProgress(task)
  const steps = stepsOf(task)
  const params = json(task.properties.params)
  const result = task.status === 'success' ? json(task.result) : undefined
  const row = (label: string, cell: Cell): Fact[] => (cell.kind === 'none' ? [] : [{ label, cell }])
  const user = task.properties.userId
  const sections: Section[] = [
    {
      title: t('section.general'),
      facts: [
        ...row(t('column.state'), { kind: 'state', ...state }),
        ...row(t('column.progress'), task.status === 'pending' && progress !== undefined ? { kind: 'bar', share: progress / 100, text: percent(progress / 100), tone: 'busy' } : NONE),
        ...row(t('task.about'), about === undefined ? NONE : { kind: 'link', link: look.link(about.type, about.id) }),
        ...row(t('task.who'), user === undefined ? NONE : { kind: 'link', link: look.link('user', user) }),
        ...row(t('column.started'), { kind: 'time', at: task.start }),
        ...row(t('column.finished'), task.end === undefined ? NONE : { kind: 'time', at: task.end }),
        ...row(t('task.took'), task.end === undefined ? NONE : { kind: 'text', text: took(task.end - task.start) }),
        ...row(t('task.steps'), steps === undefined ? NONE : { kind: 'text', text: t('task.stepsDone', { done: steps.done, all: steps.all }) }),
      ],
    },
  ]
  if (params !== undefined) sections.push({ title: t('task.params'), text: params })
  if (result !== undefined) sections.push({ title: t('task.result'), text: result })
  if (task.status === 'failure') sections.push({ title: t('task.failure'), part: 'failure' })
  if ((task.warnings?.length ?? 0) + (task.infos?.length ?? 0) > 0) sections.push({ title: t('task.notes'), part: 'notes' })
  if (steps !== undefined) sections.push({ title: t('task.steps'), part: 'steps' })
  return sections
}
