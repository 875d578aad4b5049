/** One EventSource for everything live: opens, resumes, watches over silence, carries further subscriptions. Knows frames, no store. */
import { type TypeName } from '@/api/types'
import { frame, type Frame } from './apply'

export interface Subscription {
  /** `$subscription` of its frames. */
  readonly name: string
  readonly collection: TypeName
  readonly fields: '*' | readonly string[]
  readonly filter?: string
}

/** Live values of fleet metrics instead of rows: those of `ids`, of what matches `filter`, of all. */
export interface MetricsSubscription {
  readonly name: string
  readonly collection: TypeName
  readonly metrics: readonly string[]
  readonly ids?: readonly string[]
  readonly filter?: string
}

/** Newest values: by object, in the order of `metrics`; null where one is not known. `time` and `interval`: seconds. */
export interface MetricsFrame {
  readonly $subscription: string
  readonly time: number
  readonly interval: number
  readonly metrics: readonly string[]
  readonly values: Readonly<Record<string, readonly (number | null)[]>>
}

export type StreamState = 'connecting' | 'live' | 'reconnecting'

export interface StreamHooks {
  onFrame(frame: Frame): void
  onMetrics?(frame: MetricsFrame): void
  onState(state: StreamState): void
  /** Something arrived, at this time (ms). */
  onAlive(at: number): void
  /** The service's clock (ms) as it speaks now. */
  onClock(service: number): void
  /** The session has ended: a human must sign in again. */
  onSignedOut(): void
  /** The service will not have this subscription (unknown collection, forbidden ...). */
  onRefused(name: string, status: number): void
}

export interface StreamWorld {
  readonly origin: string
  readonly EventSource: typeof EventSource
  readonly fetch: typeof fetch
  readonly random: () => number
  readonly now: () => number
}

/** The service pings every 15 s; two and a half of those unheard mean that the line is dead though the browser does not know. */
const SILENCE_MS = 40_000
const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 15_000
const NAMES = ['init', 'reset', 'add', 'update', 'patch', 'remove', 'synced', 'ping', 'bye', 'metrics'] as const

interface Extra {
  readonly subscription: Subscription | MetricsSubscription
  /** Whether its snapshot is complete here. */
  synced: boolean
  /** Id up to which its frames are here; set when the line breaks, so that the next one continues there. */
  since: string | null
}

export class Stream {
  private source: EventSource | undefined
  private connection: string | undefined
  private lastId: string | undefined
  private lastFrame = 0
  private failures = 0
  private retry: ReturnType<typeof setTimeout> | undefined
  private watchdog: ReturnType<typeof setInterval> | undefined
  private readonly extras = new Map<string, Extra>()
  private readonly unsynced: Set<string>
  private readonly base: readonly Subscription[]
  private readonly hooks: StreamHooks
  private readonly world: StreamWorld

  constructor(base: readonly Subscription[], hooks: StreamHooks, world: Partial<StreamWorld> = {}) {
    this.base = base
    this.hooks = hooks
    this.unsynced = new Set(base.map((each) => each.name))
    this.world = {
      origin: '',
      EventSource: globalThis.EventSource,
      fetch: (...args) => globalThis.fetch(...args),
      random: Math.random,
      now: Date.now,
      ...world,
    }
  }

  open(): void {
    if (this.watchdog !== undefined) return
    this.hooks.onState('connecting')
    this.connect()
    this.watchdog = setInterval(() => this.check(), 5_000)
  }

  close(): void {
    clearInterval(this.watchdog)
    clearTimeout(this.retry)
    this.watchdog = undefined
    this.hangUp()
  }

  /** Reconnect at once if nothing was heard for too long: called by the watchdog, and when a sleeping machine wakes. */
  check(): void {
    if (this.source !== undefined && this.world.now() - this.lastFrame > SILENCE_MS) this.again(0)
  }

  /** Ask for more on the same line; again under the same name replaces it. */
  subscribe(subscription: Subscription | MetricsSubscription): void {
    this.extras.set(subscription.name, { subscription, synced: false, since: null })
    if (this.connection !== undefined) void this.post(subscription.name, this.connection)
  }

  unsubscribe(name: string): void {
    if (!this.extras.delete(name) || this.connection === undefined) return
    // Nobody waits for the answer: should it get lost, frames of an unknown name are dropped.
    this.world
      .fetch(`${this.path(this.connection)}/${encodeURIComponent(name)}`, { method: 'DELETE' })
      .catch(() => undefined)
  }

  private url(): string {
    const query = new URLSearchParams({ collections: this.base.map((each) => each.collection).join(','), patch: 'true' })
    for (const { collection, fields } of this.base) query.set(`fields.${collection}`, fields === '*' ? '*' : fields.join(','))
    // Resume only what is whole: with half a snapshot here, start over.
    if (this.lastId !== undefined && this.unsynced.size === 0) query.set('lastEventId', this.lastId)
    return `${this.world.origin}/rest/v0/events?${query}`
  }

  private connect(): void {
    this.retry = undefined
    this.lastFrame = this.world.now()
    const source = new this.world.EventSource(this.url(), { withCredentials: true })
    this.source = source
    for (const name of NAMES) {
      source.addEventListener(name, (event) => {
        if (source === this.source) this.heard(name, event as MessageEvent<string>)
      })
    }
    source.addEventListener('error', () => {
      if (source !== this.source) return
      this.lost()
      // While CONNECTING the browser retries by itself and sends Last-Event-ID; CLOSED means that it has given up.
      if (source.readyState === 2) void this.gaveUp()
    })
  }

  private heard(name: (typeof NAMES)[number], event: MessageEvent<string>): void {
    this.lastFrame = this.world.now()
    this.hooks.onAlive(this.lastFrame)
    const data = JSON.parse(event.data) as Record<string, unknown>
    if (name === 'init') this.begun(String(data.id))
    else if (name === 'ping') this.hooks.onClock(Number(data.ping))
    else if (name === 'metrics') return this.hooks.onMetrics?.(data as unknown as MetricsFrame) // they have no place in the sequence of ids
    else if (name === 'bye' && data.reason === 'token-ended') void this.gaveUp()
    if (event.lastEventId !== '') this.lastId = event.lastEventId
    const next = frame(name, data)
    if (next === undefined) return
    this.note(next)
    this.hooks.onFrame(next)
  }

  private note(next: Frame): void {
    const extra = this.extras.get(next.subscription)
    if (next.kind === 'synced') {
      this.unsynced.delete(next.subscription)
      if (extra !== undefined) Object.assign(extra, { synced: true, since: null })
    } else if (next.kind === 'reset') {
      if (extra !== undefined) Object.assign(extra, { synced: false, since: null })
      else this.unsynced.add(next.subscription)
    }
  }

  private begun(connection: string): void {
    this.failures = 0
    this.connection = connection
    this.hooks.onState('live')
    for (const name of this.extras.keys()) void this.post(name, connection)
  }

  /** The line is broken: remember where each further subscription stands. */
  private lost(): void {
    this.connection = undefined
    for (const extra of this.extras.values()) if (extra.synced) extra.since ??= this.lastId ?? null
    this.hooks.onState('reconnecting')
  }

  private hangUp(): void {
    this.source?.close()
    this.source = undefined
    this.connection = undefined
  }

  private again(delay: number): void {
    this.lost()
    this.hangUp()
    clearTimeout(this.retry)
    this.retry = setTimeout(() => this.connect(), delay)
  }

  /** The service refused the stream: because nobody is signed in, or because it is not itself just now. */
  private async gaveUp(): Promise<void> {
    this.hangUp()
    const status = await this.world
      .fetch(`${this.world.origin}/rest/v0/auth/session`, { credentials: 'same-origin' })
      .then((response) => response.status)
      .catch(() => 0)
    if (this.watchdog === undefined || this.source !== undefined) return
    if (status === 401) {
      this.close()
      this.hooks.onSignedOut()
      return
    }
    this.failures += 1
    const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.failures - 1))
    this.again(ceiling * (0.5 + this.world.random() / 2))
  }

  private path(connection: string): string {
    return `${this.world.origin}/rest/v0/events/${encodeURIComponent(connection)}/subscriptions`
  }

  private async post(name: string, connection: string): Promise<void> {
    const extra = this.extras.get(name)
    if (extra === undefined) return
    const body = JSON.stringify({
      ...extra.subscription,
      ...('metrics' in extra.subscription ? {} : { patch: true, ...(extra.synced && extra.since !== null ? { since: extra.since } : { snapshot: true }) }),
    })
    const status = await this.world
      .fetch(this.path(connection), {
        method: 'POST',
        credentials: 'same-origin',
        headers: { 'content-type': 'application/json' },
        body,
      })
      .then((response) => response.status)
      .catch(() => 0)
    // Another line, or another subscription under this name, has taken over meanwhile; 404 says that the line is gone.
    if (this.connection !== connection || this.extras.get(name) !== extra || status === 404) return
    if (status >= 200 && status < 300) return
    if (status >= 400 && status < 500 && status !== 429) this.hooks.onRefused(name, status)
    else setTimeout(() => this.connection === connection && void this.post(name, connection), 1_000 + this.world.random() * 1_000)
  }
}
