/** Frames of the stream into maps of objects: pure, idempotent, one pass per batch. */

export type Row = { readonly id: string }
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export type Frame =
  | { readonly kind: 'reset'; readonly subscription: string }
  | { readonly kind: 'put'; readonly subscription: string; readonly object: Row }
  | { readonly kind: 'patch'; readonly subscription: string; readonly id: string; readonly patch: Json }
  | { readonly kind: 'remove'; readonly subscription: string; readonly id: string }
  | { readonly kind: 'synced'; readonly subscription: string }

/** What one subscription has: its rows, and while a snapshot arrives the ids seen in it (mark), until `synced` (sweep). */
export interface Mirror {
  readonly rows: Map<string, Row>
  seen: Set<string> | null
  synced: boolean
}

export function mirror(rows: Map<string, Row> = new Map()): Mirror {
  return { rows, seen: null, synced: false }
}

/** `data` of an event of this name as a frame; undefined for events that carry no rows (init, ping, bye). */
export function frame(name: string, data: Record<string, unknown>): Frame | undefined {
  const subscription = String(data.$subscription)
  switch (name) {
    case 'reset':
      return { kind: 'reset', subscription }
    case 'synced':
      return { kind: 'synced', subscription }
    case 'add':
    case 'update': {
      const { $subscription: _, ...object } = data
      return { kind: 'put', subscription, object: object as unknown as Row }
    }
    case 'patch':
      return { kind: 'patch', subscription, id: String(data.id), patch: data.patch as Json }
    case 'remove':
      return { kind: 'remove', subscription, id: String(data.id) }
    default:
      return undefined
  }
}

/**
 * Bring one mirror up to date with `frames`, which are all its own and in order of arrival. Answers whether anything changed.
 *
 * The batch is folded first and written once, so that a row that changed forty times in a frame wakes its readers once.
 * A patch for a row that is not there is dropped: it belongs to a snapshot that is still to come.
 */
export function apply(into: Mirror, frames: Iterable<Frame>): boolean {
  const pending = new Map<string, Row | undefined>()
  const current = (id: string) => (pending.has(id) ? pending.get(id) : into.rows.get(id))
  let changed = false

  for (const next of frames) {
    switch (next.kind) {
      case 'reset':
        into.seen = new Set()
        break
      case 'put':
        pending.set(next.object.id, Object.freeze(next.object))
        into.seen?.add(next.object.id)
        break
      case 'patch': {
        const row = current(next.id)
        if (row === undefined) break
        pending.set(next.id, Object.freeze(merge(row as unknown as Json, next.patch) as unknown as Row))
        into.seen?.add(next.id)
        break
      }
      case 'remove':
        pending.set(next.id, undefined)
        into.seen?.delete(next.id)
        break
      case 'synced':
        if (into.seen !== null) {
          for (const id of into.rows.keys()) if (!into.seen.has(id)) pending.set(id, undefined)
          for (const id of pending.keys()) if (!into.seen.has(id)) pending.set(id, undefined)
          into.seen = null
        }
        changed ||= !into.synced
        into.synced = true
        break
    }
  }

  for (const [id, row] of pending) {
    if (row === undefined) changed = into.rows.delete(id) || changed
    else {
      into.rows.set(id, row)
      changed = true
    }
  }
  return changed
}

/** RFC 7386: `patch` laid over `target`; null removes a member, objects merge, everything else replaces. New objects, never a change in place. */
export function merge(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch
  const result: Record<string, Json> = isObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
