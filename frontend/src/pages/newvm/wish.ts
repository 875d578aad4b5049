/** What a new machine is to be, and the body that asks for it. */
import { type VMTemplate } from '@/api/types'

export interface DiskWish {
  readonly key: number
  /** The place of a disk of the template. */
  readonly userdevice?: string
  /** Of a disk that is there already, with a content: it can only grow. */
  readonly original?: { readonly name: string; readonly size: number; readonly sr?: string }
  name: string
  size: number
  sr?: string
}

export interface InterfaceWish {
  readonly key: number
  /** The place of an interface of the template. */
  readonly device?: string
  network?: string
  mac: string
}

export interface Wish {
  name: string
  description: string
  cpus: number
  memory: number
  disks: DiskWish[]
  interfaces: InterfaceWish[]
  /** What it is installed from. */
  install: 'template' | 'cdrom' | 'network'
  image?: string
  cloudConfig: string
  networkConfig: string
  affinity?: string
  firmware?: 'bios' | 'uefi'
  secureBoot: boolean
  vtpm: boolean
  autoPoweron: boolean
  clone: boolean
  boot: boolean
}

export const MOST_AT_ONCE = 100

/** What a template has beside what it describes. */
export interface Devices {
  readonly disks: readonly { readonly userdevice: string; readonly name: string; readonly size: number; readonly sr?: string }[]
  readonly interfaces: readonly { readonly device: string; readonly network?: string }[]
}
export const NO_DEVICES: Devices = { disks: [], interfaces: [] }

/** What the template proposes. `network`: the one that new machines get where it has no interface of its own. */
export function wishOf(template: VMTemplate, network: string | undefined, devices: Devices = NO_DEVICES): Wish {
  const described = template.template_info.disks.map((disk, at) => ({ userdevice: disk.device ?? String(at), name: '', size: disk.size, sr: disk.SR === '' ? undefined : disk.SR }))
  const own = devices.disks.map((disk) => ({ ...disk, original: disk }))
  const interfaces = devices.interfaces.length > 0 ? devices.interfaces : network === undefined ? [] : [{ network }]
  return {
    name: '',
    description: '',
    cpus: template.CPUs.number,
    memory: template.memory.static[1],
    disks: [...own, ...described].map((disk, key) => ({ key, ...disk })),
    interfaces: interfaces.map((vif, key) => ({ key, mac: '', ...vif })),
    install: 'template',
    cloudConfig: '',
    networkConfig: '',
    secureBoot: false,
    vtpm: false,
    autoPoweron: false,
    clone: true,
    boot: true,
  }
}

/** The names that a pattern stands for: `web-{01..12}` is twelve. Undefined for a pattern that makes no sense. */
export function namesOf(pattern: string): readonly string[] | undefined {
  const found = /^(.*)\{(\d+)\.\.(\d+)\}(.*)$/.exec(pattern.trim())
  if (found === null) return pattern.includes('{') && pattern.includes('..') ? undefined : [pattern.trim()]
  const [, before = '', from = '', to = '', after = ''] = found
  const first = Number(from)
  const count = Number(to) - first + 1
  if (count < 1 || count > MOST_AT_ONCE) return undefined
  return Array.from({ length: count }, (_, at) => `${before}${String(first + at).padStart(from.length, '0')}${after}`)
}

/** The body of create_vm. What is as the template has it is left out. */
export function bodyOf(template: VMTemplate, wish: Wish, name: string, devices: Devices = NO_DEVICES): Record<string, unknown> {
  const vdis = wish.disks
    .filter(({ original, name: label, size, sr }) => original === undefined || original.name !== label || original.size !== size || original.sr !== sr)
    .map(({ userdevice, original, name: label, size, sr }) => ({ userdevice, name_label: label === original?.name ? undefined : label || undefined, size, sr: sr === original?.sr ? undefined : sr }))
  const places = [...template.template_info.disks.map((disk, at) => disk.device ?? String(at)), ...devices.disks.map(({ userdevice }) => userdevice)]
  const gone = places.filter((place) => !wish.disks.some(({ userdevice }) => userdevice === place))
  const original = new Map(devices.interfaces.map(({ device, network }) => [device, network]))
  const vifs = [
    ...wish.interfaces
      .filter(({ device, network, mac }) => network !== undefined && !(device !== undefined && original.get(device) === network && mac.trim() === ''))
      .map(({ device, network, mac }) => prune({ device, network, mac: mac.trim() || undefined })),
    ...devices.interfaces.filter(({ device }) => !wish.interfaces.some((vif) => vif.device === device)).map(({ device }) => ({ device, destroy: true })),
  ]
  return prune({
    template: template.id,
    name_label: name,
    name_description: wish.description || undefined,
    cpus: wish.cpus === template.CPUs.number ? undefined : wish.cpus,
    memory: wish.memory === template.memory.static[1] ? undefined : wish.memory,
    clone: wish.clone ? undefined : false,
    boot: wish.boot || undefined,
    affinity: wish.affinity,
    autoPoweron: wish.autoPoweron || undefined,
    hvmBootFirmware: wish.firmware,
    secureBoot: wish.secureBoot || undefined,
    createVtpm: wish.vtpm || undefined,
    cloud_config: wish.cloudConfig.trim() === '' ? undefined : wish.cloudConfig,
    network_config: wish.networkConfig.trim() === '' || wish.cloudConfig.trim() === '' ? undefined : wish.networkConfig,
    install: wish.install === 'template' ? undefined : { method: wish.install, repository: wish.install === 'cdrom' ? wish.image : '' },
    vdis: vdis.length + gone.length === 0 ? undefined : [...vdis.map(prune), ...gone.map((userdevice) => ({ userdevice, destroy: true }))],
    vifs: vifs.length === 0 ? undefined : vifs,
  })
}

function prune(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined))
}
