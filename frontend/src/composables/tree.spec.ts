import { describe, expect, it } from 'vitest'
import { type Host, type Network, type Pool, type Server, type SR, type VM } from '@/api/types'
import { byTag, infrastructure, type Rows, type TreeNode, type Wish } from './tree'

const pool = (id: string) => ({ id, type: 'pool', name_label: `pool ${id}`, tags: [] }) as unknown as Pool
const host = (id: string, $pool: string) => ({ id, type: 'host', $pool, name_label: id, address: '10.0.0.1', tags: [] }) as unknown as Host
const vm = (id: string, $pool: string, $container: string, tags: string[] = [], mainIpAddress?: string) =>
  ({ id, type: 'VM', $pool, $container, name_label: id, tags, mainIpAddress }) as unknown as VM

const rows: Rows = {
  pools: [pool('p1'), pool('p2')],
  hosts: [host('h1', 'p1'), host('h2', 'p1')],
  vms: [vm('web-10', 'p1', 'h1', ['prod']), vm('web-9', 'p1', 'h1', [], '10.1.1.9'), vm('db', 'p1', 'p1', ['prod', 'data']), vm('lost', 'p1', 'host-not-here-yet')],
  servers: [{ id: 's1', enabled: true, host: 'new.example', poolId: null } as unknown as Server, { id: 's2', enabled: true, host: 'x', poolId: 'p1' } as unknown as Server],
  srs: [] as SR[],
  networks: [] as Network[],
}
const collator = new Intl.Collator('en', { numeric: true })
const wish = (opened: string[] = [], search = ''): Wish => ({ opened: new Set(opened), search, compare: collator.compare })
const outline = (nodes: readonly TreeNode[]) => nodes.map(({ level, kind, id }) => `${'  '.repeat(level - 1)}${kind}:${id}`)

describe('infrastructure', () => {
  it('shows pools, and connections that have no pool yet', () => {
    expect(outline(infrastructure(rows, wish()))).toEqual(['server:s1', 'pool:p1', 'pool:p2'])
  })

  it('shows what is open: hosts first, then halted VMs, numbers in names by value', () => {
    expect(outline(infrastructure(rows, wish(['pool:p1', 'host:h1'])))).toEqual(['server:s1', 'pool:p1', '  host:h1', '    VM:web-9', '    VM:web-10', '  host:h2', '  VM:db', '  VM:lost', 'pool:p2'])
  })

  it('counts the VMs below, places every VM once, and never repeats a key', () => {
    const nodes = infrastructure(rows, wish(['pool:p1', 'pool:p2', 'host:h1', 'host:h2']))
    expect(nodes.find(({ id }) => id === 'p1')?.count).toBe(4)
    expect(nodes.find(({ id }) => id === 'h1')?.count).toBe(2)
    expect(nodes.filter(({ kind }) => kind === 'VM')).toHaveLength(4)
    expect(new Set(nodes.map(({ key }) => key)).size).toBe(nodes.length)
  })

  it('finds by name and address, and opens down to what it found', () => {
    expect(outline(infrastructure(rows, wish([], '10.1.1.9')))).toEqual(['pool:p1', '  host:h1', '    VM:web-9'])
    expect(outline(infrastructure(rows, wish([], 'db')))).toEqual(['pool:p1', '  VM:db'])
    expect(outline(infrastructure(rows, wish(['pool:p1', 'host:h1'], 'web-9')))).toEqual(['pool:p1', '  host:h1', '    VM:web-9'])
    expect(outline(infrastructure(rows, { ...wish(['pool:p1'], 'web-9'), folded: new Set(['host:h1']) }))).toEqual(['pool:p1', '  host:h1'])
    expect(infrastructure(rows, wish([], 'nothing'))).toEqual([])
  })

  it('numbers siblings for those who hear the tree', () => {
    const nodes = infrastructure(rows, wish(['pool:p1']))
    const below = nodes.filter(({ parent }) => parent === 'pool:p1')
    expect(below.map(({ position, siblings }) => `${position}/${siblings}`)).toEqual(['1/4', '2/4', '3/4', '4/4'])
  })

  it('lays out 10,000 VMs quickly', () => {
    const many: Rows = { ...rows, vms: Array.from({ length: 10_000 }, (_, i) => vm(`vm-${i}`, 'p1', i % 2 ? 'h1' : 'p1')) }
    const start = performance.now()
    expect(infrastructure(many, wish(['pool:p1', 'host:h1']))).toHaveLength(10_005)
    expect(performance.now() - start).toBeLessThan(1_000)
  })
})

describe('byTag', () => {
  it('puts an object under each of its tags', () => {
    const nodes = byTag(rows, wish(['tag:prod', 'tag:data']))
    expect(outline(nodes)).toEqual(['tag:data', '  VM:db', 'tag:prod', '  VM:db', '  VM:web-10'])
    expect(new Set(nodes.map(({ key }) => key)).size).toBe(nodes.length)
  })
})
