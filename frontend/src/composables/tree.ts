/** The infrastructure as a flat list of tree nodes, and by tag: pure functions over rows. */
import { type Host, type Pool, type Server, type SR, type VM, type Network } from '@/api/types'

export type NodeKind = 'server' | 'pool' | 'host' | 'VM' | 'SR' | 'network' | 'tag'

export interface TreeNode {
  /** Unique in the tree; an object may stand in it twice (under two tags). */
  readonly key: string
  readonly kind: NodeKind
  readonly id: string
  readonly name: string
  readonly level: number
  readonly parent: string | undefined
  readonly expandable: boolean
  readonly open: boolean
  /** How many VMs (or tagged objects) are below. */
  readonly count: number
  readonly position: number
  readonly siblings: number
}

export interface Rows {
  readonly pools: readonly Pool[]
  readonly hosts: readonly Host[]
  readonly vms: readonly VM[]
  readonly servers: readonly Server[]
  readonly srs: readonly SR[]
  readonly networks: readonly Network[]
}

export interface Wish {
  readonly opened: ReadonlySet<string>
  /** Under a search all that holds a match is open, but for what the reader closed since. */
  readonly folded?: ReadonlySet<string>
  /** Lower case; '' for everything. */
  readonly search: string
  readonly compare: (a: string, b: string) => number
}

interface Draft {
  readonly kind: NodeKind
  readonly id: string
  readonly name: string
  readonly hay: string
  readonly children: Draft[]
  count: number
}

const draft = (kind: NodeKind, id: string, name: string, hay = name, children: Draft[] = []): Draft => ({ kind, id, name, hay, children, count: 0 })

/** Site > pool > host > VM; VMs that run nowhere stand under their pool; connections without a pool yet stand beside the pools. */
export function infrastructure(rows: Rows, wish: Wish): TreeNode[] {
  const pools = new Map<string, Draft>()
  const places = new Map<string, Draft>()
  for (const pool of rows.pools) {
    const node = draft('pool', pool.id, pool.name_label)
    pools.set(pool.id, node)
    places.set(pool.id, node)
  }
  for (const host of rows.hosts) {
    const node = draft('host', host.id, host.name_label, `${host.name_label} ${host.address}`)
    places.set(host.id, node)
    pools.get(host.$pool)?.children.push(node)
  }
  for (const vm of rows.vms) {
    const place = places.get(vm.$container) ?? pools.get(vm.$pool)
    if (place === undefined) continue
    place.children.push(draft('VM', vm.id, vm.name_label, vm.mainIpAddress === undefined ? vm.name_label : `${vm.name_label} ${vm.mainIpAddress}`))
  }
  for (const pool of pools.values()) {
    for (const child of pool.children) child.count = child.children.length
    pool.count = pool.children.reduce((sum, child) => sum + (child.kind === 'VM' ? 1 : child.count), 0)
  }
  const waiting = rows.servers
    .filter((server) => server.enabled && (!server.poolId || !pools.has(server.poolId)))
    .map((server) => draft('server', server.id, server.label ?? server.host))
  return flatten([...pools.values(), ...waiting], wish)
}

/** Tag > objects that carry it. */
export function byTag(rows: Rows, wish: Wish): TreeNode[] {
  const tags = new Map<string, Draft>()
  const add = (kind: NodeKind, object: { id: string; name_label: string; tags?: readonly string[] }) => {
    for (const tag of object.tags ?? []) {
      let node = tags.get(tag)
      if (node === undefined) tags.set(tag, (node = draft('tag', tag, tag)))
      node.children.push(draft(kind, object.id, object.name_label))
      node.count += 1
    }
  }
  for (const pool of rows.pools) add('pool', pool)
  for (const host of rows.hosts) add('host', host)
  for (const sr of rows.srs) add('SR', sr)
  for (const network of rows.networks) add('network', network)
  for (const vm of rows.vms) add('VM', vm)
  return flatten([...tags.values()], wish)
}

const RANK: Record<NodeKind, number> = { server: 0, pool: 1, tag: 1, host: 2, SR: 3, network: 4, VM: 5 }

function flatten(roots: readonly Draft[], { opened, folded, search, compare }: Wish): TreeNode[] {
  const result: TreeNode[] = []
  const order = (nodes: readonly Draft[]) => [...nodes].sort((a, b) => RANK[a.kind] - RANK[b.kind] || compare(a.name, b.name) || (a.id < b.id ? -1 : 1))

  const matches = (node: Draft) => node.hay.toLowerCase().includes(search) || node.id === search

  /** What remains of a node under the search: itself with all below, itself with what matches below, or nothing. */
  function sift(node: Draft): Draft | undefined {
    if (matches(node)) return node
    const children = node.children.map(sift).filter((child) => child !== undefined)
    return children.length === 0 ? undefined : { ...node, children }
  }

  function put(nodes: readonly Draft[], level: number, parent: string | undefined): void {
    const sorted = order(nodes)
    sorted.forEach((node, index) => {
      const key = parent === undefined || node.kind !== 'VM' ? `${parent?.startsWith('tag:') ? `${parent}/` : ''}${node.kind}:${node.id}` : `${parent}/${node.id}`
      const expandable = node.children.length > 0
      const holdsMatch = search !== '' && !matches(node)
      const open = expandable && (holdsMatch ? folded?.has(key) !== true : opened.has(key))
      result.push({ key, kind: node.kind, id: node.id, name: node.name, level, parent, expandable, open, count: node.count, position: index + 1, siblings: sorted.length })
      if (open) put(node.children, level + 1, key)
    })
  }

  put(search === '' ? roots : roots.map(sift).filter((node) => node !== undefined), 1, undefined)
  return result
}
