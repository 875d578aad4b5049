/** What one looks for in the audit log, as a filter; and what a record says. Pure. */
import { type components } from '@/api/schema.gen'

export type AuditRecord = components['schemas']['AuditRecord']

export interface Question {
  readonly who: string
  readonly event: string
  readonly object: string
  readonly result: 'any' | 'done' | 'failed'
  /** As `<input type="datetime-local">` has it, in the browser's time; empty: no bound. */
  readonly from: string
  readonly to: string
}
export const NOTHING: Question = { who: '', event: '', object: '', result: 'any', from: '', to: '' }
export const EVENTS = ['apiCall', 'taskEnded', 'apiCallInterrupted', 'signedIn', 'signedOut', 'signInFailed', 'signInOtpRequired', 'export', 'consoleOpened', 'consoleClosed', 'viewAs', 'command', 'auditPruned'] as const

const quoted = (text: string) => `"${text.replace(/(["\\])/g, '\\$1')}"`
const time = (text: string) => (text === '' ? Number.NaN : new Date(text).getTime())

/** The filter; empty for everything. `until`: nothing newer than that, in milliseconds, so that pages do not shift. */
export function filterOf(question: Question, until?: number): string {
  const from = time(question.from)
  const to = time(question.to)
  const end = Math.min(...[to, until ?? Number.NaN].filter(Number.isFinite))
  return [
    question.who.trim() === '' ? '' : `subject:userName:${quoted(question.who.trim())}`,
    question.event === '' ? '' : `event:=${quoted(question.event)}`,
    question.object.trim() === '' ? '' : `data:${quoted(question.object.trim())}`,
    question.result === 'failed' ? 'data:error?' : question.result === 'done' ? '!data:error?' : '',
    Number.isFinite(from) ? `time:>=${from}` : '',
    Number.isFinite(end) ? `time:<=${end}` : '',
  ]
    .filter((term) => term !== '')
    .join(' ')
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export interface Difference {
  readonly path: string
  /** Undefined: it was not there. */
  readonly before: Json | undefined
  readonly after: Json | undefined
}

export interface Change {
  readonly id: string
  readonly type: string
  readonly before?: Json
  readonly after?: Json
  readonly leftOut?: boolean
}

/** What a record says was changed. */
export function changesOf(record: Pick<AuditRecord, 'data'>): readonly Change[] {
  const changes = record.data.changes
  return Array.isArray(changes) ? (changes as unknown as Change[]) : []
}

/** Member by member what was and what is: `before` and `after` are merge patches in which null means absent. */
export function differences({ before, after }: Pick<Change, 'before' | 'after'>): readonly Difference[] {
  const found: Difference[] = []
  const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } => typeof value === 'object' && value !== null && !Array.isArray(value)
  const walk = (was: Json | undefined, is: Json | undefined, path: string) => {
    if (isObject(was) || isObject(is)) {
      const [old, now] = [isObject(was) ? was : {}, isObject(is) ? is : {}]
      if (path !== '' && isObject(was) !== isObject(is) && was !== undefined && is !== undefined && was !== null && is !== null) found.push({ path, before: was, after: is })
      else for (const key of [...new Set([...Object.keys(old), ...Object.keys(now)])].sort()) walk(old[key], now[key], path === '' ? key : `${path}.${key}`)
      return
    }
    if (was === undefined && is === undefined) return
    found.push({ path, before: was ?? undefined, after: is ?? undefined })
  }
  walk(before, after, '')
  return found
}

/** `StartVm` in words: "Start vm". */
export function operationWords(operation: string): string {
  const words = operation.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** The code of what went wrong; undefined when nothing did. */
export function errorOf(record: Pick<AuditRecord, 'data'>): string | undefined {
  const error = record.data.error
  if (typeof error === 'object' && error !== null && !Array.isArray(error)) return String((error as { code?: unknown }).code ?? 'failed')
  return typeof error === 'string' ? error : undefined
}

export function objectsOf(record: Pick<AuditRecord, 'data'>): readonly { readonly id: string; readonly type: string }[] {
  const { objects, objectId, objectType } = record.data
  if (Array.isArray(objects)) return objects as unknown as { id: string; type: string }[]
  return typeof objectId === 'string' ? [{ id: objectId, type: String(objectType ?? '') }] : []
}
