/** Resource sets: what is lent to whom, up to which limits. All throw Problem. */
import { pathOf, patch, post, remove } from './act'
import { type components } from './schema.gen'

export type LimitName = keyof components['schemas']['ResourceUsage']
export const LIMITS: readonly LimitName[] = ['vms', 'cpus', 'memory', 'disk', 'snapshots']
/** These are bytes. */
export const SIZES: ReadonlySet<LimitName> = new Set(['memory', 'disk'])

export interface SetDraft {
  readonly name: string
  readonly subjects: readonly string[]
  readonly objects: readonly string[]
  readonly limits: { readonly [K in LimitName]?: number }
}

export const createSet = (draft: SetDraft) => post('/resource-sets', { ...draft })
export const changeSet = (id: string, draft: SetDraft) => patch(pathOf('resource-sets', id), { ...draft })
export const deleteSet = (id: string) => remove(pathOf('resource-sets', id))
