import { describe, expect, it } from 'vitest'
import { type AnyObject, type Around, type Field } from './action'
import { hostMaking, poolMaking, vmMaking } from './making'

const around = { all: () => [], find: () => undefined, server: () => undefined, pending: () => undefined, t: (key: string) => key } as unknown as Around
const vm = { id: 'v', $pool: 'p', power_state: 'Running', current_operations: {}, blockedOperations: {} } as unknown as AnyObject
const shown = (fields: readonly Field[], params: Record<string, unknown>) => fields.filter(({ when }) => when === undefined || when(params)).map(({ name }) => name)

describe('what is made within something else', () => {
  it('asks for what each kind of storage needs, and for nothing else', () => {
    const fields = hostMaking[0]!.fields!(vm, around)
    expect(shown(fields, { SR_type: 'nfs' })).toEqual(['name_label', 'SR_type', 'server', 'serverpath'])
    expect(shown(fields, { SR_type: 'lvmoiscsi' })).toEqual(['name_label', 'SR_type', 'target', 'targetIQN', 'SCSIid'])
    expect(shown(fields, { SR_type: 'ext' })).toEqual(['name_label', 'SR_type', 'device'])
  })
  it('hides the password of a share', () => {
    expect(hostMaking[0]!.fields!(vm, around).find(({ name }) => name === 'password')).toMatchObject({ secret: true })
  })
  it('asks for a VLAN only over an interface', () => {
    const fields = poolMaking.find(({ name }) => name === 'create_network')!.fields!(vm, around)
    expect(shown(fields, {})).not.toContain('vlan')
    expect(shown(fields, { pif: 'x' })).toContain('vlan')
  })
  it('gives a vTPM to halted machines only', () => {
    const action = vmMaking.find(({ name }) => name === 'add_vtpm')!
    expect(action.possible(vm, around)).not.toBe(true)
    expect(action.possible({ ...vm, power_state: 'Halted' } as AnyObject, around)).toBe(true)
  })
})
