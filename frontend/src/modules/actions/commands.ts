/** Commands as they are typed into the palette: "start web-12", "web-12 start". Pure. */
import { find, type Entry } from '@/composables/search'
import { type Action } from './action'

/** An action by the words it answers to, in lower case: those of the reader's language, and English. */
export interface Verb {
  readonly action: Action
  readonly labels: readonly string[]
}

export interface Command {
  readonly action: Action
  readonly entry: Entry
}

const plain = (text: string) =>
  text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[…’']/g, ' ')
    .trim()

/** How well the words begin those of a label, in order: all of them 3, from its first one on 2, anywhere 1, not 0. */
export function fits(words: readonly string[], label: string): number {
  const parts = plain(label).split(/\s+/)
  const from = (at: number) => words.every((word, i) => parts[at + i]?.startsWith(word))
  if (words.length === parts.length && words.every((word, i) => word === parts[i])) return 3
  if (from(0)) return 2
  return parts.some((_, at) => from(at)) ? 1 : 0
}

/** Verbs that the words stand for, best first. */
function verbsOf(words: readonly string[], verbs: readonly Verb[]): Verb[] {
  return verbs
    .map((verb) => ({ verb, score: Math.max(...verb.labels.map((label) => fits(words, label))) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ verb }) => verb)
}

/** The best `limit` pairs of an action and an object that the query may mean. The verb comes first or last. */
export function commands(query: string, verbs: readonly Verb[], entries: readonly Entry[], limit: number): Command[] {
  const words = plain(query).split(/\s+/).filter(Boolean)
  const raw = query.trim().split(/\s+/)
  if (words.length < 2) return []
  const found: Command[] = []
  const seen = new Set<string>()
  const byKind = new Map<string, Entry[]>()
  for (const entry of entries) {
    const list = byKind.get(entry.kind)
    if (list === undefined) byKind.set(entry.kind, [entry])
    else list.push(entry)
  }
  // Long verbs first: "force off web" is not "force" and then "off web".
  for (let length = words.length - 1; length >= 1; length--) {
    for (const [verb, rest] of [
      [words.slice(0, length), raw.slice(length)],
      [words.slice(words.length - length), raw.slice(0, raw.length - length)],
    ] as const) {
      for (const { action } of verbsOf(verb, verbs)) {
        for (const entry of find(byKind.get(action.type) ?? [], rest.join(' '), limit)) {
          const key = `${action.type} ${action.name} ${entry.id}`
          if (seen.has(key)) continue
          seen.add(key)
          found.push({ action, entry })
        }
      }
    }
    if (found.length >= limit) break
  }
  return found.slice(0, limit)
}

/** Verbs that one word or more begins: an offer to go on with a name. */
export function begun(query: string, verbs: readonly Verb[], limit: number): Verb[] {
  const words = plain(query).split(/\s+/).filter(Boolean)
  if (words.length === 0) return []
  const seen = new Set<string>()
  return verbsOf(words, verbs)
    .filter(({ labels }) => !seen.has(labels[0] ?? '') && seen.add(labels[0] ?? ''))
    .slice(0, limit)
}
