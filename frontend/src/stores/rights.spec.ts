import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { computed, effectScope } from 'vue'
import { keyOf, requestsOf } from '@/api/rights'
import { covers, mightEver, useRights } from './rights'
import { useViewer } from './viewer'

const privilege = (action: string, resource: string, more: object = {}) => ({ action, resource, effect: 'allow' as const, reach: 'self' as const, ...more })

describe('privileges', () => {
  it('cover themselves and what is below', () => {
    expect(covers('update', 'update:tags')).toBe(true)
    expect(covers('*', 'start')).toBe(true)
    expect(covers('update:tags', 'update')).toBe(false)
    expect(covers('start', 'start_on')).toBe(false)
  })
  it('may be about something, or never', () => {
    const held = [privilege('start', 'vm'), privilege('delete', 'vm', { effect: 'deny' }), privilege('snapshot', 'pool', { reach: 'inside' })]
    expect(mightEver(held, 'start', 'vm')).toBe(true)
    expect(mightEver(held, 'delete', 'vm')).toBe(false)
    expect(mightEver(held, 'snapshot', 'vm')).toBe(true)
    expect(mightEver(held, 'start', 'host')).toBe(false)
  })
})

describe('questions', () => {
  it('are put together by action, each object once', () => {
    const questions = ['v1', 'v2', 'v1'].map((id) => ({ action: 'start', resource: 'vm', id }))
    expect(requestsOf([...questions, { action: 'create', resource: 'user' }])).toEqual([[{ action: 'start', resource: 'vm', ids: ['v1', 'v2'] }, { action: 'create', resource: 'user' }]])
  })
  it('are never more than the service takes at once', () => {
    const many = Array.from({ length: 25_000 }, (_, n) => ({ action: 'start', resource: 'vm', id: String(n) }))
    const requests = requestsOf(many)
    for (const checks of requests) {
      expect(checks.length).toBeLessThanOrEqual(100)
      expect(checks.reduce((sum, { ids }) => sum + (ids?.length ?? 0), 0)).toBeLessThanOrEqual(10_000)
      for (const { ids } of checks) expect(ids!.length).toBeLessThanOrEqual(1_000)
    }
    expect(requests.flat().flatMap(({ ids }) => ids ?? [])).toHaveLength(25_000)
  })
})

describe('what one may do', () => {
  let asked: { action: string; resource: string; ids?: string[] }[][]
  let allowed: (action: string, id: string | undefined) => boolean
  let held: object[]

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'Date'] })
    setActivePinia(createPinia())
    asked = []
    held = [privilege('start', 'vm')]
    allowed = () => true
    vi.stubGlobal('fetch', async (request: Request) => {
      const { pathname } = new URL(request.url)
      if (pathname.endsWith('/acl-privileges')) return Response.json(held)
      if (pathname.endsWith('/resource-sets')) return Response.json([])
      if (!pathname.endsWith('/can')) return Response.json([])
      const { checks } = (await request.json()) as { checks: (typeof asked)[number] }
      asked.push(checks)
      return Response.json(checks.map(({ action, resource, ids }) => ({ action, resource, allowed: true, answers: (ids ?? [undefined]).map((id) => ({ id, allowed: allowed(action, id) })) })))
    })
    useViewer().user = { id: 'u1', name: 'nora', permission: 'none', preferences: {} }
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })
  /** Until all that is under way has come back. */
  const settle = async (ms = 50) => {
    await vi.advanceTimersByTimeAsync(ms)
    for (let n = 0; n < 20; n++) await Promise.resolve()
    await vi.advanceTimersByTimeAsync(0)
  }

  it('is not known until it is answered, and asked in one request', async () => {
    allowed = (action) => action === 'start'
    const rights = useRights()
    const [a, b] = [{ id: 'v1' }, { id: 'v2' }]
    const scope = effectScope()
    const seen = scope.run(() => computed(() => [rights.may('start', 'vm', a), rights.may('start', 'vm', b), rights.may('delete', 'vm', a)]))!
    expect(seen.value).toEqual([undefined, undefined, undefined])
    await settle()
    expect(seen.value).toEqual([true, true, false])
    expect(asked).toHaveLength(1)
    expect(asked[0]).toEqual([{ action: 'start', resource: 'vm', ids: ['v1', 'v2'] }, { action: 'delete', resource: 'vm', ids: ['v1'] }])
    scope.stop()
  })

  it('is asked again in time, and when the object has changed', async () => {
    const rights = useRights()
    const object = { id: 'v1', tags: ['qa'] }
    rights.may('start', 'vm', object)
    await settle()
    expect(rights.may('start', 'vm', object)).toBe(true)
    allowed = () => false
    await settle(30_000)
    expect(rights.may('start', 'vm', object)).toBe(false)
    allowed = () => true
    await settle(3_000)
    const changed = { id: 'v1', tags: [] }
    rights.may('start', 'vm', changed)
    await settle()
    expect(rights.may('start', 'vm', object)).toBe(true)
  })

  it('hides what is never allowed, once the privileges are known', async () => {
    const rights = useRights()
    await settle()
    expect(rights.ever('start', 'vm')).toBe(true)
    expect(rights.ever('delete', 'vm')).toBe(false)
    expect(rights.ever('abort', 'task')).toBe(true)
  })

  it('is everything for an administrator, without asking', async () => {
    useViewer().user = { id: 'u2', name: 'admin', permission: 'admin', preferences: {} }
    const rights = useRights()
    expect(rights.may('delete', 'vm', { id: 'v1' })).toBe(true)
    expect(rights.ever('delete', 'vm')).toBe(true)
    await settle()
    expect(asked).toEqual([])
  })

  it('is forgotten when somebody else signs in', async () => {
    const rights = useRights()
    const object = { id: 'v1' }
    rights.may('start', 'vm', object)
    await settle()
    allowed = () => false
    useViewer().user = { id: 'u3', name: 'omar', permission: 'none', preferences: {} }
    expect(rights.may('start', 'vm', object)).toBeUndefined()
    await settle()
    expect(rights.may('start', 'vm', object)).toBe(false)
  })

  it('names a question by all that it is about', () => {
    expect(keyOf({ action: 'start', resource: 'vm' })).not.toBe(keyOf({ action: 'start', resource: 'vm', id: 'v1' }))
  })
})
