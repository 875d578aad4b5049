/** What actions look at beside their objects, in the reader's language; and why they cannot be done, in words. */
import { computed } from 'vue'
import { type Server, type TypeName } from '@/api/types'
import { useText } from '@/i18n'
import { listed } from '@/i18n/format'
import { useObjects } from '@/stores/objects'
import { usePending } from '@/stores/pending'
import { titleOf, type Look } from '../look'
import { useNames } from '../useNames'
import { useRights } from '@/stores/rights'
import { type Action, type AnyObject, type Around, type Possible, type Reason } from './action'
import { askedOf, needOf } from './needs'

type Words = Pick<ReturnType<typeof useText>, 't' | 'tOr'>

/** Why not, in words. */
export function reasonText({ key, values }: Reason, { t, tOr }: Words): string {
  const said: Record<string, unknown> = { ...values }
  const word = (state: unknown) => tOr(`state.${String(state)}`, String(state)).toLocaleLowerCase()
  if (typeof said.state === 'string') said.state = word(said.state)
  if (Array.isArray(said.states)) said.states = listed(said.states.map(word), 'disjunction')
  if (typeof said.operation === 'string') said.operation = tOr(`operation.${said.operation}`, said.operation.replaceAll('_', ' ')).toLocaleLowerCase()
  return t(key, said)
}

export interface Surroundings {
  readonly around: Around
  readonly look: Look
  nameOf: (object: AnyObject, type: TypeName) => string
  /** Whether there can be an object that one may do this to. */
  ever: (action: Pick<Action, 'type' | 'name'>) => boolean
  say: (reason: Reason) => string
}

export function useAround(): Surroundings {
  const { t, tOr } = useText()
  const objects = useObjects()
  const pending = usePending()
  const look = useNames(() => [])
  const rights = useRights()
  function allowed(action: Pick<Action, 'type' | 'name'>, object: AnyObject): Possible {
    const need = rights.isAdmin ? undefined : needOf(action)
    const target = need && askedOf(need, object)
    if (need === undefined || target === undefined) return true
    const may = rights.may(need.action, need.resource, target)
    if (may === undefined) return { key: 'why.asking' }
    return may || { key: 'why.mayNot', values: { privilege: `${need.resource}:${need.action}` } }
  }
  function ever(action: Pick<Action, 'type' | 'name'>): boolean {
    const need = rights.isAdmin ? undefined : needOf(action)
    return need === undefined || rights.ever(need.action, need.resource)
  }
  const servers = computed(() => new Map<string, Server>(objects.collection('server').list.value.flatMap((server) => (server.poolId ? [[server.poolId, server]] : []))))
  const around: Around = {
    server: (pool) => (pool === undefined ? undefined : servers.value.get(pool)),
    find: look.find,
    all: (type) => objects.collection(type).list.value,
    allowed,
    pending: pending.of,
    t: (key, values) => t(key, values),
  }
  return { around, look, ever, nameOf: (object, type) => titleOf({ ...object, type } as AnyObject, look), say: (reason) => reasonText(reason, { t, tOr }) }
}
