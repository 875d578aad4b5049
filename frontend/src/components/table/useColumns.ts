/** Which columns, in which order, how wide: the reader's choice, remembered per kind of table. */
import { computed, shallowRef, watch } from 'vue'
import type { Column } from './column'

export interface Choice {
  id: string
  shown: boolean
  width: number
}

export const NARROWEST = 56
const WIDEST = 900

/** What the browser remembers, made to fit the columns that exist: unknown ones go, new ones are added where they belong. */
export function fitted<T, C>(columns: readonly Column<T, C>[], remembered: unknown): Choice[] {
  const byId = new Map(columns.map((column) => [column.id, column]))
  const choices: Choice[] = []
  if (Array.isArray(remembered))
    for (const each of remembered as Partial<Choice>[]) {
      const column = byId.get(String(each?.id))
      if (column === undefined) continue
      byId.delete(column.id)
      const width = typeof each.width === 'number' ? clamp(each.width) : column.width
      choices.push({ id: column.id, shown: each.shown !== false, width })
    }
  columns.forEach((column, i) => {
    if (byId.has(column.id)) choices.splice(i, 0, { id: column.id, shown: column.extra !== true, width: column.width })
  })
  return choices
}

function clamp(width: number): number {
  return Math.min(WIDEST, Math.max(NARROWEST, Math.round(width)))
}

function recalled(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null')
  } catch {
    return null // unreadable or forbidden: the defaults do
  }
}

export function useColumns<T, C>(columns: readonly Column<T, C>[], name: string) {
  const key = `podium.columns.${name}`
  const choices = shallowRef(fitted(columns, recalled(key)))
  const byId = new Map(columns.map((column) => [column.id, column]))

  watch(choices, (now) => {
    try {
      localStorage.setItem(key, JSON.stringify(now))
    } catch {
      // no storage: the choice lasts as long as the page
    }
  })

  function change(id: string, change: Partial<Choice>) {
    choices.value = choices.value.map((each) => (each.id === id ? { ...each, ...change } : each))
  }

  return {
    choices,
    shown: computed(() =>
      choices.value.flatMap((choice) => {
        const column = byId.get(choice.id)
        return choice.shown && column ? [{ ...column, width: choice.width }] : []
      }),
    ),
    show: (id: string, shown: boolean) => change(id, { shown }),
    resize: (id: string, width: number) => change(id, { width: clamp(width) }),
    /** Puts `id` where `target` stands. */
    move(id: string, target: string) {
      const from = choices.value.findIndex((each) => each.id === id)
      const to = choices.value.findIndex((each) => each.id === target)
      if (from < 0 || to < 0 || from === to) return
      const next = [...choices.value]
      next.splice(to, 0, ...next.splice(from, 1))
      choices.value = next
    },
    reset() {
      choices.value = fitted(columns, null)
    },
  }
}

export type Columns<T, C> = ReturnType<typeof useColumns<T, C>>
