/** Which pools are silent, and for how long: their objects are shown as they last were. */
import { computed, type ComputedRef } from 'vue'
import { type Server } from '@/api/types'
import { useObjects, type Objects } from '@/stores/objects'

export interface Silence {
  readonly server: Server
  /** When the pool last answered, on this machine's clock; undefined when it never did. */
  readonly since: number | undefined
}

/** By pool id, the pools whose connection is not `connected`. */
export function useSilentPools(): ComputedRef<ReadonlyMap<string, Silence>> {
  const objects = useObjects()
  let silent = made.get(objects)
  if (silent === undefined) made.set(objects, (silent = watchSilence(objects)))
  return silent
}

/** One answer for all rows that ask. */
const made = new WeakMap<Objects, ComputedRef<ReadonlyMap<string, Silence>>>()

function watchSilence(objects: Objects): ComputedRef<ReadonlyMap<string, Silence>> {
  const servers = objects.collection('server')
  return computed(() => {
    const silent = new Map<string, Silence>()
    for (const server of servers.list.value) {
      if (!server.poolId || server.state === 'connected') continue
      const last = server.lastAnswer ?? server.stateSince
      silent.set(server.poolId, { server, since: last == null ? undefined : last - objects.clockOffset.value })
    }
    return silent
  })
}
