/** The first screen of every type. */
import { type TypeName, type XoObject } from '@/api/types'
import { hostOverview } from './host/overview'
import { KINDS } from './kinds'
import { networkOverview } from './network/overview'
import { overviewOfColumns, type Overview } from './overview'
import { poolOverview } from './pool/overview'
import { srOverview } from './sr/overview'
import { taskOverview } from './task/overview'
import { vdiOverview, vdiSnapshotOverview } from './vdi/overview'
import { snapshotOverview, templateOverview, vmOverview } from './vm/overview'

/** A screen reads only what its own type has; this table alone joins the two. */
const own = (overview: unknown) => overview as Overview<XoObject>

const OVERVIEWS: { readonly [K in TypeName]?: Overview<XoObject> } = {
  pool: own(poolOverview),
  host: own(hostOverview),
  VM: own(vmOverview),
  'VM-template': own(templateOverview),
  'VM-snapshot': own(snapshotOverview),
  SR: own(srOverview),
  VDI: own(vdiOverview),
  'VDI-unmanaged': own(vdiOverview),
  'VDI-snapshot': own(vdiSnapshotOverview),
  network: own(networkOverview),
  task: own(taskOverview),
}

export function overviewOf(type: TypeName): Overview<XoObject> {
  return OVERVIEWS[type] ?? overviewOfColumns(KINDS.get(type)?.columns ?? [])
}
