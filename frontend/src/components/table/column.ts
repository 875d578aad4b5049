/** What a table's columns are made of: pure functions from a row to what a cell shows. */
import type { Component } from 'vue'
import type { RouteLocationRaw } from 'vue-router'
import type { MessageKey } from '@/i18n'
import type { Tone } from '../states'

export interface Link {
  text: string
  to?: RouteLocationRaw
  icon?: string
  title?: string
}

/** A cell's content. States carry icon, word and colour; times are milliseconds since the epoch. */
export type Cell =
  | { kind: 'text'; text: string; title?: string; muted?: boolean; mono?: boolean }
  | { kind: 'number'; text: string; title?: string }
  | { kind: 'state'; tone: Tone; icon: string; word: string; busy?: string; title?: string }
  | { kind: 'link'; link: Link }
  | { kind: 'links'; links: Link[] }
  | { kind: 'tags'; tags: readonly string[] }
  | { kind: 'bar'; share: number; text: string; title?: string; tone?: Tone }
  | { kind: 'time'; at: number }
  | { kind: 'span'; since: number }
  | { kind: 'flag'; on: boolean; word: string }
  | { kind: 'copy'; text: string; shown?: string }
  /** Drawn by a component of its own, which follows what it shows by itself; `key` changes with what it is about. */
  | { kind: 'part'; part: Component; props: Readonly<Record<string, unknown>>; key: string; text: () => string }
  | { kind: 'none' }

export const NONE: Cell = { kind: 'none' }

export type SortKey = string | number | undefined

export interface Column<T, C = unknown> {
  /** Stable: kept in addresses and in what the browser remembers. */
  id: string
  /** The header. */
  label: MessageKey
  /** Top-level properties that the column reads, to be asked of the server. */
  reads: readonly string[]
  cell: (row: T, context: C) => Cell
  /** Numbers compare as numbers, texts in natural order; undefined comes last either way. No `sort`: not sortable. */
  sort?: (row: T, context: C) => SortKey
  /** The API's name for the same order, e.g. `memory.size`. */
  path?: string
  /** What an export holds; the cell's text when absent. */
  plain?: (row: T, context: C) => unknown
  width: number
  align?: 'end'
  /** Starts hidden: the reader may choose it. */
  extra?: boolean
  /** The condensed list on a telephone shows it under the name. */
  brief?: boolean
}

export interface Sort {
  id: string
  descending: boolean
}

/** `-memory,name` as an order, and back. */
export function readSort(text: string): Sort[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== '-')
    .map((part) => (part.startsWith('-') ? { id: part.slice(1), descending: true } : { id: part, descending: false }))
}

export function writeSort(sort: readonly Sort[]): string {
  return sort.map((each) => (each.descending ? '-' : '') + each.id).join(',')
}

/** The order after a click on a header: ascending, descending, none; `add` keeps the other keys (shift-click). */
export function nextSort(sort: readonly Sort[], id: string, add: boolean): Sort[] {
  const now = sort.find((each) => each.id === id)
  const next = now === undefined ? { id, descending: false } : now.descending ? undefined : { id, descending: true }
  if (!add) return next === undefined ? [] : [next]
  if (now === undefined) return [...sort, { id, descending: false }]
  return sort.flatMap((each) => (each.id === id ? (next ?? []) : each))
}
