/** Requests to the service; failures are thrown as Problem. */
import { Problem, type ProblemBody } from './problem'

type Query = Readonly<Record<string, string | number | boolean | undefined>>

interface Options {
  readonly query?: Query
  readonly body?: unknown
  readonly signal?: AbortSignal
}

let signedOut: (() => void) | undefined

/** Called on any 401 but that of the sign-in itself. */
export function whenSignedOut(callback: () => void): void {
  signedOut = callback
}

function url(path: string, query: Query = {}): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value))
  const text = search.toString()
  return `/rest/v0${path}${text === '' ? '' : `?${text}`}`
}

/** `path` is below /rest/v0; the JSON answer, or undefined when there is none. */
export async function request<T>(method: string, path: string, { query, body, signal }: Options = {}): Promise<T> {
  const response = await fetch(url(path, query), {
    method,
    credentials: 'same-origin',
    headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new Problem(0, { detail: String(error) })
  })
  const text = await response.text()
  const json: unknown = text === '' || !/json/.test(response.headers.get('content-type') ?? '') ? undefined : JSON.parse(text)
  if (!response.ok) {
    if (response.status === 401 && !path.startsWith('/auth/')) signedOut?.()
    const after = Number(response.headers.get('retry-after') ?? Number.NaN)
    throw new Problem(response.status, json as ProblemBody | undefined, Number.isFinite(after) ? after : undefined)
  }
  return json as T
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> => request<T>('GET', path, { query, signal })
export const post = <T = undefined>(path: string, body?: unknown, query?: Query): Promise<T> => request<T>('POST', path, { body, query })
export const patch = <T = undefined>(path: string, body: unknown): Promise<T> => request<T>('PATCH', path, { body })
export const put = <T = undefined>(path: string, body?: unknown): Promise<T> => request<T>('PUT', path, { body })
export const remove = <T = undefined>(path: string): Promise<T> => request<T>('DELETE', path)

export interface Health {
  readonly status: 'ok' | 'starting' | 'failing'
  readonly version: string
  /** Seconds. */
  readonly uptime: number
  readonly database: 'ok' | 'failing'
  readonly objects: number
  readonly streams: number
}

/** How the service is: an answer also when it is not well (503), a Problem when there is none. */
export async function getHealth(): Promise<Health> {
  const response = await fetch('/health', { cache: 'no-store' }).catch((error: unknown) => {
    throw new Problem(0, { detail: String(error) })
  })
  if (!/json/.test(response.headers.get('content-type') ?? '')) throw new Problem(response.status)
  return (await response.json()) as Health
}
