/** The line of a sparkline: values to an SVG path, gaps left open. Pure. */

export interface Box {
  readonly width: number
  readonly height: number
}

/** What the top of the box stands for: `most` where values cannot exceed it, else the highest of them with some air. */
export function ceiling(values: ArrayLike<number>, most?: number): number {
  if (most !== undefined) return most
  let highest = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value > highest) highest = value
  }
  return highest * 1.15
}

/**
 * Runs of known values as a path of lines; a value alone between two gaps is a short stroke, so that it is seen.
 * `top`: the value at the upper edge; the lower edge is 0. Coordinates have one decimal.
 */
export function sparkPath(values: ArrayLike<number>, top: number, { width, height }: Box): string {
  const step = values.length > 1 ? width / (values.length - 1) : width
  const inset = 1 // half of the line's width stays inside
  const y = (value: number) => (height - inset - (top > 0 ? Math.min(1, Math.max(0, value / top)) : 0) * (height - 2 * inset)).toFixed(1)
  let path = ''
  let drawing = false
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (Number.isNaN(value)) {
      drawing = false
      continue
    }
    const alone = !drawing && (i === values.length - 1 || Number.isNaN(values[i + 1] as number))
    if (alone) path += `M${Math.max(0, i * step - 1).toFixed(1)} ${y(value)}h2`
    else path += `${drawing ? 'L' : 'M'}${(i * step).toFixed(1)} ${y(value)}`
    drawing = true
  }
  return path
}

/** The lowest, the highest and the mean of the known values; undefined when there are none. */
export function summary(values: ArrayLike<number>): { readonly least: number; readonly most: number; readonly mean: number; readonly known: number } | undefined {
  let [least, most, sum, known] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0]
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (Number.isNaN(value)) continue
    least = Math.min(least, value)
    most = Math.max(most, value)
    sum += value
    known += 1
  }
  return known === 0 ? undefined : { least, most, mean: sum / known, known }
}
