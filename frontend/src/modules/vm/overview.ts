/** The first screen of a virtual machine, and of its kin. */
import { type AnyVM, type VBD, type VIF, type VM, type VMSnapshot, type VMTemplate } from '@/api/types'
import { type ModuleColumn, linkColumn, shareCell, sizeColumn, textColumn } from '../columns'
import { type AnyRow } from '../kinds'
import { addressOf, type Look } from '../look'
import { talk, writer, type Overview, type Section } from '../overview'
import { NONE } from '@/components/table/column'
import { bytes, number, percent } from '@/i18n/format'
import { osName } from './columns'

const asAny = <T>(columns: ModuleColumn<T>[]) => columns as unknown as ModuleColumn<AnyRow>[]

function compute(vm: AnyVM, look: Look): Section {
  const w = writer(look)
  const { CPUs, memory } = vm
  const running = vm.power_state === 'Running' || vm.power_state === 'Paused'
  const range = ([low, high]: readonly [number, number]) => (low === high ? bytes(low) : `${bytes(low)} – ${bytes(high)}`)
  return w.section('compute', {
    facts: [
      ...w.text('vcpus', CPUs.number === CPUs.max ? number(CPUs.max) : look.t('field.vcpusOf', { n: CPUs.number, max: CPUs.max })),
      ...w.number('topology', vm.coresPerSocket),
      ...w.number('weight', vm.cpuWeight),
      ...(vm.cpuCap ? w.text('cap', percent(vm.cpuCap / 100)) : []),
      ...w.cell('memory', shareCell({ size: memory.size, used: running ? memory.usage : undefined })),
      ...w.text('dynamic', range(memory.dynamic)),
      ...w.text('static', range(memory.static)),
    ],
  })
}

function behaviour(vm: AnyVM, look: Look): Section {
  const w = writer(look)
  return w.section('boot', {
    facts: [
      ...w.text('virtualization', vm.virtualizationMode?.toUpperCase()),
      ...w.text('firmware', vm.boot?.firmware?.toUpperCase()),
      ...w.text('bootOrder', vm.boot?.order, true),
      ...w.flag('secureBoot', vm.secureBoot),
      ...w.flag('autoPowerOn', vm.auto_poweron),
      ...w.text('ha', vm.high_availability),
      ...w.link('affinity', 'host', vm.affinityHost),
      ...w.time('installed', vm.installTime),
      ...w.text('created', [vm.creation?.date, vm.creation?.user && look.t('field.createdBy', { user: vm.creation.user })].filter(Boolean).join(' ')),
    ],
  })
}

const diskOf = (vbd: VBD, look: Look) => look.find('VDI', vbd.VDI) ?? look.find('VDI-snapshot', vbd.VDI)

const diskColumns = [
  linkColumn<VBD>('disk', ['VDI'], ['VDI', 'VDI-snapshot'], (vbd) => vbd.VDI, { needs: ['VDI', 'VDI-snapshot'], sort: (vbd) => Number(vbd.position) }),
  sizeColumn<VBD>('size', [], () => undefined, {
    cell: (vbd, look) => {
      const disk = diskOf(vbd, look)
      return disk === undefined ? NONE : { kind: 'number', text: bytes(disk.size) }
    },
  }),
  textColumn<VBD>('used', [], () => undefined, {
    cell: (vbd, look) => {
      const disk = diskOf(vbd, look)
      return shareCell(disk && { size: disk.size, used: disk.usage }, { calm: true })
    },
  }),
  linkColumn<VBD>('sr', [], 'SR', () => undefined, {
    cell: (vbd, look) => {
      const sr = diskOf(vbd, look)?.$SR
      return sr === undefined ? NONE : { kind: 'link', link: look.link('SR', sr) }
    },
  }),
  textColumn<VBD>('device', ['device', 'position', 'is_cd_drive'], () => undefined, {
    cell: (vbd, look) => ({ kind: 'link', link: { text: vbd.is_cd_drive ? look.t('object.cdDrive') : (vbd.device ?? vbd.position), to: addressOf('VBD', vbd.id) } }),
  }),
]

const interfaceColumns = (vm: AnyVM) => [
  linkColumn<VIF>('network', ['$network'], 'network', (vif) => vif.$network, { sort: (vif) => Number(vif.device) }),
  textColumn<VIF>('addresses', ['device'], (vif) => addressesOf(vm, vif.device).join(' '), { mono: true }),
  textColumn<VIF>('device', ['device'], () => undefined, { cell: (vif) => ({ kind: 'link', link: { text: vif.device, to: addressOf('VIF', vif.id) } }) }),
]

function disks(vm: AnyVM, look: Look): Section {
  return writer(look).section('disks', {
    related: { type: 'VBD', filter: `VM:="${vm.id}"`, own: asAny(diskColumns), columns: ['readOnly', 'state'], more: { VDI: ['size', 'usage', '$SR'], 'VDI-snapshot': ['size', 'usage', '$SR'] }, none: look.t('field.noDisks') },
  })
}

function networks(vm: AnyVM, look: Look): Section {
  return writer(look).section('networks', {
    related: { type: 'VIF', filter: `$VM:="${vm.id}"`, own: asAny(interfaceColumns(vm)), columns: ['mac', 'mtu', 'state'], none: look.t('field.noNetworks') },
  })
}

/** Addresses that the guest reports for one device: keys are `<device>/<family>/<index>`. */
export function addressesOf(vm: AnyVM, device?: string): string[] {
  const entries = Object.entries(vm.addresses ?? {}).filter(([key]) => device === undefined || key.startsWith(`${device}/`))
  return [...new Set(entries.map(([, address]) => address))]
}

export const vmOverview: Overview<VM> = (vm, look) => {
  const w = writer(look)
  const host = look.find('host', vm.$container)
  const addresses = addressesOf(vm)
  return [
    { title: look.t('live.title'), live: { part: 'now', type: 'VM', metrics: ['cpu', 'memoryPercent', 'network', 'disk', 'iops'], off: vm.power_state !== 'Running' && vm.power_state !== 'Paused' } },
    w.section('place', {
      facts: [
        ...w.link('host', 'host', host?.id),
        ...w.link('pool', 'pool', vm.$pool),
        ...(vm.power_state === 'Running' || vm.power_state === 'Paused' ? w.span('uptime', vm.startTime) : []),
        ...(addresses.length > 0 ? addresses.flatMap((address) => w.copy('address', address)) : w.cell('address', { kind: 'text', text: look.t('field.noNetwork'), muted: true })),
      ],
    }),
    compute(vm, look),
    w.section('guest', {
      facts: [
        ...w.text('os', osName(vm)),
        ...w.text('kernel', vm.os_version?.uname, true),
        ...w.flag('tools', vm.pvDriversDetected),
        ...w.text('toolsVersion', vm.pvDriversVersion),
        ...w.flag('agent', vm.managementAgentDetected),
      ],
    }),
    behaviour(vm, look),
    ...(vm.notes ? [w.section('notes', { text: vm.notes })] : []),
    disks(vm, look),
    networks(vm, look),
    w.section('snapshots', { tree: 'snapshots' }),
    ...talk(vm, look),
  ]
}

export const templateOverview: Overview<VMTemplate> = (vm, look) => {
  const w = writer(look)
  return [
    w.section('general', { facts: [...w.link('pool', 'pool', vm.$pool), ...w.text('virtualization', vm.virtualizationMode?.toUpperCase()), ...w.text('firmware', vm.boot?.firmware?.toUpperCase())] }),
    compute(vm, look),
    disks(vm, look),
    networks(vm, look),
  ]
}

export const snapshotOverview: Overview<VMSnapshot> = (vm, look) => {
  const w = writer(look)
  return [
    w.section('general', { facts: [...w.link('snapshotOf', 'VM', vm.$snapshot_of), ...w.time('taken', vm.snapshot_time), ...w.link('pool', 'pool', vm.$pool), ...w.link('parent', 'VM-snapshot', vm.parent)] }),
    compute(vm, look),
    behaviour(vm, look),
    disks(vm, look),
    networks(vm, look),
  ]
}
