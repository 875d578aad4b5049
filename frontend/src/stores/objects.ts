/** The one live cache: every object this page may show, by type, fed by one stream. Rows are frozen; a change is a new row. */
import { computed, markRaw, onScopeDispose, ref, shallowReactive, toRaw, type ComputedRef, type Ref, type ShallowReactive } from 'vue'
import { defineStore } from 'pinia'
import { type TypeMap, type TypeName, type XoObject } from '@/api/types'
import { apply, mirror, type Frame, type Mirror, type Row } from '@/live/apply'
import { Stream, type MetricsFrame, type MetricsSubscription, type StreamState, type StreamWorld, type Subscription } from '@/live/stream'

export type { TypeName } from '@/api/types'

export interface Collection<T> {
  /** By id. Reading one key makes the reader depend on that key only. */
  readonly rows: ShallowReactive<Map<string, T>>
  /** Whether the first snapshot is complete; stays true while reconnecting. */
  readonly synced: Ref<boolean>
  /** Grows once per batch of changes: what a cheap computed list depends on. */
  readonly revision: Ref<number>
  /** All rows, made anew once per revision and shared by all readers. */
  readonly list: ComputedRef<readonly T[]>
  /** Set when the service refused the subscription: its HTTP status. */
  readonly refused: Ref<number | undefined>
}

/** What the shell, the tree and the tables need of each type that is always there. */
export const CORE: { readonly [K in TypeName]?: readonly (keyof TypeMap[K] & string)[] } = {
  pool: ['id', 'uuid', 'type', 'name_label', 'name_description', 'tags', 'master', 'default_SR', 'HA_enabled', 'auto_poweron', 'cpus', 'current_operations', 'platform_version'],
  host: ['id', 'uuid', 'type', '$pool', 'name_label', 'name_description', 'tags', 'address', 'hostname', 'enabled', 'power_state', 'cpus', 'memory', 'version', 'build', 'productBrand', 'startTime', 'rebootRequired', 'residentVms', 'controlDomain', 'current_operations', 'powerOnMode'],
  VM: ['id', 'uuid', 'type', '$pool', '$container', 'name_label', 'name_description', 'tags', 'power_state', 'CPUs', 'memory', 'mainIpAddress', 'addresses', 'os_version', 'current_operations', 'startTime', 'auto_poweron', 'high_availability', 'virtualizationMode', 'managementAgentDetected', 'pvDriversDetected', 'blockedOperations'],
  SR: ['id', 'uuid', 'type', '$pool', '$container', 'name_label', 'name_description', 'tags', 'SR_type', 'content_type', 'shared', 'size', 'physical_usage', 'usage', 'allocationStrategy', 'inMaintenanceMode', 'current_operations'],
  network: ['id', 'uuid', 'type', '$pool', 'name_label', 'name_description', 'tags', 'bridge', 'MTU', 'automatic', 'defaultIsLocked', 'isBonded', 'nbd', 'PIFs', 'VIFs'],
  server: ['id', 'host', 'label', 'username', 'allowUnauthorized', 'readOnly', 'enabled', 'status', 'state', 'stateSince', 'lastAnswer', 'latency', 'eventsPerSecond', 'productVersion', 'certificateFingerprint', 'certificateMode', 'error', 'poolId', 'master', 'poolNameLabel', 'poolNameDescription', 'poolMembersAddresses'],
  alarm: ['id', 'uuid', 'type', '$pool', 'name', 'body', 'time', 'object', 'severity', 'rule', 'state', 'endedAt', 'text', 'acknowledged'],
}

/** How long a subscription outlives its last reader: going back and forth between two pages costs nothing. */
const GRACE_MS = 10_000

interface Holding extends Collection<Row> {
  readonly mirror: Mirror
}

interface Demand {
  readonly holding: Holding
  readonly type: TypeName
  readonly filter?: string
  users: number
  fields: '*' | Set<string>
  release?: ReturnType<typeof setTimeout>
}

function holding(): Holding {
  const rows = shallowReactive(new Map<string, Row>())
  const revision = ref(0)
  return {
    rows,
    revision,
    mirror: mirror(rows),
    synced: ref(false),
    refused: ref<number | undefined>(),
    list: computed(() => {
      void revision.value
      return Object.freeze([...toRaw(rows).values()]) // untracked: `revision` is what it depends on
    }),
  }
}

const useStore = defineStore('objects', () => ({ objects: markRaw(create()) }))

/** The cache of this application; its members are refs, to be read with `.value`. */
export const useObjects = (): Objects => useStore().objects

export type Objects = ReturnType<typeof create>

function create() {
  const state = ref<StreamState>('connecting')
  const lastFrame = ref(0)
  /** Milliseconds to add to this machine's clock to get the service's. */
  const clockOffset = ref(0)
  let signedOut = (): void => undefined
  const holdings = new Map<string, Holding>()
  const demands = new Map<string, Demand>()
  const names = new Map<string, string>()
  const queue = new Map<string, Frame[]>()
  const measures = new Map<string, { readonly subscription: MetricsSubscription; readonly refused: (status: number) => void }>()
  let onMeasures: (frame: MetricsFrame) => void = () => undefined
  let stream: Stream | undefined
  let scheduled = false

  const base: Subscription[] = (Object.keys(CORE) as TypeName[]).map((type) => ({
    name: type,
    collection: type,
    fields: CORE[type] as readonly string[],
  }))
  for (const { name } of base) holdings.set(name, holding())

  /** Frames wait for the next animation frame, or for a timer where there is none (hidden tab). */
  function schedule(): void {
    if (scheduled) return
    scheduled = true
    let done = false
    const run = () => {
      if (done) return
      done = true
      clearTimeout(timer)
      flush()
    }
    const timer = setTimeout(run, 250)
    if (typeof requestAnimationFrame === 'function') requestAnimationFrame(run)
  }

  function flush(): void {
    scheduled = false
    for (const [name, frames] of queue) {
      queue.delete(name)
      const into = holdings.get(name)
      if (into === undefined) continue
      const changed = apply(into.mirror, frames)
      if (changed) into.revision.value += 1
      into.synced.value = into.mirror.synced
    }
  }

  /** Open the stream; `whenSignedOut` is called when the session ends. */
  function start(whenSignedOut: () => void, world?: Partial<StreamWorld>): void {
    signedOut = whenSignedOut
    if (stream !== undefined) return
    stream = new Stream(
      base,
      {
        onFrame(frame) {
          const frames = queue.get(frame.subscription)
          if (frames === undefined) queue.set(frame.subscription, [frame])
          else frames.push(frame)
          schedule()
        },
        onMetrics: (frame) => onMeasures(frame),
        onState: (next) => (state.value = next),
        onAlive: (at) => (lastFrame.value = at),
        onClock: (service) => (clockOffset.value = service - Date.now()),
        onSignedOut: () => signedOut(),
        onRefused(name, status) {
          const refused = holdings.get(name)
          if (refused !== undefined) refused.refused.value = status
          measures.get(name)?.refused(status)
        },
      },
      world,
    )
    for (const [name, demand] of demands) stream.subscribe(wanted(name, demand))
    for (const { subscription } of measures.values()) stream.subscribe(subscription)
    stream.open()
  }

  /** Close the stream and forget everything: somebody else may sign in. */
  function stop(): void {
    stream?.close()
    stream = undefined
    queue.clear()
    state.value = 'connecting'
    lastFrame.value = 0
    for (const each of holdings.values()) {
      each.rows.clear()
      each.mirror.seen = null
      each.mirror.synced = false
      each.synced.value = false
      each.revision.value += 1
    }
  }

  function collection<K extends TypeName>(type: K): Collection<TypeMap[K]>
  function collection<T>(type: TypeName): Collection<T>
  function collection(type: TypeName): Collection<Row> {
    const found = holdings.get(type)
    if (found === undefined) throw new Error(`${type} is not always here: use demand('${type}')`)
    return found
  }

  /**
   * The objects of a type while the calling scope lives (call it in setup), with at least `fields` (all when not given).
   * With `filter`, only those that match it. Readers of the same share one subscription with the union of their fields.
   */
  function demand<K extends TypeName>(type: K, fields?: readonly string[], filter?: string): Collection<TypeMap[K]>
  function demand<T>(type: TypeName, fields?: readonly string[], filter?: string): Collection<T>
  function demand(type: TypeName, fields?: readonly string[], filter?: string): Collection<Row> {
    const core = CORE[type] as readonly string[] | undefined
    if (filter !== undefined) return hold(nameOf(type, filter), type, fields, filter)
    if (core !== undefined && fields !== undefined && fields.every((field) => core.includes(field))) return collection(type) as Collection<Row>
    return hold(`demand:${type}`, type, fields)
  }

  /** One whole object, live while the calling scope lives; undefined until it is here, and when it is gone. */
  function detail<T extends XoObject>(type: TypeName, id: string): Ref<T | undefined> & { readonly synced: Ref<boolean> } {
    const { rows, synced } = hold(`detail:${type}:${id}`, type, undefined, `id:="${id.replace(/["\\]/g, '\\$&')}"`)
    const row = computed(() => rows.get(id) as unknown as T | undefined)
    return Object.assign(row as Ref<T | undefined>, { synced })
  }

  /** A short name for a filtered subscription: the service takes no name as long as a filter can be. */
  function nameOf(type: TypeName, filter: string): string {
    const key = `${type} ${filter}`
    let name = names.get(key)
    if (name === undefined) names.set(key, (name = `filter:${type}:${names.size + 1}`))
    return name
  }

  function hold(name: string, type: TypeName, fields?: readonly string[], filter?: string): Holding {
    let demand = demands.get(name)
    if (demand === undefined) {
      demand = { holding: holding(), type, filter, users: 0, fields: new Set() }
      demands.set(name, demand)
      holdings.set(name, demand.holding)
    }
    if (widen(demand, fields)) stream?.subscribe(wanted(name, demand))
    const mine = demand
    clearTimeout(mine.release)
    mine.users += 1
    onScopeDispose(() => {
      mine.users -= 1
      if (mine.users > 0) return
      mine.release = setTimeout(() => {
        demands.delete(name)
        holdings.delete(name)
        queue.delete(name)
        stream?.unsubscribe(name)
      }, GRACE_MS)
    })
    return mine.holding
  }

  /** Add fields to what is asked for; true when that is more than before. */
  function widen(demand: Demand, fields: readonly string[] | undefined): boolean {
    if (demand.fields === '*') return false
    if (fields === undefined) {
      demand.fields = '*'
      return true
    }
    const before = demand.fields.size
    for (const field of ['id', 'type', ...fields]) demand.fields.add(field)
    return demand.fields.size > before
  }

  function wanted(name: string, { type, fields, filter }: Demand): Subscription {
    return { name, collection: type, fields: fields === '*' ? '*' : [...fields], ...(filter === undefined ? {} : { filter }) }
  }

  /** Live values on the same line, until `unmeasure`; again under the same name replaces it. `stores/metrics` reads them. */
  function measure(subscription: MetricsSubscription, refused: (status: number) => void): void {
    measures.set(subscription.name, { subscription, refused })
    stream?.subscribe(subscription)
  }

  function unmeasure(name: string): void {
    if (measures.delete(name)) stream?.unsubscribe(name)
  }

  function whenMeasured(callback: (frame: MetricsFrame) => void): void {
    onMeasures = callback
  }

  /** Look whether the line is still alive, at once: the page was woken. */
  function wake(): void {
    stream?.check()
  }

  return { state, lastFrame, clockOffset, start, stop, wake, collection, demand, detail, measure, unmeasure, whenMeasured }
}
