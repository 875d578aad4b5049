/** An icon of the bundle as a bare `<svg>`: thousands pass through a table while it scrolls, and a component each would be felt. */
import { getIcon } from '@iconify/vue'
import { h, type VNode } from 'vue'

interface Drawing {
  readonly body: string
  readonly viewBox: string
}

const drawings = new Map<string, Drawing | null>()

/** `name` as everywhere: `i-lucide-play`. */
function drawing(name: string): Drawing | null {
  let found = drawings.get(name)
  if (found === undefined) {
    const icon = getIcon(name.replace(/^i-([a-z]+)-/, '$1:'))
    found = icon ? { body: icon.body, viewBox: `0 0 ${icon.width} ${icon.height}` } : null
    if (found !== null) drawings.set(name, found)
  }
  return found
}

export function quickIcon(name: string, classes: string): VNode {
  const found = drawing(name)
  return h('svg', { class: classes, viewBox: found?.viewBox ?? '0 0 24 24', 'aria-hidden': 'true', innerHTML: found?.body ?? '' })
}
