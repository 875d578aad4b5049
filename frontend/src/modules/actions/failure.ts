/** What went wrong, from wherever it is told: a refusal, a task's result, a reason. */
import { problemOf, type Failure } from '@/api/problem'
import { type Task } from '@/api/types'

export interface Failed extends Failure {
  readonly code?: string
  readonly title?: string
  /** How far work of several steps had come. */
  readonly done?: readonly string[]
  readonly undone?: readonly string[]
  readonly left?: readonly string[]
  readonly data?: unknown
}

interface FailedPart {
  readonly id: string
  readonly error: Failed
}

/** A refusal, as a task's result would say it. */
export function asFailure(error: unknown): Failed {
  const problem = problemOf(error)
  return { message: problem.message, ...problem.body, code: problem.code }
}

/** Of a task on many, the parts that failed; undefined when it is none. */
export function failedParts(task: Pick<Task, 'result'>): readonly FailedPart[] | undefined {
  const result = task.result as { code?: unknown; data?: { failed?: readonly FailedPart[] } } | null | undefined
  return result?.code === 'partly-failed' ? result.data?.failed : undefined
}

/** Why a task failed; of many parts, that of the only one that did. */
export function failureOf(task: Pick<Task, 'result'>): Failed {
  const parts = failedParts(task)
  if (parts?.length === 1 && parts[0] !== undefined) return parts[0].error
  return typeof task.result === 'object' && task.result !== null ? (task.result as Failed) : typeof task.result === 'string' ? { message: task.result } : {}
}

/** Everything that is known of it, to be sent to somebody who can help. */
export function failureReport(title: string, failure: Failed, taskId?: string): string {
  const { message, detail, xapi_code, xapi_params, code, done, undone, left } = failure
  const lines = [
    title,
    detail ?? message,
    xapi_code === undefined ? undefined : `XAPI: ${[xapi_code, ...(xapi_params ?? [])].join(', ')}`,
    code === undefined ? undefined : `code: ${code}`,
    ...Object.entries({ done, undone, left }).map(([name, steps]) => (steps === undefined ? undefined : `${name}: ${steps.join('; ')}`)),
    taskId === undefined ? undefined : `task: ${taskId}`,
  ]
  return lines.filter((line) => line !== undefined && line !== '').join('\n')
}
