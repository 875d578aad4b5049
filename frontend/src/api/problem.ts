/** RFC 9457 problems: what went wrong, as the service says it. */
import { loadRefusals, refusal } from '@/i18n/refusals'

export interface ProblemBody {
  readonly type?: string
  readonly title?: string
  readonly status?: number
  readonly detail?: string
  readonly code?: string
  readonly error?: string
  readonly xapi_code?: string
  readonly xapi_params?: readonly string[]
  /** `xapi_params` for people: names instead of references. */
  readonly words?: readonly string[]
  readonly data?: Readonly<Record<string, unknown>>
  readonly [key: string]: unknown
}

export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly body: ProblemBody
  /** Seconds to wait, when the service says so. */
  readonly retryAfter: number | undefined

  constructor(status: number, body: ProblemBody = {}, retryAfter?: number) {
    super(body.detail ?? body.error ?? body.title ?? `HTTP ${status}`)
    this.name = 'Problem'
    this.status = status
    this.code = body.code ?? (status === 0 ? 'offline' : `http-${status}`)
    this.body = body
    this.retryAfter = retryAfter
  }

  /** The value of a member of `data`, when it is a text. */
  text(member: string): string | undefined {
    const value = this.body.data?.[member] ?? this.body[member]
    return typeof value === 'string' ? value : undefined
  }
}

/** Any failure as a Problem: no answer at all has status 0 and code "offline". */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  return new Problem(0, { detail: error instanceof Error ? error.message : String(error) })
}

/** What tells of a failure: a problem's body, the result of a task, a reason why something cannot be done. */
export interface Failure {
  readonly detail?: string
  readonly message?: string
  readonly xapi_code?: string
  readonly xapi_params?: readonly string[]
  readonly words?: readonly string[]
}

/**
 * What went wrong, for a template: in the reader's language where a pool refused and its code is known, else as the
 * service says it. Reactive: the sentences are loaded when the first one is asked for. `undefined` when nothing is said.
 */
export function sentenceOf(failure: unknown): string | undefined {
  const told = failureOf(failure)
  const known = told.xapi_code === undefined ? undefined : refusal(told.xapi_code, texts(told.xapi_params), texts(told.words))
  return known ?? told.detail ?? told.message
}

/** As `sentenceOf`, for what is said once, as a toast: waits for the sentences. */
export async function explained(error: unknown): Promise<string> {
  const problem = problemOf(error)
  if (problem.body.xapi_code !== undefined) await loadRefusals().catch(() => undefined)
  return sentenceOf(problem) ?? problem.message
}

function failureOf(failure: unknown): Failure {
  if (failure instanceof Problem) return { message: failure.message, ...failure.body }
  if (failure instanceof Error) return { message: failure.message }
  return typeof failure === 'object' && failure !== null ? failure : {}
}

function texts(values: unknown): string[] {
  return Array.isArray(values) ? values.map(String) : []
}
