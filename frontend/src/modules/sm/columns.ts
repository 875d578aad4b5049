/** Columns of storage managers: the drivers a pool has. */
import { descriptionColumn, idColumn, poolColumn, textColumn, titleColumn, type ModuleColumn } from '../columns'
import { type SM } from '../sr/columns'

export const smColumns: ModuleColumn<SM>[] = [
  titleColumn<SM>('SM', ['name_label', 'SM_type']),
  textColumn<SM>('srType', ['SM_type'], (sm) => sm.SM_type, { width: 90, brief: true }),
  poolColumn<SM>(),
  textColumn<SM>('vendor', ['vendor'], (sm) => sm.vendor),
  textColumn<SM>('driver', ['driver_filename'], (sm) => sm.driver_filename, { mono: true, width: 220 }),
  textColumn<SM>('features', ['features'], (sm) => Object.keys(sm.features ?? {}).join(' '), { width: 320, path: undefined }),
  descriptionColumn<SM>(),
  idColumn<SM>(),
]
