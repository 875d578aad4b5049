import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { useObjects } from '@/stores/objects'
import { usePending } from '@/stores/pending'
import { type AnyObject } from './action'
import { actionOf } from './registry'
import { useActions, type Ending } from './useActions'

/** The service's end of the stream. */
class Line extends EventTarget {
  static last: Line
  readyState = 1
  constructor() {
    super()
    Line.last = this
  }
  close() {
    this.readyState = 2
  }
  say(name: string, data: unknown) {
    this.dispatchEvent(Object.assign(new Event(name), { data: JSON.stringify(data), lastEventId: 'e-1' }))
  }
}

const vm = { id: 'v1', type: 'VM', name_label: 'web-12', power_state: 'Halted' } as unknown as AnyObject
const frame = () => new Promise((done) => setTimeout(done, 60))
let calls: { path: string; body: unknown }[]
let answer: () => Response
let endings: Ending[]

beforeEach(() => {
  setActivePinia(createPinia())
  calls = []
  endings = []
  answer = () => Response.json({ taskId: 't1' }, { status: 202 })
  vi.stubGlobal('fetch', async (request: Request) => {
    const body = await request.text()
    calls.push({ path: new URL(request.url).pathname, body: body === '' ? undefined : JSON.parse(body) })
    return answer()
  })
  useObjects().start(() => undefined, { origin: 'http://podium', EventSource: Line as never, fetch: (() => Promise.resolve(new Response('{}', { status: 201 }))) as typeof fetch })
  useActions().whenEnded((ending) => void endings.push(ending))
  Line.last.say('init', { id: 'c' })
})
afterEach(() => {
  useObjects().stop()
  vi.unstubAllGlobals()
})

async function task(status: string, result?: unknown) {
  Line.last.say('add', { $subscription: 'demand:task', id: 't1', status, start: 1, properties: { name: 'x' }, ...(result === undefined ? {} : { result }) })
  Line.last.say('synced', { $subscription: 'demand:task' })
  await frame()
}

const asked = (name: string, objects = [vm]) => ({ action: actionOf('VM', name)!, objects, names: objects.map(() => 'web-12') })

describe('an action', () => {
  it('is pending at once, until its task has ended', async () => {
    useActions().runNow(asked('start'))
    expect(usePending().of('v1')).toBe('start')
    await vi.waitFor(() => expect(calls).toEqual([{ path: '/rest/v0/vms/v1/actions/start', body: undefined }]))
    await task('pending')
    expect(usePending().of('v1')).toBe('start')
    await task('success')
    expect(usePending().of('v1')).toBeUndefined()
    expect(endings).toEqual([])
  })

  it('tells why its task failed, with the way to it', async () => {
    useActions().runNow(asked('start'))
    await frame()
    await task('failure', { code: 'pool-error', message: 'no host has the memory', xapi_code: 'NO_HOSTS_AVAILABLE' })
    expect(endings).toMatchObject([{ kind: 'failed', taskId: 't1', failure: { message: 'no host has the memory', xapi_code: 'NO_HOSTS_AVAILABLE' } }])
    expect(usePending().of('v1')).toBeUndefined()
  })

  it('tells when it is refused at once', async () => {
    answer = () => new Response(JSON.stringify({ detail: 'not enough privileges', code: 'missing-privileges' }), { status: 403, headers: { 'content-type': 'application/problem+json' } })
    useActions().runNow(asked('start'))
    await vi.waitFor(() => expect(endings).toMatchObject([{ kind: 'failed', failure: { message: 'not enough privileges', code: 'missing-privileges' } }]))
    expect(usePending().of('v1')).toBeUndefined()
  })

  it('tells what it made', async () => {
    await useActions().run(asked('clone'), { name_label: 'copy', how: 'full', srId: 's1' })
    expect(calls[0]).toEqual({ path: '/rest/v0/vms/v1/actions/clone', body: { name_label: 'copy', fast: false, srId: 's1' } })
    await task('success', { id: 'v2' })
    expect(endings).toMatchObject([{ kind: 'made', type: 'VM', id: 'v2' }])
  })

  it('on many is one call, opens the drawer, and tells how many failed', async () => {
    const other = { ...vm, id: 'v2' }
    await useActions().runMany(asked('start', [vm, other]), {})
    expect(calls[0]).toEqual({ path: '/rest/v0/vms/actions/start', body: { ids: ['v1', 'v2'], params: {} } })
    expect(useActions().drawer).toBe(true)
    expect(usePending().of('v2')).toBe('start')
    await task('failure', { code: 'partly-failed', data: { succeeded: ['v1'], failed: [{ id: 'v2', error: { message: 'no memory' } }] } })
    expect(endings).toMatchObject([{ kind: 'partly', failed: 1, failure: { message: 'no memory' } }])
    expect(usePending().of('v2')).toBeUndefined()
  })

  it('on many that the service does not do together is done one after the other', async () => {
    answer = () => new Response(null, { status: 204 })
    const disks = ['d1', 'd2'].map((id) => ({ id, type: 'VIF' }) as unknown as AnyObject)
    await useActions().runMany({ action: actionOf('VIF', 'delete')!, objects: disks, names: ['a', 'b'] }, {})
    await vi.waitFor(() => expect(calls.map(({ path }) => path)).toEqual(['/rest/v0/vifs/d1', '/rest/v0/vifs/d2']))
    await vi.waitFor(() => expect(usePending().of('d2')).toBeUndefined())
    expect(endings).toEqual([])
  })

  it('can be taken back where that is possible', async () => {
    answer = () => new Response(null, { status: 204 })
    const pool = { id: 'p1', type: 'pool', name_label: 'old', name_description: 'as it was' } as unknown as AnyObject
    await useActions().run({ action: actionOf('pool', 'rename')!, objects: [pool], names: ['old'] }, { name_label: 'new' })
    await vi.waitFor(() => expect(endings).toMatchObject([{ kind: 'undoable' }]))
    expect(calls[0]?.body).toEqual({ name_label: 'new', name_description: '' })
    const [ending] = endings
    if (ending?.kind === 'undoable') ending.undo()
    await vi.waitFor(() => expect(calls[1]?.body).toEqual({ name_label: 'old', name_description: 'as it was' }))
  })
})
