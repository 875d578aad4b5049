/** The first screen of a host. */
import { type Host } from '@/api/types'
import { shareCell } from '../columns'
import { talk, writer, type Overview } from '../overview'
import { guestsOf, isMaster } from './columns'

export const hostOverview: Overview<Host> = (host, look) => {
  const w = writer(look)
  const bios = host.bios_strings ?? {}
  return [
    { title: look.t('live.title'), live: { part: 'now', type: 'host', metrics: ['cpu', 'memoryPercent', 'network', 'disk', 'load'], off: host.power_state !== 'Running' } },
    w.section('general', {
      facts: [
        ...w.cell('memory', shareCell({ used: host.memory.usage, size: host.memory.size })),
        ...w.text('machines', look.t('field.guests', { n: guestsOf(host) }, guestsOf(host))),
        ...w.copy('address', host.address),
        ...w.text('hostname', host.hostname, true),
        ...w.link('pool', 'pool', host.$pool),
        ...w.flag('master', isMaster(host, look)),
        ...(host.power_state === 'Running' ? w.span('uptime', host.startTime) : []),
        ...w.flag('reboot', host.rebootRequired),
      ],
    }),
    w.section('hardware', {
      facts: [
        ...w.text('model', [bios['system-manufacturer'], bios['system-product-name']].filter(Boolean).join(' ')),
        ...w.copy('serial', bios['system-serial-number']),
        ...w.text('cpu', host.CPUs?.modelname),
        ...w.number('sockets', host.cpus?.sockets),
        ...w.number('cores', host.cpus?.cores),
        ...w.text('bios', [bios['bios-vendor'], bios['bios-version']].filter(Boolean).join(' ')),
      ],
    }),
    w.section('versions', {
      facts: [
        ...w.text('version', [host.productBrand, host.version].filter(Boolean).join(' ')),
        ...w.text('build', host.build),
        ...w.time('license', host.license_expiry),
        ...w.copy('iqn', host.iscsiIqn),
        ...w.flag('multipathing', host.multipathing),
      ],
    }),
    ...(host.certificates?.length ? [w.section('certificate', { facts: host.certificates.flatMap((each) => [...w.copy('fingerprint', each.fingerprint), ...w.time('validUntil', each.notAfter)]) })] : []),
    { title: look.t('top.vms'), live: { part: 'top', type: 'VM', metrics: ['cpu', 'memoryUsed', 'network', 'disk'], filter: `$container:="${host.id}"` } },
    w.section('residents', { related: { type: 'VM', filter: `$container:="${host.id}"`, columns: ['name', 'state', 'cpuUse', 'cpus', 'memory', 'address', 'os', 'uptime'] } }),
    w.section('interfaces', { related: { type: 'PIF', filter: `$host:="${host.id}"`, columns: ['name', 'state', 'network', 'address', 'mac', 'vlan', 'speed', 'management'] } }),
    w.section('storage', { related: { type: 'PBD', filter: `host:="${host.id}"`, columns: ['sr', 'state', 'configuration', 'name'] } }),
    ...talk(host, look),
  ]
}
