/** Columns of hosts. */
import { type Host } from '@/api/types'
import { hostLook } from '@/components/states'
import { countColumn, descriptionColumn, flagColumn, idColumn, numberColumn, poolColumn, shareColumn, stateColumn, tagsColumn, textColumn, timeColumn, titleColumn, type ModuleColumn } from '../columns'
import { type Look } from '../look'
import { liveColumn } from '../metrics/columns'
import { operationWord } from '../operations'

export function isMaster(host: Host, look: Look): boolean {
  return look.find('pool', host.$pool)?.master === host.id
}

/** Running guests: the control domain is not one. */
export function guestsOf(host: Host): number {
  return (host.residentVms ?? []).filter((id) => id !== host.controlDomain).length
}

export const hostColumns: ModuleColumn<Host>[] = [
  titleColumn<Host>('host'),
  stateColumn<Host>('state', ['power_state', 'enabled', 'current_operations'], (host, look) => {
    const { icon, tone, word } = hostLook(host)
    return { icon, tone, word: look.t(word), busy: operationWord(host, look) }
  }),
  flagColumn<Host>('master', ['$pool'], () => undefined, { width: 110, cell: (host, look) => (isMaster(host, look) ? { kind: 'flag', on: true, word: look.t('value.yes') } : { kind: 'none' }), sort: (host, look) => Number(!isMaster(host, look)), plain: isMaster, path: undefined }),
  poolColumn<Host>({ brief: true }),
  textColumn<Host>('address', ['address'], (host) => host.address, { mono: true, width: 130, brief: true }),
  shareColumn<Host>('memoryUsed', ['memory'], (host) => (host.memory === undefined ? undefined : { used: host.memory.usage, size: host.memory.size }), { path: 'memory.usage', width: 180 }),
  liveColumn<Host>('host', 'cpuUse', 'cpu'),
  liveColumn<Host>('host', 'memoryUse', 'memoryPercent'),
  numberColumn<Host>('cores', ['cpus'], (host) => host.cpus?.cores, { path: 'cpus.cores' }),
  numberColumn<Host>('vms', ['residentVms', 'controlDomain'], guestsOf, { path: undefined, width: 72 }),
  textColumn<Host>('version', ['version', 'productBrand'], (host) => [host.productBrand, host.version].filter(Boolean).join(' '), { width: 150 }),
  timeColumn<Host>('uptime', ['startTime', 'power_state'], (host) => (host.power_state === 'Running' ? host.startTime : undefined), { span: true }),
  flagColumn<Host>('rebootRequired', ['rebootRequired'], (host) => host.rebootRequired, { width: 120 }),
  tagsColumn<Host>(),
  descriptionColumn<Host>(),
  liveColumn<Host>('host', 'networkUse', 'network', { extra: true }),
  liveColumn<Host>('host', 'diskUse', 'disk', { extra: true }),
  liveColumn<Host>('host', 'load', 'load', { extra: true, width: 136 }),
  numberColumn<Host>('sockets', ['cpus'], (host) => host.cpus?.sockets, { path: 'cpus.sockets', extra: true }),
  textColumn<Host>('hostname', ['hostname'], (host) => host.hostname, { extra: true }),
  textColumn<Host>('build', ['build'], (host) => host.build, { extra: true, width: 100 }),
  textColumn<Host>('iqn', ['iscsiIqn'], (host) => host.iscsiIqn, { extra: true, mono: true, width: 260 }),
  timeColumn<Host>('licenseExpiry', ['license_expiry'], (host) => host.license_expiry, { extra: true }),
  countColumn<Host>('pifs', 'PIFs', { extra: true }),
  idColumn<Host>(),
]
