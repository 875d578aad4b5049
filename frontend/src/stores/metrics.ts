/**
 * Live values of fleet metrics: one subscription per type on the one line, kept while somebody looks.
 *
 * Values live in typed arrays that nothing observes. Readers depend on `version` of their type, which grows at most four
 * times a second: what is on the screen reads its own numbers again, and is drawn again only where they changed.
 */
import { getCurrentScope, markRaw, onScopeDispose, ref, type Ref } from 'vue'
import { defineStore } from 'pinia'
import { recent, type MeasuredType } from '@/api/metrics'
import { type MetricsFrame } from '@/live/stream'
import { useObjects } from './objects'
import { Rings } from './rings'

/** What to watch: some objects, those that match, or (neither) all. */
export interface Scope {
  readonly ids?: readonly string[]
  readonly filter?: string
}

/** Beyond this many, the whole type is cheaper to say than the ids. */
const MOST_IDS = 400
/** History is asked of so many objects at once: their ids go into an address. */
const BATCH = 60
const SETTLE_MS = 200
/** A subscription outlives its last reader a little: rows that scroll away and come back cost nothing. */
const GRACE_MS = 4_000
const DRAW_MS = 250
/** Lists are sorted and filtered anew by live values so often at most. */
const PACE_MS = 5_000
/** Values that are polled every five seconds and have not come for so long are old. */
const OLD_MS = 30_000
/** A page hidden for less than this has missed nothing worth asking for. */
const MISSED_MS = 15_000

interface Watched {
  rings: Rings
  /** Readers of each metric, each id, each filter, and of everything. */
  readonly metrics: Map<string, number>
  readonly ids: Map<string, number>
  readonly filters: Map<string, number>
  all: number
  readonly version: Ref<number>
  readonly pace: Ref<number>
  paced: number
  /** Pairs `id metric` whose past is here, and those to be asked for. */
  readonly past: Set<string>
  readonly wanted: Map<string, Set<string>>
  /** The subscription as it was last said. */
  said: string
  readonly refused: Ref<number | undefined>
  settle?: ReturnType<typeof setTimeout>
  ask?: ReturnType<typeof setTimeout>
  draw?: ReturnType<typeof setTimeout>
  turn?: ReturnType<typeof setTimeout>
}

const useStore = defineStore('metrics', () => ({ metrics: markRaw(create()) }))

export const useMetrics = (): Metrics => useStore().metrics

export type Metrics = ReturnType<typeof create>

function create() {
  const objects = useObjects()
  const types = new Map<MeasuredType, Watched>()
  const clock = () => performance.now()
  let hiddenAt: number | undefined = typeof document !== 'undefined' && document.hidden ? clock() : undefined

  objects.whenMeasured(take)
  if (typeof document !== 'undefined') document.addEventListener('visibilitychange', look)
  // Values that stop coming grow old without anything telling so.
  setInterval(() => hiddenAt === undefined && types.forEach((watched) => watched.metrics.size > 0 && draw(watched)), PACE_MS)

  function of(type: MeasuredType): Watched {
    let watched = types.get(type)
    if (watched === undefined) {
      watched = { rings: new Rings(), metrics: new Map(), ids: new Map(), filters: new Map(), all: 0, version: ref(0), pace: ref(0), paced: Number.NEGATIVE_INFINITY, past: new Set(), wanted: new Map(), said: '', refused: ref() }
      types.set(type, watched)
    }
    return watched
  }

  function take(frame: MetricsFrame): void {
    const type = frame.$subscription.replace(/^metrics:/, '') as MeasuredType
    const watched = types.get(type)
    if (watched === undefined) return
    watched.rings.take(frame.values, frame.metrics, { time: frame.time, interval: frame.interval, now: clock() })
    draw(watched)
  }

  function draw(watched: Watched): void {
    watched.draw ??= setTimeout(() => {
      watched.draw = undefined
      watched.version.value += 1
      watched.turn ??= setTimeout(() => {
        watched.turn = undefined
        watched.paced = clock()
        watched.pace.value += 1
      }, Math.max(0, watched.paced + PACE_MS - clock()))
    }, DRAW_MS)
  }

  /** Have the values of `metrics` of a type while the calling scope lives, or until the answer is called. */
  function watch(type: MeasuredType, metrics: readonly string[], scope: Scope = {}): () => void {
    const watched = of(type)
    const count = (map: Map<string, number>, keys: readonly string[], by: 1 | -1) => {
      for (const key of keys) {
        const left = (map.get(key) ?? 0) + by
        if (left > 0) map.set(key, left)
        else map.delete(key)
      }
    }
    const change = (by: 1 | -1) => {
      count(watched.metrics, metrics, by)
      count(watched.ids, scope.ids ?? [], by)
      count(watched.filters, scope.filter === undefined ? [] : [scope.filter], by)
      if (scope.ids === undefined && scope.filter === undefined) watched.all += by
    }
    change(1)
    settle(type, watched, SETTLE_MS)
    let over = false
    const stop = () => {
      if (over) return
      over = true
      change(-1)
      settle(type, watched, GRACE_MS)
    }
    if (getCurrentScope() !== undefined) onScopeDispose(stop)
    return stop
  }

  /** Say what is watched now, in a moment: many rows come and go together. What is new is said sooner than what is left. */
  function settle(type: MeasuredType, watched: Watched, delay: number): void {
    if (watched.settle !== undefined && delay === GRACE_MS) return
    clearTimeout(watched.settle)
    watched.settle = setTimeout(() => {
      watched.settle = undefined
      say(type, watched)
    }, delay)
  }

  function say(type: MeasuredType, watched: Watched): void {
    const name = `metrics:${type}`
    const metrics = [...watched.metrics.keys()].sort()
    const scope = hiddenAt !== undefined || metrics.length === 0 ? undefined : scopeOf(watched)
    if (scope === undefined) {
      if (watched.said !== '') objects.unmeasure(name)
      watched.said = ''
      if (metrics.length === 0) forget(watched)
      return
    }
    // What is left alone grows old: who comes back to it asks for its past again.
    for (const pair of watched.past) if (!watched.ids.has(pair.slice(0, pair.indexOf(' ')))) watched.past.delete(pair)
    const said = JSON.stringify([metrics, scope])
    if (said === watched.said) return
    watched.said = said
    watched.refused.value = undefined
    objects.measure({ name, collection: type, metrics, ...scope }, (status) => (watched.refused.value = status))
  }

  /** Nobody looks any more: what somebody sees later begins with a past of its own. */
  function forget(watched: Watched): void {
    watched.rings = new Rings()
    watched.past.clear()
    watched.wanted.clear()
    draw(watched)
  }

  function scopeOf({ all, ids, filters }: Watched): Scope {
    if (all > 0 || ids.size > MOST_IDS) return {}
    if (filters.size === 0) return { ids: [...ids.keys()].sort() }
    const terms = [...filters.keys()].sort().map((filter) => `(${filter})`)
    if (ids.size > 0) terms.push(`id:|(${[...ids.keys()].sort().map((id) => `="${id}"`).join(' ')})`)
    return { filter: terms.length === 1 ? (terms[0] as string).slice(1, -1) : `|(${terms.join(' ')})` }
  }

  /** Nobody sees a hidden page: its values stop, and what it missed is asked for when it is seen again. */
  function look(): void {
    if (document.hidden) hiddenAt ??= clock()
    else if (hiddenAt !== undefined) {
      const missed = clock() - hiddenAt > MISSED_MS
      hiddenAt = undefined
      if (missed)
        for (const [type, watched] of types) {
          const again = [...watched.past].map((pair) => pair.split(' ') as [string, string])
          watched.past.clear()
          for (const [id, metric] of again) if (watched.ids.has(id)) past(type, id, metric)
        }
    }
    for (const [type, watched] of types) say(type, watched)
  }

  /** Ask for the last minutes of a metric of an object, together with those that others ask for at the same time. */
  function past(type: MeasuredType, id: string, metric: string): void {
    const watched = of(type)
    const pair = `${id} ${metric}`
    if (watched.past.has(pair)) return
    watched.past.add(pair)
    const metrics = watched.wanted.get(id) ?? new Set()
    watched.wanted.set(id, metrics.add(metric))
    watched.ask ??= setTimeout(() => {
      watched.ask = undefined
      const wanted = [...watched.wanted]
      watched.wanted.clear()
      const ids = wanted.map(([each]) => each)
      const union = [...new Set(wanted.flatMap(([, each]) => [...each]))]
      for (let i = 0; i < ids.length; i += BATCH) void ask(type, watched, union, ids.slice(i, i + BATCH))
    }, SETTLE_MS)
  }

  async function ask(type: MeasuredType, watched: Watched, metrics: readonly string[], ids: readonly string[]): Promise<void> {
    try {
      const { interval, objects: found } = await recent(type, metrics, ids)
      for (const [id, { endTimestamp, stats }] of Object.entries(found))
        for (const metric of metrics) {
          const list = stats[metric]
          if (list !== undefined) watched.rings.fill(id, metric, list, { end: endTimestamp, interval, now: clock() })
        }
      draw(watched)
    } catch {
      // The line begins with the next values; whoever looks again asks again.
      for (const id of ids) for (const metric of metrics) watched.past.delete(`${id} ${metric}`)
    }
  }

  /** The newest value; undefined when there is none. Reactive. */
  function value(type: MeasuredType, id: string, metric: string): number | undefined {
    const watched = of(type)
    void watched.version.value
    return watched.rings.latest(id, metric)
  }

  /** The same, not reactive: for whoever follows `pace` instead. */
  function peek(type: MeasuredType, id: string, metric: string): number | undefined {
    return of(type).rings.latest(id, metric)
  }

  /** The kept values, oldest first. Reactive; made anew by each call. */
  function line(type: MeasuredType, id: string, metric: string): Float32Array {
    const watched = of(type)
    void watched.version.value
    return watched.rings.past(id, metric)
  }

  /** Changes when a value of the object has come: what decides whether to draw again. Reactive. */
  function stamp(type: MeasuredType, id: string, metric: string): string {
    const watched = of(type)
    void watched.version.value
    return `${watched.rings.measuredAt(id)} ${watched.rings.latest(id, metric)} ${watched.past.has(`${id} ${metric}`)}`
  }

  /** Whether its values have stopped coming. Reactive. */
  function isOld(type: MeasuredType, id: string): boolean {
    const watched = of(type)
    void watched.version.value
    return watched.rings.has(id) && clock() - watched.rings.heard(id) > OLD_MS
  }

  return {
    watch,
    past,
    value,
    peek,
    line,
    stamp,
    isOld,
    /** When the newest value was measured (ms); undefined when there is none. Reactive. */
    measuredAt: (type: MeasuredType, id: string): number | undefined => {
      void of(type).version.value
      return of(type).rings.measuredAt(id) * 1000 || undefined
    },
    /** Grows as values come: what is on the screen. */
    version: (type: MeasuredType): Readonly<Ref<number>> => of(type).version,
    /** Grows as values come, every five seconds at most: what sorts and filters. */
    pace: (type: MeasuredType): Readonly<Ref<number>> => of(type).pace,
    /** Why there are no values: the HTTP status by which the service refused them. */
    refused: (type: MeasuredType): Readonly<Ref<number | undefined>> => of(type).refused,
  }
}
