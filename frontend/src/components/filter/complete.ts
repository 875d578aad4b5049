/** What may be written at the caret: names of fields and values that the rows really have. */
import { isWordCharacter, quote } from './query'

export interface Suggestion {
  kind: 'field' | 'value'
  /** What is put in place of `[from, to)`. */
  insert: string
  text: string
  /** Of a value: how many of the rows looked at have it. Of a field: what it holds. */
  count?: number
  holds?: 'text' | 'number' | 'flag' | 'object' | 'list'
}

export interface Place {
  /** The properties that the term under the caret is read through, outermost first. */
  path: string[]
  /** The word under the caret as typed up to it, without quotes. */
  prefix: string
  from: number
  to: number
  /** Whether an operator that takes a value stands before it. */
  exact: boolean
}

/** Where in the filter the caret stands; works on unfinished text too. */
export function placeAt(text: string, caret: number): Place {
  let at = 0
  let base: string[] = []
  let path: string[] = []
  let exact = false
  const outer: string[][] = []
  while (at < caret) {
    const c = text.charAt(at)
    if (isWordCharacter(c) || c === '*' || c === '"') {
      const from = at
      let name = ''
      if (c === '"') {
        at++
        while (at < text.length && text.charAt(at) !== '"' && at < caret) {
          if (text.charAt(at) === '\\') at++
          name += text.charAt(at++)
        }
        if (at >= caret) return { path, prefix: name, from, to: caret, exact }
        at++
      } else {
        while (at < text.length && (isWordCharacter(text.charAt(at)) || text.charAt(at) === '*')) name += text.charAt(at++)
        if (at >= caret) return { path, prefix: name.slice(0, caret - from), from, to: at, exact }
      }
      let next = at
      while (text.charAt(next) === ' ') next++
      if (text.charAt(next) === ':' && next < caret) {
        path = [...path, name]
        at = next + 1
      } else {
        if (text.charAt(at) === '?') at++
        path = base
      }
      exact = false
    } else if (c === '/') {
      at++
      while (at < caret && text.charAt(at) !== '/') at += text.charAt(at) === '\\' ? 2 : 1
      at++
      path = base
    } else {
      if (c === '(') {
        outer.push(base)
        base = path
      } else if (c === ')') {
        base = outer.pop() ?? []
        path = base
      }
      exact = c === '='
      at++
    }
  }
  return { path, prefix: '', from: caret, to: caret, exact }
}

function* leaves(value: unknown, path: readonly string[], depth = 0): Generator<unknown> {
  if (value === null || value === undefined) return
  if (depth === path.length) yield value
  else if (typeof value === 'object' && !Array.isArray(value)) {
    const name = path[depth] as string
    if (Object.hasOwn(value, name)) yield* leaves((value as Record<string, unknown>)[name], path, depth + 1)
  }
}

function holds(value: unknown): NonNullable<Suggestion['holds']> {
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'number') return 'number'
  if (typeof value === 'boolean') return 'flag'
  return typeof value === 'object' ? 'object' : 'text'
}

/** The distinct values at `path` and how often each occurs, most frequent first. */
export function valuesSeen(rows: Iterable<unknown>, path: readonly string[], most = 200): Map<string, number> {
  const counts = new Map<string, number>()
  const count = (value: unknown) => {
    if (Array.isArray(value)) value.forEach(count)
    else if (typeof value === 'string' || (typeof value === 'number' && !Number.isNaN(value))) {
      const key = String(value)
      if (key !== '' && (counts.has(key) || counts.size < most)) counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  }
  for (const row of rows) for (const leaf of leaves(row, path)) count(leaf)
  return new Map([...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)))
}

/** The names of the properties found at `path`, and what each holds. */
export function fieldsSeen(rows: Iterable<unknown>, path: readonly string[]): Map<string, NonNullable<Suggestion['holds']>> {
  const fields = new Map<string, NonNullable<Suggestion['holds']>>()
  for (const row of rows)
    for (const leaf of leaves(row, path))
      if (typeof leaf === 'object' && leaf !== null && !Array.isArray(leaf))
        for (const [name, value] of Object.entries(leaf)) if (value !== null && value !== undefined && !fields.has(name)) fields.set(name, holds(value))
  return fields
}

/** Up to `most` suggestions for the caret, best first. `rows` may be a sample. */
export function suggest(text: string, caret: number, rows: readonly unknown[], most = 12): Place & { suggestions: Suggestion[] } {
  const place = placeAt(text, caret)
  const typed = place.prefix.toLowerCase()
  const found: Suggestion[] = []
  if (!place.exact) {
    for (const [name, kind] of fieldsSeen(rows, place.path)) {
      if (!name.toLowerCase().includes(typed) || name.startsWith('_')) continue
      found.push({ kind: 'field', insert: `${quote(name)}${kind === 'flag' ? '? ' : ':'}`, text: name, holds: kind })
    }
    found.sort((a, b) => rank(a.text, typed) - rank(b.text, typed) || (a.text < b.text ? -1 : 1))
  }
  if (place.path.length > 0) {
    const before = place.exact ? '' : '='
    const values: Suggestion[] = []
    for (const [value, count] of valuesSeen(rows, place.path))
      if (value.toLowerCase().includes(typed)) values.push({ kind: 'value', insert: `${before}${quote(value)} `, text: value, count })
    found.unshift(...values.slice(0, most))
  }
  return { ...place, suggestions: found.slice(0, most) }
}

function rank(name: string, typed: string): number {
  const lower = name.toLowerCase()
  if (lower.startsWith(typed)) return 0
  return lower.split(/[_.$-]/).some((part) => part.startsWith(typed)) ? 1 : 2
}
