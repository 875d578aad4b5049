/** Podium's query language, parsed: the same grammar as the server's (`filter=`), with the exact place of a mistake. */

export type Term =
  | { kind: 'and' | 'or'; terms: Term[]; start: number; end: number }
  | { kind: 'not'; term: Term; start: number; end: number }
  | { kind: 'property'; name: string; term: Term; start: number; end: number }
  | { kind: 'truthy'; name: string; start: number; end: number }
  | { kind: 'compare'; op: '>' | '>=' | '<' | '<='; value: number; start: number; end: number }
  | { kind: 'equal'; value: string; quoted: boolean; start: number; end: number }
  | { kind: 'text'; value: string; start: number; end: number } // quoted: literal
  | { kind: 'raw'; value: string; start: number; end: number }
  | { kind: 'glob'; pattern: string; start: number; end: number }
  | { kind: 'regex'; regex: RegExp; start: number; end: number }

export type SyntaxCode =
  | 'term-expected'
  | 'value-expected'
  | 'property-expected'
  | 'number-expected'
  | 'group-expected'
  | 'unclosed-group'
  | 'unclosed-quote'
  | 'unclosed-regex'
  | 'bad-regex'
  | 'unexpected'
  | 'word-operator'
  | 'too-deep'
  | 'too-long'

/** The one thing that `parse` throws. `position`: index of the offending character, or the text's length at its end. */
export class FilterSyntaxError extends Error {
  constructor(
    readonly code: SyntaxCode,
    readonly position: number,
    readonly found = '',
  ) {
    super(`${code} at ${position}`)
    this.name = 'FilterSyntaxError'
  }
}

// The server's limits (podium.cache.filter_parser).
const LONGEST = 65_536
const DEEPEST = 64
const MOST_TERMS = 2_000
const OPERATOR_WORDS = new Set(['and', 'or', 'not', 'AND', 'OR', 'NOT'])

/** A character of a word: a letter that has case (so accented ones too), a digit, or one of `_ - . $`. */
export function isWordCharacter(c: string): boolean {
  return (c >= '0' && c <= '9') || c === '_' || c === '-' || c === '.' || c === '$' || c.toLowerCase() !== c.toUpperCase()
}

function isSpace(c: string): boolean {
  return /\s/.test(c)
}

/** The filter's meaning as one AND of terms; the empty text matches everything. Throws only `FilterSyntaxError`. */
export function parse(text: string): Term & { kind: 'and' } {
  let at = 0
  let depth = 0
  let count = 0

  function fail(code: SyntaxCode, position = at): never {
    throw new FilterSyntaxError(code, position, text.charAt(position))
  }

  function spaces() {
    while (at < text.length && isSpace(text.charAt(at))) at++
  }

  function terms(closing: boolean): Term[] {
    const found: Term[] = []
    for (;;) {
      spaces()
      if (at >= text.length) break
      if (text.charAt(at) === ')') {
        if (closing) break
        fail('unexpected')
      }
      found.push(term())
    }
    found.forEach((each, i) => rejectWord(each, found[i - 1], found[i + 1]))
    return found
  }

  /** `a and b` means something else here than its author thinks; a first, last or only word is a search for it. */
  function rejectWord(word: Term, before: Term | undefined, after: Term | undefined) {
    if (word.kind !== 'raw' || !OPERATOR_WORDS.has(word.value) || after === undefined) return
    const negates = word.value.toLowerCase() === 'not' && after.kind !== 'raw' && after.kind !== 'text'
    if (before !== undefined || negates) throw new FilterSyntaxError('word-operator', word.start, word.value)
  }

  function group(kind: 'and' | 'or', start: number): Term {
    at++
    const inner = terms(true)
    if (at >= text.length) fail('unclosed-group')
    if (inner.length === 0) fail('term-expected')
    at++
    return { kind, terms: inner, start, end: at }
  }

  function word(): string {
    const start = at
    while (at < text.length && isWordCharacter(text.charAt(at))) at++
    return text.slice(start, at)
  }

  function quoted(): string {
    const start = at++
    let value = ''
    while (at < text.length) {
      const c = text.charAt(at++)
      if (c === '"') return value
      if (c === '\\') {
        if (at >= text.length) break
        value += text.charAt(at++)
      } else value += c
    }
    return fail('unclosed-quote', start)
  }

  function regex(): Term {
    const start = at++
    let source = ''
    let closed = false
    while (at < text.length) {
      const c = text.charAt(at++)
      if (c === '/') {
        closed = true
        break
      }
      if (c === '\\' && at < text.length) {
        const next = text.charAt(at++)
        source += next === '/' ? '/' : c + next
      } else source += c
    }
    if (!closed) fail('unclosed-regex', start)
    const flags = text.charAt(at) === 'i' ? 'i' : ''
    at += flags.length
    try {
      return { kind: 'regex', regex: new RegExp(source, flags), start, end: at }
    } catch {
      return fail('bad-regex', start)
    }
  }

  function comparison(): Term {
    const start = at
    const symbol = text.charAt(at++)
    const op = (text.charAt(at) === '=' ? (at++, `${symbol}=`) : symbol) as '>' | '>=' | '<' | '<='
    const place = at
    const value = word()
    if (value === '' || Number.isNaN(Number(value))) fail('number-expected', place)
    return { kind: 'compare', op, value: Number(value), start, end: at }
  }

  function equal(): Term {
    const start = at++
    const isQuoted = text.charAt(at) === '"'
    const value = isQuoted ? quoted() : word()
    if (!isQuoted && value === '') fail('value-expected')
    return { kind: 'equal', value, quoted: isQuoted, start, end: at }
  }

  /** What may follow a name: `:term`, `?`, or nothing (undefined: it was a value). */
  function named(name: string, start: number): Term | undefined {
    if (text.charAt(at) === '?') {
      at++
      return { kind: 'truthy', name, start, end: at }
    }
    const back = at
    spaces()
    if (text.charAt(at) !== ':') {
      at = back
      return undefined
    }
    at++
    spaces()
    if (at >= text.length || text.charAt(at) === ')') fail('value-expected')
    const inner = term()
    return { kind: 'property', name, term: inner, start, end: at }
  }

  function globOrWord(start: number): Term {
    let isGlob = false
    while (at < text.length && (isWordCharacter(text.charAt(at)) || text.charAt(at) === '*')) {
      isGlob ||= text.charAt(at) === '*'
      at++
    }
    if (at === start) fail(text.charAt(at) === ':' ? 'property-expected' : 'unexpected')
    const value = text.slice(start, at)
    if (isGlob) return { kind: 'glob', pattern: value, start, end: at }
    return named(value, start) ?? { kind: 'raw', value, start, end: at }
  }

  function term(): Term {
    if (++depth > DEEPEST + 1 || ++count > MOST_TERMS) fail('too-deep')
    try {
      const start = at
      const c = text.charAt(at)
      if (c === '') fail('term-expected')
      if (c === '(') return group('and', start)
      if (c === '|') {
        at++
        spaces()
        if (text.charAt(at) !== '(') fail('group-expected')
        return group('or', start)
      }
      if (c === '!') {
        at++
        spaces()
        if (at >= text.length || text.charAt(at) === ')') fail('term-expected')
        const inner = term()
        return { kind: 'not', term: inner, start, end: at }
      }
      if (c === '>' || c === '<') return comparison()
      if (c === '=') return equal()
      if (c === '/') return regex()
      if (c === '"') {
        const value = quoted()
        return named(value, start) ?? { kind: 'text', value, start, end: at }
      }
      return globOrWord(start)
    } finally {
      depth--
    }
  }

  if (text.length > LONGEST) fail('too-long', LONGEST)
  const all = terms(false)
  return { kind: 'and', terms: all, start: 0, end: text.length }
}

/** `value` as it must be written in a filter: bare when every character allows it, else quoted. */
export function quote(value: string): string {
  if (value !== '' && [...value].every(isWordCharacter) && !OPERATOR_WORDS.has(value)) return value
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`
}

/** The names of top-level properties that a filter reads, so that they can be asked of the server. */
export function propertiesOf(term: Term): Set<string> {
  const names = new Set<string>()
  const visit = (t: Term) => {
    if (t.kind === 'property' || t.kind === 'truthy') names.add(t.name)
    else if (t.kind === 'not') visit(t.term)
    else if (t.kind === 'and' || t.kind === 'or') t.terms.forEach(visit)
  }
  visit(term)
  return names
}

/** Whether some term is not bound to a property, and so searches everything an object holds. */
export function searchesEverything(term: Term): boolean {
  switch (term.kind) {
    case 'property':
    case 'truthy':
      return false
    case 'not':
      return searchesEverything(term.term)
    case 'and':
    case 'or':
      return term.terms.some(searchesEverything)
    default:
      return true
  }
}
