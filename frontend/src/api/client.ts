/** The only door to the service: a client typed by its OpenAPI document. Whatever fails is thrown as Problem. */
import createClient, { type Middleware } from 'openapi-fetch'
import { Problem, type ProblemBody } from './problem'
import { type paths } from './schema.gen'
import { type Health } from './types'

let signedOut: (() => void) | undefined

/** Called on any 401 but those of signing in. */
export function whenSignedOut(callback: () => void): void {
  signedOut = callback
}

/** A call of another kind than the client's was answered 401. */
export function whenRefused(): void {
  signedOut?.()
}

async function problem(response: Response): Promise<Problem> {
  const body: unknown = isJson(response) ? await response.json() : undefined
  const after = Number(response.headers.get('retry-after') ?? Number.NaN)
  return new Problem(response.status, body as ProblemBody | undefined, Number.isFinite(after) ? after : undefined)
}

function isJson(response: Response): boolean {
  return /\bjson\b/.test(response.headers.get('content-type') ?? '')
}

const failures: Middleware = {
  async onResponse({ response, schemaPath }) {
    if (response.ok) return
    if (response.status === 401 && !schemaPath.startsWith('/auth/')) signedOut?.()
    throw await problem(response)
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === 'AbortError') return
    throw new Problem(0, { detail: String(error) })
  },
}

/** `await api.GET('/users/{id}', { params: { path: { id } } })`. */
export const api = createClient<paths>({ baseUrl: '/rest/v0', credentials: 'same-origin', fetch: (request) => globalThis.fetch(request) })
api.use(failures)

/** The answer of a call that has one. */
export async function answer<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>

/** Rows of a collection whose name is known only at run time: `get<VM[]>('/vms', { fields: '*' })`. */
export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return answer(api.GET(path as '/vms', { params: { query }, signal }) as Promise<{ data?: T }>)
}

/** How the service is: an answer also when it is not well (503). It lives outside /rest/v0. */
export async function getHealth(): Promise<Health> {
  const response = await fetch('/health', { cache: 'no-store' }).catch((error: unknown) => {
    throw new Problem(0, { detail: String(error) })
  })
  if (!isJson(response)) throw new Problem(response.status)
  return (await response.json()) as Health
}
