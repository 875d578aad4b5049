/** Columns of attachments of storage to hosts. */
import { type PBD } from '@/api/types'
import { attachedState } from '../attached'
import { idColumn, linkColumn, poolColumn, stateColumn, textColumn, titleColumn, type ModuleColumn } from '../columns'

export const pbdColumns: ModuleColumn<PBD>[] = [
  titleColumn<PBD>('PBD', ['SR', 'host'], { width: 260 }),
  stateColumn<PBD>('state', ['attached'], attachedState),
  linkColumn<PBD>('sr', ['SR'], 'SR', (pbd) => pbd.SR, { width: 200 }),
  linkColumn<PBD>('host', ['host'], 'host', (pbd) => pbd.host, { brief: true }),
  textColumn<PBD>('configuration', ['device_config'], (pbd) => Object.entries(pbd.device_config ?? {}).map(([name, value]) => `${name}=${value}`).join(' '), { mono: true, width: 360, path: undefined }),
  poolColumn<PBD>({ extra: true }),
  idColumn<PBD>(),
]
