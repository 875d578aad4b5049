/** Runs actions: what is asked now, what is under way, and how it ends. One for the whole page, so that it outlives navigation. */
import { ref, shallowRef } from 'vue'
import { defineStore } from 'pinia'
import { startBatch } from '@/api/act'
import { problemOf } from '@/api/problem'
import { COLLECTIONS, type Task, type TypeName } from '@/api/types'
import { usePending } from '@/stores/pending'
import { useTasks } from '@/stores/tasks'
import { type Action, type AnyObject, type Outcome, type Params } from './action'
import { asFailure, failedParts, failureOf, type Failed } from './failure'

/** An action and what it is to be done to, with the names that the reader knows them by. */
export interface Asked {
  readonly action: Action
  readonly objects: readonly AnyObject[]
  readonly names: readonly string[]
}

/** What is told at the end: a failure, something made, something that can be undone. */
export type Ending =
  | { readonly kind: 'failed' | 'undoFailed'; readonly asked: Asked; readonly failure: Failed; readonly taskId?: string }
  | { readonly kind: 'partly'; readonly asked: Asked; readonly failed: number; readonly failure: Failed | undefined; readonly taskId?: string }
  | { readonly kind: 'made'; readonly asked: Asked; readonly type: TypeName; readonly id: string }
  | { readonly kind: 'undoable'; readonly asked: Asked; readonly undo: () => void }

/** So many calls at once, where the service has no call for many. */
const AT_ONCE = 4

export const useActions = defineStore('actions', () => {
  const pending = usePending()
  const tasks = useTasks()
  const asked = shallowRef<Asked>()
  /** Whether the drawer of tasks is open. */
  const drawer = ref(false)
  let tell: (ending: Ending) => void = () => undefined

  /** Who says how things end. */
  function whenEnded(callback: (ending: Ending) => void): void {
    tell = callback
  }

  /** Show the dialog of an action. */
  function ask(request: Asked): void {
    asked.value = request
  }

  function close(): void {
    asked.value = undefined
  }

  /** Begin; resolves once the service has taken it on, and follows it to its end. Throws Problem when it is refused at once. */
  async function run(request: Asked, params: Params): Promise<void> {
    const [object] = request.objects
    if (object === undefined || request.action.run === undefined) return
    const end = pending.begin(object.id, request.action.name)
    try {
      const outcome = await request.action.run(object, params)
      void follow(request, params, outcome ?? {}).finally(end)
    } catch (error) {
      end()
      throw problemOf(error)
    }
  }

  /** As `run`, for what is asked without a dialog: a refusal is told like any failure. */
  function runNow(request: Asked): void {
    run(request, {}).catch((error: unknown) => tell({ kind: 'failed', asked: request, failure: asFailure(error) }))
  }

  async function follow(request: Asked, params: Params, { taskId }: Outcome): Promise<void> {
    try {
      const task = taskId === undefined ? undefined : await tasks.ended(taskId)
      if (task !== undefined && task.status !== 'success') return tell({ kind: 'failed', asked: request, failure: failureOf(task), taskId })
      succeeded(request, params, task)
    } catch (error) {
      tell({ kind: 'failed', asked: request, failure: asFailure(error), taskId })
    }
  }

  function succeeded(request: Asked, params: Params, task: Task | undefined): void {
    const { action, objects } = request
    const made = (task?.result as { id?: unknown } | undefined)?.id
    if (action.makes !== undefined && typeof made === 'string') tell({ kind: 'made', asked: request, type: action.makes, id: made })
    else if (action.undo !== undefined && objects[0] !== undefined) {
      const [object] = objects
      tell({ kind: 'undoable', asked: request, undo: () => void undo(request, object, params) })
    }
  }

  async function undo(request: Asked, object: AnyObject, params: Params): Promise<void> {
    try {
      const outcome = await request.action.undo?.(object, params)
      const task = outcome?.taskId === undefined ? undefined : await tasks.ended(outcome.taskId)
      if (task !== undefined && task.status !== 'success') tell({ kind: 'undoFailed', asked: request, failure: failureOf(task), taskId: outcome?.taskId })
    } catch (error) {
      tell({ kind: 'undoFailed', asked: request, failure: asFailure(error) })
    }
  }

  /** Begin on many; resolves once the service has taken it on. Throws Problem. */
  async function runMany(request: Asked, params: Params): Promise<void> {
    const { action, objects } = request
    const ends = objects.map(({ id }) => pending.begin(id, action.name))
    const endAll = () => ends.forEach((end) => end())
    if (typeof action.many !== 'string') return void oneByOne(request, params, ends)
    try {
      const given = action.manyParams?.(params) ?? params
      const taskId = await startBatch(COLLECTIONS[action.type], action.many, objects.map(({ id }) => id), given)
      drawer.value = true
      void followMany(request, taskId).finally(endAll)
    } catch (error) {
      endAll()
      throw problemOf(error)
    }
  }

  async function followMany(request: Asked, taskId: string): Promise<void> {
    try {
      const task = await tasks.ended(taskId)
      if (task.status === 'success') return
      const failed = failedParts(task)?.length
      if (failed === undefined) tell({ kind: 'failed', asked: request, failure: failureOf(task), taskId })
      else tell({ kind: 'partly', asked: request, failed, failure: failed === 1 ? failureOf(task) : undefined, taskId })
    } catch (error) {
      tell({ kind: 'failed', asked: request, failure: asFailure(error), taskId })
    }
  }

  async function oneByOne(request: Asked, params: Params, ends: readonly (() => void)[]): Promise<void> {
    const failures: Failed[] = []
    const queue = request.objects.map((object, at) => ({ object, end: ends[at] }))
    const worker = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        try {
          const outcome = await request.action.run?.(next.object, params)
          const task = outcome?.taskId === undefined ? undefined : await tasks.ended(outcome.taskId)
          if (task !== undefined && task.status !== 'success') failures.push(failureOf(task))
        } catch (error) {
          failures.push(asFailure(error))
        } finally {
          next.end?.()
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    if (failures.length > 0) tell({ kind: 'partly', asked: request, failed: failures.length, failure: failures[0] })
  }

  return { asked, drawer, ask, close, run, runNow, runMany, whenEnded }
})
