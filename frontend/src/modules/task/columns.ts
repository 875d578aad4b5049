/** Columns of tasks: what people asked of the service. */
import { typeOf, COLLECTIONS, type Task, type TypeName } from '@/api/types'
import { idColumn, linkColumn, stateColumn, textColumn, timeColumn, titleColumn, type ModuleColumn } from '../columns'
import { taskState } from '../xapi-task/columns'

/** The type a task acts upon, whichever way it names it. */
export function subjectType(task: Task): TypeName | undefined {
  const name = task.properties?.objectType
  if (name === undefined) return undefined
  return (Object.keys(COLLECTIONS) as TypeName[]).find((type) => type.toLowerCase() === name.toLowerCase()) ?? typeOf(name)
}

export const taskColumns: ModuleColumn<Task>[] = [
  titleColumn<Task>('task', ['properties'], { width: 320, path: 'properties.name' }),
  stateColumn<Task>('state', ['status'], (task, look) => taskState(task.status, look)),
  {
    ...linkColumn<Task>('about', ['properties'], ['VM', 'host', 'SR', 'pool', 'network', 'server'], (task) => task.properties?.objectId, { width: 200, path: 'properties.objectId', brief: true }),
  },
  timeColumn<Task>('started', ['start'], (task) => task.start, { milliseconds: true, brief: true }),
  timeColumn<Task>('finished', ['end'], (task) => task.end, { milliseconds: true }),
  textColumn<Task>('failure', ['result', 'status'], (task) => (task.status === 'failure' ? failureText(task) : undefined), { width: 320, path: undefined }),
  idColumn<Task>(),
]

export function failureText(task: Task): string | undefined {
  const result = task.result
  if (typeof result === 'string') return result
  if (typeof result === 'object' && result !== null) {
    const { message, code } = result as { message?: unknown; code?: unknown }
    return [message, code].filter((each) => typeof each === 'string').join(' · ') || JSON.stringify(result)
  }
  return undefined
}
