/** Columns of storage repositories. */
import { type PoolObject, type SR } from '@/api/types'
import { descriptionColumn, flagColumn, idColumn, linkColumn, poolColumn, countColumn, shareColumn, sizeColumn, tagsColumn, textColumn, titleColumn, type ModuleColumn } from '../columns'
import { liveColumn } from '../metrics/columns'

export const srColumns: ModuleColumn<SR>[] = [
  titleColumn<SR>('SR'),
  textColumn<SR>('srType', ['SR_type'], (sr) => sr.SR_type, { width: 90, brief: true }),
  textColumn<SR>('content', ['content_type'], (sr) => sr.content_type, { width: 90 }),
  flagColumn<SR>('shared', ['shared'], (sr) => sr.shared, { width: 90 }),
  linkColumn<SR>('place', ['$container'], ['host', 'pool'], (sr) => sr.$container),
  poolColumn<SR>(),
  shareColumn<SR>('used', ['physical_usage', 'size'], (sr) => ({ used: sr.physical_usage, size: sr.size }), { width: 190, brief: true }),
  sizeColumn<SR>('free', ['physical_usage', 'size'], (sr) => (sr.size > 0 ? Math.max(0, sr.size - sr.physical_usage) : undefined), { path: undefined }),
  sizeColumn<SR>('promised', ['usage'], (sr) => sr.usage),
  liveColumn<SR>('SR', 'throughput', 'disk'),
  liveColumn<SR>('SR', 'iops', 'iops'),
  textColumn<SR>('allocation', ['allocationStrategy'], (sr) => sr.allocationStrategy, { width: 100 }),
  tagsColumn<SR>(),
  descriptionColumn<SR>(),
  liveColumn<SR>('SR', 'latency', 'diskLatency', { extra: true }),
  flagColumn<SR>('maintenance', ['inMaintenanceMode'], (sr) => sr.inMaintenanceMode, { extra: true }),
  countColumn<SR>('disks', 'VDIs', { extra: true }),
  countColumn<SR>('pbds', '$PBDs', { extra: true }),
  idColumn<SR>(),
]

export type SM = PoolObject & {
  readonly name_label: string
  readonly name_description: string
  readonly SM_type: string
  readonly vendor: string
  readonly driver_filename: string
  readonly features: Readonly<Record<string, number>>
}
