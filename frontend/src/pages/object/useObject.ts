/** One object, live, and what became of it. */
import { computed, shallowRef, watch } from 'vue'
import { type TypeName, type XoObject } from '@/api/types'
import { CORE, useObjects } from '@/stores/objects'

/** `here`; `removed`: it was here while this page was open; `unknown`: the server has no such object. */
export type Presence = 'loading' | 'here' | 'removed' | 'unknown'

export function useObject(type: TypeName, id: string) {
  const objects = useObjects()
  const detail = objects.detail<XoObject>(type, id)
  const last = shallowRef<XoObject>()
  watch(
    detail,
    (now) => {
      if (now !== undefined) last.value = now
    },
    { immediate: true, flush: 'sync' },
  )
  const presence = computed<Presence>(() => {
    if (detail.value !== undefined) return 'here'
    if (!detail.synced.value) return last.value === undefined ? 'loading' : 'here' // reconnecting: what is known still stands
    return last.value === undefined ? 'unknown' : 'removed'
  })
  /** Its name and state are known before the whole of it is. */
  const brief = type in CORE ? computed(() => objects.collection<XoObject>(type).rows.get(id)) : computed(() => undefined)
  return { object: computed(() => detail.value ?? last.value), brief, presence }
}
