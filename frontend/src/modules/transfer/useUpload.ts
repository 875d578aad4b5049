/** One file on its way: how far it is, how fast, and how it ends. Leaving the page meanwhile is asked about by the browser. */
import { useEventListener } from '@vueuse/core'
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import { type Query } from '@/api/act'
import { problemOf } from '@/api/problem'
import { upload, type Upload } from '@/api/upload'
import { asFailure, type Failed } from '../actions/failure'
import { sampled, speedOf, type Sample } from './speed'

export function useUpload() {
  const state = ref<'idle' | 'sending' | 'done' | 'cancelled' | 'failed'>('idle')
  const size = ref(0)
  const sent = ref(0)
  const samples = shallowRef<readonly Sample[]>([])
  const speed = computed(() => speedOf(samples.value))
  const made = ref<string>()
  const failure = shallowRef<Failed>()
  let running: Upload | undefined

  async function begin(method: 'POST' | 'PUT', path: string, file: File, query: Query): Promise<void> {
    state.value = 'sending'
    size.value = file.size
    sent.value = 0
    samples.value = []
    failure.value = undefined
    running = upload(method, path, file, query, (now) => {
      sent.value = Math.min(now, file.size)
      samples.value = sampled(samples.value, { at: performance.now(), sent: now })
    })
    try {
      made.value = await running.done
      state.value = 'done'
    } catch (error) {
      state.value = problemOf(error).code === 'cancelled' ? 'cancelled' : 'failed'
      if (state.value === 'failed') failure.value = asFailure(error)
    } finally {
      running = undefined
    }
  }

  const cancel = () => running?.cancel()
  useEventListener(window, 'beforeunload', (event) => state.value === 'sending' && event.preventDefault())
  onScopeDispose(cancel)
  return { state, size, sent, speed, made, failure, begin, cancel }
}
