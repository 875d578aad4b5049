import { describe, expect, it } from 'vitest'
import { find, isMac, isUuid, matched, type Entry } from './search'

const entry = (name: string, ...more: string[]): Entry => ({ kind: 'VM', id: name, name, detail: more[0] ?? '', hay: [name, ...more].join('\n').toLowerCase() })
const entries = [entry('old-web'), entry('web'), entry('web-01', '10.0.0.5'), entry('spider', 'tier/web'), entry('Übung 3')]
const names = (query: string) => find(entries, query, 10).map(({ name }) => name)

describe('find', () => {
  it('puts the equal first, then what begins so, then words, then the rest', () => {
    expect(names('web')).toEqual(['web', 'web-01', 'old-web', 'spider'])
  })
  it('wants every word', () => {
    expect(names('web 10.0.0.5')).toEqual(['web-01'])
    expect(names('web nothing')).toEqual([])
  })
  it('finds nothing for nothing', () => expect(names('  ')).toEqual([]))
  it('takes what is special to patterns as it is', () => expect(names('(.*')).toEqual([]))
  it('knows no case, in any script', () => expect(names('ÜBUNG')).toEqual(['Übung 3']))
})

describe('matched', () => {
  it('tells the tag that was found when the name does not', () => {
    expect(matched({ ...entries[3]!, detail: '' }, 'web')).toBe('tier/web')
    expect(matched(entries[1]!, 'web')).toBeUndefined()
  })
})

describe('what it looks like', () => {
  it.each(['aa:bb', 'AA:BB:cc:dd:ee:ff', 'aa-bb-cc', 'aa:'])('%s is a MAC address', (text) => expect(isMac(text)).toBe(true))
  it.each(['aa', 'web:01', '10.0.0.1', 'aa:bb:cc:dd:ee:ff:00'])('%s is none', (text) => expect(isMac(text)).toBe(false))
  it('knows a uuid', () => {
    expect(isUuid('673f4418-15c1-9d21-3a30-ae0bf85a7e75')).toBe(true)
    expect(isUuid('673f4418')).toBe(false)
  })
})
