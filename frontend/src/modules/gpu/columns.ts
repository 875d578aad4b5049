/** Columns of graphics: physical, virtual, groups and kinds. */
import { type PoolObject } from '@/api/types'
import { countColumn, descriptionColumn, flagColumn, idColumn, linkColumn, numberColumn, poolColumn, sizeColumn, stateColumn, textColumn, titleColumn, type ModuleColumn } from '../columns'
import { attachedState } from '../attached'

export interface PGPU extends PoolObject {
  readonly dom0Access: string
  readonly enabledVgpuTypes: readonly string[]
  readonly supportedVgpuTypes: readonly string[]
  readonly gpuGroup?: string
  readonly pci?: string
  readonly host?: string
  readonly isSystemDisplayDevice: boolean
  readonly vgpus: readonly string[]
}
export interface VGPU extends PoolObject {
  readonly currentlyAttached: boolean
  readonly device: string
  readonly gpuGroup?: string
  readonly resident_on?: string
  readonly vgpuType?: string
  readonly vm: string
}
export interface GpuGroup extends PoolObject {
  readonly name_label: string
  readonly name_description: string
  readonly allocation: string
  readonly pgpus: readonly string[]
  readonly vgpus: readonly string[]
}
export interface VgpuType extends PoolObject {
  readonly modelName: string
  readonly vendorName: string
  readonly framebufferSize: number
  readonly maxHeads: number
  readonly maxResolutionX: number
  readonly maxResolutionY: number
  readonly experimental: boolean
  readonly vgpus: readonly string[]
}

export const pgpuColumns: ModuleColumn<PGPU>[] = [
  linkColumn<PGPU>('name', ['pci', 'type'], 'PCI', () => undefined, {
    width: 280,
    needs: ['PCI'],
    cell: (gpu, look) => ({ kind: 'link', link: { ...look.link('PCI', gpu.pci ?? gpu.id), to: `/pgpus/${encodeURIComponent(gpu.id)}` } }),
    sort: (gpu, look) => look.link('PCI', gpu.pci ?? gpu.id).text,
    path: 'pci',
  }),
  linkColumn<PGPU>('host', ['host'], 'host', (gpu) => gpu.host, { brief: true }),
  linkColumn<PGPU>('gpuGroup', ['gpuGroup'], 'gpuGroup', (gpu) => gpu.gpuGroup, { needs: ['gpuGroup'], width: 220 }),
  textColumn<PGPU>('dom0Access', ['dom0Access'], (gpu) => gpu.dom0Access, { width: 150 }),
  flagColumn<PGPU>('display', ['isSystemDisplayDevice'], (gpu) => gpu.isSystemDisplayDevice, { width: 130 }),
  countColumn<PGPU>('vgpus', 'vgpus', { width: 80, brief: true }),
  poolColumn<PGPU>(),
  idColumn<PGPU>(),
]

export const vgpuColumns: ModuleColumn<VGPU>[] = [
  titleColumn<VGPU>('vgpu', ['device']),
  stateColumn<VGPU>('state', ['currentlyAttached'], (gpu, look) => attachedState({ attached: gpu.currentlyAttached }, look)),
  linkColumn<VGPU>('vm', ['vm'], 'VM', (gpu) => gpu.vm, { brief: true, width: 200 }),
  linkColumn<VGPU>('vgpuType', ['vgpuType'], 'vgpuType', (gpu) => gpu.vgpuType, { needs: ['vgpuType'], width: 200 }),
  linkColumn<VGPU>('gpuGroup', ['gpuGroup'], 'gpuGroup', (gpu) => gpu.gpuGroup, { needs: ['gpuGroup'], width: 200 }),
  poolColumn<VGPU>(),
  idColumn<VGPU>(),
]

export const gpuGroupColumns: ModuleColumn<GpuGroup>[] = [
  titleColumn<GpuGroup>('gpuGroup', ['name_label'], { width: 300 }),
  textColumn<GpuGroup>('allocationMode', ['allocation'], (group) => group.allocation, { width: 150 }),
  countColumn<GpuGroup>('pgpus', 'pgpus', { width: 90, brief: true }),
  countColumn<GpuGroup>('vgpus', 'vgpus', { width: 80 }),
  poolColumn<GpuGroup>(),
  descriptionColumn<GpuGroup>(),
  idColumn<GpuGroup>(),
]

export const vgpuTypeColumns: ModuleColumn<VgpuType>[] = [
  titleColumn<VgpuType>('vgpuType', ['modelName'], { width: 260 }),
  textColumn<VgpuType>('vendor', ['vendorName'], (type) => type.vendorName, { brief: true }),
  sizeColumn<VgpuType>('framebuffer', ['framebufferSize'], (type) => type.framebufferSize, { width: 120 }),
  numberColumn<VgpuType>('heads', ['maxHeads'], (type) => type.maxHeads),
  textColumn<VgpuType>('resolution', ['maxResolutionX', 'maxResolutionY'], (type) => (type.maxResolutionX > 0 ? `${type.maxResolutionX} × ${type.maxResolutionY}` : undefined), { width: 130 }),
  flagColumn<VgpuType>('experimental', ['experimental'], (type) => type.experimental, { width: 120 }),
  countColumn<VgpuType>('vgpus', 'vgpus', { width: 80 }),
  poolColumn<VgpuType>(),
  idColumn<VgpuType>(),
]
