/** Columns of attachments of disks to machines. */
import { type VBD } from '@/api/types'
import { attachedState } from '../attached'
import { flagColumn, idColumn, linkColumn, poolColumn, stateColumn, textColumn, titleColumn, type ModuleColumn } from '../columns'

export const vbdColumns: ModuleColumn<VBD>[] = [
  titleColumn<VBD>('VBD', ['device', 'position', 'is_cd_drive', 'VM'], { width: 220 }),
  stateColumn<VBD>('state', ['attached'], attachedState),
  linkColumn<VBD>('vm', ['VM'], ['VM', 'VM-template', 'VM-snapshot', 'VM-controller'], (vbd) => vbd.VM, { needs: ['VM', 'VM-template', 'VM-snapshot', 'VM-controller'], width: 180 }),
  linkColumn<VBD>('disk', ['VDI'], ['VDI', 'VDI-snapshot', 'VDI-unmanaged'], (vbd) => vbd.VDI, { needs: ['VDI', 'VDI-snapshot'], brief: true, width: 220 }),
  textColumn<VBD>('device', ['device'], (vbd) => vbd.device, { mono: true, width: 80 }),
  textColumn<VBD>('position', ['position'], (vbd) => vbd.position, { width: 80, align: 'end' }),
  flagColumn<VBD>('cd', ['is_cd_drive'], (vbd) => vbd.is_cd_drive, { width: 90 }),
  flagColumn<VBD>('readOnly', ['read_only'], (vbd) => vbd.read_only),
  flagColumn<VBD>('bootable', ['bootable'], (vbd) => vbd.bootable),
  poolColumn<VBD>({ extra: true }),
  idColumn<VBD>(),
]
