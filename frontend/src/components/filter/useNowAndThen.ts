/** Runs `act` a moment after the last call of `soon`, or at once by `now`; never after its scope has ended. */
import { onScopeDispose } from 'vue'

export function useNowAndThen(wait_ms: number, act: () => void) {
  let timer: ReturnType<typeof setTimeout> | undefined
  function now() {
    clearTimeout(timer)
    timer = undefined
    act()
  }
  onScopeDispose(() => clearTimeout(timer))
  return {
    now,
    soon() {
      clearTimeout(timer)
      timer = setTimeout(now, wait_ms)
    },
  }
}
