/** Something asked of the service: whether it is under way, and why it failed. */
import { ref, shallowRef } from 'vue'
import { asFailure, type Failed } from '../actions/failure'

export function useDoing() {
  const busy = ref(false)
  const failure = shallowRef<Failed>()

  /** True when it was done; what failed is in `failure`. One at a time. */
  async function run(work: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    failure.value = undefined
    try {
      await work()
      return true
    } catch (error) {
      failure.value = asFailure(error)
      return false
    } finally {
      busy.value = false
    }
  }
  return { busy, failure, run }
}
