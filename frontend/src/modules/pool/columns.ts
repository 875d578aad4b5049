/** Columns of pools. */
import { type Pool } from '@/api/types'
import { descriptionColumn, flagColumn, idColumn, linkColumn, numberColumn, tagsColumn, textColumn, titleColumn, type ModuleColumn } from '../columns'
import { liveColumn } from '../metrics/columns'

export const poolColumns: ModuleColumn<Pool>[] = [
  titleColumn<Pool>('pool'),
  linkColumn<Pool>('master', ['master'], 'host', (pool) => pool.master, { brief: true }),
  liveColumn<Pool>('pool', 'cpuUse', 'cpu'),
  liveColumn<Pool>('pool', 'memoryUse', 'memoryPercent'),
  numberColumn<Pool>('cores', ['cpus'], (pool) => pool.cpus?.cores, { path: 'cpus.cores', brief: true }),
  numberColumn<Pool>('sockets', ['cpus'], (pool) => pool.cpus?.sockets, { path: 'cpus.sockets' }),
  linkColumn<Pool>('defaultSr', ['default_SR'], 'SR', (pool) => pool.default_SR, { width: 180 }),
  flagColumn<Pool>('ha', ['HA_enabled'], (pool) => pool.HA_enabled),
  flagColumn<Pool>('autoPowerOn', ['auto_poweron'], (pool) => pool.auto_poweron, { width: 120 }),
  textColumn<Pool>('platform', ['platform_version'], (pool) => pool.platform_version, { width: 110 }),
  tagsColumn<Pool>(),
  descriptionColumn<Pool>(),
  liveColumn<Pool>('pool', 'networkUse', 'network', { extra: true }),
  liveColumn<Pool>('pool', 'diskUse', 'disk', { extra: true }),
  idColumn<Pool>(),
]
