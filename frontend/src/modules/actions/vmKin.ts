/** Actions of templates and of snapshots. */
import { type VMSnapshot, type VMTemplate } from '@/api/types'
import { define, type Action } from './action'
import { disksOf } from './losses'
import { first, unless } from './reasons'
import { act, clone, deleteVms, exportFields, exportXva } from './vm'

const idle = (vm: VMTemplate | VMSnapshot) => {
  const [running] = Object.values(vm.current_operations ?? {})
  return unless(running !== undefined, 'why.busy', { operation: running })
}

const deleteDisks = () => [{ kind: 'flag' as const, name: 'delete_disks', label: 'form.deleteDisks' as const, initial: true, help: 'form.deleteDisksHelp' as const }]

export const templateActions: readonly Action[] = [
  define<VMTemplate>({
    type: 'VM-template',
    name: 'newVm',
    label: 'act.newVm',
    icon: 'i-lucide-plus',
    group: 'copy',
    primary: true,
    possible: () => true,
    goTo: (template) => ({ path: '/new-vm', query: { template: template.id } }),
  }),
  clone<VMTemplate>('VM-template', 'vm-templates', idle),
  define<VMTemplate>({
    type: 'VM-template',
    name: 'convert_to_vm',
    label: 'act.toVm',
    icon: 'i-lucide-monitor',
    group: 'copy',
    possible: (template) => first(unless(template.isDefaultTemplate, 'why.builtIn'), idle(template)),
    confirm: { text: 'ask.toVm' },
    run: (template) => act('vm-templates', template.id, 'convert_to_vm'),
    undo: (template) => act('vms', template.id, 'convert_to_template'),
  }),
  define<VMTemplate>({ type: 'VM-template', name: 'export', label: 'act.export', icon: 'i-lucide-download', group: 'file', possible: idle, fields: exportFields, run: exportXva('vm-templates') }),
  define<VMTemplate>({
    type: 'VM-template',
    name: 'delete',
    label: 'act.delete',
    icon: 'i-lucide-trash-2',
    group: 'remove',
    danger: true,
    many: 'delete',
    possible: (template) => first(unless(template.isDefaultTemplate, 'why.builtIn'), unless(template.blockedOperations?.destroy !== undefined, 'why.blocked', { reason: template.blockedOperations?.destroy }), idle(template)),
    fields: deleteDisks,
    confirm: { text: 'ask.deleteTemplate', loss: (template, params) => (params.delete_disks === false ? Promise.resolve({ items: [] }) : disksOf(template)), typed: true },
    run: deleteVms('vm-templates'),
  }),
]

export const snapshotActions: readonly Action[] = [
  define<VMSnapshot>({
    type: 'VM-snapshot',
    name: 'revert',
    label: 'act.revert',
    icon: 'i-lucide-history',
    group: 'power',
    primary: true,
    danger: true,
    possible: (snapshot, around) => first(unless(around.find('VM', snapshot.$snapshot_of) === undefined, 'why.noVm'), idle(snapshot)),
    fields: () => [{ kind: 'flag', name: 'snapshotBefore', label: 'form.snapshotBefore', initial: true, help: 'form.snapshotBeforeHelp' }],
    confirm: { text: 'ask.revert' },
    run: (snapshot, { snapshotBefore }) => act('vms', String(snapshot.$snapshot_of), 'revert_snapshot', { snapshotId: snapshot.id, snapshotBefore: snapshotBefore === true }),
  }),
  clone<VMSnapshot>('VM-snapshot', 'vm-snapshots', idle),
  define<VMSnapshot>({ type: 'VM-snapshot', name: 'export', label: 'act.export', icon: 'i-lucide-download', group: 'file', possible: idle, fields: exportFields, run: exportXva('vm-snapshots') }),
  define<VMSnapshot>({
    type: 'VM-snapshot',
    name: 'delete',
    label: 'act.delete',
    icon: 'i-lucide-trash-2',
    group: 'remove',
    danger: true,
    many: 'delete',
    possible: (snapshot) => first(unless(snapshot.blockedOperations?.destroy !== undefined, 'why.blocked', { reason: snapshot.blockedOperations?.destroy }), idle(snapshot)),
    confirm: { text: 'ask.deleteSnapshot', loss: disksOf },
    run: deleteVms('vm-snapshots'),
  }),
]
