/** The objects as the service sends them, by the names used here: the generated schema, frozen. And the names of types and collections. */
import { type components } from './schema.gen'

type Schemas = components['schemas']

/** Objects of the cache are frozen: a change is a new object under the same id. */
type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T

/** What a row of any of these has: what all have, and perhaps what only some have. */
type AnyOf<Union> = { readonly [Key in keyof Union]: Union[Key] } & { readonly [Key in Exclude<AllKeys<Union>, keyof Union>]?: Member<Union, Key> }
type AllKeys<Union> = Union extends unknown ? keyof Union : never
type Member<Union, Key extends PropertyKey> = Union extends unknown ? (Key extends keyof Union ? Union[Key] : never) : never

/** What every object has; servers, tasks and users have no `type`. */
export interface XoObject {
  readonly id: string
  readonly type?: string
}

/** An object of a pool. */
export interface PoolObject extends XoObject {
  readonly type: string
  readonly uuid: string
  readonly $pool: string
  readonly _xapiRef?: string
}

export type Operations = Readonly<Record<string, string>>

export type Pool = Frozen<Schemas['Pool']>
export type Host = Frozen<Schemas['Host']>
export type PowerState = 'Running' | 'Halted' | 'Paused' | 'Suspended'
export type VM = Frozen<Schemas['VM']>
export type VMTemplate = Frozen<Schemas['VMTemplate']>
export type VMSnapshot = Frozen<Schemas['VMSnapshot']>
export type VMController = Frozen<Schemas['VMController']>
/** Any of these four. */
export type AnyVM = AnyOf<VM | VMTemplate | VMSnapshot | VMController>
export type SR = Frozen<Schemas['SR']>
export type PBD = Frozen<Schemas['PBD']>
export type VDI = Frozen<Schemas['VDI']>
export type VDISnapshot = Frozen<Schemas['VDISnapshot']>
export type VDIUnmanaged = Frozen<Schemas['VDIUnmanaged']>
export type AnyVDI = AnyOf<VDI | VDISnapshot | VDIUnmanaged>
export type VBD = Frozen<Schemas['VBD']>
export type VIF = Frozen<Schemas['VIF']>
export type PIF = Frozen<Schemas['PIF']>
export type Network = Frozen<Schemas['Network']>
/** `time` is seconds. */
export type Message = Frozen<Schemas['Message']>
/** `time` is milliseconds. */
export type Alarm = Frozen<Schemas['Alarm']>
export type AlarmRule = Frozen<Schemas['AlarmRule']>
export type NotificationChannel = Frozen<Schemas['NotificationChannel']>
export type Delivery = Frozen<Schemas['Notification']>
export type XapiTask = Frozen<Schemas['XapiTask']>

/** A connection to a pool. The schema has `state` optional for Xen Orchestra's sake; this service always says it. */
export type Server = Frozen<Schemas['Server'] & Required<Pick<Schemas['Server'], 'state'>>>
/** A user's task (XAPI's own are `xapi-task`). */
export type Task = Frozen<Schemas['Task']>
export type User = Frozen<Schemas['User']>
export type Group = Frozen<Schemas['Group']>
export type Role = Frozen<Schemas['Role']>
export type Privilege = Frozen<Schemas['Privilege']>
export type ResourceSet = Frozen<Schemas['ResourceSet']>
/** `id` holds the secret only in the answer to its creation; `token_id` names it for good. Times in milliseconds. */
export type Token = Frozen<Schemas['Token']>
export type Probe = Frozen<Schemas['Probe']>
export type SignedInUser = Frozen<Schemas['SignedInUser']>
export type SessionInfo = Frozen<Schemas['SessionInfo']>
export type Health = Frozen<Schemas['Health']>

export interface TypeMap {
  pool: Pool
  host: Host
  VM: VM
  'VM-template': VMTemplate
  'VM-snapshot': VMSnapshot
  'VM-controller': VMController
  SR: SR
  SM: Frozen<Schemas['SM']>
  PBD: PBD
  VDI: VDI
  'VDI-snapshot': VDISnapshot
  'VDI-unmanaged': VDIUnmanaged
  VBD: VBD
  VIF: VIF
  PIF: PIF
  bond: Frozen<Schemas['Bond']>
  network: Network
  message: Message
  alarm: Alarm
  'xapi-task': XapiTask
  patch: Frozen<Schemas['Patch']>
  pool_patch: Frozen<Schemas['PoolPatch']>
  PCI: Frozen<Schemas['PCI']>
  PGPU: Frozen<Schemas['PGPU']>
  vgpu: Frozen<Schemas['VGPU']>
  gpuGroup: Frozen<Schemas['GpuGroup']>
  vgpuType: Frozen<Schemas['VgpuType']>
  VTPM: Frozen<Schemas['VTPM']>
  PUSB: Frozen<Schemas['PUSB']>
  VUSB: Frozen<Schemas['VUSB']>
  USB_group: Frozen<Schemas['UsbGroup']>
  'alarm-rule': AlarmRule
  'notification-channel': NotificationChannel
  notification: Delivery
  server: Server
  task: Task
  user: User
  group: Group
  'acl-role': Role
  'acl-privilege': Privilege
  'resource-set': ResourceSet
}

export type TypeName = keyof TypeMap

/** The REST collection of each type. */
export const COLLECTIONS = {
  pool: 'pools',
  host: 'hosts',
  VM: 'vms',
  'VM-template': 'vm-templates',
  'VM-snapshot': 'vm-snapshots',
  'VM-controller': 'vm-controllers',
  SR: 'srs',
  SM: 'sms',
  PBD: 'pbds',
  VDI: 'vdis',
  'VDI-snapshot': 'vdi-snapshots',
  'VDI-unmanaged': 'vdi-unmanaged',
  VBD: 'vbds',
  VIF: 'vifs',
  PIF: 'pifs',
  bond: 'bonds',
  network: 'networks',
  message: 'messages',
  alarm: 'alarms',
  'xapi-task': 'xapi-tasks',
  patch: 'patches',
  pool_patch: 'pool-patches',
  PCI: 'pcis',
  PGPU: 'pgpus',
  vgpu: 'vgpus',
  gpuGroup: 'gpu-groups',
  vgpuType: 'vgpu-types',
  VTPM: 'vtpms',
  PUSB: 'pusbs',
  VUSB: 'vusbs',
  USB_group: 'usb-groups',
  'alarm-rule': 'alarm-rules',
  'notification-channel': 'notification-channels',
  notification: 'notifications',
  server: 'servers',
  task: 'tasks',
  user: 'users',
  group: 'groups',
  'acl-role': 'acl-roles',
  'acl-privilege': 'acl-privileges',
  'resource-set': 'resource-sets',
} as const satisfies Record<TypeName, string>

export type CollectionName = (typeof COLLECTIONS)[TypeName]

/** The type whose objects a collection holds. */
export function typeOf(collection: string): TypeName | undefined {
  return (Object.keys(COLLECTIONS) as TypeName[]).find((type) => COLLECTIONS[type] === collection)
}
