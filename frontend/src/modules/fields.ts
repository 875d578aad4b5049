/** An object as lines of path and value. */
import { isRepeated } from './links'

export interface Field {
  readonly path: string
  readonly value: unknown
  readonly text: string
}

const DEEPEST = 6

/** Every leaf, in order of names; empty lists and objects are leaves too, with an empty text. */
export function flatFields(object: object): Field[] {
  const fields: Field[] = []
  const visit = (value: unknown, path: string, depth: number) => {
    if (typeof value === 'object' && value !== null && depth < DEEPEST) {
      const entries = Array.isArray(value) ? value.map((each, i) => [`${path}[${i}]`, each] as const) : sorted(value).map(([name, each]) => [path === '' ? name : `${path}.${name}`, each] as const)
      if (entries.length === 0) fields.push({ path, value, text: '' })
      for (const [inner, each] of entries) visit(each, inner, depth + 1)
    } else fields.push({ path, value, text: value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value) })
  }
  visit(Object.fromEntries(Object.entries(object).filter(([name]) => !isRepeated(name))), '', 0)
  return fields
}

function sorted(value: object): [string, unknown][] {
  return Object.entries(value).sort(([a], [b]) => {
    const [x, y] = [a.toLowerCase(), b.toLowerCase()]
    return x < y ? -1 : x > y ? 1 : 0
  })
}
