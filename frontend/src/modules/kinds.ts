/** Every type that has a list and a page: its columns, and how the list begins. */
import { type TypeName } from '@/api/types'
import { type Sort } from '@/components/table/column'
import { alarmColumns } from './alarm/columns'
import { channelColumns, deliveryColumns, ruleColumns } from './alarm/ruleColumns'
import { bondColumns } from './bond/columns'
import { type ModuleColumn } from './columns'
import { gpuGroupColumns, pgpuColumns, vgpuColumns, vgpuTypeColumns } from './gpu/columns'
import { hostColumns } from './host/columns'
import { messageColumns } from './message/columns'
import { networkColumns } from './network/columns'
import { patchColumns, poolPatchColumns } from './patch/columns'
import { pbdColumns } from './pbd/columns'
import { pciColumns } from './pci/columns'
import { pifColumns } from './pif/columns'
import { poolColumns } from './pool/columns'
import { smColumns } from './sm/columns'
import { srColumns } from './sr/columns'
import { taskColumns } from './task/columns'
import { pusbColumns, usbGroupColumns, vusbColumns } from './usb/columns'
import { vbdColumns } from './vbd/columns'
import { vdiColumns, vdiSnapshotColumns, vdiUnmanagedColumns } from './vdi/columns'
import { vifColumns } from './vif/columns'
import { controllerColumns, snapshotColumns, templateColumns, vmColumns } from './vm/columns'
import { vtpmColumns } from './vtpm/columns'
import { xapiTaskColumns } from './xapi-task/columns'

/** A row of any type, as the generic screens see it. */
export type AnyRow = { readonly id: string; readonly type: string; readonly $pool?: string } & { readonly [name: string]: unknown }

export interface Kind {
  readonly type: TypeName
  readonly columns: readonly ModuleColumn<AnyRow>[]
  readonly sort: readonly Sort[]
}

const BY_NAME: readonly Sort[] = [{ id: 'name', descending: false }]
const LATEST: Record<string, readonly Sort[]> = {
  message: [{ id: 'time', descending: true }],
  alarm: [{ id: 'time', descending: true }],
  'xapi-task': [{ id: 'created', descending: true }],
  notification: [{ id: 'created', descending: true }],
  task: [{ id: 'started', descending: true }],
  'VM-snapshot': [{ id: 'taken', descending: true }],
  'VDI-snapshot': [{ id: 'taken', descending: true }],
}

/** Columns read only what their own type has, which the registry vouches for: it alone joins types and columns. */
function kind<T>(type: TypeName, columns: readonly ModuleColumn<T>[]): [TypeName, Kind] {
  return [type, { type, columns: columns as unknown as readonly ModuleColumn<AnyRow>[], sort: LATEST[type] ?? BY_NAME }]
}

export const KINDS: ReadonlyMap<TypeName, Kind> = new Map([
  kind('pool', poolColumns),
  kind('host', hostColumns),
  kind('VM', vmColumns),
  kind('VM-template', templateColumns),
  kind('VM-snapshot', snapshotColumns),
  kind('VM-controller', controllerColumns),
  kind('SR', srColumns),
  kind('SM', smColumns),
  kind('PBD', pbdColumns),
  kind('VDI', vdiColumns),
  kind('VDI-snapshot', vdiSnapshotColumns),
  kind('VDI-unmanaged', vdiUnmanagedColumns),
  kind('VBD', vbdColumns),
  kind('VIF', vifColumns),
  kind('PIF', pifColumns),
  kind('bond', bondColumns),
  kind('network', networkColumns),
  kind('message', messageColumns),
  kind('alarm', alarmColumns),
  kind('xapi-task', xapiTaskColumns),
  kind('patch', patchColumns),
  kind('pool_patch', poolPatchColumns),
  kind('PCI', pciColumns),
  kind('PGPU', pgpuColumns),
  kind('vgpu', vgpuColumns),
  kind('gpuGroup', gpuGroupColumns),
  kind('vgpuType', vgpuTypeColumns),
  kind('VTPM', vtpmColumns),
  kind('PUSB', pusbColumns),
  kind('VUSB', vusbColumns),
  kind('USB_group', usbGroupColumns),
  kind('task', taskColumns),
  kind('alarm-rule', ruleColumns),
  kind('notification-channel', channelColumns),
  kind('notification', deliveryColumns),
])
