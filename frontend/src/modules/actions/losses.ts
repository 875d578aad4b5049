/** What goes when an object is deleted: asked of the service at the moment of the question. */
import { get } from '@/api/client'
import { type AnyVDI, type VBD, type XoObject } from '@/api/types'
import { bytes } from '@/i18n/format'
import { idFilter } from '../links'
import { type Loss } from './action'

type Disk = Pick<AnyVDI, 'id' | 'name_label' | 'size' | '$VBDs'>

/** The disks that go with a VM, snapshot or template: those that no other VM has. */
export async function disksOf(vm: XoObject): Promise<Loss> {
  const vbds = await get<Pick<VBD, 'id' | 'VDI' | 'is_cd_drive'>[]>('/vbds', { fields: 'id,VDI,is_cd_drive', filter: `VM:="${vm.id}"` })
  const mine = new Set(vbds.map(({ id }) => id))
  const ids = vbds.flatMap(({ VDI, is_cd_drive }) => (is_cd_drive || VDI === undefined ? [] : [VDI]))
  if (ids.length === 0) return { items: [] }
  const ask = (collection: string) => get<Disk[]>(`/${collection}`, { fields: 'id,name_label,size,$VBDs', filter: idFilter(ids) })
  const [disks, kept] = await Promise.all([ask('vdis'), ask('vdi-snapshots')])
  return {
    items: [...disks, ...kept]
      .filter(({ $VBDs }) => $VBDs.every((id) => id === null || mine.has(id)))
      .map(({ id, name_label, size }) => ({ id, name: name_label || id, detail: bytes(size), type: 'VDI' as const })),
  }
}

/** The disks in an SR. */
export async function disksIn(sr: XoObject): Promise<Loss> {
  const disks = await get<Disk[]>('/vdis', { fields: 'id,name_label,size', filter: `$SR:="${sr.id}"` })
  return { items: disks.map(({ id, name_label, size }) => ({ id, name: name_label || id, detail: bytes(size), type: 'VDI' as const })) }
}
