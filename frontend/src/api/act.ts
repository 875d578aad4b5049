/** What changes a pool: actions, which run as Tasks, and plain writes. Paths are of the REST API: `/vms/{id}/actions/start`. */
import { answer, api } from './client'
import { type Failure } from './problem'

/** Query parameters of a write. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>
type Body = Readonly<Record<string, unknown>>
type Method = 'post' | 'put' | 'patch' | 'delete'

/** The path of an object, or of something below it. */
export function pathOf(collection: string, id: string, ...below: readonly string[]): string {
  return ['', collection, ...[id, ...below].map(encodeURIComponent)].join('/')
}

/**
 * One call whose path is known only at run time. Values that are undefined are left out of the body.
 * Throws Problem.
 */
async function call<T>(method: Method, path: string, { body, query }: { body?: Body; query?: Query } = {}): Promise<T> {
  const init = { params: { query }, ...(body === undefined ? {} : { body }) }
  return answer(api.request(method as 'post', path as '/auth/signout', init as never) as unknown as Promise<{ data?: T }>)
}

/** Start an action; the id of the Task that does it. */
export async function start(path: string, body?: Body): Promise<string> {
  return (await call<{ taskId: string }>('post', path, { body })).taskId
}

/** What a POST that is answered at once says. */
export const post = <T>(path: string, body?: Body): Promise<T> => call<T>('post', path, { body })
export const patch = (path: string, body: Body): Promise<void> => call('patch', path, { body })
export const put = (path: string): Promise<void> => call('put', path)
export const remove = (path: string, query?: Query): Promise<void> => call('delete', path, { query })

/** The address of a file that the browser fetches by itself. */
export function fileAddress(path: string, query: Readonly<Record<string, string | undefined>> = {}): string {
  const asked = new URLSearchParams(Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined)).toString()
  return `/rest/v0${path}${asked === '' ? '' : `?${asked}`}`
}

export interface Preview {
  readonly possible: readonly { readonly id: string; readonly name_label: string; readonly effect: string }[]
  readonly impossible: readonly { readonly id: string; readonly name_label: string; readonly reasons: readonly (Failure & { readonly code?: string })[] }[]
}

/** What an action on many objects would do. */
export const previewBatch = (collection: string, action: string, ids: readonly string[], params: Body): Promise<Preview> =>
  post(`/${collection}/actions/${action}`, { ids, params, dryRun: true })

/** Act on many objects; the id of the Task, which has one within it for each. */
export const startBatch = (collection: string, action: string, ids: readonly string[], params: Body): Promise<string> =>
  start(`/${collection}/actions/${action}`, { ids, params })
