/** How fast something is sent: over the last seconds, so that it follows the line but does not jump. */
export interface Sample {
  /** When, in ms. */
  readonly at: number
  readonly sent: number
}

const WINDOW_MS = 5_000

/** The samples that still count, with a new one. */
export function sampled(samples: readonly Sample[], next: Sample): readonly Sample[] {
  return [...samples.filter(({ at }) => next.at - at <= WINDOW_MS), next]
}

/** Bytes per second; undefined while nothing can be said. */
export function speedOf(samples: readonly Sample[]): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || last.at <= first.at) return undefined
  return ((last.sent - first.sent) * 1000) / (last.at - first.at)
}

/** What a file seems to be, by its name. */
export function formatOf(name: string): 'vhd' | 'raw' {
  return /\.vhd$/i.test(name) ? 'vhd' : 'raw'
}

/** A name for what is made of a file. */
export function nameOf(file: string): string {
  return file.replace(/\.(vhd|raw|img|bin)$/i, '')
}
