/** Newest values and a short past of many objects, in typed arrays: a frame of 1,000 objects is written without making an object. */

/** So many values are kept of each metric: five minutes, at one every five seconds. */
export const LENGTH = 60

const FIRST_CAPACITY = 64

/** One metric's rings, `LENGTH` values for each row; NaN is a gap. Seven digits are more than any screen shows. */
type Column = Float32Array<ArrayBuffer>

/** The rings of one type. Rows are given out to objects as they are first heard of. */
export class Rings {
  private readonly rows = new Map<string, number>()
  private readonly columns = new Map<string, Column>()
  private capacity = FIRST_CAPACITY
  /** Per row: where the newest value stands, and its time (s). */
  private head = new Int32Array(FIRST_CAPACITY)
  private time = new Float64Array(FIRST_CAPACITY)
  /** Per row: when something last came by the stream, on the caller's clock. */
  private heardAt = new Float64Array(FIRST_CAPACITY)

  /** Whether anything is known of an object. */
  has(id: string): boolean {
    return this.rows.has(id)
  }

  /** The newest value; undefined when unknown. */
  latest(id: string, metric: string): number | undefined {
    const row = this.rows.get(id)
    const value = row === undefined ? undefined : this.columns.get(metric)?.[row * LENGTH + (this.head[row] as number)]
    return value === undefined || Number.isNaN(value) ? undefined : value
  }

  /** When the newest value was measured (s); 0 when nothing is known. */
  measuredAt(id: string): number {
    return this.time[this.rows.get(id) ?? -1] ?? 0
  }

  heard(id: string): number {
    return this.heardAt[this.rows.get(id) ?? -1] ?? 0
  }

  /** The kept values, oldest first; all gaps when nothing is known. */
  past(id: string, metric: string): Float32Array {
    const past = new Float32Array(LENGTH).fill(Number.NaN)
    const row = this.rows.get(id)
    const column = this.columns.get(metric)
    if (row === undefined || column === undefined) return past
    const head = this.head[row] as number
    for (let i = 0; i < LENGTH; i++) past[i] = column[row * LENGTH + ((head + 1 + i) % LENGTH)] as number
    return past
  }

  /**
   * Takes newest values, measured at `time` (s) in steps of `interval`. Steps that were missed become gaps; a value of the
   * same step replaces the one before. `now`: the caller's clock.
   */
  take(values: Readonly<Record<string, readonly (number | null)[]>>, metrics: readonly string[], { time, interval, now }: { time: number; interval: number; now: number }): void {
    const columns = metrics.map((metric) => this.column(metric))
    for (const id in values) {
      const list = values[id]
      if (list === undefined) continue
      const row = this.row(id, time, columns, metrics)
      const steps = Math.round((time - (this.time[row] as number)) / interval)
      if (steps > 0) this.advance(row, steps)
      const at = row * LENGTH + (this.head[row] as number)
      for (let i = 0; i < columns.length; i++) (columns[i] as Column)[at] = list[i] ?? Number.NaN
      this.time[row] = Math.max(time, this.time[row] as number)
      this.heardAt[row] = now
    }
  }

  /** Takes the past of one metric, oldest first and ending at `end` (s); what came by the stream since then stays. */
  fill(id: string, metric: string, past: readonly (number | null)[], { end, interval, now }: { end: number; interval: number; now: number }): void {
    const column = this.column(metric)
    const isNew = !this.rows.has(id)
    const row = this.row(id, end)
    if (isNew) this.heardAt[row] = now
    const behind = Math.round(((this.time[row] as number) - end) / interval)
    if (behind < 0) {
      this.advance(row, -behind)
      this.time[row] = end
    }
    const head = this.head[row] as number
    const first = Math.max(0, behind)
    for (let back = first; back < LENGTH; back++) {
      const at = row * LENGTH + ((head - back + LENGTH) % LENGTH)
      const value = past[past.length - 1 - (back - first)]
      if (value !== undefined && value !== null) column[at] = value
    }
  }

  /** Moves a row's head on by `steps`, leaving gaps. */
  private advance(row: number, steps: number): void {
    const count = Math.min(steps, LENGTH)
    let head = this.head[row] as number
    for (let i = 0; i < count; i++) {
      head = (head + 1) % LENGTH
      for (const column of this.columns.values()) column[row * LENGTH + head] = Number.NaN
    }
    this.head[row] = head
  }

  private column(metric: string): Column {
    let column = this.columns.get(metric)
    if (column === undefined) this.columns.set(metric, (column = new Float32Array(this.capacity * LENGTH).fill(Number.NaN)))
    return column
  }

  private row(id: string, time: number, columns?: Column[], metrics?: readonly string[]): number {
    const found = this.rows.get(id)
    if (found !== undefined) return found
    const row = this.rows.size
    if (row >= this.capacity) {
      this.grow()
      // The caller goes on with the arrays that hold the rows now.
      if (columns !== undefined) metrics?.forEach((metric, i) => (columns[i] = this.column(metric)))
    }
    this.rows.set(id, row)
    this.time[row] = time
    return row
  }

  private grow(): void {
    this.capacity *= 2
    const larger = <T extends Int32Array | Float64Array | Float32Array>(to: T, from: T): T => (to.set(from), to)
    this.head = larger(new Int32Array(this.capacity), this.head)
    this.time = larger(new Float64Array(this.capacity), this.time)
    this.heardAt = larger(new Float64Array(this.capacity), this.heardAt)
    for (const [metric, column] of this.columns) this.columns.set(metric, larger(new Float32Array(this.capacity * LENGTH).fill(Number.NaN), column))
  }
}
