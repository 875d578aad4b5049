/** An answer that is asked for again and again, at its own rate, while somebody can see it. */
import { useDocumentVisibility } from '@vueuse/core'
import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import { problemOf, type Problem } from '@/api/problem'

/** After a failure, not sooner than this. */
const PAUSE_MS = 10_000

/**
 * `key`: what the answer depends on: when it changes, the old answer is forgotten; undefined while there is nothing to ask.
 * `every`: ms between two questions.
 */
export function usePolled<T>(ask: (signal: AbortSignal) => Promise<T>, key: () => string | undefined, every: () => number) {
  const data = shallowRef<T>()
  const problem = shallowRef<Problem>()
  /** When the answer came, on this machine's clock. */
  const at = ref(0)
  const asking = ref(false)
  const visibility = useDocumentVisibility()
  let abort: AbortController | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let asked = 0

  function pause(): void {
    clearTimeout(timer)
    abort?.abort()
    abort = undefined
    asking.value = false
  }

  function later(ms: number): void {
    clearTimeout(timer)
    timer = setTimeout(() => void refresh(), ms)
  }

  async function refresh(): Promise<void> {
    pause()
    if (key() === undefined || visibility.value === 'hidden') return
    const mine = (abort = new AbortController())
    asking.value = true
    asked = Date.now()
    try {
      const answer = await ask(mine.signal)
      if (mine.signal.aborted) return
      data.value = answer
      problem.value = undefined
      at.value = Date.now()
      later(every())
    } catch (error) {
      if (mine.signal.aborted) return
      problem.value = problemOf(error)
      later(Math.max(every(), PAUSE_MS, (problem.value.retryAfter ?? 0) * 1000))
    } finally {
      if (abort === mine) asking.value = false
    }
  }

  watch(
    key,
    () => {
      data.value = undefined
      problem.value = undefined
      void refresh()
    },
    { immediate: true },
  )
  watch(visibility, (now) => {
    if (now === 'hidden') pause()
    else if (data.value === undefined) void refresh()
    else later(Math.max(0, asked + every() - Date.now()))
  })
  onScopeDispose(pause)

  return { data, problem, at, asking, refresh }
}
