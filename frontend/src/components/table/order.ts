/** Rows in order: natural for words ("web-9" before "web-10"), stable by id, cheap when little has changed. */
import type { Column, Sort, SortKey } from './column'

const known = new Map<string, string>()
const MOST_KNOWN = 50_000

/** A text whose plain comparison is the natural one: no case, no accents, numbers by value. */
export function naturalKey(text: string): string {
  const before = known.get(text)
  if (before !== undefined) return before
  const key = text
    .normalize('NFD')
    .replaceAll(/\p{Mn}/gu, '')
    .toLowerCase()
    .replaceAll(/\d+/g, (digits) => {
      const value = digits.replace(/^0+(?=\d)/, '')
      return String.fromCharCode(0x30 + Math.min(value.length, 0x2000)) + value
    })
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(text, key)
  return key
}

function comparable(key: SortKey): string | number | undefined {
  if (typeof key === 'string') return key === '' ? undefined : naturalKey(key)
  return key === undefined || Number.isNaN(key) ? undefined : key
}

function compare(a: SortKey, b: SortKey): number {
  if (a === b) return 0
  if (typeof a === typeof b) return (a as string) < (b as string) ? -1 : 1
  return typeof a === 'number' ? -1 : 1
}

interface Row {
  readonly id: string
}

/**
 * The ids of `rows` by `sort`, then by id.
 *
 * `before`: the ids in their previous order. Rows are taken in that order first, because sorting what is almost
 * sorted costs one pass.
 */
export function ordered<T extends Row, C>(
  rows: readonly T[],
  { sort, columns, context, before = [] }: { sort: readonly Sort[]; columns: readonly Column<T, C>[]; context: C; before?: readonly string[] },
): string[] {
  const keys = sort.flatMap(({ id, descending }) => {
    const column = columns.find((each) => each.id === id)
    return column?.sort === undefined ? [] : [{ key: column.sort, turn: descending ? -1 : 1 }]
  })
  const list = before.length === 0 ? rows : asBefore(rows, before)
  const entries = list.map((row) => ({ id: row.id, keys: keys.map(({ key }) => comparable(key(row, context))) }))
  const turns = keys.map(({ turn }) => turn)
  entries.sort((a, b) => {
    for (let i = 0; i < turns.length; i++) {
      const x = a.keys[i]
      const y = b.keys[i]
      if (x === y) continue
      if (x === undefined) return 1
      if (y === undefined) return -1
      return compare(x, y) * (turns[i] as number)
    }
    return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
  })
  return entries.map((entry) => entry.id)
}

function asBefore<T extends Row>(rows: readonly T[], before: readonly string[]): T[] {
  const byId = new Map(rows.map((row) => [row.id, row]))
  const list: T[] = []
  for (const id of before) {
    const row = byId.get(id)
    if (row === undefined) continue
    list.push(row)
    byId.delete(id)
  }
  for (const row of byId.values()) list.push(row)
  return list
}
