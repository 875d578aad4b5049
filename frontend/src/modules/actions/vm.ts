/** Actions of virtual machines. */
import { defineAsyncComponent } from 'vue'
import { pathOf, start, startBatch } from '@/api/act'
import { type Host, type VM, type VMSnapshot, type VMTemplate } from '@/api/types'
import { bytes } from '@/i18n/format'
import { define, type Action, type Params } from './action'
import { download } from './download'
import { disksOf } from './losses'
import { ANY_STATE, first, unless, vmMay } from './reasons'
import { srChoice } from './storage'

const MigrateDialog = defineAsyncComponent(() => import('../vm/MigrateDialog.vue'))

export const act = (collection: string, id: string, action: string, body?: Params) => start(pathOf(collection, id, 'actions', action), body).then((taskId) => ({ taskId }))

/** An action that only changes the power state. */
function power(name: string, states: readonly string[], rest: Pick<Action<VM>, 'label' | 'icon'> & Partial<Action<VM>>): Action {
  return define<VM>({
    type: 'VM',
    name,
    group: 'power',
    many: name,
    possible: (vm) => vmMay(vm, name, states),
    run: (vm) => act('vms', vm.id, name),
    ...rest,
  })
}

const isPaused = (vm: VM) => vm.power_state === 'Paused'
const isSuspended = (vm: VM) => vm.power_state === 'Suspended'

const powerActions = [
  power('start', ['Halted'], { label: 'act.start', icon: 'i-lucide-play', primary: true, shown: (vm) => !isPaused(vm) && !isSuspended(vm) }),
  power('resume', ['Suspended'], { label: 'act.resume', icon: 'i-lucide-play', primary: true, shown: isSuspended }),
  power('unpause', ['Paused'], { label: 'act.unpause', icon: 'i-lucide-play', primary: true, shown: isPaused }),
  define<VM>({
    type: 'VM',
    name: 'start_on',
    label: 'act.startOn',
    icon: 'i-lucide-map-pin',
    group: 'power',
    shown: (vm) => vm.power_state === 'Halted',
    possible: (vm) => vmMay(vm, 'start', ['Halted']),
    fields: (vm) => [
      {
        kind: 'object',
        of: 'host',
        name: 'hostId',
        label: 'type.host.one',
        fit: (candidate) => {
          const host = candidate as unknown as Host
          return first(
            unless(host.$pool !== vm.$pool, 'why.otherPool'),
            unless(host.power_state !== 'Running', 'why.hostOff'),
            unless(!host.enabled, 'why.hostDisabled'),
            unless(host.memory.size - host.memory.usage < vm.memory.size, 'why.noMemory', { free: bytes(host.memory.size - host.memory.usage) }),
          )
        },
        detail: (candidate, around) => {
          const { memory } = candidate as unknown as Host
          return around.t('form.freeMemory', { size: bytes(Math.max(0, memory.size - memory.usage)) })
        },
      },
    ],
    run: (vm, params) => act('vms', vm.id, 'start', { hostId: params.hostId }),
  }),
  power('clean_shutdown', ['Running'], { label: 'act.cleanShutdown', icon: 'i-lucide-power', primary: true }),
  power('clean_reboot', ['Running'], { label: 'act.cleanReboot', icon: 'i-lucide-rotate-cw', primary: true }),
  power('pause', ['Running'], { label: 'act.pause', icon: 'i-lucide-pause', shown: (vm) => !isPaused(vm) }),
  power('suspend', ['Running'], { label: 'act.suspend', icon: 'i-lucide-moon', shown: (vm) => !isSuspended(vm) }),
  power('hard_shutdown', ['Running', 'Paused', 'Suspended'], { label: 'act.hardShutdown', icon: 'i-lucide-power-off', danger: true, confirm: { text: 'ask.hardShutdown' } }),
  power('hard_reboot', ['Running', 'Paused'], { label: 'act.hardReboot', icon: 'i-lucide-zap', danger: true, confirm: { text: 'ask.hardReboot' } }),
]

const snapshot = define<VM>({
  type: 'VM',
  name: 'snapshot',
  label: 'act.snapshot',
  icon: 'i-lucide-camera',
  group: 'copy',
  primary: true,
  many: 'snapshot',
  makes: 'VM-snapshot',
  possible: (vm) => vmMay(vm, 'snapshot', ANY_STATE),
  fields: (vm) => [
    { kind: 'text', name: 'name_label', label: 'form.name', optional: true, help: 'form.snapshotName' },
    { kind: 'text', name: 'name_description', label: 'form.description', optional: true, long: true },
    ...(vm.power_state === 'Running' ? [{ kind: 'flag' as const, name: 'memory', label: 'form.withMemory' as const, help: 'form.withMemoryHelp' as const }] : []),
  ],
  manyParams: ({ name_label, memory }) => ({ ...(name_label === undefined ? {} : { name_label }), ...(memory === true ? { memory } : {}) }),
  run: (vm, params) => act('vms', vm.id, 'snapshot', params),
})

/** A copy of a VM, template or snapshot. `fast` shares the content of the disks. */
export function clone<T extends VM | VMTemplate | VMSnapshot>(type: 'VM' | 'VM-template' | 'VM-snapshot', collection: string, possible: Action<T>['possible']): Action {
  return define<T>({
    type,
    name: 'clone',
    label: 'act.clone',
    icon: 'i-lucide-copy-plus',
    group: 'copy',
    makes: type === 'VM-template' ? 'VM-template' : 'VM',
    possible,
    fields: (vm, around) => [
      { kind: 'text', name: 'name_label', label: 'form.name', initial: around.t('form.copyOf', { name: vm.name_label }) },
      { kind: 'choice', name: 'how', label: 'form.how', initial: 'fast', options: [{ value: 'fast', label: 'form.fastClone' }, { value: 'full', label: 'form.fullCopy' }] },
      { ...srChoice({ pool: vm.$pool }), name: 'srId', label: 'form.toSr', optional: true, help: 'form.sameSr', when: (params) => params.how === 'full' },
    ],
    run: (vm, { name_label, how, srId }) => act(collection, vm.id, 'clone', { name_label, fast: how !== 'full', ...(how === 'full' ? { srId } : {}) }),
  })
}

/** Deletion by the action on many, which makes a Task of it that tells which disks stayed. */
export const deleteVms = (collection: string) => (vm: { readonly id: string }, params: Params) =>
  startBatch(collection, 'delete', [vm.id], { delete_disks: params.delete_disks !== false }).then((taskId) => ({ taskId }))

export const exportFields = () => [
  {
    kind: 'choice' as const,
    name: 'compress',
    label: 'form.compress' as const,
    initial: 'zstd',
    options: [
      { value: 'zstd', label: 'form.zstd' as const },
      { value: 'gzip', label: 'form.gzip' as const },
      { value: 'none', label: 'form.uncompressed' as const },
    ],
  },
]

export const exportXva = (collection: string) => async (vm: { readonly id: string }, { compress }: Params) =>
  download(`/${collection}/${encodeURIComponent(vm.id)}.xva`, { compress: compress === 'none' ? undefined : String(compress) })

export const vmActions: readonly Action[] = [
  ...powerActions,
  snapshot,
  clone<VM>('VM', 'vms', (vm) => vmMay(vm, 'clone', ['Halted', 'Suspended'])),
  define<VM>({
    type: 'VM',
    name: 'migrate',
    label: 'act.migrate',
    icon: 'i-lucide-move-right',
    group: 'move',
    possible: (vm) => vmMay(vm, 'migrate_send', ANY_STATE),
    dialog: MigrateDialog,
    run: (vm, params) => act('vms', vm.id, 'migrate', params),
  }),
  define<VM>({
    type: 'VM',
    name: 'convert_to_template',
    label: 'act.toTemplate',
    icon: 'i-lucide-layout-template',
    group: 'copy',
    possible: (vm) => vmMay(vm, 'make_into_template', ['Halted']),
    confirm: { text: 'ask.toTemplate' },
    run: (vm) => act('vms', vm.id, 'convert_to_template'),
    undo: (vm) => act('vm-templates', vm.id, 'convert_to_vm'),
  }),
  define<VM>({
    type: 'VM',
    name: 'export',
    label: 'act.export',
    icon: 'i-lucide-download',
    group: 'file',
    possible: (vm) => vmMay(vm, 'export', ['Halted', 'Suspended']),
    fields: exportFields,
    run: exportXva('vms'),
  }),
  define<VM>({
    type: 'VM',
    name: 'insert_cd',
    label: 'act.insertCd',
    icon: 'i-lucide-disc-3',
    group: 'change',
    possible: (vm, around) =>
      first(
        unless(!around.all('SR').some((sr) => sr.$pool === vm.$pool && sr.content_type === 'iso'), 'why.noIsos'),
        unless(vm.power_state === 'Suspended', 'why.state', { state: vm.power_state, states: ['Running', 'Halted', 'Paused'] }),
      ),
    fields: (vm, around) => [
      {
        kind: 'object',
        of: 'VDI',
        name: 'vdiId',
        label: 'form.image',
        fields: ['name_label', '$SR'],
        filter: `$SR:|(${around.all('SR').filter((sr) => sr.$pool === vm.$pool && sr.content_type === 'iso').map(({ id }) => `="${id}"`).join(' ')})`,
        detail: (vdi) => around.find('SR', vdi.$SR as string | undefined)?.name_label ?? '',
      },
    ],
    run: (vm, { vdiId }) => act('vms', vm.id, 'insert_cd', { vdiId }),
  }),
  define<VM>({
    type: 'VM',
    name: 'eject_cd',
    label: 'act.ejectCd',
    icon: 'i-lucide-disc',
    group: 'change',
    possible: (vm) => unless(vm.power_state === 'Suspended', 'why.state', { state: vm.power_state, states: ['Running', 'Halted', 'Paused'] }),
    run: (vm) => act('vms', vm.id, 'eject_cd'),
  }),
  define<VM>({
    type: 'VM',
    name: 'delete',
    label: 'act.delete',
    icon: 'i-lucide-trash-2',
    group: 'remove',
    danger: true,
    many: 'delete',
    possible: (vm) => vmMay(vm, 'destroy', ['Halted', 'Suspended']),
    fields: () => [{ kind: 'flag', name: 'delete_disks', label: 'form.deleteDisks', initial: true, help: 'form.deleteDisksHelp' }],
    confirm: { text: 'ask.deleteVm', loss: (vm, params) => (params.delete_disks === false ? Promise.resolve({ items: [] }) : disksOf(vm)), typed: true },
    run: deleteVms('vms'),
  }),
]
