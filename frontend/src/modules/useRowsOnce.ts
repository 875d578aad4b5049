/** Demands rows of a type at most once while the calling scope lives, whenever that turns out to be needed. */
import { effectScope, getCurrentScope, onScopeDispose } from 'vue'
import { type TypeName, type XoObject } from '@/api/types'
import { useObjects } from '@/stores/objects'

export function useRowsOnce() {
  const objects = useObjects()
  const scope = effectScope(true)
  if (getCurrentScope() !== undefined) onScopeDispose(() => scope.stop())
  const asked = new Set<TypeName>()
  return (type: TypeName, fields: readonly string[], use: (rows: ReadonlyMap<string, XoObject>) => void) => {
    if (asked.has(type)) return
    asked.add(type)
    scope.run(() => use(objects.demand<XoObject>(type, ['type', ...fields]).rows))
  }
}
