/** What was asked for on this page and is still under way, by object: shown at once, before the pool says it. */
import { shallowReactive } from 'vue'
import { defineStore } from 'pinia'

export const usePending = defineStore('pending', () => {
  /** Names of actions, the newest last. */
  const actions = shallowReactive(new Map<string, readonly string[]>())

  /** Until the answer is called, once. */
  function begin(id: string, action: string): () => void {
    actions.set(id, [...(actions.get(id) ?? []), action])
    let done = false
    return () => {
      if (done) return
      done = true
      const rest = [...(actions.get(id) ?? [])]
      rest.splice(rest.indexOf(action), 1)
      if (rest.length === 0) actions.delete(id)
      else actions.set(id, rest)
    }
  }

  const of = (id: string): string | undefined => actions.get(id)?.at(-1)

  return { begin, of }
})
