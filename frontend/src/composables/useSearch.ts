/** What the palette finds: live objects at once, and from the service what is not always here (MAC addresses, disks, templates). */
import { refDebounced } from '@vueuse/core'
import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import { get } from '@/api/client'
import { type PIF, type VIF } from '@/api/types'
import { useObjects } from '@/stores/objects'
import { find, isMac, isUuid, type Entry } from './search'

const LIMIT = 40

export function useSearch(query: Ref<string>) {
  const objects = useObjects()
  const pools = objects.collection('pool')
  const vms = objects.collection('VM')

  /** Made anew with `refresh()`: ten thousand rows take about ten milliseconds, not to be spent on each change. */
  const index = shallowRef<readonly Entry[]>([])

  function refresh(): void {
    const poolName = (id: string) => pools.rows.get(id)?.name_label ?? ''
    const entries: Entry[] = []
    const add = (kind: Entry['kind'], object: { id: string; uuid?: string; $pool?: string; name_label: string; tags?: readonly string[] }, addresses: readonly string[] = []) => {
      const detail = [addresses[0], object.$pool === undefined || kind === 'pool' ? undefined : poolName(object.$pool)].filter(Boolean).join(' · ')
      const hay = [object.name_label, object.uuid ?? object.id, ...(object.tags ?? []), ...addresses].join('\n').toLowerCase()
      entries.push({ kind, id: object.id, name: object.name_label, detail, hay })
    }
    for (const pool of pools.list.value) add('pool', pool)
    for (const host of objects.collection('host').list.value) add('host', host, [host.address])
    for (const vm of vms.list.value) add('VM', vm, [...new Set([...(vm.mainIpAddress ? [vm.mainIpAddress] : []), ...Object.values(vm.addresses ?? {})])])
    for (const sr of objects.collection('SR').list.value) add('SR', sr)
    for (const network of objects.collection('network').list.value) add('network', network, [network.bridge])
    index.value = entries
  }

  const here = computed(() => find(index.value, query.value, LIMIT))

  const asked = refDebounced(query, 200)
  const remote = shallowRef<readonly Entry[]>([])
  const asking = ref(false)
  watch(asked, async (text, _, onCleanup) => {
    remote.value = []
    if (!isMac(text) && !isUuid(text)) return
    const abort = new AbortController()
    onCleanup(() => abort.abort())
    asking.value = true
    try {
      const found = isMac(text) ? await byMac(text.trim(), abort.signal) : await byUuid(text.trim().toLowerCase(), abort.signal)
      if (!abort.signal.aborted) remote.value = found
    } catch {
      // A search that failed shows nothing more than what is here; the lamp says that the service is away.
    } finally {
      if (!abort.signal.aborted) asking.value = false
    }
  })

  async function byMac(mac: string, signal: AbortSignal): Promise<Entry[]> {
    const text = mac.replace(/-/g, ':').toLowerCase()
    const [vifs, pifs] = await Promise.all([
      get<VIF[]>('/vifs', { fields: 'id,MAC,$VM,device', filter: `MAC:"${text}"`, limit: 20 }, signal),
      get<PIF[]>('/pifs', { fields: 'id,mac,$host,device', filter: `mac:"${text}"`, limit: 20 }, signal),
    ])
    const hosts = objects.collection('host').rows
    return [
      ...vifs.flatMap(({ $VM: id, MAC, device }) => (id === undefined ? [] : [{ kind: 'VM' as const, id, name: vms.rows.get(id)?.name_label ?? id, detail: `${MAC} · eth${device}`, hay: '' }])),
      ...pifs.flatMap(({ $host: id, mac, device }) => (id === undefined ? [] : [{ kind: 'host' as const, id, name: hosts.get(id)?.name_label ?? id, detail: `${mac} · ${device}`, hay: '' }])),
    ]
  }

  async function byUuid(uuid: string, signal: AbortSignal): Promise<Entry[]> {
    const places = [
      ['vdis', 'VDI'],
      ['vm-snapshots', 'VM-snapshot'],
      ['vm-templates', 'VM-template'],
    ] as const
    const found = await Promise.all(
      places.map(async ([collection, kind]) => {
        const rows = await get<{ id: string; name_label?: string }[]>(`/${collection}`, { fields: 'id,name_label', filter: `uuid:="${uuid}"`, limit: 1 }, signal)
        return rows.map((row) => ({ kind, id: row.id, name: row.name_label || row.id, detail: row.id, hay: '' }))
      }),
    )
    return found.flat()
  }

  return { refresh, index, here, remote, asking }
}
