/** Keys that work anywhere on the page but in fields: single keys, and `g` followed by another within a second. */
import { onMounted, onScopeDispose } from 'vue'

export interface Shortcut {
  /** As pressed: `?`, `/`, `g v`, `mod+k` (Ctrl, or Cmd on a Mac). */
  readonly keys: string
  readonly run: () => void
}

const SEQUENCE_MS = 1_000

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName))
}

function inDialog(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('[role="dialog"], [role="menu"], dialog') !== null
}

export function useShortcuts(shortcuts: () => readonly Shortcut[]): void {
  let first = ''
  let firstAt = 0

  function pressed(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return
    const mod = event.ctrlKey || event.metaKey
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    const chord = mod && !event.altKey ? `mod+${key}` : key
    if (!mod && (isTyping(event.target) || inDialog(event.target) || event.altKey)) return
    const sequence = event.timeStamp - firstAt < SEQUENCE_MS ? `${first} ${chord}` : chord
    const match = shortcuts().find(({ keys }) => keys === sequence) ?? shortcuts().find(({ keys }) => keys === chord)
    first = chord
    firstAt = event.timeStamp
    if (match === undefined) return
    firstAt = 0
    event.preventDefault()
    match.run()
  }

  onMounted(() => document.addEventListener('keydown', pressed))
  onScopeDispose(() => document.removeEventListener('keydown', pressed))
}
