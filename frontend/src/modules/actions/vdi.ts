/** Actions of disks and of their snapshots. */
import { defineAsyncComponent } from 'vue'
import { pathOf, remove } from '@/api/act'
import { type VDI, type VDISnapshot } from '@/api/types'
import { bytes } from '@/i18n/format'
import { define, type Action, type Possible } from './action'
import { download } from './download'
import { first, unless } from './reasons'
import { nameFields, rename, renameBack, srChoice } from './storage'
import { act } from './vm'

const ImportDialog = defineAsyncComponent(() => import('../transfer/ImportDialog.vue'))

function idle(vdi: VDI | VDISnapshot): Possible {
  const [operation] = Object.values(vdi.current_operations ?? {})
  return first(unless(vdi.missing, 'why.missing'), unless(operation !== undefined, 'why.busy', { operation }))
}

const onSr = (vdi: VDI | VDISnapshot): Possible => unless(vdi.$SR === undefined, 'why.missing')

const exportFile = (collection: 'vdis' | 'vdi-snapshots', type: 'VDI' | 'VDI-snapshot', format: 'raw' | 'vhd') =>
  define<VDI>({
    type,
    name: `export_${format}`,
    label: `act.export_${format}`,
    icon: 'i-lucide-download',
    group: 'file',
    possible: idle,
    run: async (vdi) => download(`/${collection}/${encodeURIComponent(vdi.id)}.${format}`),
  })

/** A copy of the content, as a disk of its own. */
const copyTo = (type: 'VDI' | 'VDI-snapshot', collection: 'vdis' | 'vdi-snapshots') =>
  define<VDI>({
    type,
    name: 'copy',
    label: 'act.copyVdi',
    icon: 'i-lucide-copy-plus',
    group: 'copy',
    makes: 'VDI',
    possible: (vdi) => first(onSr(vdi), idle(vdi)),
    fields: (vdi, around) => [
      { ...srChoice({ pool: vdi.$pool, size: vdi.usage }), name: 'srId', label: 'form.toSr', initial: vdi.$SR },
      { kind: 'text', name: 'name_label', label: 'form.name', initial: around.t('form.copyOf', { name: vdi.name_label }) },
    ],
    run: (vdi, { srId, name_label }) => act(collection, vdi.id, 'copy', { srId, name_label }),
  })

const lost = async (vdi: { readonly id: string; readonly name_label: string; readonly size: number }) => ({ items: [{ id: vdi.id, name: vdi.name_label || vdi.id, detail: bytes(vdi.size) }] })

export const vdiActions: readonly Action[] = [
  define<VDI>({
    type: 'VDI',
    name: 'rename',
    label: 'act.rename',
    icon: 'i-lucide-pencil',
    group: 'change',
    primary: true,
    possible: onSr,
    fields: (vdi) => nameFields(vdi as never),
    run: rename('vdis'),
    undo: renameBack('vdis'),
  }),
  define<VDI>({
    type: 'VDI',
    name: 'resize',
    label: 'act.resize',
    icon: 'i-lucide-move-diagonal',
    group: 'change',
    primary: true,
    possible: idle,
    fields: (vdi) => [{ kind: 'size', name: 'size', label: 'form.size', help: 'form.growOnly', initial: vdi.size, least: vdi.size + 1 }],
    run: (vdi, { size }) => act('vdis', vdi.id, 'resize', { size }),
  }),
  define<VDI>({
    type: 'VDI',
    name: 'migrate',
    label: 'act.migrateVdi',
    icon: 'i-lucide-arrow-right-left',
    group: 'move',
    primary: true,
    possible: (vdi) => first(onSr(vdi), idle(vdi)),
    fields: (vdi) => [{ ...srChoice({ pool: vdi.$pool, size: vdi.usage, not: vdi.$SR }), name: 'srId', label: 'form.toSr' }],
    run: (vdi, { srId }) => act('vdis', vdi.id, 'migrate', { srId }),
  }),
  copyTo('VDI', 'vdis'),
  exportFile('vdis', 'VDI', 'raw'),
  exportFile('vdis', 'VDI', 'vhd'),
  define<VDI>({ type: 'VDI', name: 'import_content', label: 'transfer.replace', icon: 'i-lucide-upload', group: 'file', danger: true, possible: (vdi) => first(onSr(vdi), idle(vdi)), dialog: ImportDialog }),
  define<VDI>({
    type: 'VDI',
    name: 'delete',
    label: 'act.delete',
    icon: 'i-lucide-trash-2',
    group: 'remove',
    danger: true,
    many: 'delete',
    possible: idle,
    confirm: { text: 'ask.deleteVdi', loss: lost, typed: true },
    run: (vdi) => remove(pathOf('vdis', vdi.id)),
  }),
]

export const vdiSnapshotActions: readonly Action[] = [
  define<VDISnapshot>({
    type: 'VDI-snapshot',
    name: 'rename',
    label: 'act.rename',
    icon: 'i-lucide-pencil',
    group: 'change',
    primary: true,
    possible: onSr,
    fields: (vdi) => nameFields(vdi as never),
    run: rename('vdi-snapshots'),
    undo: renameBack('vdi-snapshots'),
  }),
  copyTo('VDI-snapshot', 'vdi-snapshots'),
  exportFile('vdi-snapshots', 'VDI-snapshot', 'raw'),
  exportFile('vdi-snapshots', 'VDI-snapshot', 'vhd'),
  define<VDISnapshot>({
    type: 'VDI-snapshot',
    name: 'delete',
    label: 'act.delete',
    icon: 'i-lucide-trash-2',
    group: 'remove',
    danger: true,
    many: true,
    possible: idle,
    confirm: { text: 'ask.deleteVdiSnapshot', loss: lost },
    run: (vdi) => remove(pathOf('vdi-snapshots', vdi.id)),
  }),
]
