/** The settings of a machine that can be edited: where each stands on the object, and how it is asked for. */
import { type Host, type VM } from '@/api/types'
import { type MessageKey } from '@/i18n'

export type Value = string | number | boolean | null

interface Base {
  /** The name in PATCH /vms. */
  readonly name: string
  readonly label: MessageKey
  readonly help?: MessageKey
  /** Only a halted machine takes it. */
  readonly halted?: boolean
  readonly read: (vm: VM) => Value
}

export type Setting =
  | (Base & { readonly kind: 'text' | 'long' | 'flag' | 'size' })
  | (Base & { readonly kind: 'number'; readonly least: number; readonly most: number; readonly optional?: boolean })
  | (Base & { readonly kind: 'choice'; readonly options: readonly { readonly value: string; readonly label: MessageKey | undefined }[] })
  | (Base & { readonly kind: 'host' })

const plain = (...values: readonly string[]) => values.map((value) => ({ value, label: undefined }))

export const SETTINGS: readonly { readonly title: MessageKey; readonly settings: readonly Setting[] }[] = [
  {
    title: 'settings.general',
    settings: [
      { kind: 'text', name: 'nameLabel', label: 'settings.nameLabel', read: (vm) => vm.name_label },
      { kind: 'text', name: 'nameDescription', label: 'settings.nameDescription', read: (vm) => vm.name_description },
      { kind: 'long', name: 'notes', label: 'settings.notes', read: (vm) => vm.notes ?? '' },
    ],
  },
  {
    title: 'settings.compute',
    settings: [
      { kind: 'number', name: 'cpus', label: 'settings.cpus', least: 1, most: 8192, read: (vm) => vm.CPUs.number },
      { kind: 'number', name: 'cpusStaticMax', label: 'settings.cpusStaticMax', halted: true, least: 1, most: 8192, read: (vm) => vm.CPUs.max },
      { kind: 'number', name: 'coresPerSocket', label: 'settings.coresPerSocket', halted: true, least: 1, most: 4096, read: (vm) => vm.coresPerSocket },
      { kind: 'number', name: 'cpuWeight', label: 'settings.cpuWeight', least: 1, most: 65535, optional: true, read: (vm) => vm.cpuWeight ?? null },
      { kind: 'number', name: 'cpuCap', label: 'settings.cpuCap', least: 0, most: 65535, optional: true, read: (vm) => vm.cpuCap ?? null },
      { kind: 'size', name: 'memory', label: 'settings.memory', halted: true, read: (vm) => vm.memory.dynamic[1] },
    ],
  },
  {
    title: 'settings.boot',
    settings: [
      { kind: 'choice', name: 'hvmBootFirmware', label: 'settings.hvmBootFirmware', halted: true, options: plain('bios', 'uefi'), read: (vm) => vm.boot.firmware ?? 'bios' },
      { kind: 'text', name: 'bootOrder', label: 'settings.bootOrder', help: 'settings.bootOrderHelp', read: (vm) => vm.boot.order ?? '' },
      { kind: 'flag', name: 'secureBoot', label: 'settings.secureBoot', halted: true, read: (vm) => vm.secureBoot },
      { kind: 'flag', name: 'autoPoweron', label: 'settings.autoPoweron', read: (vm) => vm.auto_poweron },
      { kind: 'number', name: 'startDelay', label: 'settings.startDelay', least: 0, most: 86_400, read: (vm) => vm.startDelay },
    ],
  },
  {
    title: 'settings.behaviour',
    settings: [
      {
        kind: 'choice',
        name: 'highAvailability',
        label: 'settings.highAvailability',
        options: [
          { value: '', label: 'settings.haNone' },
          { value: 'best-effort', label: 'settings.haBest' },
          { value: 'restart', label: 'settings.haRestart' },
        ],
        read: (vm) => vm.high_availability,
      },
      { kind: 'host', name: 'affinityHost', label: 'settings.affinityHost', read: (vm) => vm.affinityHost ?? null },
      { kind: 'choice', name: 'vga', label: 'settings.vga', halted: true, options: plain('std', 'cirrus'), read: (vm) => vm.vga ?? 'cirrus' },
      { kind: 'flag', name: 'viridian', label: 'settings.viridian', halted: true, read: (vm) => vm.viridian },
      { kind: 'flag', name: 'nestedVirt', label: 'settings.nestedVirt', halted: true, read: (vm) => vm.isNestedVirtEnabled },
      { kind: 'flag', name: 'hasVendorDevice', label: 'settings.hasVendorDevice', halted: true, read: (vm) => vm.hasVendorDevice },
    ],
  },
]

/** Operations that people block, by XAPI's names. */
export const BLOCKABLE = ['start', 'clean_shutdown', 'hard_shutdown', 'clean_reboot', 'hard_reboot', 'suspend', 'migrate_send', 'pool_migrate', 'snapshot', 'destroy'] as const

/** What differs from what the machine has: the body of a PATCH. An emptied number takes the setting away. */
export function changesOf(vm: VM, written: Readonly<Record<string, Value>>): Record<string, Value> {
  const settings = new Map(SETTINGS.flatMap((each) => each.settings).map((setting) => [setting.name, setting]))
  return Object.fromEntries(Object.entries(written).filter(([name, value]) => settings.has(name) && settings.get(name)!.read(vm) !== value))
}

/** What was wrong with which setting, where a refused body names its members. */
export function wrongIn(failure: Readonly<Record<string, unknown>> | undefined): ReadonlyMap<string, string> {
  const data = failure?.data as { readonly errors?: unknown } | undefined
  const errors = failure?.errors ?? data?.errors
  const found = new Map<string, string>()
  for (const each of Array.isArray(errors) ? (errors as { readonly loc?: readonly unknown[]; readonly msg?: string }[]) : []) {
    const name = each.loc?.[0] === 'body' ? each.loc[1] : each.loc?.[0]
    if (typeof name === 'string' && !found.has(name)) found.set(name, each.msg ?? '')
  }
  return found
}

/** Hosts that a machine may prefer: those of its pool. */
export const hostsFor = (vm: VM, hosts: readonly Host[]): readonly Host[] => hosts.filter((host) => host.$pool === vm.$pool)
