/** Finding objects by name, uuid, address or tag: pure, over an index made when the palette opens. */
import { type NodeKind } from './tree'

export interface Entry {
  readonly kind: NodeKind | 'VDI' | 'VIF' | 'PIF' | 'VM-template' | 'VM-snapshot'
  readonly id: string
  readonly name: string
  /** What else is shown, and searched: address, pool. */
  readonly detail: string
  /** Lower case: everything that may be typed. */
  readonly hay: string
}

export interface Match {
  readonly entry: Entry
  readonly score: number
}

/** The best `limit` entries that hold every word of `query`; a name that begins with it comes first. */
export function find(entries: readonly Entry[], query: string, limit: number): Entry[] {
  const text = query.trim().toLowerCase()
  if (text === '') return []
  const words = text.split(/\s+/)
  const matches: Match[] = []
  for (const entry of entries) {
    if (!words.every((word) => entry.hay.includes(word))) continue
    matches.push({ entry, score: score(entry, text) })
  }
  return matches
    .sort((a, b) => b.score - a.score || a.entry.name.length - b.entry.name.length || (a.entry.name < b.entry.name ? -1 : 1))
    .slice(0, limit)
    .map(({ entry }) => entry)
}

/** What else of an entry holds the query when its name and detail do not: a tag, another address. */
export function matched(entry: Entry, query: string): string | undefined {
  const seen = `${entry.name}\n${entry.detail}`.toLowerCase()
  const word = query
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .find((each) => each !== '' && !seen.includes(each))
  return word === undefined ? undefined : entry.hay.split('\n').find((line) => line.includes(word))
}

function score(entry: Entry, text: string): number {
  const name = entry.name.toLowerCase()
  if (entry.id === text) return 6
  if (name === text) return 5
  if (name.startsWith(text)) return 4
  if (new RegExp(`[^\\p{L}\\p{N}]${escape(text)}`, 'u').test(name)) return 3
  if (name.includes(text)) return 2
  return 1
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** Whether this looks like (the beginning of) a MAC address: two groups at least. */
export function isMac(text: string): boolean {
  return /^([0-9a-f]{2}[:-]){1,5}[0-9a-f]{0,2}$/i.test(text.trim())
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text.trim())
}
