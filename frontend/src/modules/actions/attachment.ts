/** Actions of what attaches disks to machines and storage to hosts; and of virtual TPMs. */
import { pathOf, remove } from '@/api/act'
import { type PBD, type TypeMap, type VBD } from '@/api/types'
import { define, type Action } from './action'
import { first, unless } from './reasons'
import { act } from './vm'

export const vbdActions: readonly Action[] = [
  define<VBD>({ type: 'VBD', name: 'connect', label: 'act.connect', icon: 'i-lucide-plug-zap', group: 'power', primary: true, many: true, shown: (vbd) => !vbd.attached, possible: (vbd) => first(unless(vbd.attached, 'why.attached'), unless(vbd.VDI === undefined, 'why.emptyDrive')), run: (vbd) => act('vbds', vbd.id, 'connect') }),
  define<VBD>({ type: 'VBD', name: 'disconnect', label: 'act.disconnect', icon: 'i-lucide-unplug', group: 'power', primary: true, many: true, shown: (vbd) => vbd.attached, possible: (vbd) => unless(!vbd.attached, 'why.detached'), confirm: { text: 'ask.disconnectVbd' }, run: (vbd) => act('vbds', vbd.id, 'disconnect') }),
  define<VBD>({ type: 'VBD', name: 'delete', label: 'act.detachDisk', icon: 'i-lucide-trash-2', group: 'remove', danger: true, many: true, possible: (vbd) => unless(vbd.attached, 'why.disconnectFirst'), confirm: { text: 'ask.deleteVbd' }, run: (vbd) => remove(pathOf('vbds', vbd.id)) }),
]

export const pbdActions: readonly Action[] = [
  define<PBD>({ type: 'PBD', name: 'plug', label: 'act.connect', icon: 'i-lucide-plug-zap', group: 'power', primary: true, many: true, shown: (pbd) => !pbd.attached, possible: (pbd) => unless(pbd.attached, 'why.attached'), run: (pbd) => act('pbds', pbd.id, 'plug') }),
  define<PBD>({ type: 'PBD', name: 'unplug', label: 'act.disconnect', icon: 'i-lucide-unplug', group: 'power', primary: true, danger: true, many: true, shown: (pbd) => pbd.attached, possible: (pbd) => unless(!pbd.attached, 'why.detached'), confirm: { text: 'ask.unplugPbd' }, run: (pbd) => act('pbds', pbd.id, 'unplug') }),
]

export const vtpmActions: readonly Action[] = [
  define<TypeMap['VTPM']>({
    type: 'VTPM',
    name: 'delete',
    label: 'act.delete',
    icon: 'i-lucide-trash-2',
    group: 'remove',
    danger: true,
    possible: (vtpm, around) => {
      const state = around.find('VM', vtpm.vm)?.power_state
      return unless(state !== undefined && state !== 'Halted', 'why.state', { state, states: ['Halted'] })
    },
    confirm: { text: 'ask.deleteVtpm' },
    run: (vtpm) => remove(pathOf('vtpms', vtpm.id)),
  }),
]
