/** Columns of virtual disks, of their snapshots and of what the storage holds beside them. */
import { type AnyVDI, type VDI, type VDISnapshot, type VDIUnmanaged } from '@/api/types'
import { countColumn, descriptionColumn, flagColumn, idColumn, linkColumn, poolColumn, shareColumn, sizeColumn, tagsColumn, textColumn, timeColumn, titleColumn, type ModuleColumn } from '../columns'

const sr = <T extends AnyVDI>() => linkColumn<T>('sr', ['$SR'], 'SR', (vdi) => vdi.$SR, { brief: true, width: 180 })
const used = <T extends AnyVDI>() => shareColumn<T>('used', ['usage', 'size'], (vdi) => ({ used: vdi.usage, size: vdi.size }), { width: 180, calm: true })

export const vdiColumns: ModuleColumn<VDI>[] = [
  titleColumn<VDI>('VDI'),
  sr(),
  sizeColumn<VDI>('size', ['size'], (vdi) => vdi.size, { brief: true }),
  used(),
  textColumn<VDI>('vdiType', ['VDI_type'], (vdi) => vdi.VDI_type, { width: 100 }),
  textColumn<VDI>('format', ['image_format'], (vdi) => vdi.image_format?.toUpperCase(), { width: 80 }),
  countColumn<VDI>('attachments', '$VBDs', { width: 100 }),
  countColumn<VDI>('snapshots', 'snapshots', { width: 96 }),
  poolColumn<VDI>(),
  tagsColumn<VDI>(),
  descriptionColumn<VDI>(),
  sizeColumn<VDI>('chain', ['chainPhysicalUsage'], (vdi) => vdi.chainPhysicalUsage, { extra: true, width: 120 }),
  flagColumn<VDI>('cbt', ['cbt_enabled'], (vdi) => vdi.cbt_enabled, { extra: true }),
  flagColumn<VDI>('missing', ['missing'], (vdi) => vdi.missing, { extra: true }),
  idColumn<VDI>(),
]

export const vdiSnapshotColumns: ModuleColumn<VDISnapshot>[] = [
  titleColumn<VDISnapshot>('VDI-snapshot'),
  linkColumn<VDISnapshot>('snapshotOf', ['$snapshot_of'], 'VDI', (vdi) => vdi.$snapshot_of, { width: 200 }),
  timeColumn<VDISnapshot>('taken', ['snapshot_time'], (vdi) => vdi.snapshot_time, { brief: true }),
  sr(),
  sizeColumn<VDISnapshot>('size', ['size'], (vdi) => vdi.size),
  used(),
  poolColumn<VDISnapshot>(),
  tagsColumn<VDISnapshot>(),
  descriptionColumn<VDISnapshot>({ extra: true }),
  flagColumn<VDISnapshot>('cbt', ['cbt_enabled'], (vdi) => vdi.cbt_enabled, { extra: true }),
  idColumn<VDISnapshot>(),
]

export const vdiUnmanagedColumns: ModuleColumn<VDIUnmanaged>[] = [
  titleColumn<VDIUnmanaged>('VDI-unmanaged'),
  sr(),
  sizeColumn<VDIUnmanaged>('size', ['size'], (vdi) => vdi.size, { brief: true }),
  used(),
  textColumn<VDIUnmanaged>('format', ['image_format'], (vdi) => vdi.image_format?.toUpperCase(), { width: 80 }),
  poolColumn<VDIUnmanaged>(),
  descriptionColumn<VDIUnmanaged>(),
  idColumn<VDIUnmanaged>(),
]
