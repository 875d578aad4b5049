/** RFC 9457 problems: what went wrong, as the service says it. */

export interface ProblemBody {
  readonly type?: string
  readonly title?: string
  readonly status?: number
  readonly detail?: string
  readonly code?: string
  readonly error?: string
  readonly xapi_code?: string
  readonly xapi_params?: readonly string[]
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
