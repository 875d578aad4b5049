/** A filter as chips: its top-level terms, each removed, turned round or added by a click. */
import { FilterSyntaxError, parse, quote } from './query'

export interface Clause {
  text: string
  negated: boolean
}

/** The top-level terms; none when the text cannot be parsed. */
export function clausesOf(text: string): Clause[] {
  try {
    return parse(text).terms.map((term) => ({ text: text.slice(term.start, term.end).trim(), negated: term.kind === 'not' }))
  } catch (error) {
    if (error instanceof FilterSyntaxError) return []
    throw error
  }
}

export function joined(clauses: readonly Clause[]): string {
  return clauses.map((clause) => clause.text).join(' ')
}

export function without(text: string, index: number): string {
  return joined(clausesOf(text).filter((_, i) => i !== index))
}

export function turned(text: string, index: number): string {
  return joined(
    clausesOf(text).map((clause, i) => {
      if (i !== index) return clause
      return { ...clause, text: clause.negated ? clause.text.replace(/^!\s*/, '') : `!${clause.text}` }
    }),
  )
}

export type Operator = 'equal' | 'contains' | 'not' | 'more' | 'less' | 'set' | 'unset'

/** A clause built by mouse: a path of property names, an operator, a value where it takes one. */
export function clause(path: readonly string[], operator: Operator, value = ''): string {
  const names = path.map(quote)
  const inside = names.join(':')
  switch (operator) {
    case 'equal':
      return `${inside}:=${quote(value)}`
    case 'not':
      return `!${inside}:=${quote(value)}`
    case 'contains':
      return `${inside}:${quote(value)}`
    case 'more':
      return `${inside}:>=${value}`
    case 'less':
      return `${inside}:<=${value}`
    case 'set':
      return `${inside}?`
    case 'unset':
      return `!${inside}?`
  }
}

/** `text` with the clause added, or without it when it is there already: what a click on a tag does. */
export function toggled(text: string, added: string): string {
  const clauses = clausesOf(text)
  const at = clauses.findIndex((each) => each.text === added)
  if (at >= 0) return without(text, at)
  if (clauses.length === 0 && text.trim() !== '') return added // what cannot be parsed cannot be kept
  return joined([...clauses, { text: added, negated: false }])
}
