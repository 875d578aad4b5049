// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { byPool, shadeOf } from './shade'
import { mean, meanLine } from './weighted'

describe('the heat map', () => {
  it('grows stronger in five steps, and has none for what is not known', () => {
    expect([0, 0.1, 0.25, 0.49, 0.5, 0.74, 0.75, 0.89, 0.9, 1, 1.2].map((share) => shadeOf(share))).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 4])
    expect(shadeOf(undefined)).toBeUndefined()
    expect(shadeOf(Number.NaN)).toBeUndefined()
  })

  it('groups hosts by pool, both in the order of their names', () => {
    const host = (id: string, $pool: string, name_label: string) => ({ id, $pool, name_label })
    const names: Record<string, string> = { p1: 'Zürich', p2: 'Annecy' }
    const compare = (a: string, b: string) => new Intl.Collator('en', { numeric: true }).compare(a, b)
    const groups = byPool([host('1', 'p1', 'xcp-10'), host('2', 'p2', 'b'), host('3', 'p1', 'xcp-9'), host('5', 'p2', 'a'), host('4', 'p2', 'a')], (id) => names[id]!, compare)
    expect(groups.map(({ name, members }) => [name, members.map(({ id }) => id)])).toEqual([['Annecy', ['4', '5', '2']], ['Zürich', ['3', '1']]])
  })
})

describe('a mean', () => {
  it('weighs, and leaves out what is not known', () => {
    expect(mean([{ value: 10, weight: 1 }, { value: 40, weight: 2 }, { value: undefined, weight: 100 }])).toBe(30)
    expect(mean([{ value: undefined, weight: 1 }])).toBeUndefined()
    expect([...meanLine([{ values: [Number.NaN, 10, 20], weight: 1 }, { values: [Number.NaN, Number.NaN, 80], weight: 3 }], 3)]).toEqual([Number.NaN, 10, 65])
  })
})
