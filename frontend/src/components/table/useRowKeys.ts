/** Rows by keyboard: which row the keys act upon, and what each key does. Focus belongs to the row, wherever data moves it. */
import { computed, nextTick, ref, type Ref } from 'vue'
import type { Selection } from './useSelection'

export interface RowKeysOptions {
  order: Readonly<Ref<readonly string[]>>
  selection: Selection
  /** Rows that fit the view: what PageDown moves by. */
  page: () => number
  scrollTo: (index: number) => void
  element: (id: string) => HTMLElement | null
  open: (id: string, event: KeyboardEvent) => void
}

export function useRowKeys({ order, selection, page, scrollTo, element, open }: RowKeysOptions) {
  const active = ref<string>()
  /** The row that Tab reaches: the active one while it is shown, else the first. */
  const reachable = computed(() => {
    const now = active.value
    return now !== undefined && order.value.includes(now) ? now : order.value[0]
  })

  async function goTo(index: number) {
    const ids = order.value
    if (ids.length === 0) return
    const at = Math.min(ids.length - 1, Math.max(0, index))
    active.value = ids[at] as string
    scrollTo(at)
    await nextTick()
    element(active.value)?.focus({ preventScroll: true })
  }

  function current(): number {
    return active.value === undefined ? -1 : order.value.indexOf(active.value)
  }

  /** Answers whether the key meant something here. */
  function press(event: KeyboardEvent): boolean {
    const control = event.ctrlKey || event.metaKey
    if (event.altKey) return false
    if (control) {
      if (event.key.toLowerCase() !== 'a') return false
      selection.toggleShown()
      return true
    }
    const steps: Record<string, number> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: page(), PageUp: -page() }
    const step = steps[event.key] ?? steps[event.key.toLowerCase()]
    if (step !== undefined) {
      const from = current()
      if (event.shiftKey && Math.abs(step) === 1 && active.value !== undefined) {
        if (!selection.selected.has(active.value)) selection.toggle(active.value)
        void goTo(from + step)
        selection.extend(active.value)
      } else void goTo(from < 0 ? 0 : from + step)
      return true
    }
    const id = active.value
    switch (event.key) {
      case 'Home':
        void goTo(0)
        return true
      case 'End':
        void goTo(order.value.length - 1)
        return true
      case 'x':
      case 'X':
      case ' ':
        if (id === undefined) return false
        if (event.shiftKey) selection.extend(id)
        else selection.toggle(id)
        return true
      case 'Enter':
        if (id === undefined) return false
        open(id, event)
        return true
      case 'Escape':
        if (selection.selected.size === 0) return false
        selection.clear()
        return true
      default:
        return false
    }
  }

  return { active, reachable, goTo, press }
}

/** Whether a key pressed here belongs to a text being written, a dialog or a menu, and not to the page. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target.closest('[role="dialog"], [role="menu"], [role="listbox"]') !== null) return true
  return target.matches('textarea, select, input:not([type="checkbox"], [type="radio"], [type="button"])')
}
