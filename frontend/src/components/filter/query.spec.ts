import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ABSENT, predicate } from './evaluate'
import { FilterSyntaxError, parse, propertiesOf, quote, searchesEverything } from './query'

const vm = {
  id: 'aacf05f8-6084-477c-841d-a2457573bb6c',
  name_label: 'Web 1',
  tags: ['prod', 'debian'],
  power_state: 'Running',
  CPUs: { max: 4, number: 2 },
  memory: { size: 4294967296, dynamic: [1, 4294967296] },
  snapshots: [],
  auto_poweron: true,
  notes: null,
  order: '10',
  addresses: { '0/ipv4/0': '10.1.0.7', '0/ipv6/0': 'fd00::7' },
  several: 'one\ntwo',
}

describe('a filter', () => {
  it.each<[string, boolean]>([
    // everything, and terms side by side
    ['', true],
    ['   ', true],
    ['web running', true],
    ['web halted', false],
    // words: substring, any case, at any depth; keys are not searched
    ['WEB', true],
    ['10.1', true],
    ['power_state', false],
    ['"web 1"', true],
    ['aacf05f8-6084-477c-841d-a2457573bb6c', true],
    // numbers: strictly equal, or part of a text
    ['4', true],
    ['4294967296', true],
    ['CPUs:number:2', true],
    ['CPUs:number:"2"', false],
    ['order:10', true],
    ['order:1', true],
    ['CPUs:number:20', false],
    // properties
    ['tags:prod', true],
    ['tags:pro', true],
    ['power_state : Running', true],
    ['"power_state":"run"', true],
    ['memory:size:>4294967295', true],
    ['addresses:"fd00::7"', true],
    ['nosuch:thing', false],
    ['nosuch:!thing', true],
    ['nosuch:deeper:!thing', false],
    ['notes:!thing', true],
    ['notes:inner:!thing', false],
    ['snapshots:length:0', true],
    ['tags:length:>=2', true],
    ['tags:0:prod', true],
    ['name_label:length:5', true],
    ['constructor:name:Object', false],
    // truth
    ['auto_poweron?', true],
    ['snapshots?', true],
    ['notes?', false],
    ['nosuch?', false],
    ['!nosuch?', true],
    ['CPUs:max?', true],
    // comparison
    ['CPUs:number:>=2', true],
    ['CPUs:number:>2', false],
    ['memory:size:<1e10', true],
    ['name_label:>5', false],
    ['order:>9', true],
    ['notes:>=0', true],
    ['CPUs:>0', false],
    ['nosuch:<1', false],
    // exact
    ['tags:=prod', true],
    ['tags:=pro', false],
    ['name_label:="Web 1"', true],
    ['name_label:="web 1"', false],
    ['CPUs:number:=2', true],
    ['CPUs:number:="2"', false],
    ['order:=10', true],
    ['auto_poweron:=true', true],
    ['auto_poweron:=false', false],
    ['memory:dynamic:=1', true],
    ['!tags:=prod', false],
    // groups
    ['power_state:|(Running Paused)', true],
    ['|(power_state:Halted tags:prod)', true],
    ['| (nothing nowhere)', false],
    ['(web prod)', true],
    ['!(web halted)', true],
    ['!!web', true],
    ['power_state:( unn ing )', true],
    ['id:|(="x" ="aacf05f8-6084-477c-841d-a2457573bb6c")', true],
    // patterns
    ['w*1', true],
    ['*', true],
    ['power_state:r*g', true],
    ['power_state:g*r', false],
    ['several:one*two', false],
    ['power_state:/^Running$/', true],
    ['power_state:/^running$/', false],
    ['power_state:/^running$/i', true],
    ['addresses:/^10\\./', true],
    ['name_label:/\\//', false],
    // and, or, not as words to look for
    ['and', false],
    ['web and', false],
    ['or', false],
    ['not', false],
    ['"and"', false],
    ['name_label:and', false],
  ])('%s -> %s', (text, expected) => {
    expect(predicate(text)(vm)).toBe(expected)
  })

  it.each<[string, string, number]>([
    ['power_state:', 'value-expected', 12],
    ['a:)', 'value-expected', 2],
    ['(a b', 'unclosed-group', 4],
    ['|a', 'group-expected', 1],
    ['|', 'group-expected', 1],
    ['!', 'term-expected', 1],
    ['(!)', 'term-expected', 2],
    [')', 'unexpected', 0],
    ['a b)', 'unexpected', 3],
    ['()', 'term-expected', 1],
    ['|()', 'term-expected', 2],
    [':a', 'property-expected', 0],
    ['memory:size:>', 'number-expected', 13],
    ['memory:size:>abc', 'number-expected', 13],
    ['memory:size:> 5', 'number-expected', 13],
    ['tags:=', 'value-expected', 6],
    ['/open', 'unclosed-regex', 0],
    ['name:/(/', 'bad-regex', 5],
    ['name:"open', 'unclosed-quote', 5],
    ['a & b', 'unexpected', 2],
    ['fe80::1', 'property-expected', 5],
    ['power_state:Running and tags:x', 'word-operator', 20],
    ['a OR b', 'word-operator', 2],
    ['not power_state:Running', 'word-operator', 0],
  ])('%s is a mistake: %s at %d', (text, code, position) => {
    try {
      parse(text)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(FilterSyntaxError)
      expect({ code: (error as FilterSyntaxError).code, position: (error as FilterSyntaxError).position }).toEqual({ code, position })
    }
  })

  it('refuses what is nested too deeply, as the server does', () => {
    for (const text of [`${'('.repeat(100)}a${')'.repeat(100)}`, `${'!'.repeat(3000)}a`]) expect(() => parse(text)).toThrow('too-deep at 65')
    expect(() => parse('a '.repeat(3000))).toThrow('too-deep')
    expect(() => parse('a'.repeat(70_000))).toThrow('too-long')
  })

  it('never throws anything but a syntax error within the text, whatever is typed and whatever is looked at', () => {
    const pieces = ['a', 'Zé', '1', '-', '.', '$', '_', ' ', '\n', ':', '?', '!', '|', '(', ')', '"', '\\', '/', 'i', '*', '=', '>', '>=', '<', '<=', 'and', 'or', '[', '+', '💾', '\u0000', 'length', '__proto__']
    const values: unknown[] = [vm, null, undefined, 0, '', [], {}, [[['a']]], { a: { 1: null } }, Object.create(null), true]
    const random = seeded(20_261_124)
    let parsed = 0
    for (let round = 0; round < 20_000; round++) {
      const text = Array.from({ length: Math.floor(random() * 12) }, () => pieces[Math.floor(random() * pieces.length)]).join('')
      try {
        const test = predicate(text)
        parsed++
        for (const value of values) expect(typeof test(value)).toBe('boolean')
      } catch (error) {
        if (!(error instanceof FilterSyntaxError)) throw new Error(`${JSON.stringify(text)}: ${String(error)}`, { cause: error })
        expect(error.position).toBeGreaterThanOrEqual(0)
        expect(error.position).toBeLessThanOrEqual(text.length)
      }
    }
    expect(parsed).toBeGreaterThan(1000)
  })

  it('finds every text again that was quoted for it', () => {
    for (const text of ['plain', 'with space', 'a"b', 'back\\slash', 'and', '', 'fe80::1', '50%', 'é', '(x)', '=', '*'])
      expect(predicate(`name:=${quote(text)}`)({ name: text }), text).toBe(true)
  })

  it('knows which properties it reads, and whether it searches everything', () => {
    expect([...propertiesOf(parse('a:b:c |(d? !e:1) word'))]).toEqual(['a', 'd', 'e'])
    expect(searchesEverything(parse('a:b c?'))).toBe(false)
    expect(searchesEverything(parse('a:b |(c? word)'))).toBe(true)
  })
})

const golden = resolve(import.meta.dirname, '../../../../../shared/xo/golden')

/** What a real Xen Orchestra answered; only where that recording lies beside the checkout. */
describe.skipIf(!existsSync(golden))('against the recording of a real Xen Orchestra', () => {
  const read = <T>(name: string) => JSON.parse(readFileSync(resolve(golden, name), 'utf8')) as T

  it('finds the same objects', () => {
    const { filters } = read<{ filters: { collection: string; filter: string; ids: string[] | null; count: number }[] }>('query.json')
    const collections = read<Record<string, { id: string; href?: string }[]>>('collections.json')
    expect(filters.length).toBeGreaterThan(50)
    for (const { collection, filter, ids, count } of filters) {
      // href is no field of the object; Podium alone refuses the word "and"
      const rows = (collections[`/${collection}`] ?? []).map(({ href: _, ...row }) => row)
      if (/ and /.test(filter)) expect(() => predicate(filter)).toThrow(FilterSyntaxError)
      else {
        const found = rows.filter(predicate(filter)).map(({ id }) => id)
        expect(found.length, filter).toBe(count)
        if (ids !== null) expect(found.sort(), filter).toEqual([...ids].sort())
      }
    }
  })

  it('refuses the same texts', () => {
    for (const { filter } of read<{ bad: { filter: string }[] }>('query.json').bad) expect(() => parse(filter), filter).toThrow(FilterSyntaxError)
  })
})

/** A small generator of numbers from 0 to 1, the same every time. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

describe('values beside an object', () => {
  const live: Record<string, number | undefined> = { a: 93.5, b: 12 }
  const beside = (row: unknown, name: string) => (name === 'metrics.cpu' ? live[(row as { id: string }).id] : ABSENT)
  const rows = ['a', 'b', 'c'].map((id) => Object.freeze({ id, name_label: `vm ${id}`, tags: id === 'a' ? ['prod'] : [] }))
  const ids = (text: string) => rows.filter(predicate(text, beside)).map(({ id }) => id)

  it('are compared as if the object held them', () => {
    expect(ids('metrics.cpu:>80')).toEqual(['a'])
    expect(ids('metrics.cpu:<=80')).toEqual(['b'])
    expect(ids('metrics.cpu:>10 !tags:prod')).toEqual(['b'])
    expect(ids('|(metrics.cpu:>80 name_label:c)')).toEqual(['a', 'c'])
  })

  it('match nothing where they are not known, and are not set there', () => {
    expect(ids('metrics.cpu:<1000')).toEqual(['a', 'b'])
    expect(ids('metrics.cpu?')).toEqual(['a', 'b'])
    expect(ids('!metrics.cpu?')).toEqual(['c'])
  })

  it('follow the values', () => {
    const test = predicate('metrics.cpu:>80', beside)
    expect(rows.filter(test)).toHaveLength(1)
    live.b = 99
    expect(rows.filter(test)).toHaveLength(2)
    live.b = 12
  })

  it('leave other names to the object', () => {
    expect(ids('name_label:b')).toEqual(['b'])
    expect(ids('metrics.unknown:>0')).toEqual([])
  })
})
