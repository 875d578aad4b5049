/** Areas in proportion to sizes, as near to squares as they get. Pure: Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000). */

export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface Tile<T> extends Rectangle {
  readonly item: T
}

/** Every item whose size is more than nothing as a rectangle of `box`, largest first; together they fill it. */
export function squarify<T>(items: readonly T[], sizeOf: (item: T) => number, box: Rectangle): Tile<T>[] {
  const sized = items.map((item) => ({ item, size: sizeOf(item) })).filter(({ size }) => size > 0)
  sized.sort((a, b) => b.size - a.size)
  const total = sized.reduce((sum, { size }) => sum + size, 0)
  if (total === 0 || box.width <= 0 || box.height <= 0) return []
  const scale = (box.width * box.height) / total
  const areas = sized.map(({ item, size }) => ({ item, area: size * scale }))

  const tiles: Tile<T>[] = []
  let { x, y, width, height } = box
  let from = 0
  while (from < areas.length) {
    const side = Math.min(width, height)
    let to = from + 1
    let sum = (areas[from] as { area: number }).area
    let worst = ratio(sum, sum, sum, side)
    // A row takes another as long as its worst shape gets no worse. Areas shrink along the row.
    while (to < areas.length) {
      const { area } = areas[to] as { area: number }
      const next = ratio((areas[from] as { area: number }).area, area, sum + area, side)
      if (next > worst) break
      sum += area
      worst = next
      to += 1
    }
    const isLast = to === areas.length
    const thick = isLast ? (width < height ? height : width) : sum / side
    let along = width < height ? x : y
    const across = width < height ? width : height
    const row = areas.slice(from, to)
    row.forEach(({ item, area }, i) => {
      const end = (width < height ? x : y) + across
      const length = i === row.length - 1 ? end - along : (area / sum) * across
      tiles.push(width < height ? { item, x: along, y, width: length, height: thick } : { item, x, y: along, width: thick, height: length })
      along += length
    })
    if (width < height) {
      y += thick
      height -= thick
    } else {
      x += thick
      width -= thick
    }
    from = to
  }
  return tiles
}

/** How far from a square the worst of a row is, whose areas go from `most` to `least`. */
function ratio(most: number, least: number, sum: number, side: number): number {
  const square = side * side
  return Math.max((square * most) / (sum * sum), (sum * sum) / (square * least))
}
