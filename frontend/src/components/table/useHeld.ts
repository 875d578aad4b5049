/** Is somebody reading just here? Then rows keep still: the pointer is over the table, or it is scrolled. */
import { computed, ref, toValue, type MaybeRefOrGetter } from 'vue'

export function useHeld(ready: MaybeRefOrGetter<boolean>) {
  const over = ref(false)
  const scrolled = ref(false)
  return {
    held: computed(() => toValue(ready) && (over.value || scrolled.value)),
    enter(event: PointerEvent) {
      if (event.pointerType === 'mouse' || event.pointerType === 'pen') over.value = true
    },
    leave() {
      over.value = false
    },
    scroll(event: Event) {
      scrolled.value = (event.currentTarget as HTMLElement).scrollTop > 0
    },
  }
}
