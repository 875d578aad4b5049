/** Chosen rows: by click, by range, by key; the choice outlives filters and sorts. */
import { computed, shallowReactive, toValue, type MaybeRefOrGetter } from 'vue'

export function useSelection(order: MaybeRefOrGetter<readonly string[]>) {
  const selected = shallowReactive(new Set<string>())
  let anchor: string | undefined

  function set(id: string, on: boolean) {
    if (on) selected.add(id)
    else selected.delete(id)
  }

  function toggle(id: string) {
    set(id, !selected.has(id))
    anchor = id
  }

  /** Everything shown between the last toggled row and this one takes the state of the former. */
  function extend(id: string) {
    const ids = toValue(order)
    const from = anchor === undefined ? -1 : ids.indexOf(anchor)
    const to = ids.indexOf(id)
    if (from < 0 || to < 0) return toggle(id)
    const on = anchor === undefined || selected.has(anchor)
    for (let i = Math.min(from, to); i <= Math.max(from, to); i++) set(ids[i] as string, on)
  }

  /** The shown rows: all of them chosen, none or some. */
  const shown = computed<'all' | 'some' | 'none'>(() => {
    if (selected.size === 0) return 'none'
    const ids = toValue(order)
    let count = 0
    for (const id of ids) if (selected.has(id)) count++
    if (count === 0) return 'none'
    return count === ids.length ? 'all' : 'some'
  })

  function toggleShown() {
    const on = shown.value !== 'all'
    for (const id of toValue(order)) set(id, on)
  }

  function clear() {
    selected.clear()
    anchor = undefined
  }

  return { selected, shown, toggle, extend, toggleShown, clear }
}

export type Selection = ReturnType<typeof useSelection>
