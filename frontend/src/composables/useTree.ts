/** The tree of the shell: what is open (remembered), what is searched for, and the nodes in sight. */
import { useStorage, watchThrottled } from '@vueuse/core'
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { collator } from '@/i18n/format'
import { useObjects } from '@/stores/objects'
import { byTag, infrastructure, type Rows, type TreeNode, type Wish } from './tree'

export type TreeKind = 'infrastructure' | 'tag'

/** Structure is looked at again at most this often; icons and names of rows in sight are live by themselves. */
const STRUCTURE_MS = 120

export function useTree() {
  const objects = useObjects()
  const pools = objects.collection('pool')
  const hosts = objects.collection('host')
  const vms = objects.collection('VM')
  const servers = objects.collection('server')
  const srs = objects.collection('SR')
  const networks = objects.collection('network')

  const kind = useStorage<TreeKind>('podium-tree-kind', 'infrastructure')
  const opened = useStorage<Set<string>>('podium-tree-open', new Set())
  const search = ref('')
  const folded = ref<ReadonlySet<string>>(new Set())
  watch(search, () => (folded.value = new Set()))
  const nodes = shallowRef<readonly TreeNode[]>([])
  const synced = computed(() => pools.synced.value && hosts.synced.value && vms.synced.value && servers.synced.value)

  function build(): void {
    const rows: Rows = {
      pools: pools.list.value,
      hosts: hosts.list.value,
      vms: vms.list.value,
      servers: servers.list.value,
      srs: srs.list.value,
      networks: networks.list.value,
    }
    const wish: Wish = { opened: opened.value, folded: folded.value, search: search.value.trim().toLowerCase(), compare: collator.value.compare }
    nodes.value = kind.value === 'tag' ? byTag(rows, wish) : infrastructure(rows, wish)
  }

  const revisions = [pools, hosts, vms, servers, srs, networks].map((each) => each.revision)
  const stop = watchThrottled(revisions, build, { throttle: STRUCTURE_MS, leading: true, trailing: true })
  watch([kind, opened, folded, search, collator], build, { deep: 1 })
  onScopeDispose(stop)
  build()

  function toggle({ key, open }: TreeNode): void {
    if (search.value.trim() !== '') folded.value = changed(folded.value, key, open)
    opened.value = changed(opened.value, key, !open)
  }

  function changed(set: ReadonlySet<string>, key: string, member: boolean): Set<string> {
    const next = new Set(set)
    if (member) next.add(key)
    else next.delete(key)
    return next
  }

  /** Open whatever stands above an object, and answer the key of its node. */
  function reveal(id: string): string | undefined {
    if (kind.value !== 'infrastructure') return undefined
    const vm = vms.rows.get(id)
    const host = hosts.rows.get(vm?.$container ?? id)
    const pool = host?.$pool ?? vm?.$pool ?? (pools.rows.has(id) ? id : undefined)
    if (pool === undefined) return undefined
    const above = [`pool:${pool}`, ...(host !== undefined && vm !== undefined ? [`host:${host.id}`] : [])]
    const missing = above.filter((key) => key !== `pool:${id}` && !opened.value.has(key))
    if (missing.length > 0) opened.value = new Set([...opened.value, ...missing])
    return vm === undefined ? `${host === undefined ? 'pool' : 'host'}:${id}` : `${above.at(-1)}/${id}`
  }

  // A first look at a small site is an open one.
  const looked = useStorage('podium-tree-looked', false)
  watch(
    synced,
    (ready) => {
      if (!ready || looked.value || pools.rows.size === 0) return
      looked.value = true
      if (pools.rows.size <= 4) opened.value = new Set([...pools.rows.keys()].map((id) => `pool:${id}`))
    },
    { immediate: true },
  )
  watch(
    () => pools.rows.size,
    (size, before) => {
      // A pool connected just now opens by itself: its hosts are what one wants to see come.
      if (synced.value && size > before && size <= 4) opened.value = new Set([...opened.value, ...[...pools.rows.keys()].map((id) => `pool:${id}`)])
    },
  )

  return { kind, search, nodes, synced, toggle, reveal, build }
}
