/** A look at the names that a few objects need: of types that are always here, and of those very ids. */
import { effectScope, onScopeDispose, watch, type EffectScope } from 'vue'
import { type TypeName, type XoObject } from '@/api/types'
import { useText } from '@/i18n'
import { CORE, useObjects } from '@/stores/objects'
import { useMetrics } from '@/stores/metrics'
import { usePending } from '@/stores/pending'
import { idFilter, namesToAsk, type Relation } from './links'
import { makeLook, nameFields, type Look } from './look'

/** `more`: fields to know of a type beside those that name it. */
export function useLook(relations: () => readonly Pick<Relation, 'types' | 'ids'>[], more: { readonly [K in TypeName]?: readonly string[] } = {}): Look {
  const objects = useObjects()
  const look = makeLook(useText(), usePending().of, useMetrics().value)
  for (const type of Object.keys(CORE) as TypeName[]) look.learn(type, objects.collection<XoObject>(type).rows)

  const held = new Map<TypeName, { key: string; scope: EffectScope; forget: () => void }>()
  function release(type: TypeName) {
    const old = held.get(type)
    held.delete(type)
    old?.forget()
    old?.scope.stop()
  }

  const isHere = (type: TypeName, id: string) => objects.collection<XoObject>(type).rows.has(id)
  watch(
    () => namesToAsk(relations(), isHere),
    (wanted) => {
      for (const [type, list] of wanted) {
        const key = list.join(' ')
        if (list.length === 0 || held.get(type)?.key === key) continue
        const scope = effectScope(true)
        const rows = scope.run(() => objects.demand<XoObject>(type, ['type', ...nameFields(type), ...(more[type] ?? [])], idFilter(list)).rows)
        if (rows === undefined) continue
        const forget = look.learn(type, rows)
        release(type)
        held.set(type, { key, scope, forget })
      }
    },
    { immediate: true, flush: 'sync' },
  )
  onScopeDispose(() => [...held.keys()].forEach(release))
  return look
}
