/** The first screen of a pool. */
import { type Host, type Pool } from '@/api/types'
import { titleColumn, type ModuleColumn } from '../columns'
import { type AnyRow } from '../kinds'
import { liveColumn } from '../metrics/columns'
import { countCell, talk, writer, type Overview } from '../overview'

/** The name first, then how loaded each is, at a glance. */
const loadBars = [
  titleColumn<Host>('host'),
  liveColumn<Host>('host', 'cpuUse', 'cpu', { bar: true }),
  liveColumn<Host>('host', 'memoryUse', 'memoryPercent', { bar: true }),
  liveColumn<Host>('host', 'load', 'load'),
] as unknown as ModuleColumn<AnyRow>[]

const STATES = ['Running', 'Halted', 'Paused', 'Suspended'] as const

export const poolOverview: Overview<Pool> = (pool, look) => {
  const w = writer(look)
  const here = `$pool:="${pool.id}"`
  return [
    { title: look.t('live.title'), live: { part: 'now', type: 'pool', metrics: ['cpu', 'memoryPercent', 'network', 'disk', 'iops'] } },
    w.section('general', {
      facts: [
        ...w.link('master', 'host', pool.master),
        ...w.number('cores', pool.cpus?.cores),
        ...w.number('sockets', pool.cpus?.sockets),
        ...w.text('platform', pool.platform_version),
      ],
    }),
    w.section('machines', {
      facts: STATES.flatMap((state) => {
        const count = look.count('VM', (vm) => vm.$pool === pool.id && vm.power_state === state)
        return count === 0 && state !== 'Running' ? [] : [{ label: look.t(`state.${state}`), cell: countCell('VM', count, `${here} power_state:${state}`) }]
      }),
    }),
    w.section('settings', {
      facts: [
        ...w.flag('ha', pool.HA_enabled),
        ...w.flag('autoPowerOn', pool.auto_poweron),
        ...w.flag('migrationCompression', pool.migrationCompression),
        ...w.link('defaultSr', 'SR', pool.default_SR),
        ...w.link('suspendSr', 'SR', pool.suspendSr),
        ...w.link('crashSr', 'SR', pool.crashDumpSr),
      ],
    }),
    { title: look.t('top.vms'), live: { part: 'top', type: 'VM', metrics: ['cpu', 'memoryUsed', 'network', 'disk'], pool: pool.id } },
    w.section('hosts', { related: { type: 'host', filter: here, own: loadBars, columns: ['state', 'networkUse', 'vms', 'master', 'cores', 'address', 'version', 'uptime'] } }),
    w.section('storage', { related: { type: 'SR', filter: here, columns: ['name', 'srType', 'shared', 'place', 'used', 'free', 'promised'] } }),
    w.section('networks', { related: { type: 'network', filter: here, columns: ['name', 'bridge', 'mtu', 'pifs', 'vifs', 'bonded'] } }),
    ...talk(pool, look),
  ]
}

