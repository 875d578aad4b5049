/** A look at the names of other objects: the types that are always there, and those that are asked for. */
import { watch } from 'vue'
import { type TypeName, type XoObject } from '@/api/types'
import { useText } from '@/i18n'
import { CORE, useObjects } from '@/stores/objects'
import { usePending } from '@/stores/pending'
import { makeLook, nameFields, type Look } from './look'
import { useRowsOnce } from './useRowsOnce'

/** `metric`: reads live values, for whoever shows them. */
export function useNames(needed: () => Iterable<TypeName>, metric?: Look['metric']): Look {
  const objects = useObjects()
  const look = makeLook(useText(), usePending().of, metric)
  for (const type of Object.keys(CORE) as TypeName[]) look.learn(type, objects.collection<XoObject>(type).rows)
  const once = useRowsOnce()
  watch(
    () => [...new Set(needed())].filter((type) => !(type in CORE)),
    (types) => {
      for (const type of types) once(type, nameFields(type), (rows) => look.learn(type, rows))
    },
    { immediate: true, flush: 'sync' },
  )
  return look
}
