/** Actions of tasks, ours and the pools', and of what pools have said. */
import { pathOf, remove } from '@/api/act'
import { type Message, type Task, type XapiTask } from '@/api/types'
import { define, type Action } from './action'
import { first, unless } from './reasons'
import { act } from './vm'

export const taskActions: readonly Action[] = [
  define<Task>({
    type: 'task',
    name: 'abort',
    label: 'act.abort',
    icon: 'i-lucide-circle-x',
    group: 'power',
    primary: true,
    many: true,
    shown: (task) => task.status === 'pending',
    possible: (task) => first(unless(task.status !== 'pending', 'why.ended'), unless(task.abortionRequestedAt !== undefined, 'why.aborting')),
    run: (task) => act('tasks', task.id, 'abort').then(() => undefined),
  }),
  define<Task>({ type: 'task', name: 'delete', label: 'act.forget', icon: 'i-lucide-eraser', group: 'remove', many: true, possible: (task) => unless(task.status === 'pending', 'why.running'), run: (task) => remove(pathOf('tasks', task.id)) }),
]

export const xapiTaskActions: readonly Action[] = [
  define<XapiTask>({
    type: 'xapi-task',
    name: 'abort',
    label: 'act.cancelTask',
    icon: 'i-lucide-circle-x',
    group: 'power',
    primary: true,
    many: true,
    possible: (task) => first(unless(task.status !== 'pending', 'why.ended'), unless(!task.allowedOperations.includes('cancel'), 'why.noCancel')),
    confirm: { text: 'ask.cancelTask' },
    run: (task) => act('xapi-tasks', task.id, 'abort'),
  }),
]

export const messageActions: readonly Action[] = [
  define<Message>({ type: 'message', name: 'delete', label: 'act.dismiss', icon: 'i-lucide-check', group: 'remove', primary: true, many: 'delete', possible: () => true, run: (message) => remove(pathOf('messages', message.id)) }),
]
