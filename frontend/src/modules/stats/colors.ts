/** Colours of charts, read from the style sheet of the theme that is on. */
import { createGlobalState, useMutationObserver } from '@vueuse/core'
import { shallowRef } from 'vue'
import './colors.css'

export interface Colors {
  readonly lines: readonly string[]
  readonly text: string
  readonly muted: string
  readonly border: string
  readonly background: string
  readonly font: string
}

const LINES = 8

function read(): Colors {
  const root = getComputedStyle(document.documentElement)
  const of = (name: string) => root.getPropertyValue(name).trim()
  return {
    lines: Array.from({ length: LINES }, (_, i) => of(`--chart-${i + 1}`)),
    text: of('--chart-text'),
    muted: of('--chart-muted'),
    border: of('--chart-border'),
    background: of('--chart-background'),
    font: getComputedStyle(document.body).fontFamily,
  }
}

/** Follows the theme. */
export const useColors = createGlobalState(() => {
  const colors = shallowRef(read())
  useMutationObserver(document.documentElement, () => (colors.value = read()), { attributes: true, attributeFilter: ['class'] })
  return colors
})

/** How one line of several is told from the others without its colour, too. */
export interface Stroke {
  /** Index into `Colors.lines`; undefined: as text. */
  readonly color: number | undefined
  /** Lengths of strokes and gaps in px; empty: one stroke. */
  readonly dash: readonly number[]
  readonly symbol: 'circle' | 'rect' | 'triangle' | 'diamond' | 'arrow'
  readonly width: number
}

const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [9, 3, 2, 3], [12, 4]]
const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond', 'arrow'] as const

/** Of the line at this place: eight colours by five kinds of strokes are forty lines that differ. */
export function strokeOf(place: number, { main, limit }: { readonly main?: boolean; readonly limit?: boolean }): Stroke {
  if (limit === true) return { color: undefined, dash: [2, 4], symbol: 'rect', width: 1.25 }
  return { color: place % LINES, dash: main === true ? [] : DASHES[place % DASHES.length]!, symbol: SYMBOLS[place % SYMBOLS.length]!, width: main === true ? 2.5 : 1.5 }
}

export function colorOf({ color }: Stroke, colors: Colors): string {
  return (color === undefined ? colors.muted : colors.lines[color]) ?? colors.text
}
