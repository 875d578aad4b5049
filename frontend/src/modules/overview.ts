/** What the first screen of an object says: sections of facts and of related objects, as data. */
import { type MeasuredType } from '@/api/metrics'
import { type TypeName, type XoObject } from '@/api/types'
import { NONE, type Cell } from '@/components/table/column'
import type { Messages } from '@/i18n/en'
import { bytes, number } from '@/i18n/format'
import { type ModuleColumn } from './columns'
import { type AnyRow } from './kinds'
import { listOf, type Look } from './look'
import { type MetricName } from './metrics/known'

export interface Fact {
  readonly label: string
  readonly cell: Cell
}

/** Objects that belong to this one: by ids, or by a filter over their type. */
export interface Related {
  readonly type: TypeName
  readonly ids?: readonly string[]
  readonly filter?: string
  /** Of the type's own columns, these. */
  readonly columns?: readonly string[]
  /** Columns made for this place; before the others. */
  readonly own?: readonly ModuleColumn<AnyRow>[]
  /** Fields to know of linked objects beside their names. */
  readonly more?: { readonly [K in TypeName]?: readonly string[] }
  readonly none?: string
}

export type LivePart =
  | { readonly part: 'now'; readonly type: MeasuredType; readonly metrics: readonly MetricName[]; readonly off?: boolean }
  | { readonly part: 'top'; readonly type: MeasuredType; readonly metrics: readonly (MetricName & keyof Messages['top']['short'])[]; readonly pool?: string; readonly filter?: string }
  | { readonly part: 'space' }

export interface Section {
  readonly title: string
  readonly facts?: readonly Fact[]
  readonly related?: Related
  readonly text?: string
  readonly tree?: 'snapshots'
  /** Live numbers: of the object itself, of what uses most within it, of what fills it. */
  readonly live?: LivePart
  /** A piece of a task's page. */
  readonly part?: 'failure' | 'notes' | 'steps'
}

export type Overview<T extends XoObject> = (object: T, look: Look) => Section[]

type FieldName = keyof Messages['field'] & string
type SectionName = keyof Messages['section'] & string

/** Shorthands that leave out what is not known: a fact without content is no fact. */
export function writer(look: Look) {
  const { t } = look
  const fact = (label: FieldName, cell: Cell | undefined): Fact[] => (cell === undefined || cell.kind === 'none' ? [] : [{ label: t(`field.${label}`), cell }])
  return {
    section: (title: SectionName, rest: Omit<Section, 'title'>): Section => ({ title: t(`section.${title}`), ...rest }),
    cell: fact,
    text: (label: FieldName, text: string | number | null | undefined, mono = false) => fact(label, text === undefined || text === null || text === '' ? NONE : { kind: 'text', text: String(text), mono }),
    number: (label: FieldName, value: number | null | undefined) => fact(label, value === undefined || value === null ? NONE : { kind: 'number', text: number(value) }),
    size: (label: FieldName, value: number | null | undefined) => fact(label, value === undefined || value === null || value < 0 ? NONE : { kind: 'number', text: bytes(value), title: `${number(value)} B` }),
    flag: (label: FieldName, on: boolean | null | undefined) => fact(label, on === undefined || on === null ? NONE : { kind: 'flag', on, word: t(on ? 'value.yes' : 'value.no') }),
    time: (label: FieldName, seconds: number | null | undefined) => fact(label, !seconds ? NONE : { kind: 'time', at: seconds * 1000 }),
    span: (label: FieldName, seconds: number | null | undefined) => fact(label, !seconds ? NONE : { kind: 'span', since: seconds * 1000 }),
    link: (label: FieldName, type: TypeName, id: string | null | undefined) => fact(label, !id ? NONE : { kind: 'link', link: look.link(type, id) }),
    copy: (label: FieldName, text: string | undefined) => fact(label, !text ? NONE : { kind: 'copy', text }),
  }
}

/** The first screen of a type that has none of its own: its columns, as facts. */
export function overviewOfColumns(columns: readonly ModuleColumn<AnyRow>[]): Overview<XoObject> {
  return (object, look) => [
    {
      title: look.t('section.general'),
      facts: columns
        .filter(({ id }) => !['name', 'tags', 'description', 'id'].includes(id))
        .map((column) => ({ label: look.t(column.label), cell: column.cell(object as AnyRow, look) }))
        .filter(({ cell }) => cell.kind !== 'none'),
    },
  ]
}

/** Alarms and messages about an object, where there are any. */
export function talk(object: XoObject, look: Look): Section[] {
  return [
    { title: look.t('section.alarms'), related: { type: 'alarm', filter: `object:uuid:="${object.id}"`, columns: ['name', 'severity', 'state', 'value', 'time'] } },
    { title: look.t('section.messages'), related: { type: 'message', filter: `$object:="${object.id}"`, columns: ['name', 'time', 'body'] } },
  ]
}

/** A number that opens the list of what it counts. */
export function countCell(type: TypeName, count: number, filter: string): Cell {
  return { kind: 'link', link: { text: number(count), to: listOf(type, filter) } }
}
