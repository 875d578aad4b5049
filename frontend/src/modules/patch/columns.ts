/** Columns of patches: on a host, and as a pool knows them. */
import { type PoolObject } from '@/api/types'
import { countColumn, flagColumn, idColumn, linkColumn, poolColumn, sizeColumn, textColumn, timeColumn, titleColumn, type ModuleColumn } from '../columns'

export interface Patch extends PoolObject {
  readonly name: string
  readonly description: string
  readonly applied: boolean
  readonly time?: number | null
  readonly size: number
  readonly $host: string
}
export interface PoolPatch extends PoolObject {
  readonly name: string
  readonly description: string
  readonly guidance: readonly string[] | string
  readonly size: number
  readonly $host_patches: readonly string[]
}

export const patchColumns: ModuleColumn<Patch>[] = [
  titleColumn<Patch>('patch', ['name']),
  flagColumn<Patch>('applied', ['applied'], (patch) => patch.applied, { brief: true }),
  linkColumn<Patch>('host', ['$host'], 'host', (patch) => patch.$host, { brief: true }),
  timeColumn<Patch>('time', ['time'], (patch) => patch.time),
  sizeColumn<Patch>('size', ['size'], (patch) => patch.size),
  poolColumn<Patch>(),
  textColumn<Patch>('description', ['description'], (patch) => patch.description, { width: 360 }),
  idColumn<Patch>(),
]

export const poolPatchColumns: ModuleColumn<PoolPatch>[] = [
  titleColumn<PoolPatch>('pool_patch', ['name']),
  countColumn<PoolPatch>('hosts', '$host_patches', { brief: true }),
  textColumn<PoolPatch>('guidance', ['guidance'], (patch) => (typeof patch.guidance === 'string' ? patch.guidance : patch.guidance?.join(' ')), { width: 180 }),
  sizeColumn<PoolPatch>('size', ['size'], (patch) => patch.size),
  poolColumn<PoolPatch>(),
  textColumn<PoolPatch>('description', ['description'], (patch) => patch.description, { width: 360 }),
  idColumn<PoolPatch>(),
]
