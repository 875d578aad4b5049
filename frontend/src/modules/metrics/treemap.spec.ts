// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { squarify, type Tile } from './treemap'

const BOX = { x: 0, y: 0, width: 200, height: 100 }
const area = ({ width, height }: Tile<unknown>) => width * height
const overlap = (a: Tile<unknown>, b: Tile<unknown>) => Math.max(0, Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)) * Math.max(0, Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y))

/** The same numbers in every run. */
function* sizes(seed: number) {
  for (let state = seed; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    yield (state / 2_147_483_648) ** 4 * 1e12 + 1
  }
}

describe('a treemap', () => {
  it('gives one item the whole box', () => {
    expect(squarify([5], (n) => n, BOX)).toEqual([{ item: 5, ...BOX }])
  })

  it('leaves out what has no size, and may be empty', () => {
    expect(squarify([0, 3, -1, Number.NaN], (n) => n, BOX).map(({ item }) => item)).toEqual([3])
    expect(squarify([0], (n) => n, BOX)).toEqual([])
    expect(squarify([1], (n) => n, { ...BOX, width: 0 })).toEqual([])
  })

  it('matches the example of the paper', () => {
    const tiles = squarify([6, 6, 4, 3, 2, 2, 1], (n) => n, { x: 0, y: 0, width: 6, height: 4 })
    expect(tiles.slice(0, 2).map(({ x, y, width, height }) => [x, y, width, height])).toEqual([[0, 0, 3, 2], [0, 2, 3, 2]])
  })

  it.each([1, 2, 3, 7, 40, 333])('of %i items fills the box without overlaps, each in proportion', (count) => {
    const source = sizes(count)
    const items = Array.from({ length: count }, () => source.next().value as number)
    const total = items.reduce((sum, n) => sum + n, 0)
    const tiles = squarify(items, (n) => n, BOX)
    expect(tiles).toHaveLength(count)
    for (const tile of tiles) {
      expect(area(tile) / (BOX.width * BOX.height)).toBeCloseTo(tile.item / total, 6)
      expect(tile.x).toBeGreaterThanOrEqual(-1e-6)
      expect(tile.y).toBeGreaterThanOrEqual(-1e-6)
      expect(tile.x + tile.width).toBeLessThanOrEqual(BOX.width + 1e-6)
      expect(tile.y + tile.height).toBeLessThanOrEqual(BOX.height + 1e-6)
    }
    for (let i = 0; i < Math.min(60, tiles.length); i++) for (let j = 0; j < i; j++) expect(overlap(tiles[i]!, tiles[j]!)).toBeLessThan(1e-4)
  })

  it('keeps near to squares', () => {
    const tiles = squarify(Array.from({ length: 20 }, () => 1), (n) => n, BOX)
    for (const { width, height } of tiles) expect(Math.max(width / height, height / width)).toBeLessThan(2.5)
  })
})
