/** Who uses most of something, asked again and again while somebody looks. */
import { onScopeDispose, ref, shallowRef, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { top, type MeasuredType, type Top } from '@/api/metrics'
import { problemOf, type Problem } from '@/api/problem'

/** As often as hosts are polled. */
const EVERY_MS = 5_000

export interface Wanted {
  readonly type: MeasuredType
  readonly metric: string
  readonly limit: number
  readonly pool?: string
  readonly filter?: string
}

export function useTop(wanted: MaybeRefOrGetter<Wanted>) {
  const found = shallowRef<Top['objects']>()
  const problem = shallowRef<Problem>()
  const loading = ref(true)
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: AbortController | undefined

  async function ask(): Promise<void> {
    clearTimeout(timer)
    running?.abort()
    const mine = (running = new AbortController())
    const { type, metric, ...within } = toValue(wanted)
    try {
      const answer = await top(type, metric, within, mine.signal)
      if (mine.signal.aborted) return
      found.value = answer.objects
      problem.value = undefined
    } catch (error) {
      if (mine.signal.aborted) return
      problem.value = problemOf(error)
    }
    loading.value = false
    if (!document.hidden) timer = setTimeout(() => void ask(), EVERY_MS)
  }

  const onVisibility = () => {
    if (!document.hidden) void ask()
  }
  document.addEventListener('visibilitychange', onVisibility)
  watch(
    () => JSON.stringify(toValue(wanted)),
    () => {
      loading.value = true
      found.value = undefined
      void ask()
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', onVisibility)
    clearTimeout(timer)
    running?.abort()
  })
  return { found, problem, loading }
}
