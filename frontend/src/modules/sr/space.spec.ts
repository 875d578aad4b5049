// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { areasOf, chainsOf } from './space'

const disk = (id: string, usage: number, more: object = {}) => ({ id, name_label: `disk ${id}`, usage, ...more })

describe('what fills a storage', () => {
  it('joins a disk with its snapshots and its base copies', () => {
    const chains = chainsOf(
      [disk('a', 10, { parent: 'base1' }), disk('b', 500)],
      [disk('s1', 20, { $snapshot_of: 'a', parent: 'base2' }), disk('s2', 5, { $snapshot_of: 'gone' })],
      [disk('base1', 100, { parent: 'root' }), disk('base2', 30), disk('root', 40), disk('orphan', 1)],
    )
    expect(chains.map(({ id, size, pieces }) => [id, size, pieces.map((piece) => piece.id)])).toEqual([
      ['b', 500, ['b']],
      ['a', 200, ['base1', 'root', 'base2', 's1', 'a']],
      ['s2', 5, ['s2']],
      ['orphan', 1, ['orphan']],
    ])
    expect(chains[1]!.name).toBe('disk a')
  })

  it('counts a base copy that several disks stand on once', () => {
    const chains = chainsOf([disk('a', 1, { parent: 'base' }), disk('b', 2, { parent: 'base' })], [], [disk('base', 100)])
    expect(chains.reduce((sum, { size }) => sum + size, 0)).toBe(103)
    expect(chains.find(({ id }) => id === 'a')!.size).toBe(101)
  })

  it('ends though a broken storage tells of a circle', () => {
    const chains = chainsOf([disk('a', 1, { parent: 'x' })], [], [disk('x', 2, { parent: 'y' }), disk('y', 3, { parent: 'x' })])
    expect(chains).toHaveLength(1)
    expect(chains[0]!.size).toBe(6)
  })

  it('names what has no name, and takes no size for none', () => {
    const [chain] = chainsOf([{ id: '12345678-aaaa', name_label: '' }], [], [])
    expect(chain).toMatchObject({ name: '12345678', size: 0 })
  })

  it('tells what is free, and what no disk tells of', () => {
    const areas = areasOf({ size: 1000, physical_usage: 600 }, chainsOf([disk('a', 400)], [], []))
    expect(areas.map(({ kind, size }) => [kind, size])).toEqual([['chain', 400], ['rest', 200], ['free', 400]])
  })

  it('takes a small difference for rounding', () => {
    expect(areasOf({ size: 1000, physical_usage: 405 }, chainsOf([disk('a', 400)], [], [])).map(({ kind }) => kind)).toEqual(['chain', 'free'])
  })

  it('has nothing free when disks say more than the storage holds', () => {
    expect(areasOf({ size: 100, physical_usage: 90 }, chainsOf([disk('a', 150)], [], [])).map(({ kind }) => kind)).toEqual(['chain'])
  })

  it('puts the small ones together', () => {
    const many = Array.from({ length: 200 }, (_, i) => disk(String(i), 1))
    const areas = areasOf({ size: 100_000, physical_usage: 90_200 }, chainsOf([disk('big', 90_000), ...many], [], []))
    expect(areas.map((area) => [area.kind, area.size, area.kind === 'others' ? area.count : undefined])).toEqual([['chain', 90_000, undefined], ['others', 200, 200], ['free', 9_800, undefined]])
  })
})
