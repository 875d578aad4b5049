/** Compact or comfortable rows: one choice for all tables, remembered. */
import { ref, watch } from 'vue'

export type Density = 'compact' | 'comfortable'

const KEY = 'podium.density'
export const ROW_HEIGHT: Record<Density | 'card', number> = { compact: 32, comfortable: 44, card: 68 }

function recalled(): Density {
  try {
    return localStorage.getItem(KEY) === 'comfortable' ? 'comfortable' : 'compact'
  } catch {
    return 'compact'
  }
}

const density = ref<Density>(recalled())
watch(density, (now) => {
  try {
    localStorage.setItem(KEY, now)
  } catch {
    // no storage: the choice lasts as long as the page
  }
})

export function useDensity() {
  return density
}
