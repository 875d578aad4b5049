/** How many alarms each object has that want attention, its own and those of what it holds. */
import { computed, type ComputedRef } from 'vue'
import { type Alarm } from '@/api/types'
import { useObjects, type Objects } from '@/stores/objects'

/** It has not ended, and nobody has acknowledged it. */
export function wantsAttention(alarm: Pick<Alarm, 'state' | 'acknowledged'>): boolean {
  return alarm.state !== 'ended' && alarm.acknowledged === undefined
}

const made = new WeakMap<Objects, ComputedRef<ReadonlyMap<string, number>>>()

export function useAlarmCounts(): ComputedRef<ReadonlyMap<string, number>> {
  const objects = useObjects()
  let counts = made.get(objects)
  if (counts === undefined) made.set(objects, (counts = count(objects)))
  return counts
}

function count(objects: Objects): ComputedRef<ReadonlyMap<string, number>> {
  const alarms = objects.collection('alarm')
  const vms = objects.collection('VM')
  const hosts = objects.collection('host')
  return computed(() => {
    const counts = new Map<string, number>()
    const add = (id: string | undefined) => id !== undefined && counts.set(id, (counts.get(id) ?? 0) + 1)
    for (const alarm of alarms.list.value) {
      if (!wantsAttention(alarm)) continue
      const { uuid } = alarm.object
      const container = vms.rows.get(uuid)?.$container
      for (const id of new Set([uuid, container !== undefined && hosts.rows.has(container) ? container : undefined, alarm.$pool])) add(id)
    }
    return counts
  })
}
