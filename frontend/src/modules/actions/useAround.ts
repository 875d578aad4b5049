/** What actions look at beside their objects, in the reader's language; and why they cannot be done, in words. */
import { computed } from 'vue'
import { type Server, type TypeName } from '@/api/types'
import { useText } from '@/i18n'
import { listed } from '@/i18n/format'
import { useObjects } from '@/stores/objects'
import { usePending } from '@/stores/pending'
import { titleOf, type Look } from '../look'
import { useNames } from '../useNames'
import { type AnyObject, type Around, type Reason } from './action'

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
  say: (reason: Reason) => string
}

export function useAround(): Surroundings {
  const { t, tOr } = useText()
  const objects = useObjects()
  const pending = usePending()
  const look = useNames(() => [])
  const servers = computed(() => new Map<string, Server>(objects.collection('server').list.value.flatMap((server) => (server.poolId ? [[server.poolId, server]] : []))))
  const around: Around = {
    server: (pool) => (pool === undefined ? undefined : servers.value.get(pool)),
    find: look.find,
    all: (type) => objects.collection(type).list.value,
    pending: pending.of,
    t: (key, values) => t(key, values),
  }
  return { around, look, nameOf: (object, type) => titleOf({ ...object, type } as AnyObject, look), say: (reason) => reasonText(reason, { t, tOr }) }
}
