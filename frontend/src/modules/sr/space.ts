/** What fills a storage: its disks with their snapshots and base copies as chains, what no disk tells of, and what is free. */
import { type SR, type VDI, type VDISnapshot, type VDIUnmanaged } from '@/api/types'

export type DiskKind = 'VDI' | 'VDI-snapshot' | 'VDI-unmanaged'

export interface Piece {
  readonly id: string
  readonly kind: DiskKind
  readonly name: string
  /** Bytes on the storage. */
  readonly size: number
}

/** A disk with what was made of it and what it stands on; the largest first. */
export interface Chain {
  /** Id of its head: the disk, or what comes nearest to one. */
  readonly id: string
  readonly name: string
  readonly size: number
  readonly pieces: readonly Piece[]
}

export type Area =
  | { readonly kind: 'chain'; readonly id: string; readonly size: number; readonly chain: Chain }
  /** Chains too small to be seen, together. */
  | { readonly kind: 'others'; readonly id: string; readonly size: number; readonly count: number }
  | { readonly kind: 'rest' | 'free'; readonly id: string; readonly size: number }

type Disk = Pick<VDI | VDISnapshot | VDIUnmanaged, 'id' | 'name_label'> & { readonly usage?: number; readonly parent?: string | null; readonly $snapshot_of?: string | null }

/**
 * Disks by chain. A snapshot belongs to the disk that it is of, a base copy to a disk that stands on it; one whose disk is
 * gone stands for itself. Several disks may stand on one base copy (fast clones): the first by id has it, for it exists once.
 */
export function chainsOf(disks: readonly Disk[], snapshots: readonly Disk[], unmanaged: readonly Disk[]): Chain[] {
  const all = new Map<string, { disk: Disk; kind: DiskKind }>()
  for (const [kind, list] of [['VDI', disks], ['VDI-snapshot', snapshots], ['VDI-unmanaged', unmanaged]] as const) for (const disk of list) all.set(disk.id, { disk, kind })

  const head = new Map<string, string>()
  const byId = (list: readonly Disk[]) => [...list].sort((a, b) => (a.id < b.id ? -1 : 1))
  for (const disk of byId(disks)) head.set(disk.id, disk.id)
  for (const snapshot of byId(snapshots)) head.set(snapshot.id, head.get(snapshot.$snapshot_of ?? '') ?? snapshot.id)
  for (const { id } of [...byId(disks), ...byId(snapshots)]) {
    let parent = all.get(id)?.disk.parent
    // Each base copy is taken once, which also ends a circle that a broken storage might tell of.
    while (parent && all.get(parent)?.kind === 'VDI-unmanaged' && !head.has(parent)) {
      head.set(parent, head.get(id) ?? id)
      parent = all.get(parent)?.disk.parent
    }
  }

  const chains = new Map<string, Piece[]>()
  for (const [id, { disk, kind }] of all) {
    const piece = { id, kind, name: disk.name_label || id.slice(0, 8), size: Math.max(0, disk.usage ?? 0) }
    const at = head.get(id) ?? id
    chains.set(at, [...(chains.get(at) ?? []), piece])
  }
  return [...chains]
    .map(([id, pieces]) => {
      pieces.sort((a, b) => b.size - a.size || (a.id < b.id ? -1 : 1))
      const first = pieces.find((piece) => piece.id === id) ?? (pieces[0] as Piece)
      return { id, name: first.name, size: pieces.reduce((sum, { size }) => sum + size, 0), pieces }
    })
    .sort((a, b) => b.size - a.size || (a.id < b.id ? -1 : 1))
}

/** Chains smaller than this share of the storage, and those beyond so many, are drawn together. */
const SMALLEST = 1 / 2_000
const MOST = 120

/** The areas of a storage of this size: chains, the small ones together, what no disk tells of, and what is free. */
export function areasOf(sr: Pick<SR, 'size' | 'physical_usage'>, chains: readonly Chain[]): Area[] {
  const told = chains.reduce((sum, { size }) => sum + size, 0)
  const whole = Math.max(sr.size, told, 1)
  const areas: Area[] = []
  let [others, count] = [0, 0]
  chains.forEach((chain, i) => {
    if (i < MOST && chain.size >= whole * SMALLEST) areas.push({ kind: 'chain', id: chain.id, size: chain.size, chain })
    else {
      others += chain.size
      count += 1
    }
  })
  if (others > 0) areas.push({ kind: 'others', id: 'others', size: others, count })
  const rest = sr.physical_usage - told
  // A storage rounds and has headers: what is less than a hundredth is not worth an area.
  if (rest > whole / 100) areas.push({ kind: 'rest', id: 'rest', size: rest })
  const free = sr.size - Math.max(sr.physical_usage, told)
  if (free > 0) areas.push({ kind: 'free', id: 'free', size: free })
  return areas
}
