/** Columns of virtual machines and of their kin: templates, snapshots, control domains. */
import { type AnyVM, type VM, type VMController, type VMSnapshot, type VMTemplate } from '@/api/types'
import { vmLook } from '@/components/states'
import {
  countColumn,
  descriptionColumn,
  flagColumn,
  idColumn,
  linkColumn,
  numberColumn,
  poolColumn,
  shareColumn,
  sizeColumn,
  stateColumn,
  tagsColumn,
  textColumn,
  timeColumn,
  titleColumn,
  type ModuleColumn,
} from '../columns'
import { liveColumn } from '../metrics/columns'
import { operationWord } from '../operations'

const state = <T extends AnyVM>() =>
  stateColumn<T>('state', ['power_state', 'current_operations'], (vm, look) => {
    const { icon, tone, word } = vmLook(vm)
    return { icon, tone, word: look.t(word), busy: operationWord(vm, look) }
  })

const cpus = <T extends AnyVM>() => numberColumn<T>('cpus', ['CPUs'], (vm) => vm.CPUs?.number, { path: 'CPUs.number', width: 64 })

const memory = <T extends AnyVM>() =>
  shareColumn<T>('memory', ['memory'], (vm) => (vm.memory === undefined ? undefined : { size: vm.memory.size, used: vm.power_state === 'Running' ? vm.memory.usage : undefined }), {
    whole: true,
    path: 'memory.size',
    width: 140,
  })

/** The operating system in few words. */
export function osName(vm: AnyVM): string | undefined {
  const os = vm.os_version
  return os?.name?.split('|')[0] ?? os?.distro
}

export const vmColumns: ModuleColumn<VM>[] = [
  titleColumn<VM>('VM'),
  state(),
  linkColumn<VM>('host', ['$container'], ['host', 'pool'], (vm, look) => (look.find('host', vm.$container) ? vm.$container : undefined), { brief: true, path: '$container' }),
  poolColumn<VM>(),
  cpus(),
  memory(),
  liveColumn<VM>('VM', 'cpuUse', 'cpu'),
  liveColumn<VM>('VM', 'memoryUse', 'memoryPercent'),
  textColumn<VM>('address', ['mainIpAddress'], (vm) => vm.mainIpAddress, { mono: true, brief: true, width: 130 }),
  textColumn<VM>('os', ['os_version'], osName, { path: 'os_version.name', width: 170 }),
  tagsColumn<VM>(),
  timeColumn<VM>('uptime', ['startTime', 'power_state'], (vm) => (vm.power_state === 'Running' || vm.power_state === 'Paused' ? vm.startTime : undefined), { span: true, path: 'startTime', width: 110 }),
  descriptionColumn<VM>(),
  liveColumn<VM>('VM', 'networkUse', 'network', { extra: true }),
  liveColumn<VM>('VM', 'diskUse', 'disk', { extra: true }),
  liveColumn<VM>('VM', 'iops', 'iops', { extra: true }),
  textColumn<VM>('addresses', ['addresses'], (vm) => [...new Set(Object.values(vm.addresses ?? {}))].join(' '), { mono: true, extra: true, path: undefined, width: 240 }),
  flagColumn<VM>('tools', ['pvDriversDetected'], (vm) => vm.pvDriversDetected, { extra: true }),
  flagColumn<VM>('agent', ['managementAgentDetected'], (vm) => vm.managementAgentDetected, { extra: true }),
  textColumn<VM>('virtualization', ['virtualizationMode'], (vm) => vm.virtualizationMode?.toUpperCase(), { extra: true, width: 90 }),
  textColumn<VM>('ha', ['high_availability'], (vm) => vm.high_availability, { extra: true, width: 110 }),
  flagColumn<VM>('autoPowerOn', ['auto_poweron'], (vm) => vm.auto_poweron, { extra: true }),
  timeColumn<VM>('installed', ['installTime'], (vm) => vm.installTime, { extra: true }),
  countColumn<VM>('snapshots', 'snapshots', { extra: true }),
  countColumn<VM>('disks', '$VBDs', { extra: true }),
  countColumn<VM>('vifs', 'VIFs', { extra: true }),
  textColumn<VM>('firmware', ['boot'], (vm) => vm.boot?.firmware?.toUpperCase(), { extra: true, path: 'boot.firmware', width: 90 }),
  idColumn<VM>(),
]

export const templateColumns: ModuleColumn<VMTemplate>[] = [
  titleColumn<VMTemplate>('VM-template', ['name_label'], { width: 280 }),
  flagColumn<VMTemplate>('isDefault', ['isDefaultTemplate'], (vm) => vm.isDefaultTemplate, { brief: true, width: 110 }),
  poolColumn<VMTemplate>(),
  cpus(),
  sizeColumn<VMTemplate>('memory', ['memory'], (vm) => vm.memory?.size, { path: 'memory.size', brief: true }),
  textColumn<VMTemplate>('virtualization', ['virtualizationMode'], (vm) => vm.virtualizationMode?.toUpperCase(), { width: 110 }),
  textColumn<VMTemplate>('firmware', ['boot'], (vm) => vm.boot?.firmware?.toUpperCase(), { path: 'boot.firmware', width: 90 }),
  tagsColumn<VMTemplate>(),
  descriptionColumn<VMTemplate>(),
  idColumn<VMTemplate>(),
]

export const snapshotColumns: ModuleColumn<VMSnapshot>[] = [
  titleColumn<VMSnapshot>('VM-snapshot', ['name_label'], { width: 280 }),
  linkColumn<VMSnapshot>('snapshotOf', ['$snapshot_of'], 'VM', (vm) => vm.$snapshot_of, { brief: true, width: 200 }),
  timeColumn<VMSnapshot>('taken', ['snapshot_time'], (vm) => vm.snapshot_time, { brief: true }),
  flagColumn<VMSnapshot>('withMemory', ['suspendVdi', 'power_state'], (vm) => vm.power_state === 'Suspended' || vm.suspendVdi !== undefined, { path: 'power_state', width: 120 }),
  poolColumn<VMSnapshot>(),
  cpus(),
  sizeColumn<VMSnapshot>('memory', ['memory'], (vm) => vm.memory?.size, { path: 'memory.size' }),
  tagsColumn<VMSnapshot>(),
  descriptionColumn<VMSnapshot>(),
  idColumn<VMSnapshot>(),
]

export const controllerColumns: ModuleColumn<VMController>[] = [
  titleColumn<VMController>('VM-controller', ['name_label'], { width: 280 }),
  state(),
  linkColumn<VMController>('host', ['$container'], 'host', (vm) => vm.$container),
  poolColumn<VMController>(),
  cpus(),
  sizeColumn<VMController>('memory', ['memory'], (vm) => vm.memory?.size, { path: 'memory.size', brief: true }),
  liveColumn<VMController>('VM-controller', 'cpuUse', 'cpu'),
  liveColumn<VMController>('VM-controller', 'memoryUse', 'memoryPercent'),
  timeColumn<VMController>('uptime', ['startTime'], (vm) => vm.startTime, { span: true }),
  descriptionColumn<VMController>({ extra: true }),
  idColumn<VMController>(),
]
