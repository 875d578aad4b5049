/** The first screen of a virtual disk or of a snapshot of one. */
import { type AnyVDI, type VDISnapshot } from '@/api/types'
import { shareCell } from '../columns'
import { type Look } from '../look'
import { writer, type Overview, type Section } from '../overview'

function general(vdi: AnyVDI, look: Look): Section[] {
  const w = writer(look)
  return [
    w.section('capacity', {
      facts: [...w.size('size', vdi.size), ...w.cell('used', shareCell({ used: vdi.usage, size: vdi.size }, { calm: true })), ...w.size('chain', vdi.chainPhysicalUsage)],
    }),
    w.section('general', {
      facts: [
        ...w.link('sr', 'SR', vdi.$SR),
        ...w.text('type', vdi.VDI_type),
        ...w.text('format', vdi.image_format?.toUpperCase()),
        ...w.flag('cbt', vdi.cbt_enabled),
        ...w.link('parent', 'VDI', vdi.parent),
        ...w.link('pool', 'pool', vdi.$pool),
      ],
    }),
    w.section('usedBy', { related: { type: 'VBD', filter: `VDI:="${vdi.id}"`, columns: ['vm', 'state', 'device', 'readOnly', 'bootable', 'name'], none: look.t('field.nobody') } }),
  ]
}

export const vdiOverview: Overview<AnyVDI> = (vdi, look) => [
  ...general(vdi, look),
  writer(look).section('snapshots', { related: { type: 'VDI-snapshot', filter: `$snapshot_of:="${vdi.id}"`, columns: ['name', 'taken', 'used'], none: look.t('field.noSnapshots') } }),
]

export const vdiSnapshotOverview: Overview<VDISnapshot> = (vdi, look) => {
  const w = writer(look)
  return [w.section('chain', { facts: [...w.link('snapshotOf', 'VDI', vdi.$snapshot_of), ...w.time('taken', vdi.snapshot_time)] }), ...general(vdi, look)]
}
