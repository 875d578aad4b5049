/** What statistics call by keys, by the names that people know: read live. */
import { computed } from 'vue'
import { type StatsType } from '@/api/stats'
import { type VBD, type VIF } from '@/api/types'
import { isUuid } from '@/composables/search'
import { useText } from '@/i18n'
import { collator } from '@/i18n/format'
import { useObjects } from '@/stores/objects'
import { shortId } from '../look'
import { useLook } from '../useLook'
import { diskDevice, portDevice, type Names } from './plan'

const DISKS = ['VDI', 'VDI-snapshot'] as const

/** SRs by the first eight characters of their uuid, as RRDs name them. */
export function useShortSrs() {
  const srs = useObjects().collection('SR')
  const names = computed(() => new Map(srs.list.value.map(({ uuid, id, name_label }) => [(uuid || id).slice(0, 8), name_label])))
  return (short: string): string => names.value.get(short) || short
}

/** For the charts of one object; in setup. A getter, so that what is made of the names is made anew with them. */
export function useStatNames(type: StatsType, id: string): () => Names {
  const objects = useObjects()
  const { t } = useText()
  const hosts = objects.collection('host')
  const networks = objects.collection('network')
  const sr = useShortSrs()
  const isVm = type === 'VM' || type === 'VM-controller'
  const vbds = isVm ? objects.demand<VBD>('VBD', ['device', 'position', 'VDI'], `VM:="${id}"`) : undefined
  const vifs = isVm ? objects.demand<VIF>('VIF', ['device', '$network'], `$VM:="${id}"`) : undefined
  const look = useLook(() => [{ types: DISKS, ids: (vbds?.list.value ?? []).flatMap(({ VDI }) => VDI ?? []) }])

  const names: Names = {
    t,
    compare: (a, b) => collator.value.compare(a, b),
    sr,
    disk(key) {
      const device = diskDevice(key)
      const vdi = vbds?.list.value.find((vbd) => vbd.device === device)?.VDI
      const name = (look.find('VDI', vdi) ?? look.find('VDI-snapshot', vdi))?.name_label
      return name ? `${name} (${device})` : device
    },
    vif(key) {
      const network = networks.rows.get(vifs?.list.value.find(({ device }) => device === key)?.$network ?? '')
      return network ? `${network.name_label} (${key})` : `VIF ${key}`
    },
    pif: portDevice,
    // an SR's I/O wait has hosts by their names already
    host: (host) => hosts.rows.get(host)?.name_label ?? (isUuid(host) ? shortId(host) : host),
  }
  return () => names
}
