import { describe, expect, it } from 'vitest'
import { clause, clausesOf, toggled, turned, without } from './clauses'
import { placeAt, suggest } from './complete'

const rows = [
  { id: '1', name_label: 'web 1', power_state: 'Running', tags: ['prod'], auto_poweron: true, memory: { size: 4, dynamic: [1, 4] }, CPUs: { number: 2 } },
  { id: '2', name_label: 'db', power_state: 'Halted', tags: ['prod', 'eu west'], auto_poweron: false, memory: { size: 8, dynamic: [1, 8] }, CPUs: { number: 2 } },
  { id: '3', name_label: 'dns', power_state: 'Running', tags: [], auto_poweron: false, memory: { size: 8, dynamic: [1, 8] }, CPUs: { number: 1 } },
]

describe('the place of the caret', () => {
  it.each<[string, string[], string]>([
    ['', [], ''],
    ['we', [], 'we'],
    ['power_state:', ['power_state'], ''],
    ['power_state:Ru', ['power_state'], 'Ru'],
    ['power_state : Ru', ['power_state'], 'Ru'],
    ['memory:size:', ['memory', 'size'], ''],
    ['power_state:|(Running Pa', ['power_state'], 'Pa'],
    ['power_state:|(Running Paused) na', [], 'na'],
    ['!tags:pr', ['tags'], 'pr'],
    ['tags:"eu w', ['tags'], 'eu w'],
    ['a? b', [], 'b'],
    ['name:/x:y/ po', [], 'po'],
    ['"name_label":w', ['name_label'], 'w'],
  ])('%s|', (text, path, prefix) => {
    expect(placeAt(text, text.length)).toMatchObject({ path, prefix })
  })

  it('replaces the whole word the caret stands in', () => {
    expect(placeAt('power_state:Running', 3)).toMatchObject({ prefix: 'pow', from: 0, to: 11 })
  })
})

describe('suggestions', () => {
  const words = (text: string) => suggest(text, text.length, rows).suggestions.map(({ insert }) => insert)

  it('are fields first, those that begin with what is typed before the others', () => {
    expect(words('po')).toEqual(['power_state:', 'auto_poweron? '])
  })
  it('are the values seen at a field, the most frequent first, compared exactly', () => {
    expect(words('power_state:')).toEqual(['=Running ', '=Halted '])
    expect(words('tags:=')).toEqual(['prod ', '"eu west" '])
  })
  it('go inside objects', () => {
    expect(words('memory:')).toEqual(['dynamic:', 'size:'])
    expect(words('CPUs:number:')).toEqual(['=2 ', '=1 '])
  })
})

describe('chips', () => {
  it('are the top-level terms', () => {
    expect(clausesOf('web power_state:|(a b) !tags:=x')).toEqual([
      { text: 'web', negated: false },
      { text: 'power_state:|(a b)', negated: false },
      { text: '!tags:=x', negated: true },
    ])
    expect(clausesOf('a (')).toEqual([])
  })
  it('are taken away and turned round', () => {
    expect(without('a b:c !d', 1)).toBe('a !d')
    expect(turned('a b:c', 1)).toBe('a !b:c')
    expect(turned('! a', 0)).toBe('a')
  })
  it('are built', () => {
    expect(clause(['memory', 'size'], 'more', '5')).toBe('memory:size:>=5')
    expect(clause(['tags'], 'not', 'eu west')).toBe('!tags:="eu west"')
    expect(clause(['a'], 'unset')).toBe('!a?')
  })
  it('come and go with a click on a tag', () => {
    const tag = clause(['tags'], 'equal', 'prod')
    expect(toggled('', tag)).toBe('tags:=prod')
    expect(toggled('web tags:=prod', tag)).toBe('web')
    expect(toggled('broken (', tag)).toBe('tags:=prod')
  })
})
