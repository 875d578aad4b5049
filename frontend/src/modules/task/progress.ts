/** How tasks look and how far they are; pure. */
import { type Task, type TypeName } from '@/api/types'
import { type Tone } from '@/components/states'
import { subjectType } from './columns'

export const TASK_LOOKS: Record<Task['status'], { readonly icon: string; readonly tone: Tone }> = {
  pending: { icon: 'i-lucide-loader-circle', tone: 'busy' },
  success: { icon: 'i-lucide-circle-check', tone: 'good' },
  failure: { icon: 'i-lucide-circle-x', tone: 'bad' },
  interrupted: { icon: 'i-lucide-circle-alert', tone: 'warn' },
}

/** Without what every action's name begins with, and with a capital. */
export function taskName(task: Pick<Task, 'id' | 'properties'>): string {
  const name = (task.properties.name ?? task.id).replace(/^REST API: /, '')
  return name.charAt(0).toLocaleUpperCase() + name.slice(1)
}

/** Percent, 0 to 100. */
export function taskProgress(task: Task): number | undefined {
  const value = task.progress ?? task.properties.progress
  return typeof value === 'number' ? Math.min(100, Math.max(0, value)) : undefined
}

export interface Steps {
  readonly all: number
  readonly done: number
  readonly failed: number
}

export function stepsOf(task: Task): Steps | undefined {
  const tasks = task.tasks ?? []
  if (tasks.length === 0) return undefined
  return { all: tasks.length, done: tasks.filter(({ status }) => status !== 'pending').length, failed: tasks.filter(({ status }) => status === 'failure' || status === 'interrupted').length }
}

/** Failures first, then what runs, then what is done, then what waits: what one looks for in a long list. */
export function orderedSteps(task: Task): readonly Task[] {
  const rank: Record<Task['status'], number> = { failure: 0, interrupted: 0, pending: 1, success: 2 }
  return [...((task.tasks ?? []) as readonly Task[])].sort((a, b) => rank[a.status] - rank[b.status] || a.start - b.start || (a.id < b.id ? -1 : 1))
}

/** What a task is about: type and id. */
export function subject(task: Task): { readonly type: TypeName; readonly id: string } | undefined {
  const type = subjectType(task)
  const id = task.properties?.objectId
  return type === undefined || id === undefined ? undefined : { type, id }
}
