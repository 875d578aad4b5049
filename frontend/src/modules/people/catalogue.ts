/** Every resource that privileges speak of and what can be done with it: the service's own catalogue (tests/test_web_catalogue.py holds them together). */
import { type TypeName } from '@/api/types'
import { resourceOf } from '../actions/needs'
import { COLLECTIONS } from '@/api/types'
import catalogue from './catalogue.json'

const ACTIONS: Readonly<Record<string, readonly string[]>> = catalogue.actions
export const RESOURCES: readonly string[] = Object.keys(ACTIONS)
/** Resources that have something inside. */
export const CONTAINERS: ReadonlySet<string> = new Set(catalogue.containers)
export const EVERYTHING = '*'

/** Actions of a resource, parents before those below them. */
export function actionsOf(resource: string): readonly string[] {
  return ACTIONS[resource] ?? []
}

export const knows = (resource: string, action: string): boolean => actionsOf(resource).includes(action)

const TYPES = new Map<string, TypeName>((Object.keys(COLLECTIONS) as TypeName[]).map((type) => [resourceOf(type), type]))

/** The type of objects that a resource is about; undefined for what this client has no list of. */
export function typeOfResource(resource: string): TypeName | undefined {
  return TYPES.get(resource)
}
