// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { type Host, type Server, type VM } from '@/api/types'
import en from '@/i18n/en'
import late from '@/i18n/en/late'
import { type AnyObject, type Around, type Possible } from './action'
import { check, together, vmMay } from './reasons'
import { ACTIONS, actionOf, actionsFor, actionsForMany, actionsOf, grouped } from './registry'

const texts = { ...en, ...late }
const textOf = (key: string) => key.split('.').reduce<unknown>((tree, name) => (tree as Record<string, unknown> | undefined)?.[name], texts)

const vm = (more: object = {}) => ({ id: 'v1', type: 'VM', $pool: 'p1', name_label: 'web-12', power_state: 'Halted', current_operations: {}, blockedOperations: {}, tags: [], memory: { size: 1 }, ...more }) as unknown as VM
const host = (more: object = {}) => ({ id: 'h1', type: 'host', $pool: 'p1', name_label: 'xcp-1', power_state: 'Running', enabled: true, current_operations: {}, powerOnMode: '', memory: { size: 4, usage: 1 }, ...more }) as unknown as Host
const any = (object: object) => object as unknown as AnyObject

function around(more: Partial<Around> = {}): Around {
  return { server: () => ({ state: 'connected', readOnly: false }) as Server, find: () => undefined, all: () => [], pending: () => undefined, t: (key) => key, ...more }
}
const why = (answer: Possible) => (answer === true ? true : answer.key)
const may = (type: 'VM' | 'host' | 'pool' | 'SR', name: string, object: object, world = around()) => why(check(actionOf(type, name)!, any(object), world))

describe('the registry', () => {
  it('has each name once in a type', () => {
    const names = ACTIONS.map(({ type, name }) => `${type} ${name}`)
    expect(new Set(names).size).toBe(names.length)
  })

  it.each(ACTIONS.map((action) => [`${action.type} ${action.name}`, action] as const))('%s has its texts, and does something', (_, action) => {
    expect(typeof textOf(action.label)).toBe('string')
    if (action.confirm !== undefined) expect(typeof textOf(action.confirm.text)).toBe('string')
    expect([action.run, action.goTo, action.dialog].some((each) => each !== undefined)).toBe(true)
  })

  it('asks before anything that destroys', () => {
    expect(ACTIONS.filter(({ danger, confirm, dialog }) => danger === true && confirm === undefined && dialog === undefined)).toEqual([])
  })

  it('asks for the name of whatever has disks', () => {
    for (const [type, name] of [['VM', 'delete'], ['VM-template', 'delete'], ['VDI', 'delete'], ['SR', 'destroy']] as const) expect(actionOf(type, name)?.confirm, `${type} ${name}`).toMatchObject({ typed: true, loss: expect.any(Function) })
  })

  it('offers in a menu what makes sense, and what destroys last', () => {
    const names = (object: VM) => actionsFor('VM', any(object)).map(({ name }) => name)
    expect(names(vm())).toContain('start')
    expect(names(vm())).not.toContain('resume')
    expect(names(vm({ power_state: 'Suspended' }))).toContain('resume')
    expect(names(vm({ power_state: 'Suspended' }))).not.toContain('start')
    expect(names(vm())).not.toContain('add_tag')
    expect(grouped(actionsOf('VM')).at(-1)?.map(({ name }) => name)).toEqual(['delete'])
    expect(grouped(actionsOf('VM')).flat()).toHaveLength(actionsOf('VM').length)
  })

  it('knows what can be done to many', () => {
    expect(actionsForMany('VM').map(({ name }) => name)).toEqual(expect.arrayContaining(['start', 'clean_shutdown', 'snapshot', 'delete', 'add_tag', 'remove_tag']))
    expect(actionsForMany('VM').map(({ name }) => name)).not.toContain('start_on')
  })
})

describe('whether something is possible', () => {
  it('depends on the power state', () => {
    expect(may('VM', 'start', vm())).toBe(true)
    expect(may('VM', 'start', vm({ power_state: 'Running' }))).toBe('why.state')
    expect(may('VM', 'clean_shutdown', vm())).toBe('why.state')
    expect(may('VM', 'delete', vm({ power_state: 'Running' }))).toBe('why.state')
    expect(may('VM', 'delete', vm({ power_state: 'Suspended' }))).toBe(true)
  })

  it('says which states it would need', () => {
    expect(check(actionOf('VM', 'clone')!, any(vm({ power_state: 'Running' })), around())).toEqual({ key: 'why.state', values: { state: 'Running', states: ['Halted', 'Suspended'] } })
  })

  it('depends on what somebody has blocked, with the reason', () => {
    expect(check(actionOf('VM', 'delete')!, any(vm({ blockedOperations: { destroy: 'do not touch' } })), around())).toEqual({ key: 'why.blocked', values: { reason: 'do not touch' } })
    expect(may('VM', 'start', vm({ blockedOperations: { destroy: 'do not touch' } }))).toBe(true)
  })

  it('depends on what is under way, as XAPI has it', () => {
    const busy = vm({ power_state: 'Running', current_operations: { t: 'clean_shutdown' } })
    expect(may('VM', 'clean_reboot', busy)).toBe('why.busy')
    expect(may('VM', 'hard_shutdown', busy)).toBe(true)
    expect(together('clone', 'copy')).toBe(true)
    expect(together('start', 'start')).toBe(false)
    expect(together('hard_reboot', 'hard_shutdown')).toBe(false)
    expect(vmMay(vm({ current_operations: { t: 'export' } }), 'clone', ['Halted'])).toBe(true)
  })

  it('depends on the pool and on what was asked for already', () => {
    expect(may('VM', 'start', vm(), around({ server: () => ({ state: 'stale' }) as Server }))).toBe('why.silent')
    expect(may('VM', 'start', vm(), around({ server: () => ({ state: 'connected', readOnly: true }) as Server }))).toBe('why.readOnly')
    expect(may('VM', 'start', vm(), around({ pending: () => 'start' }))).toBe('why.pending')
    expect(may('VM', 'start', vm(), around({ pending: () => 'snapshot' }))).toBe(true)
  })

  it('is so for hosts', () => {
    const master = around({ find: () => ({ master: 'h1' }) as never })
    expect(may('host', 'enable', host())).toBe('why.enabled')
    expect(may('host', 'enable', host({ enabled: false }))).toBe(true)
    expect(may('host', 'maintenance', host({ power_state: 'Halted' }))).toBe('why.hostOff')
    expect(may('host', 'start', host({ power_state: 'Halted' }))).toBe('why.noPowerOn')
    expect(may('host', 'detach', host(), master)).toBe('why.master')
    expect(may('host', 'forget', host())).toBe('why.hostOn')
  })
})
