/** The rows a table shows, in order, and how that follows the data: at once when nobody is looking closely, else when asked. */
import { computed, onScopeDispose, ref, shallowRef, toValue, watch, type MaybeRefOrGetter, type Ref } from 'vue'
import type { Column, Sort } from './column'
import { ordered } from './order'

interface Row {
  readonly id: string
}

/** What changed while the order was held. */
export interface Waiting {
  /** Rows that would appear. */
  added: number
  /** Shown rows that no longer exist, or no longer match. */
  gone: number
  /** Whether shown rows would change places. */
  moved: boolean
}

const NOTHING: Waiting = { added: 0, gone: 0, moved: false }

/** Live rows: by id, as a list made once per revision, and the revision that grows with every batch of changes. */
export interface Source<T> {
  readonly rows: ReadonlyMap<string, T>
  readonly list: Readonly<Ref<readonly T[]>>
  readonly revision: Readonly<Ref<number>>
}

export interface OrderOptions<T extends Row, C> {
  source: MaybeRefOrGetter<Source<T>>
  /** Changes when what the sort keys read elsewhere changes. */
  also?: MaybeRefOrGetter<unknown>
  matches: MaybeRefOrGetter<(row: T) => boolean>
  sort: MaybeRefOrGetter<readonly Sort[]>
  columns: MaybeRefOrGetter<readonly Column<T, C>[]>
  context: MaybeRefOrGetter<C>
  /** While true, shown rows stay where they are. */
  held: MaybeRefOrGetter<boolean>
  /** Least time between two looks at the data, in milliseconds; grows with the number of rows. */
  pause_ms?: number
}

export function useOrder<T extends Row, C>(options: OrderOptions<T, C>) {
  const order = shallowRef<readonly string[]>([])
  const waiting = shallowRef<Waiting>(NOTHING)
  const matched = ref(0)
  let ideal: readonly string[] = []
  let seen: readonly T[] = []
  let shown = new Map<string, T>() // the shown rows as they were, for those that vanish
  let timer: ReturnType<typeof setTimeout> | undefined
  let last = 0
  let also = toValue(options.also)

  /** Whether the rows that changed since the last look would all stay where they are: the common case, and a cheap one. */
  function quiet(list: readonly T[], matches: (row: T) => boolean): boolean {
    if (list.length !== seen.length) return false
    const sort = toValue(options.sort)
    const context = toValue(options.context)
    const keys = toValue(options.columns).flatMap((column) => (column.sort !== undefined && sort.some(({ id }) => id === column.id) ? [column.sort] : []))
    return list.every((row, i) => {
      const before = seen[i] as T
      return row === before || (row.id === before.id && matches(row) === matches(before) && keys.every((key) => key(row, context) === key(before, context)))
    })
  }

  /** Answers whether the order may have changed. `anew`: something else than the rows has. */
  function look(anew: boolean): boolean {
    clearTimeout(timer)
    timer = undefined
    last = performance.now()
    const matches = toValue(options.matches)
    const { value: list } = toValue(options.source).list
    const still = !anew && quiet(list, matches)
    seen = list
    if (still) return false
    ideal = ordered(seen.filter(matches), {
      sort: toValue(options.sort),
      columns: toValue(options.columns),
      context: toValue(options.context),
      before: ideal,
    })
    matched.value = ideal.length
    return true
  }

  function show() {
    waiting.value = NOTHING
    if (same(order.value, ideal)) return
    order.value = ideal
    shown = new Map(seen.map((row) => [row.id, row]))
  }

  function hold() {
    const wanted = new Set(ideal)
    let gone = 0
    for (const id of order.value) if (!wanted.has(id)) gone++
    const added = ideal.length - (order.value.length - gone)
    waiting.value = { added, gone, moved: moved(order.value, ideal) }
  }

  function follow() {
    const anew = also !== toValue(options.also)
    also = toValue(options.also)
    if (!look(anew)) return
    if (toValue(options.held) && order.value.length > 0) hold()
    else show()
  }

  function soon() {
    if (timer !== undefined) return
    const pause = (options.pause_ms ?? 100) * (seen.length > 2000 ? 3 : 1)
    timer = setTimeout(follow, Math.max(0, last + pause - performance.now()))
  }

  /** Shows what waits, now. */
  function apply() {
    look(true)
    show()
  }

  watch([() => toValue(options.source).revision.value, () => toValue(options.also)], soon)
  watch([() => toValue(options.source), () => toValue(options.matches), () => toValue(options.sort), () => toValue(options.context)], apply)
  watch(
    () => toValue(options.held),
    (held) => {
      if (!held) apply()
    },
  )
  apply()
  onScopeDispose(() => clearTimeout(timer))

  return {
    order: order as Readonly<Ref<readonly string[]>>,
    /** How many rows match now, shown or waiting. */
    matched: computed(() => matched.value),
    waiting: waiting as Readonly<Ref<Waiting>>,
    apply,
    /** A shown row as last seen, when it exists no more. */
    lastSeen: (id: string): T | undefined => shown.get(id),
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i])
}

/** Whether the ids that both hold stand in another sequence. */
function moved(a: readonly string[], b: readonly string[]): boolean {
  const inB = new Map(b.map((id, i) => [id, i]))
  let highest = -1
  for (const id of a) {
    const at = inB.get(id)
    if (at === undefined) continue
    if (at < highest) return true
    highest = at
  }
  return false
}
