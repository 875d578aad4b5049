import { describe, expect, it } from 'vitest'
import { predicate } from '@/components/filter/evaluate'
import en from '@/i18n/en'
import people from '@/i18n/en/people'
import { ACTIONS } from '../actions/registry'
import { askedOf, needOf } from '../actions/needs'
import { type AnyObject } from '../actions/action'
import { actionsOf, knows, RESOURCES, typeOfResource } from './catalogue'
import { gathered, sentence } from './privilegeWords'
import { complete, selectionOf, selectorOf, type Selection } from './selector'

const texts = { ...en, ...people, type: { ...en.type, ...people.type } }
const lookUp = (key: string) => key.split('.').reduce<unknown>((tree, name) => (tree as Record<string, unknown> | undefined)?.[name], texts)
const words = {
  t: (key: string, values: Record<string, unknown> = {}) => String(lookUp(key)).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name])),
  tOr: (key: string, otherwise: string) => (typeof lookUp(key) === 'string' ? String(lookUp(key)) : otherwise),
} as never
const look = { find: (type: string, id: string) => new Map([['pool p1', 'Lakeside'], ['VM v1', 'web-1'], ['VM v2', 'web-2']].map(([key, name_label]) => [key, { name_label }])).get(`${type} ${id}`) } as never
const allow = (action: string, selector?: string, more: object = {}) => ({ resource: 'vm', action, effect: 'allow' as const, reach: 'self' as const, selector, ...more })

describe('which objects', () => {
  const cases: [string, Selection, string | undefined][] = [
    ['all', { kind: 'all' }, undefined],
    ['one', { kind: 'these', ids: ['v1'] }, 'id:="v1"'],
    ['several', { kind: 'these', ids: ['v1', 'v2'] }, 'id:|(="v1" ="v2")'],
    ['with a tag', { kind: 'tag', tag: 'qa' }, 'tags:="qa"'],
    ['with a tag that looks like something else', { kind: 'tag', tag: 'a "b" \\ (c) 12' }, 'tags:="a \\"b\\" \\\\ (c) 12"'],
    ['with a tag in a pool', { kind: 'tag', tag: 'qa', pool: 'p1' }, 'tags:="qa" $pool:="p1"'],
    ['in a pool', { kind: 'pool', pool: 'p1' }, '$pool:="p1"'],
    ['by a filter', { kind: 'filter', filter: 'power_state:Halted tags:qa' }, 'power_state:Halted tags:qa'],
  ]
  it.each(cases)('%s: as a selector and back', (_, selection, selector) => {
    expect(selectorOf(selection)).toBe(selector)
    expect(selectionOf(selector)).toEqual(selection)
  })

  it('selects what it says', () => {
    const rows = [{ id: 'v1', tags: ['qa'], $pool: 'p1' }, { id: 'v2', tags: ['qa2'], $pool: 'p1' }, { id: 'v3', tags: ['qa'], $pool: 'p2' }]
    const ids = (selection: Selection) => rows.filter(predicate(selectorOf(selection) ?? '')).map(({ id }) => id)
    expect(ids({ kind: 'all' })).toEqual(['v1', 'v2', 'v3'])
    expect(ids({ kind: 'these', ids: ['v1', 'v3'] })).toEqual(['v1', 'v3'])
    expect(ids({ kind: 'tag', tag: 'qa' })).toEqual(['v1', 'v3'])
    expect(ids({ kind: 'tag', tag: 'qa', pool: 'p2' })).toEqual(['v3'])
    expect(ids({ kind: 'pool', pool: 'p1' })).toEqual(['v1', 'v2'])
  })

  it('takes nothing chosen for nothing, never for all', () => {
    expect(complete({ kind: 'these', ids: [] })).toBe(false)
    expect(complete({ kind: 'tag', tag: ' ' })).toBe(false)
    expect(complete({ kind: 'filter', filter: '' })).toBe(false)
    expect(complete({ kind: 'pool', pool: '' })).toBe(false)
  })

  it('leaves what it did not make as it is', () => {
    for (const selector of ['tags:qa', 'tags:="a" name_label:b', 'id:|(="v1" name:x)', '!id:="v1"']) expect(selectionOf(selector)).toEqual({ kind: 'filter', filter: selector })
  })
})

describe('privileges in words', () => {
  it('are one sentence for several actions on the same objects', () => {
    expect(sentence([allow('read', 'tags:="qa" $pool:="p1"'), allow('start', 'tags:="qa" $pool:="p1"'), allow('shutdown', 'tags:="qa" $pool:="p1"')], words, look)).toBe('May see, start, and shut down VMs tagged qa in Lakeside.')
  })
  it('name objects, say what is denied, and what is inside', () => {
    expect(sentence([allow('delete', 'id:|(="v1" ="v2")', { effect: 'deny' })], words, look)).toBe('May not delete the VMs web-1 and web-2.')
    expect(sentence([allow('*', 'id:="p1"', { resource: 'pool', reach: 'inside' })], words, look)).toBe('May do anything to the pool Lakeside. The same for all that is inside.')
    expect(sentence([allow('delete', undefined, { effect: 'deny' })], words, look)).toBe('May not delete any VMs.')
    expect(sentence([allow('update:tags')], words, look)).toBe('May change the tags of all VMs.')
  })
  it('are gathered by what they share', () => {
    const list = [allow('read'), allow('start', 'tags:="qa"'), allow('shutdown', ' tags:="qa" '), allow('start', 'tags:="qa"', { effect: 'deny' })]
    expect(gathered(list).map((group) => group.map(({ action }) => action))).toEqual([['read'], ['shutdown', 'start'], ['start']])
  })
  it('have a verb for each action', () => {
    const names = new Set(RESOURCES.flatMap((resource) => actionsOf(resource)).filter((action) => !action.includes(':')))
    expect([...names].filter((name) => !(name in people.verb))).toEqual([])
  })
})

describe('what actions need', () => {
  it.each(ACTIONS.map((action) => [`${action.type} ${action.name}`, action] as const))('%s: is in the catalogue', (_, action) => {
    const need = needOf(action)
    if (need === undefined) expect(action.name).toBe('compare')
    else expect(knows(need.resource, need.action), `${need.resource}:${need.action}`).toBe(true)
  })

  it('is asked of the object that the service asks it of', () => {
    const snapshot = { id: 's1', type: 'VM-snapshot', $snapshot_of: 'v1' } as unknown as AnyObject
    const ask = (type: string, name: string, object: AnyObject) => askedOf(needOf({ type, name } as never)!, object)?.id
    expect(ask('VM-snapshot', 'revert', snapshot)).toBe('v1')
    expect(ask('VM-snapshot', 'delete', snapshot)).toBe('s1')
    expect(ask('host', 'designate_master', { id: 'h1', type: 'host', $pool: 'p1' } as unknown as AnyObject)).toBe('p1')
    expect(ask('host', 'create_sr', { id: 'h1', type: 'host' } as unknown as AnyObject)).toBeUndefined()
  })

  it('names resources as the service does', () => {
    expect(typeOfResource('usb-group')).toBe('USB_group')
    expect(typeOfResource('gpuGroup')).toBe('gpuGroup')
    expect(typeOfResource('vm')).toBe('VM')
    expect(typeOfResource('acl-role')).toBe('acl-role')
  })
})
