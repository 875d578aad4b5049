/** Columns of virtual TPMs. */
import { type PoolObject } from '@/api/types'
import { idColumn, linkColumn, poolColumn, titleColumn, type ModuleColumn } from '../columns'

export interface VTPM extends PoolObject {
  readonly vm: string
}

export const vtpmColumns: ModuleColumn<VTPM>[] = [
  titleColumn<VTPM>('VTPM', ['vm']),
  linkColumn<VTPM>('vm', ['vm'], ['VM', 'VM-template', 'VM-snapshot'], (vtpm) => vtpm.vm, { needs: ['VM'], brief: true, width: 220 }),
  poolColumn<VTPM>(),
  idColumn<VTPM>(),
]
