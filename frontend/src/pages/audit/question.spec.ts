// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { predicate } from '@/components/filter/evaluate'
import { differences, errorOf, filterOf, NOTHING, objectsOf, operationWords } from './question'

const record = (more: object = {}) => ({ id: 'a', previousId: 'nullId', time: 1_000, event: 'apiCall', subject: { userName: 'nora "the boss"' }, data: { operationId: 'StartVm', objects: [{ id: 'v1', type: 'VM' }], ...more } })

describe('what is looked for', () => {
  it('is everything when nothing is said', () => expect(filterOf(NOTHING)).toBe(''))

  it('finds the record, and only it', () => {
    const failed = record({ error: { code: 'missing-privileges' } })
    const matches = (question: object, row: object, until?: number) => predicate(filterOf({ ...NOTHING, ...question }, until))(row as { id: string })
    expect(matches({ who: 'nora "the' }, record())).toBe(true)
    expect(matches({ who: 'omar' }, record())).toBe(false)
    expect(matches({ event: 'apiCall' }, record())).toBe(true)
    expect(matches({ event: 'api' }, record())).toBe(false)
    expect(matches({ object: 'v1' }, record())).toBe(true)
    expect(matches({ object: 'v2' }, record())).toBe(false)
    expect([matches({ result: 'done' }, record()), matches({ result: 'done' }, failed)]).toEqual([true, false])
    expect([matches({ result: 'failed' }, record()), matches({ result: 'failed' }, failed)]).toEqual([false, true])
    expect([matches({}, record(), 999), matches({}, record(), 1_000)]).toEqual([false, true])
    const moment = new Date(2026, 0, 1, 12).getTime()
    expect(filterOf({ ...NOTHING, from: '2026-01-01T12:00' })).toBe(`time:>=${moment}`)
  })
})

describe('what a record says', () => {
  it('is a difference, member by member', () => {
    expect(differences({ before: { name_label: 'a', tags: ['x'], other: { k: 1 }, gone: 2 }, after: { name_label: 'b', tags: ['x', 'y'], other: { k: null, n: 3 }, gone: null } })).toEqual([
      { path: 'gone', before: 2, after: undefined },
      { path: 'name_label', before: 'a', after: 'b' },
      { path: 'other.k', before: 1, after: undefined },
      { path: 'other.n', before: undefined, after: 3 },
      { path: 'tags', before: ['x'], after: ['x', 'y'] },
    ])
    expect(differences({ after: { id: 'v1' } })).toEqual([{ path: 'id', before: undefined, after: 'v1' }])
  })
  it('tells of what, and how it failed', () => {
    expect(operationWords('BatchStartVms')).toBe('Batch start vms')
    expect(objectsOf(record())).toEqual([{ id: 'v1', type: 'VM' }])
    expect(objectsOf({ data: { objectId: 'v2', objectType: 'VM' } })).toEqual([{ id: 'v2', type: 'VM' }])
    expect(errorOf(record())).toBeUndefined()
    expect(errorOf(record({ error: { code: 'not-found' } }))).toBe('not-found')
  })
})
