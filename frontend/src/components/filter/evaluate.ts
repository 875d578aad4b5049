/** Does this object match? A parsed filter compiled to closures, with the server's rules for every comparison. */
import { parse, type Term } from './query'

export type Predicate = (value: unknown) => boolean

/** `test` on a string or number inside `value`, at any depth; keys are not searched. */
function anywhere(value: unknown, test: (leaf: string | number) => boolean): boolean {
  if (typeof value === 'string' || typeof value === 'number') return test(value)
  if (Array.isArray(value)) {
    for (const item of value) if (anywhere(item, test)) return true
    return false
  }
  if (typeof value === 'object' && value !== null) {
    for (const key in value) if (Object.hasOwn(value, key) && anywhere((value as Record<string, unknown>)[key], test)) return true
  }
  return false
}

/** `value[name]` as JavaScript has it, without what prototypes hold; ABSENT where it would throw. */
function member(value: unknown, name: string): unknown {
  if (value === null || value === undefined) return ABSENT
  if (typeof value === 'string') return name === 'length' ? value.length : undefined
  if (typeof value !== 'object') return undefined
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}

/** No such property. */
export const ABSENT = Symbol('absent')

/** What `<` and `>` make of a value: null is 0, a list is its text, an object is no number. */
function numeric(value: unknown): number {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Number.NaN
  return typeof value === 'symbol' ? Number.NaN : Number(value)
}

/** The texts of an object, in lower case, one after another. Objects are frozen, so it is made once. */
const texts = new WeakMap<object, string>()
const BETWEEN = '\u0000'

function textsOf(value: object): string {
  let text = texts.get(value)
  if (text === undefined) {
    const found: string[] = []
    anywhere(value, (leaf) => {
      if (typeof leaf === 'string') found.push(leaf)
      return false
    })
    texts.set(value, (text = found.join(BETWEEN).toLowerCase()))
  }
  return text
}

function contains(needle: string): Predicate {
  const wanted = needle.toLowerCase()
  if (wanted.includes(BETWEEN)) return () => false // no name holds it, and it could match across two
  return (value) => {
    if (typeof value === 'string') return value.toLowerCase().includes(wanted)
    // Whole rows are asked again with each letter that is typed; parts of them rarely.
    if (typeof value === 'object' && value !== null && Object.isFrozen(value) && !Array.isArray(value)) return textsOf(value).includes(wanted)
    return anywhere(value, (leaf) => typeof leaf === 'string' && leaf.toLowerCase().includes(wanted))
  }
}

function raw(word: string): Predicate {
  const number = Number(word)
  if (Number.isNaN(number)) return contains(word)
  const wanted = word.toLowerCase()
  const test = (leaf: string | number) => (typeof leaf === 'number' ? leaf === number : leaf.toLowerCase().includes(wanted))
  return (value) => anywhere(value, test)
}

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/

/** Exactly this, as it is written; of a list, one of its elements. Bare, it may be a number or a flag as well. */
function equal(word: string, quoted: boolean): Predicate {
  const number = !quoted && JSON_NUMBER.test(word) ? Number(word) : undefined
  const flag = quoted || (word !== 'true' && word !== 'false') ? undefined : word === 'true'
  const test = (leaf: unknown) => leaf === word || (number !== undefined && leaf === number) || (flag !== undefined && leaf === flag)
  return (value) => (Array.isArray(value) ? value.some(test) : test(value))
}

function compare(op: '>' | '>=' | '<' | '<=', limit: number): Predicate {
  switch (op) {
    case '>':
      return (value) => numeric(value) > limit
    case '>=':
      return (value) => numeric(value) >= limit
    case '<':
      return (value) => numeric(value) < limit
    case '<=':
      return (value) => numeric(value) <= limit
  }
}

/** Only the strings count: a pattern has nothing to say about numbers. */
function pattern(regex: RegExp): Predicate {
  const test = (leaf: string | number) => typeof leaf === 'string' && regex.test(leaf)
  return (value) => anywhere(value, test)
}

function glob(text: string): Predicate {
  const source = text
    .split(/\*+/)
    .map((part) => part.replaceAll(/[.$-]/g, '\\$&'))
    .join('.*')
  return pattern(new RegExp(source, 'i')) // of one line: the dot stops at its end, as the server's star does
}

/**
 * A property of an object that the object itself does not hold, such as a live value; `undefined` where it is not known,
 * and ABSENT for a name that is not of this kind.
 */
export type Beside = (object: unknown, name: string) => unknown

const NOTHING_BESIDE: Beside = () => ABSENT

/** `beside`: further properties of the objects that are judged, not of what is inside them. */
export function compile(term: Term, beside: Beside = NOTHING_BESIDE): Predicate {
  switch (term.kind) {
    case 'and': {
      const all = term.terms.map((each) => compile(each, beside))
      if (all.length === 1) return all[0] as Predicate
      return (value) => all.every((test) => test(value))
    }
    case 'or': {
      const some = term.terms.map((each) => compile(each, beside))
      return (value) => some.some((test) => test(value))
    }
    case 'not': {
      const test = compile(term.term, beside)
      return (value) => !test(value)
    }
    case 'property': {
      const test = compile(term.term)
      const name = term.name
      return (value) => {
        const other = beside(value, name)
        if (other !== ABSENT) return other !== undefined && test(other) // what is not known matches nothing
        const inside = member(value, name)
        return inside !== ABSENT && test(inside)
      }
    }
    case 'truthy': {
      const name = term.name
      return (value) => {
        const other = beside(value, name)
        const inside = other === ABSENT ? member(value, name) : other
        return inside !== ABSENT && Boolean(inside)
      }
    }
    case 'compare':
      return compare(term.op, term.value)
    case 'equal':
      return equal(term.value, term.quoted)
    case 'text':
      return contains(term.value)
    case 'raw':
      return raw(term.value)
    case 'glob':
      return glob(term.pattern)
    case 'regex':
      return pattern(term.regex)
  }
}

/** The predicate of a filter text. Throws only `FilterSyntaxError`. */
export function predicate(text: string, beside?: Beside): Predicate {
  return compile(parse(text), beside)
}

/** `test`, asked once per object: values are frozen, so an object that was judged need not be judged again. */
export function remembering<T extends object>(test: Predicate): (value: T) => boolean {
  const known = new WeakMap<T, boolean>()
  return (value) => {
    const before = known.get(value)
    if (before !== undefined) return before
    const now = test(value)
    known.set(value, now)
    return now
  }
}
