/** Actions of networks, of the interfaces of hosts and machines, and of bonds. */
import { patch, pathOf, remove } from '@/api/act'
import { type Network, type PIF, type TypeMap, type VIF } from '@/api/types'
import { define, type Action } from './action'
import { first, unless } from './reasons'
import { nameFields } from './storage'
import { act } from './vm'

export const networkActions: readonly Action[] = [
  define<Network>({
    type: 'network',
    name: 'edit',
    label: 'act.edit',
    icon: 'i-lucide-pencil',
    group: 'change',
    primary: true,
    possible: () => true,
    fields: (network) => [
      ...nameFields(network as never),
      { kind: 'number', name: 'MTU', label: 'form.mtu', initial: network.MTU, least: 68, most: 65535 },
      { kind: 'flag', name: 'automatic', label: 'form.automatic', initial: network.automatic },
      { kind: 'flag', name: 'defaultIsLocked', label: 'form.locked', initial: network.defaultIsLocked },
      { kind: 'flag', name: 'nbd', label: 'form.nbd', initial: network.nbd },
    ],
    // Only what differs: each is a call of its own to the pool.
    run: async (network, params) => {
      const asked: Record<string, unknown> = { ...params, name_description: params.name_description ?? '' }
      const changed = Object.fromEntries(Object.entries(asked).filter(([name, value]) => value !== (network as unknown as Record<string, unknown>)[name]))
      if (Object.keys(changed).length > 0) await patch(pathOf('networks', network.id), changed)
    },
  }),
  define<Network>({
    type: 'network',
    name: 'delete',
    label: 'act.delete',
    icon: 'i-lucide-trash-2',
    group: 'remove',
    danger: true,
    many: true,
    possible: (network) => first(unless(network.VIFs.length > 0, 'why.hasVifs', { n: network.VIFs.length }), unless(network.isBonded, 'why.bonded')),
    confirm: { text: 'ask.deleteNetwork' },
    run: (network) => remove(pathOf('networks', network.id)),
  }),
]

export const vifActions: readonly Action[] = [
  define<VIF>({ type: 'VIF', name: 'connect', label: 'act.connect', icon: 'i-lucide-plug-zap', group: 'power', primary: true, many: true, shown: (vif) => !vif.attached, possible: (vif) => unless(vif.attached, 'why.attached'), run: (vif) => act('vifs', vif.id, 'connect') }),
  define<VIF>({ type: 'VIF', name: 'disconnect', label: 'act.disconnect', icon: 'i-lucide-unplug', group: 'power', primary: true, many: true, shown: (vif) => vif.attached, possible: (vif) => unless(!vif.attached, 'why.detached'), confirm: { text: 'ask.disconnectVif' }, run: (vif) => act('vifs', vif.id, 'disconnect') }),
  define<VIF>({ type: 'VIF', name: 'delete', label: 'act.delete', icon: 'i-lucide-trash-2', group: 'remove', danger: true, many: true, possible: (vif) => unless(vif.attached, 'why.disconnectFirst'), confirm: { text: 'ask.deleteVif' }, run: (vif) => remove(pathOf('vifs', vif.id)) }),
]

export const pifActions: readonly Action[] = [
  define<PIF>({ type: 'PIF', name: 'plug', label: 'act.connect', icon: 'i-lucide-plug-zap', group: 'power', primary: true, many: true, shown: (pif) => !pif.attached, possible: (pif) => unless(pif.attached, 'why.attached'), run: (pif) => act('pifs', pif.id, 'plug') }),
  define<PIF>({
    type: 'PIF',
    name: 'unplug',
    label: 'act.disconnect',
    icon: 'i-lucide-unplug',
    group: 'power',
    primary: true,
    danger: true,
    many: true,
    shown: (pif) => pif.attached,
    possible: (pif) => first(unless(!pif.attached, 'why.detached'), unless(pif.management, 'why.management'), unless(pif.disallowUnplug, 'why.noUnplug')),
    confirm: { text: 'ask.unplugPif' },
    run: (pif) => act('pifs', pif.id, 'unplug'),
  }),
  define<PIF>({
    type: 'PIF',
    name: 'delete',
    label: 'act.delete',
    icon: 'i-lucide-trash-2',
    group: 'remove',
    danger: true,
    many: true,
    possible: (pif) => first(unless(pif.management, 'why.management'), unless(pif.isBondMaster || pif.isBondSlave, 'why.bonded'), unless(pif.physical && pif.attached, 'why.disconnectFirst')),
    confirm: { text: 'ask.deletePif' },
    run: (pif) => remove(pathOf('pifs', pif.id)),
  }),
]

export const bondActions: readonly Action[] = [
  define<TypeMap['bond']>({ type: 'bond', name: 'delete', label: 'act.delete', icon: 'i-lucide-trash-2', group: 'remove', danger: true, possible: () => true, confirm: { text: 'ask.deleteBond' }, run: (bond) => remove(pathOf('bonds', bond.id)) }),
]
