// @vitest-environment node
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Frame } from './apply'
import { Stream, type MetricsFrame, type StreamState, type StreamWorld, type Subscription } from './stream'
import { TestEventSource } from './testEventSource'

const BASE: Subscription[] = [{ name: 'VM', collection: 'VM', fields: ['id', 'name_label'] }]

interface Line {
  readonly url: URL
  readonly lastEventId: string | undefined
  send(name: string, data: unknown, id?: string): void
  end(): void
}

/** A service on a real socket: takes streams and subscriptions, says what the test tells it to say. */
class Service {
  readonly lines: Line[] = []
  readonly posts: { connection: string; body: Record<string, unknown> }[] = []
  readonly deletes: string[] = []
  refuse: number | undefined
  session = 200
  postStatus = 201
  private readonly server: Server

  constructor() {
    this.server = createServer((request, response) => this.answer(request, response))
  }

  async listen(): Promise<string> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done))
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((done) => this.server.close(done))
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://service')
    const [, connection, name] = /\/events\/([^/]+)\/subscriptions(?:\/(.+))?$/.exec(url.pathname) ?? []
    if (connection !== undefined) {
      if (request.method === 'DELETE') this.deletes.push(decodeURIComponent(name ?? ''))
      let text = ''
      request.on('data', (chunk: Buffer) => (text += chunk.toString()))
      request.on('end', () => {
        if (request.method === 'POST') this.posts.push({ connection, body: JSON.parse(text) as Record<string, unknown> })
        response.writeHead(this.postStatus).end('{}')
      })
      return
    }
    if (url.pathname.endsWith('/auth/session')) return void response.writeHead(this.session).end()
    if (this.refuse !== undefined) return void response.writeHead(this.refuse).end()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    this.lines.push({
      url,
      lastEventId: request.headers['last-event-id'] as string | undefined,
      send: (event, data, id) => response.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
      end: () => response.end(),
    })
  }
}

describe('Stream', () => {
  let service: Service
  let world: Partial<StreamWorld>
  let stream: Stream
  const frames: Frame[] = []
  const measured: MetricsFrame[] = []
  const states: StreamState[] = []
  const refused: [string, number][] = []
  let signedOut = 0
  let now = 0

  const until = (condition: () => boolean) => vi.waitFor(() => expect(condition()).toBe(true), { timeout: 4_000, interval: 5 })
  const line = async (number: number): Promise<Line> => {
    await until(() => service.lines.length >= number)
    return service.lines[number - 1]!
  }

  beforeEach(async () => {
    service = new Service()
    const origin = await service.listen()
    now = Date.now()
    frames.length = 0
    measured.length = 0
    states.length = 0
    refused.length = 0
    signedOut = 0
    world = { origin, EventSource: TestEventSource as unknown as typeof EventSource, random: () => 0, now: () => now }
    stream = new Stream(
      BASE,
      {
        onFrame: (frame) => frames.push(frame),
        onMetrics: (frame) => measured.push(frame),
        onState: (state) => states.push(state),
        onAlive: () => undefined,
        onClock: () => undefined,
        onSignedOut: () => (signedOut += 1),
        onRefused: (name, status) => refused.push([name, status]),
      },
      world,
    )
  })

  afterEach(async () => {
    stream.close()
    await service.close()
  })

  async function synced(): Promise<Line> {
    stream.open()
    const first = await line(1)
    first.send('init', { id: 'c1', revision: 'e-1' }, 'e-1')
    first.send('reset', { $subscription: 'VM' }, 'e-1.1')
    first.send('add', { $subscription: 'VM', id: 'a', name_label: 'a' }, 'e-1.2')
    first.send('synced', { $subscription: 'VM', count: 1 }, 'e-1')
    await until(() => frames.length === 3)
    return first
  }

  it('asks for its collections and fields, and hands frames on in order', async () => {
    const first = await synced()
    expect(first.url.searchParams.get('collections')).toBe('VM')
    expect(first.url.searchParams.get('fields.VM')).toBe('id,name_label')
    expect(first.url.searchParams.get('patch')).toBe('true')
    expect(first.url.searchParams.has('lastEventId')).toBe(false)
    expect(frames.map(({ kind }) => kind)).toEqual(['reset', 'put', 'synced'])
    expect(states).toEqual(['connecting', 'live'])
  })

  it('resumes where it stood when the service comes back', async () => {
    const first = await synced()
    first.send('update', { $subscription: 'VM', id: 'a', name_label: 'b' }, 'e-2')
    await until(() => frames.length === 4)
    first.end()
    const second = await line(2)
    expect(states.at(-1)).toBe('reconnecting')
    expect(second.lastEventId).toBe('e-2')
    second.send('init', { id: 'c2' }, 'e-2')
    second.send('synced', { $subscription: 'VM' }, 'e-2')
    await until(() => frames.length === 5)
    expect(states.at(-1)).toBe('live')
  })

  it('opens a new line after 40 s of silence, and says where it stood', async () => {
    await synced()
    now += 39_000
    stream.check()
    expect(service.lines).toHaveLength(1)
    now += 2_000
    stream.check()
    const second = await line(2)
    expect(second.url.searchParams.get('lastEventId')).toBe('e-1')
  })

  it('starts over when the line broke in the middle of a snapshot', async () => {
    const first = await synced()
    first.send('reset', { $subscription: 'VM' }, 'e-3.1')
    await until(() => frames.length === 4)
    now += 41_000
    stream.check()
    const second = await line(2)
    expect(second.url.searchParams.has('lastEventId')).toBe(false)
  })

  it('posts further subscriptions again after a reconnect, from where they stood', async () => {
    stream.subscribe({ name: 'detail:VM:a', collection: 'VM', fields: '*', filter: 'id:="a"' })
    const first = await synced()
    await until(() => service.posts.length === 1)
    expect(service.posts[0]).toMatchObject({ connection: 'c1', body: { name: 'detail:VM:a', collection: 'VM', fields: '*', snapshot: true } })
    first.send('reset', { $subscription: 'detail:VM:a' }, 'e-1.5')
    first.send('synced', { $subscription: 'detail:VM:a' }, 'e-1.6')
    first.send('update', { $subscription: 'VM', id: 'a', name_label: 'c' }, 'e-7')
    await until(() => frames.length === 6)
    first.end()
    const second = await line(2)
    // The core resumes and moves on before the further subscription is posted: it must not skip what lies between.
    second.send('init', { id: 'c2' }, 'e-7')
    second.send('update', { $subscription: 'VM', id: 'a', name_label: 'd' }, 'e-9')
    await until(() => service.posts.length === 2)
    expect(service.posts[1]).toMatchObject({ connection: 'c2', body: { name: 'detail:VM:a', since: 'e-7' } })
    expect(service.posts[1]?.body).not.toHaveProperty('snapshot')
  })

  it('asks for a snapshot again when a further subscription was not complete', async () => {
    const first = await synced()
    stream.subscribe({ name: 'demand:VIF', collection: 'VIF', fields: '*' })
    await until(() => service.posts.length === 1)
    first.send('reset', { $subscription: 'demand:VIF' }, 'e-2.1')
    await until(() => frames.length === 4)
    first.end()
    const second = await line(2)
    second.send('init', { id: 'c2' }, 'e-2')
    await until(() => service.posts.length === 2)
    expect(service.posts[1]?.body).toMatchObject({ snapshot: true })
  })

  it('takes a subscription back', async () => {
    stream.subscribe({ name: 'demand:VIF', collection: 'VIF', fields: '*' })
    await synced()
    await until(() => service.posts.length === 1)
    stream.unsubscribe('demand:VIF')
    await until(() => service.deletes.length === 1)
    expect(service.deletes).toEqual(['demand:VIF'])
  })

  it('carries live values beside the rows: asked for again after a reconnect, and never a place to resume from', async () => {
    stream.subscribe({ name: 'metrics:VM', collection: 'VM', metrics: ['cpu'], ids: ['a'] })
    const first = await synced()
    await until(() => service.posts.length === 1)
    expect(service.posts[0]?.body).toEqual({ name: 'metrics:VM', collection: 'VM', metrics: ['cpu'], ids: ['a'] })
    const values = { $subscription: 'metrics:VM', time: 1000, interval: 5, metrics: ['cpu'], values: { a: [12.5] } }
    first.send('metrics', values)
    await until(() => measured.length === 1)
    expect(measured).toEqual([values])
    expect(frames).toHaveLength(3)
    first.end()
    const second = await line(2)
    expect(second.lastEventId).toBe('e-1')
    second.send('init', { id: 'c2' }, 'e-2')
    await until(() => service.posts.length === 2)
    expect(service.posts[1]).toEqual({ connection: 'c2', body: service.posts[0]!.body })
    stream.unsubscribe('metrics:VM')
    await until(() => service.deletes.length === 1)
    expect(service.deletes).toEqual(['metrics:VM'])
  })

  it('tells when the service will not have a subscription', async () => {
    service.postStatus = 403
    await synced()
    stream.subscribe({ name: 'demand:user', collection: 'user', fields: '*' })
    await until(() => refused.length === 1)
    expect(refused).toEqual([['demand:user', 403]])
  })

  it('gives up when the session has ended, and only then', async () => {
    service.refuse = 503
    stream.open()
    await new Promise((done) => setTimeout(done, 300))
    expect(signedOut).toBe(0)
    service.refuse = undefined
    await line(1)
    service.refuse = 401
    service.session = 401
    service.lines[0]?.send('bye', { reason: 'token-ended' })
    await until(() => signedOut === 1)
    const count = service.lines.length
    await new Promise((done) => setTimeout(done, 300))
    expect(service.lines).toHaveLength(count)
  })
})
