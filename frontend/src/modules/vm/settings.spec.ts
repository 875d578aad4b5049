// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { type VM } from '@/api/types'
import { changesOf, wrongIn } from './settings'

const vm = { name_label: 'web', name_description: '', CPUs: { number: 2, max: 4 }, cpuWeight: 256, boot: { order: 'cd' } } as unknown as VM

describe('what is saved', () => {
  it('is what differs, and an emptied number takes the setting away', () => {
    expect(changesOf(vm, { nameLabel: 'web', nameDescription: 'new', cpus: 2, cpuWeight: null, unknown: 1 })).toEqual({ nameDescription: 'new', cpuWeight: null })
  })
})

describe('what was refused', () => {
  it('stands at its setting', () => {
    const errors = [{ loc: ['body', 'cpus'], msg: 'too many' }, { loc: ['body', 'cpus'], msg: 'again' }, { loc: ['query', 'x'], msg: 'no' }]
    expect(wrongIn({ errors }).get('cpus')).toBe('too many')
    expect(wrongIn({ data: { errors } }).get('cpus')).toBe('too many')
  })

  it('may name no setting', () => {
    expect(wrongIn(undefined).size).toBe(0)
    expect(wrongIn({ message: 'no' }).size).toBe(0)
  })
})
