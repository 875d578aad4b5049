/** Builders of columns: one line for each, with its sort, its export and the fields it needs. */
import { type TypeName, type XoObject } from '@/api/types'
import { type Tone } from '@/components/states'
import { NONE, type Cell, type Column, type SortKey } from '@/components/table/column'
import type { Messages } from '@/i18n/en'
import { bytes, number, percent } from '@/i18n/format'
import { addressOf, titleOf, type Look } from './look'

export interface ModuleColumn<T> extends Column<T, Look> {
  /** Types whose names it shows, beyond those that are always there. */
  needs?: readonly TypeName[]
}

type ColumnId = keyof Messages['column'] & string
type Options<T> = Partial<Omit<ModuleColumn<T>, 'id' | 'label'>>

function column<T>(id: ColumnId, reads: readonly string[], defaults: Options<T> & Pick<ModuleColumn<T>, 'cell'>, options: Options<T> = {}): ModuleColumn<T> {
  return { id, label: `column.${id}`, reads, width: 140, path: reads[0], ...defaults, ...options }
}

export function textColumn<T>(id: ColumnId, reads: string[], get: (row: T, look: Look) => string | null | undefined, options?: Options<T> & { mono?: boolean; muted?: boolean }): ModuleColumn<T> {
  const { mono, muted, ...rest } = options ?? {}
  return column<T>(
    id,
    reads,
    {
      cell: (row, look) => {
        const text = get(row, look)
        return text ? { kind: 'text', text, mono, muted } : NONE
      },
      sort: (row, look) => get(row, look) ?? undefined,
    },
    rest,
  )
}

/** `bare`: without separators, for numbers that are names, such as a VLAN. */
export function numberColumn<T>(id: ColumnId, reads: string[], get: (row: T) => number | null | undefined, options?: Options<T> & { bare?: boolean }): ModuleColumn<T> {
  const { bare, ...rest } = options ?? {}
  return column<T>(
    id,
    reads,
    {
      width: 80,
      align: 'end',
      cell: (row) => {
        const value = get(row)
        return value === undefined || value === null ? NONE : { kind: 'number', text: bare ? String(value) : number(value) }
      },
      sort: (row) => get(row) ?? undefined,
      plain: get,
    },
    rest,
  )
}

export function sizeColumn<T>(id: ColumnId, reads: string[], get: (row: T) => number | null | undefined, options?: Options<T>): ModuleColumn<T> {
  return column<T>(
    id,
    reads,
    {
      width: 100,
      align: 'end',
      cell: (row) => {
        const value = get(row)
        return value === undefined || value === null || value < 0 ? NONE : { kind: 'number', text: bytes(value), title: `${number(value)} B` }
      },
      sort: (row) => get(row) ?? undefined,
      plain: get,
    },
    options,
  )
}

/** A share of a size as a bar; sorted by the share. */
export function shareColumn<T>(id: ColumnId, reads: string[], get: (row: T) => { used?: number; size: number } | undefined, options?: Options<T> & { whole?: boolean; calm?: boolean }): ModuleColumn<T> {
  const { whole, calm, ...rest } = options ?? {}
  return column<T>(
    id,
    reads,
    {
      width: 170,
      cell: (row) => shareCell(get(row), { whole, calm }),
      sort: (row) => {
        const value = get(row)
        if (value === undefined) return undefined
        return whole ? value.size : value.used === undefined || value.size === 0 ? undefined : value.used / value.size
      },
      plain: (row) => get(row)?.[whole ? 'size' : 'used'],
    },
    rest,
  )
}

/** `whole`: what matters is the size, the bar only tells how full it is. `calm`: being full is no trouble. */
export function shareCell(value: { used?: number; size: number } | undefined, { whole = false, calm = false } = {}): Cell {
  if (value === undefined || value.size <= 0) return NONE
  if (value.used === undefined) return { kind: 'number', text: bytes(value.size) }
  const share = value.used / value.size
  const title = `${bytes(value.used)} / ${bytes(value.size)} (${percent(share)})`
  return { kind: 'bar', share, text: whole ? bytes(value.size) : `${percent(share)} · ${bytes(value.size)}`, title, ...(calm ? { tone: 'busy' as const } : {}) }
}

/** `get` answers seconds unless `milliseconds`. */
export function timeColumn<T>(id: ColumnId, reads: string[], get: (row: T) => number | null | undefined, options?: Options<T> & { milliseconds?: boolean; span?: boolean }): ModuleColumn<T> {
  const { milliseconds, span, ...rest } = options ?? {}
  const at = (row: T) => {
    const value = get(row)
    return value === undefined || value === null || value <= 0 ? undefined : value * (milliseconds ? 1 : 1000)
  }
  return column<T>(
    id,
    reads,
    {
      width: 120,
      cell: (row) => {
        const value = at(row)
        if (value === undefined) return NONE
        return span ? { kind: 'span', since: value } : { kind: 'time', at: value }
      },
      // A longer time comes from an earlier moment.
      sort: (row) => {
        const value = at(row)
        return value === undefined ? undefined : span ? -value : value
      },
      plain: (row) => {
        const value = at(row)
        return value === undefined ? '' : new Date(value).toISOString()
      },
    },
    rest,
  )
}

export function flagColumn<T>(id: ColumnId, reads: string[], get: (row: T) => boolean | null | undefined, options?: Options<T>): ModuleColumn<T> {
  return column<T>(
    id,
    reads,
    {
      width: 100,
      cell: (row, look) => {
        const on = get(row)
        return on === undefined || on === null ? NONE : { kind: 'flag', on, word: look.t(on ? 'value.yes' : 'value.no') }
      },
      sort: (row): SortKey => {
        const on = get(row)
        return on === undefined || on === null ? undefined : Number(on)
      },
      plain: (row) => get(row) ?? undefined,
    },
    options,
  )
}

export interface StateLook {
  icon: string
  tone: Tone
  word: string
  busy?: string
}

export function stateColumn<T>(id: ColumnId, reads: string[], get: (row: T, look: Look) => StateLook | undefined, options?: Options<T>): ModuleColumn<T> {
  return column<T>(
    id,
    reads,
    {
      width: 120,
      brief: true,
      cell: (row, look) => {
        const state = get(row, look)
        return state === undefined ? NONE : { kind: 'state', ...state }
      },
      sort: (row, look) => get(row, look)?.word,
      plain: (row, look) => get(row, look)?.word,
    },
    options,
  )
}

/** A link to one other object; `type` lists the types it may have. */
export function linkColumn<T>(id: ColumnId, reads: string[], type: TypeName | readonly TypeName[], get: (row: T, look: Look) => string | null | undefined, options?: Options<T>): ModuleColumn<T> {
  const types = typeof type === 'string' ? [type] : type
  const link = (row: T, look: Look) => {
    const target = get(row, look)
    if (!target) return undefined
    return types.length === 1 ? look.link(types[0] as TypeName, target) : look.linkAny(types, target)
  }
  return column<T>(
    id,
    reads,
    {
      width: 150,
      needs: types,
      cell: (row, look) => {
        const found = link(row, look)
        return found === undefined ? NONE : { kind: 'link', link: found }
      },
      sort: (row, look) => link(row, look)?.text,
    },
    options,
  )
}

/** How many objects a list of ids holds. */
export function countColumn<T>(id: ColumnId, name: keyof T & string, options?: Options<T>): ModuleColumn<T> {
  return numberColumn<T>(id, [name], (row) => (row[name] as readonly unknown[] | undefined)?.length, { path: undefined, ...options })
}

export function tagsColumn<T extends { readonly tags?: readonly string[] }>(options?: Options<T>): ModuleColumn<T> {
  return column<T>(
    'tags',
    ['tags'],
    {
      width: 160,
      cell: (row) => (row.tags?.length ? { kind: 'tags', tags: row.tags } : NONE),
      sort: (row) => row.tags?.join(' '),
      plain: (row) => row.tags?.join(' '),
      path: undefined,
    },
    options,
  )
}

/** The first column: the row's name, leading to its page. */
export function titleColumn<T extends XoObject>(type: TypeName, reads: string[] = ['name_label'], options?: Options<T>): ModuleColumn<T> {
  return column<T>(
    'name',
    ['type', ...reads],
    {
      width: 240,
      path: reads[0],
      cell: (row, look) => ({ kind: 'link', link: { text: titleOf(row, look), to: addressOf(type, row.id) } }),
      sort: (row, look) => titleOf(row, look),
    },
    options,
  )
}

export function poolColumn<T extends XoObject & { readonly $pool: string }>(options?: Options<T>): ModuleColumn<T> {
  return linkColumn<T>('pool', ['$pool'], 'pool', (row) => row.$pool, { ...options })
}

export function descriptionColumn<T extends { readonly name_description?: string }>(options?: Options<T>): ModuleColumn<T> {
  return textColumn<T>('description', ['name_description'], (row) => row.name_description, { width: 260, ...options })
}

export function idColumn<T extends { readonly id: string }>(): ModuleColumn<T> {
  return column<T>('id', ['id'], { width: 290, extra: true, cell: (row) => ({ kind: 'copy', text: row.id }), sort: (row) => row.id })
}

export function hidden<T>(list: readonly ModuleColumn<T>[]): ModuleColumn<T>[] {
  return list.map((each) => ({ ...each, extra: true }))
}
