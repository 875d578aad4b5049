/** The rows of a type with the fields that are wanted now; asking for more fields never empties what is shown. */
import { effectScope, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { type TypeName } from '@/api/types'
import { useObjects, type Collection } from '@/stores/objects'

export function useRows<T>(type: TypeName, fields: () => readonly string[]) {
  const objects = useObjects()

  function demand() {
    const scope = effectScope(true)
    return { scope, rows: scope.run(() => objects.demand<T>(type, fields())) as Collection<T> }
  }

  let shown = demand()
  let coming: ReturnType<typeof demand> | undefined
  const source = shallowRef(shown.rows)
  const waiting = ref(false)
  const wanted = shallowRef<Collection<T>>()

  function adopt() {
    if (coming === undefined) return
    shown.scope.stop() // only now: a shared subscription must not end between the two
    shown = coming
    source.value = shown.rows
    coming = undefined
    wanted.value = undefined
    waiting.value = false
  }

  watch(
    () => [...new Set(fields())].sort().join(' '),
    () => {
      coming?.scope.stop()
      coming = demand()
      if (coming.rows === source.value) return adopt()
      waiting.value = true
      wanted.value = coming.rows
    },
  )
  watch(() => wanted.value?.synced.value, (synced) => synced === true && adopt())
  onScopeDispose(() => {
    shown.scope.stop()
    coming?.scope.stop()
  })

  return { source, waiting }
}
