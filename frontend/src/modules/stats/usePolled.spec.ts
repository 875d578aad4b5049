import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref, type EffectScope } from 'vue'
import { Problem } from '@/api/problem'
import { usePolled } from './usePolled'

let scope: EffectScope
let asked: AbortSignal[]
let answers: (number | Problem)[]
/** Answers do not come. */
let held: boolean
const key = ref<string | undefined>('a')

beforeEach(() => {
  vi.useFakeTimers()
  scope = effectScope()
  asked = []
  answers = []
  held = false
  key.value = 'a'
  look('visible')
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
})

function look(state: 'visible' | 'hidden') {
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state })
  document.dispatchEvent(new Event('visibilitychange'))
}

function poll() {
  return scope.run(() =>
    usePolled(
      async (signal) => {
        asked.push(signal)
        if (held) await new Promise<never>((_, give) => signal.addEventListener('abort', () => give(new DOMException('', 'AbortError'))))
        const answer = answers.shift() ?? asked.length
        if (answer instanceof Problem) throw answer
        return answer
      },
      () => key.value,
      () => 5_000,
    ),
  )!
}
const wait = async (ms: number) => {
  await vi.advanceTimersByTimeAsync(ms)
  await flushPromises()
}

describe('an answer that is asked for again and again', () => {
  it('comes at once, then at its rate', async () => {
    const { data } = poll()
    await flushPromises()
    expect(data.value).toBe(1)
    await wait(4_900)
    expect(asked).toHaveLength(1)
    await wait(200)
    expect(data.value).toBe(2)
  })

  it('is forgotten when the question changes, and what is under way is given up', async () => {
    const { data } = poll()
    await flushPromises()
    held = true
    key.value = 'b'
    await nextTick()
    expect(data.value).toBeUndefined()
    expect(asked[1]?.aborted).toBe(false)
    key.value = undefined
    await nextTick()
    expect(asked[1]?.aborted).toBe(true)
    await wait(20_000)
    expect(asked).toHaveLength(2)
    expect(data.value).toBeUndefined()
  })

  it('stays when the next one fails, and is asked for again after a pause', async () => {
    answers = [7, new Problem(502, { detail: 'silent' })]
    const { data, problem } = poll()
    await flushPromises()
    await wait(5_000)
    expect(data.value).toBe(7)
    expect(problem.value?.message).toBe('silent')
    await wait(9_900)
    expect(asked).toHaveLength(2)
    await wait(200)
    expect(problem.value).toBeUndefined()
    expect(data.value).toBe(3)
  })

  it('waits as long as the service says', async () => {
    answers = [new Problem(429, {}, 60)]
    poll()
    await flushPromises()
    await wait(59_000)
    expect(asked).toHaveLength(1)
    await wait(1_500)
    expect(asked).toHaveLength(2)
  })

  it('is not asked for while nobody can see it, and soon after', async () => {
    poll()
    await flushPromises()
    look('hidden')
    await nextTick()
    await wait(60_000)
    expect(asked).toHaveLength(1)
    look('visible')
    await nextTick()
    await wait(1)
    expect(asked).toHaveLength(2)
  })

  it('ends with whoever asks', async () => {
    poll()
    await flushPromises()
    scope.stop()
    await wait(60_000)
    expect(asked).toHaveLength(1)
  })
})
