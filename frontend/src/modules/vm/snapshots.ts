/** The tree that snapshots form by their parents; pure. */
import { type VMSnapshot } from '@/api/types'

export interface Branch {
  /** Undefined: where the machine stands now. */
  readonly snapshot?: VMSnapshot
  readonly below: readonly Branch[]
}

/** Oldest first. A snapshot whose parent is unknown, or that is its own ancestor, stands at the top. */
export function branches(snapshots: readonly VMSnapshot[], current?: string): Branch[] {
  const byId = new Map(snapshots.map((each) => [each.id, each]))
  const below = new Map<string | undefined, VMSnapshot[]>()
  for (const each of snapshots) {
    const parent = each.parent !== undefined && byId.has(each.parent) && !circular(each, byId) ? each.parent : undefined
    below.set(parent, [...(below.get(parent) ?? []), each])
  }
  const known = current !== undefined && byId.has(current)
  const build = (parent: string | undefined): Branch[] => {
    const list = [...(below.get(parent) ?? [])].sort((a, b) => (a.snapshot_time ?? 0) - (b.snapshot_time ?? 0) || (a.id < b.id ? -1 : 1))
    const children: Branch[] = list.map((snapshot) => ({ snapshot, below: build(snapshot.id) }))
    if (known && parent === current) children.push({ below: [] })
    return children
  }
  return build(undefined)
}

function circular(snapshot: VMSnapshot, byId: ReadonlyMap<string, VMSnapshot>): boolean {
  const seen = new Set([snapshot.id])
  for (let at = snapshot.parent; at !== undefined; at = byId.get(at)?.parent) {
    if (seen.has(at)) return true
    seen.add(at)
  }
  return false
}
