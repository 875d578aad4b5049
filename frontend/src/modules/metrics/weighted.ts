/** The mean of several lines, each with its weight; where one is not known, the others speak for it. Pure. */
export function meanLine(lines: readonly { readonly values: ArrayLike<number>; readonly weight: number }[], length: number): Float32Array {
  const mean = new Float32Array(length).fill(Number.NaN)
  for (let i = 0; i < length; i++) {
    let [sum, weights] = [0, 0]
    for (const { values, weight } of lines) {
      const value = values[i]
      if (value === undefined || Number.isNaN(value)) continue
      sum += value * weight
      weights += weight
    }
    if (weights > 0) mean[i] = sum / weights
  }
  return mean
}

/** The same for the newest values; undefined while none is known. */
export function mean(values: readonly { readonly value: number | undefined; readonly weight: number }[]): number | undefined {
  let [sum, weights] = [0, 0]
  for (const { value, weight } of values) {
    if (value === undefined) continue
    sum += value * weight
    weights += weight
  }
  return weights > 0 ? sum / weights : undefined
}
