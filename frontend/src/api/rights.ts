/** What one may do, and why: asked of the service, which alone decides. */
import { type components } from './schema.gen'
import { answer, api, get } from './client'
import { problemOf } from './problem'
import { type Privilege } from './types'

/** One question: about the object `id`, or without it about all of a resource. */
export interface Question {
  readonly action: string
  readonly resource: string
  readonly id?: string
}

export type Deciding = components['schemas']['Deciding']
export interface Answer {
  readonly allowed: boolean
  /** The privilege that decides; absent where none says anything, for what is one's own, and for administrators. */
  readonly privilege?: Deciding
}

/** As the service takes them (api/can.py). */
export const MOST_CHECKS = 100
export const MOST_IDS = 1_000
const MOST_IN_ALL = 10_000

interface Check {
  readonly action: string
  readonly resource: string
  readonly ids?: string[]
}

/** Questions as requests: those on the same action together, no request larger than the service takes. */
export function requestsOf(questions: readonly Question[]): Check[][] {
  const groups = new Map<string, Question[]>()
  for (const each of questions) {
    const key = `${each.resource}:${each.action}:${each.id === undefined ? '' : 'ids'}`
    groups.set(key, [...(groups.get(key) ?? []), each])
  }
  const checks = [...groups.values()].flatMap((group): Check[] => {
    const { action, resource, id } = group[0]!
    if (id === undefined) return [{ action, resource }]
    const ids = [...new Set(group.map((each) => each.id!))]
    return Array.from({ length: Math.ceil(ids.length / MOST_IDS) }, (_, at) => ({ action, resource, ids: ids.slice(at * MOST_IDS, (at + 1) * MOST_IDS) }))
  })
  const requests: Check[][] = []
  let size = 0
  for (const check of checks) {
    const weight = check.ids?.length ?? 0
    if (requests.length === 0 || requests.at(-1)!.length >= MOST_CHECKS || size + weight > MOST_IN_ALL) {
      requests.push([])
      size = 0
    }
    requests.at(-1)!.push(check)
    size += weight
  }
  return requests
}

export const keyOf = ({ action, resource, id }: Question): string => `${resource}:${action}:${id ?? ''}`

/** The answers by `keyOf`. `viewAs`: those of another user, for administrators. Throws Problem. */
export async function ask(questions: readonly Question[], viewAs?: string): Promise<ReadonlyMap<string, Answer>> {
  const found = new Map<string, Answer>()
  const query = viewAs === undefined ? {} : { viewAs }
  for (const checks of requestsOf(questions)) {
    const rows = await answer(api.POST('/can', { params: { query } as never, body: { checks } }))
    for (const { action, resource, answers } of rows) for (const { id, allowed, privilege } of answers) found.set(keyOf({ action, resource, id }), { allowed, privilege })
  }
  return found
}

/** All privileges that a user holds, by himself and through groups; one's own are always told. Throws Problem. */
export const privilegesOf = (user: string): Promise<Privilege[]> => get<Privilege[]>(`/users/${encodeURIComponent(user)}/acl-privileges`, { fields: '*' })

/** Whether one sees any object of a collection, beside the first `but`. */
export async function hasAny(collection: string, but = 0): Promise<boolean> {
  try {
    return (await get<unknown[]>(`/${collection}`, { fields: 'id', limit: but + 1 })).length > but
  } catch (error) {
    const { status } = problemOf(error)
    if (status === 403 || status === 404) return false
    throw error
  }
}
