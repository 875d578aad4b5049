/** What a comparison calls objects, metrics and devices. */
import { type MetricInfo } from '@/api/metrics'
import { type XoObject } from '@/api/types'
import { useText } from '@/i18n'
import { useObjects } from '@/stores/objects'
import { shortId } from '../look'
import { type Chosen } from './address'
import { type Catalogue, type CompareNames } from './compare'
import { diskDevice, portDevice } from './plan'
import { useShortSrs } from './useStatNames'

export function useCompareNames(catalogue: () => Catalogue | undefined): CompareNames & { readonly find: (chosen: Chosen) => XoObject | undefined } {
  const objects = useObjects()
  const { tOr } = useText()
  const sr = useShortSrs()
  const find = ({ type, id }: Chosen) => objects.collection<XoObject & { readonly name_label: string }>(type).rows.get(id)

  function metric(name: string): string {
    const known = Object.values(catalogue() ?? {}) as readonly (readonly MetricInfo[])[]
    const title = known.flatMap((list) => list.find((each) => each.name === name)?.title ?? [])[0]
    return tOr(`stats.metric.${name}`, tOr(`stats.detail.${name.replaceAll('.', '_')}`, title ?? name))
  }

  function part(name: string, key: string): string {
    const [kind] = name.split('.')
    if (kind === 'cpus' || kind === 'vifs') return `#${key}`
    if (kind === 'pifs') return portDevice(key)
    if (kind === 'xvds' || kind === 'vbdLatency') return diskDevice(key)
    return /^[0-9a-f]{8}$/.test(key) ? sr(key) : diskDevice(key)
  }

  return { find, metric, part, object: (chosen) => find(chosen)?.name_label || shortId(chosen.id) }
}
