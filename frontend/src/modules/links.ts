/** Which fields name other objects, and of which types: what makes every id a link. */
import { type TypeName, type XoObject } from '@/api/types'
import { CORE } from '@/stores/objects'
import { MAY_BE_ABOUT } from './message/columns'

const VMS: readonly TypeName[] = ['VM', 'VM-template', 'VM-snapshot', 'VM-controller']
const VDIS: readonly TypeName[] = ['VDI', 'VDI-snapshot', 'VDI-unmanaged']

const LINKS: Readonly<Record<string, readonly TypeName[]>> = {
  $pool: ['pool'],
  $container: ['host', 'pool'],
  $host: ['host'],
  host: ['host'],
  affinityHost: ['host'],
  master: ['host'],
  residentVms: ['VM', 'VM-controller'],
  controlDomain: ['VM-controller'],
  default_SR: ['SR'],
  suspendSr: ['SR'],
  crashDumpSr: ['SR'],
  haSrs: ['SR'],
  SR: ['SR'],
  $SR: ['SR'],
  VDIs: VDIS,
  VDI: VDIS,
  suspendVdi: ['VDI'],
  $VBDs: ['VBD'],
  VM: VMS,
  $VM: VMS,
  vm: VMS,
  VIFs: ['VIF'],
  $network: ['network'],
  PIFs: ['PIF'],
  bondMaster: ['PIF'],
  bondSlaves: ['PIF'],
  $PBDs: ['PBD'],
  PCIs: ['PCI'],
  pci: ['PCI'],
  PGPUs: ['PGPU'],
  pgpus: ['PGPU'],
  resident_on: ['PGPU'],
  VGPUs: ['vgpu'],
  vgpus: ['vgpu'],
  gpuGroup: ['gpuGroup'],
  gpuGroups: ['gpuGroup'],
  vgpuType: ['vgpuType'],
  enabledVgpuTypes: ['vgpuType'],
  supportedVgpuTypes: ['vgpuType'],
  VTPMs: ['VTPM'],
  usbGroup: ['USB_group'],
  PUSBs: ['PUSB'],
  VUSBs: ['VUSB'],
  patches: ['patch'],
  $host_patches: ['patch'],
  pool_patch: ['pool_patch'],
  poolId: ['pool'],
  rule: ['alarm-rule'],
  channels: ['notification-channel'],
  channel: ['notification-channel'],
  alarm: ['alarm'],
  $object: MAY_BE_ABOUT,
}

/** Where a field's meaning depends on whose it is. */
const BY_TYPE: { readonly [K in TypeName]?: Readonly<Record<string, readonly TypeName[]>> } = {
  VM: { snapshots: ['VM-snapshot'], parent: ['VM-snapshot'] },
  'VM-template': { snapshots: ['VM-snapshot'], parent: ['VM-snapshot'] },
  'VM-snapshot': { snapshots: ['VM-snapshot'], parent: ['VM-snapshot'], $snapshot_of: ['VM'] },
  VDI: { snapshots: ['VDI-snapshot'], parent: VDIS },
  'VDI-snapshot': { snapshots: ['VDI-snapshot'], parent: VDIS, $snapshot_of: ['VDI'] },
  'VDI-unmanaged': { snapshots: ['VDI-snapshot'], parent: VDIS },
  bond: { master: ['PIF'] },
}

/** Says the same as another field. */
const TWICE = new Set(['$poolId', '$PIFs', '$PCIs', '$PGPUs', '$vgpus', '$VGPUs'])

export function isRepeated(field: string): boolean {
  return TWICE.has(field)
}

/** The types a field of `type` may lead to; undefined when it holds no link. */
export function linkTypes(type: TypeName, field: string): readonly TypeName[] | undefined {
  return BY_TYPE[type]?.[field] ?? LINKS[field]
}

export interface Relation {
  readonly field: string
  readonly types: readonly TypeName[]
  readonly ids: readonly string[]
}

/** Every link that an object has, in the order of its fields. */
export function relationsOf(type: TypeName, object: XoObject): Relation[] {
  return Object.entries(object).flatMap(([field, value]) => {
    const types = TWICE.has(field) || (field === '$pool' && type === 'pool') ? undefined : linkTypes(type, field)
    if (types === undefined) return []
    const ids = (Array.isArray(value) ? value : [value]).filter((id): id is string => typeof id === 'string' && id !== '' && id !== object.id)
    return ids.length === 0 ? [] : [{ field, types, ids }]
  })
}

/** Ids by type whose names are not always here, at most `most` of each. `isHere`: found among those that are. */
export function namesToAsk(relations: Iterable<Pick<Relation, 'types' | 'ids'>>, isHere: (type: TypeName, id: string) => boolean, most = 50): Map<TypeName, string[]> {
  const wanted = new Map<TypeName, Set<string>>()
  for (const { types, ids } of relations) {
    const far = types.filter((type) => !(type in CORE))
    const near = types.filter((type) => type in CORE)
    for (const id of far.length === 0 ? [] : ids)
      if (!near.some((type) => isHere(type, id)))
        for (const type of far) {
          const set = wanted.get(type) ?? new Set()
          if (set.size < most) wanted.set(type, set.add(id))
        }
  }
  return new Map([...wanted].map(([type, ids]) => [type, [...ids].sort()]))
}

/** The property by which the objects of a field point back: finds them all without naming each. */
const BACK: Readonly<Record<string, { readonly [K in TypeName]?: string }>> = {
  VDIs: { SR: '$SR' },
  $PBDs: { SR: 'SR', host: 'host' },
  PIFs: { network: '$network', host: '$host' },
  VIFs: { network: '$network', VM: '$VM', 'VM-template': '$VM', 'VM-snapshot': '$VM' },
  $VBDs: { VM: 'VM', 'VM-template': 'VM', 'VM-snapshot': 'VM', VDI: 'VDI', 'VDI-snapshot': 'VDI' },
  snapshots: { VM: '$snapshot_of', VDI: '$snapshot_of' },
  PCIs: { host: '$host' },
}

/** A filter for all objects that `field` of this object leads to, where they point back. */
export function backFilter(type: TypeName, field: string, id: string): string | undefined {
  const property = BACK[field]?.[type]
  return property === undefined ? undefined : `${property}:="${id}"`
}

/** A filter for exactly these ids. */
export function idFilter(ids: readonly string[]): string {
  return ids.length === 1 ? `id:="${ids[0]}"` : `id:|(${ids.map((id) => `="${id}"`).join(' ')})`
}
