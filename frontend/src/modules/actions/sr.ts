/** Actions of storage repositories. */
import { defineAsyncComponent } from 'vue'
import { pathOf, remove } from '@/api/act'
import { type SR } from '@/api/types'
import { define, type Action, type Possible } from './action'
import { disksIn } from './losses'
import { first, unless } from './reasons'
import { nameFields, rename, renameBack } from './storage'
import { act } from './vm'

const ImportDialog = defineAsyncComponent(() => import('../transfer/ImportDialog.vue'))

function idle(sr: SR): Possible {
  const [operation] = Object.values(sr.current_operations ?? {})
  return unless(operation !== undefined, 'why.busy', { operation })
}

const isSystem = (sr: SR): Possible => unless(sr.SR_type === 'udev' || sr.SR_type === 'iso' && sr.name_label === 'XenServer Tools', 'why.builtIn')

export const srActions: readonly Action[] = [
  define<SR>({ type: 'SR', name: 'scan', label: 'act.scan', icon: 'i-lucide-scan-search', group: 'change', primary: true, many: true, possible: idle, run: (sr) => act('srs', sr.id, 'scan') }),
  define<SR>({
    type: 'SR',
    name: 'rename',
    label: 'act.rename',
    icon: 'i-lucide-pencil',
    group: 'change',
    primary: true,
    possible: () => true,
    fields: (sr) => nameFields(sr as never),
    run: rename('srs'),
    undo: renameBack('srs'),
  }),
  define<SR>({
    type: 'SR',
    name: 'import_vdi',
    label: 'transfer.importDisk',
    icon: 'i-lucide-upload',
    group: 'file',
    possible: (sr) => first(unless(sr.content_type === 'iso' || sr.SR_type === 'udev', 'why.notForDisks'), unless(sr.inMaintenanceMode, 'why.maintenance')),
    dialog: ImportDialog,
  }),
  define<SR>({
    type: 'SR',
    name: 'reclaim_space',
    label: 'act.reclaim',
    icon: 'i-lucide-recycle',
    group: 'change',
    many: true,
    possible: (sr) => first(unless(!/^(lvm|ext|hba)|lvmo/.test(sr.SR_type), 'why.noTrim'), idle(sr)),
    run: (sr) => act('srs', sr.id, 'reclaim_space'),
  }),
  define<SR>({
    type: 'SR',
    name: 'forget',
    label: 'act.forget',
    icon: 'i-lucide-eraser',
    group: 'remove',
    danger: true,
    possible: (sr) => first(isSystem(sr), idle(sr)),
    confirm: { text: 'ask.forgetSr' },
    run: (sr) => act('srs', sr.id, 'forget'),
  }),
  define<SR>({
    type: 'SR',
    name: 'destroy',
    label: 'act.destroySr',
    icon: 'i-lucide-trash-2',
    group: 'remove',
    danger: true,
    possible: (sr) => first(isSystem(sr), idle(sr)),
    confirm: { text: 'ask.destroySr', loss: disksIn, typed: true },
    run: (sr) => remove(pathOf('srs', sr.id)),
  }),
]
