/** Columns of bonds. */
import { type TypeMap } from '@/api/types'
import { idColumn, linkColumn, poolColumn, textColumn, titleColumn, type ModuleColumn } from '../columns'

type Bond = TypeMap['bond']

export const bondColumns: ModuleColumn<Bond>[] = [
  titleColumn<Bond>('bond', ['master'], { needs: ['PIF'], width: 260 }),
  linkColumn<Bond>('master', ['master'], 'PIF', (bond) => bond.master, { needs: ['PIF'], width: 200, brief: true }),
  textColumn<Bond>('mode', ['mode'], (bond) => bond.mode, { brief: true }),
  poolColumn<Bond>(),
  idColumn<Bond>(),
]
