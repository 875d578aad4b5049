/** The objects as the service sends them (xo/ANCHOR.md 2.5), by hand until `schema.gen.ts` says it; and the names of types and collections. */

/** What every object has. Objects are frozen: a change is a new object under the same id. */
export interface XoObject {
  readonly id: string
  readonly type: string
}

/** An object of a pool. */
export interface PoolObject extends XoObject {
  readonly uuid: string
  readonly $pool: string
  readonly _xapiRef?: string
}

interface Named {
  readonly name_label: string
  readonly name_description: string
  readonly tags: readonly string[]
}

export type Operations = Readonly<Record<string, string>>

export interface Pool extends PoolObject, Named {
  readonly type: 'pool'
  readonly master?: string
  readonly default_SR?: string
  readonly suspendSr?: string
  readonly crashDumpSr?: string
  readonly HA_enabled: boolean
  readonly haSrs?: readonly string[]
  readonly auto_poweron: boolean
  readonly migrationCompression?: boolean
  readonly cpus: { readonly cores: number; readonly sockets: number }
  readonly current_operations: Operations
  readonly otherConfig?: Readonly<Record<string, string>>
  readonly platform_version?: string
}

export interface Host extends PoolObject, Named {
  readonly type: 'host'
  readonly address: string
  readonly hostname: string
  readonly enabled: boolean
  readonly power_state: 'Running' | 'Halted' | 'Unknown'
  readonly cpus: { readonly cores: number; readonly sockets: number }
  readonly CPUs?: Readonly<Record<string, string>>
  readonly memory: { readonly size: number; readonly usage: number }
  readonly version: string
  readonly build?: string
  readonly productBrand: string
  readonly startTime?: number | null
  readonly agentStartTime?: number | null
  readonly rebootRequired?: boolean
  readonly residentVms: readonly string[]
  readonly controlDomain?: string
  readonly current_operations: Operations
  readonly iscsiIqn?: string
  readonly multipathing?: boolean
  readonly hvmCapable?: boolean
  readonly powerOnMode?: string
  readonly bios_strings?: Readonly<Record<string, string>>
  readonly license_params?: Readonly<Record<string, string>>
  readonly license_expiry?: number | null
  readonly certificates?: readonly { readonly fingerprint: string; readonly notAfter: number }[]
  readonly otherConfig?: Readonly<Record<string, string>>
  readonly PIFs?: readonly string[]
  readonly $PBDs?: readonly string[]
  readonly PCIs?: readonly string[]
  readonly PGPUs?: readonly string[]
  readonly patches?: readonly string[]
}

export type PowerState = 'Running' | 'Halted' | 'Paused' | 'Suspended'

/** The base of VM, VM-template, VM-snapshot and VM-controller. */
export interface AnyVM extends PoolObject, Named {
  readonly power_state: PowerState
  readonly $container: string
  readonly CPUs: { readonly max: number; readonly number: number }
  readonly memory: {
    readonly dynamic: readonly [number, number]
    readonly static: readonly [number, number]
    readonly size: number
    readonly usage?: number
  }
  readonly addresses?: Readonly<Record<string, string>>
  readonly mainIpAddress?: string
  readonly current_operations: Operations
  readonly os_version?: Readonly<Record<string, string>> | null
  readonly startTime?: number | null
  readonly installTime?: number | null
  readonly auto_poweron: boolean
  readonly high_availability?: string
  readonly affinityHost?: string
  readonly virtualizationMode?: string
  readonly boot?: Readonly<Record<string, string>>
  readonly coresPerSocket?: number
  readonly cpuWeight?: number
  readonly cpuCap?: number
  readonly secureBoot?: boolean
  readonly viridian?: boolean
  readonly nicType?: string
  readonly vga?: string
  readonly videoram?: number
  readonly startDelay?: number
  readonly notes?: string
  readonly creation?: { readonly date?: string; readonly template?: string; readonly user?: string }
  readonly blockedOperations?: Readonly<Record<string, string>>
  readonly xenStoreData?: Readonly<Record<string, string>>
  readonly other?: Readonly<Record<string, string>>
  readonly snapshots?: readonly string[]
  readonly parent?: string
  readonly suspendSr?: string
  readonly VIFs?: readonly string[]
  readonly $VBDs?: readonly string[]
  readonly VGPUs?: readonly string[]
  readonly VTPMs?: readonly string[]
  readonly managementAgentDetected?: boolean
  readonly pvDriversDetected?: boolean
  readonly pvDriversVersion?: string
  readonly pvDriversUpToDate?: boolean
}
export interface VM extends AnyVM {
  readonly type: 'VM'
}
export interface VMTemplate extends AnyVM {
  readonly type: 'VM-template'
  readonly isDefaultTemplate: boolean
  readonly template_info?: unknown
}
export interface VMSnapshot extends AnyVM {
  readonly type: 'VM-snapshot'
  readonly snapshot_time: number
  readonly $snapshot_of?: string
  readonly suspendVdi?: string
}
export interface VMController extends AnyVM {
  readonly type: 'VM-controller'
}

export interface SR extends PoolObject, Named {
  readonly type: 'SR'
  readonly SR_type: string
  readonly content_type: string
  readonly shared: boolean
  readonly size: number
  readonly physical_usage: number
  /** Bytes promised to disks: virtual allocation. */
  readonly usage: number
  readonly $container: string
  readonly allocationStrategy?: 'thin' | 'thick' | 'unknown'
  readonly inMaintenanceMode?: boolean
  readonly VDIs?: readonly string[]
  readonly $PBDs?: readonly string[]
  readonly current_operations?: Operations
  readonly other_config?: Readonly<Record<string, string>>
  readonly sm_config?: Readonly<Record<string, string>>
}

export interface PBD extends PoolObject {
  readonly type: 'PBD'
  readonly attached: boolean
  readonly host: string
  readonly SR: string
  readonly device_config: Readonly<Record<string, string>>
  readonly otherConfig?: Readonly<Record<string, string>>
}

export interface AnyVDI extends PoolObject, Named {
  readonly VDI_type: string
  readonly size: number
  readonly usage: number
  readonly $SR: string
  readonly $VBDs: readonly string[]
  readonly snapshots?: readonly string[]
  readonly parent?: string
  readonly image_format?: string
  readonly cbt_enabled?: boolean
  readonly missing?: boolean
  readonly chainPhysicalUsage?: number
  readonly current_operations?: Operations
}
export interface VDI extends AnyVDI {
  readonly type: 'VDI'
}
export interface VDISnapshot extends AnyVDI {
  readonly type: 'VDI-snapshot'
  readonly snapshot_time: number
  readonly $snapshot_of?: string
}
export interface VDIUnmanaged extends AnyVDI {
  readonly type: 'VDI-unmanaged'
}

export interface VBD extends PoolObject {
  readonly type: 'VBD'
  readonly attached: boolean
  readonly bootable: boolean
  readonly device: string | null
  readonly is_cd_drive: boolean
  readonly position: string
  readonly read_only: boolean
  readonly VDI?: string
  readonly VM: string
}

export interface VIF extends PoolObject {
  readonly type: 'VIF'
  readonly MAC: string
  readonly MTU: number
  readonly device: string
  readonly attached: boolean
  readonly lockingMode: string
  readonly allowedIpv4Addresses: readonly string[]
  readonly allowedIpv6Addresses: readonly string[]
  readonly txChecksumming?: boolean
  readonly rateLimit?: number
  readonly $network: string
  readonly $VM: string
}

export interface PIF extends PoolObject {
  readonly type: 'PIF'
  readonly attached: boolean
  readonly device: string
  readonly deviceName?: string
  readonly mac: string
  readonly ip: string
  readonly ipv6?: readonly string[]
  readonly netmask: string
  readonly gateway: string
  readonly dns: string
  readonly mode: string
  readonly mtu: number
  readonly vlan: number
  readonly management: boolean
  readonly physical: boolean
  readonly carrier?: boolean
  readonly speed?: number
  readonly isBondMaster: boolean
  readonly isBondSlave: boolean
  readonly bondMaster?: string
  readonly bondSlaves?: readonly string[]
  readonly $host: string
  readonly $network: string
}

export interface Network extends PoolObject, Named {
  readonly type: 'network'
  readonly bridge: string
  readonly MTU: number
  readonly automatic: boolean
  readonly defaultIsLocked: boolean
  readonly nbd?: boolean
  readonly insecureNbd?: boolean
  readonly isBonded: boolean
  readonly PIFs: readonly string[]
  readonly VIFs: readonly string[]
  readonly current_operations?: Operations
  readonly other_config?: Readonly<Record<string, string>>
}

export interface Message extends PoolObject {
  readonly type: 'message'
  readonly name: string
  readonly body: string
  /** Seconds. */
  readonly time: number
  readonly $object: string
}

export interface Alarm extends PoolObject {
  readonly type: 'alarm'
  readonly name: string
  readonly body: { readonly name: string; readonly value?: string }
  /** Milliseconds. */
  readonly time: number
  readonly object: { readonly type: string; readonly uuid: string; readonly href?: string }
}

/** A connection to a pool: an address with credentials, and how it fares. */
export interface Server extends XoObject {
  readonly type: 'server'
  readonly host: string
  readonly label?: string
  readonly username: string
  readonly allowUnauthorized: boolean
  readonly readOnly: boolean
  readonly enabled: boolean
  readonly status: 'connected' | 'connecting' | 'disconnected'
  readonly state: 'connecting' | 'connected' | 'stale' | 'disconnected' | 'refused'
  /** Milliseconds. */
  readonly stateSince?: number | null
  /** Milliseconds: when the pool last answered. */
  readonly lastAnswer?: number | null
  readonly latency?: number | null
  readonly eventsPerSecond?: number | null
  readonly productVersion?: string | null
  readonly certificateFingerprint?: string | null
  readonly certificateMode?: 'verified' | 'pinned' | 'unverified' | null
  readonly error?: { readonly code: string; readonly message: string; readonly detail?: { readonly fingerprint?: string; readonly reason?: string } } | null
  readonly poolId?: string | null
  readonly master?: string | null
  readonly poolNameLabel?: string | null
  readonly poolNameDescription?: string | null
  readonly poolMembersAddresses?: readonly string[]
}

/** A user's task (XAPI's own are `xapi-task`). */
export interface Task extends XoObject {
  readonly status: 'pending' | 'success' | 'failure' | 'interrupted'
  readonly start: number
  readonly end?: number
  readonly updatedAt?: number
  readonly progress?: number
  readonly abortionRequestedAt?: number
  readonly properties: {
    readonly name?: string
    readonly objectId?: string
    readonly objectType?: string
    readonly userId?: string
    readonly type?: string
    readonly progress?: number
    readonly [key: string]: unknown
  }
  readonly result?: unknown
  readonly infos?: readonly { readonly message: string }[]
  readonly warnings?: readonly { readonly message: string }[]
}

export interface XapiTask extends PoolObject {
  readonly name_label: string
  readonly name_description: string
  readonly progress: number
  readonly status: string
  readonly created: number
  readonly finished?: number | null
  readonly $host?: string
}

export interface User {
  readonly id: string
  readonly name: string
  readonly email?: string
  readonly permission: 'none' | 'admin'
  readonly groups?: readonly string[]
  readonly authProviders?: Readonly<Record<string, unknown>>
  readonly preferences?: Readonly<Record<string, unknown>>
}

/** `id` holds the secret only in the answer to its creation; `token_id` names it for good. Times in milliseconds. */
export interface Token {
  readonly id: string
  readonly token_id: string
  readonly kind: 'api' | 'session'
  readonly current?: boolean
  readonly user_id: string
  readonly created_at: number
  readonly expiration: number
  readonly description?: string
  readonly client?: { readonly id?: string; readonly [key: string]: unknown }
  readonly last_uses?: Readonly<Record<string, { readonly timestamp: number }>>
}

export interface TypeMap {
  pool: Pool
  host: Host
  VM: VM
  'VM-template': VMTemplate
  'VM-snapshot': VMSnapshot
  'VM-controller': VMController
  SR: SR
  SM: PoolObject
  PBD: PBD
  VDI: VDI
  'VDI-snapshot': VDISnapshot
  'VDI-unmanaged': VDIUnmanaged
  VBD: VBD
  VIF: VIF
  PIF: PIF
  bond: PoolObject & { readonly master: string; readonly mode: string }
  network: Network
  message: Message
  alarm: Alarm
  'xapi-task': XapiTask
  patch: PoolObject
  pool_patch: PoolObject
  PCI: PoolObject & { readonly class_name: string; readonly device_name: string; readonly pci_id: string; readonly $host: string }
  PGPU: PoolObject
  vgpu: PoolObject
  gpuGroup: PoolObject
  vgpuType: PoolObject
  VTPM: PoolObject
  PUSB: PoolObject
  VUSB: PoolObject
  USB_group: PoolObject
  server: Server
  task: Task
  user: User & XoObject
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
  server: 'servers',
  task: 'tasks',
  user: 'users',
} as const satisfies Record<TypeName, string>

export type CollectionName = (typeof COLLECTIONS)[TypeName]

/** The type whose objects a collection holds. */
export function typeOf(collection: string): TypeName | undefined {
  return (Object.keys(COLLECTIONS) as TypeName[]).find((type) => COLLECTIONS[type] === collection)
}
