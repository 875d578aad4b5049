/** The privilege that each action takes, as the service asks for it (backend/podium/services): of its own object, or of another. */
import { type TypeName } from '@/api/types'
import { type Action, type AnyObject } from './action'

export interface Need {
  readonly action: string
  readonly resource: string
  /** Asked of another object than the action's own: its id. */
  readonly of?: (object: AnyObject) => string | undefined
  /** Something is made: whether one may is decided by what it is to be. */
  readonly whole?: true
}

/** What privileges call the type. */
export function resourceOf(type: TypeName): string {
  if (type === 'vgpuType' || type === 'gpuGroup') return type
  return type === 'pool_patch' || type === 'USB_group' ? type.replace('_', '-').toLowerCase() : type.toLowerCase()
}

const POWER = { start: 'start', start_on: 'start', resume: 'resume', unpause: 'unpause', pause: 'pause', suspend: 'suspend', clean_shutdown: 'shutdown:clean', hard_shutdown: 'shutdown:hard', clean_reboot: 'reboot:clean', hard_reboot: 'reboot:hard' }
const TAGS = { add_tag: 'update:tags', remove_tag: 'update:tags' }
const LINK = { connect: 'connect', disconnect: 'disconnect', delete: 'delete' }
const RENAME = { rename: 'update:name_label' }
const EXPORTS = { export_raw: 'export-content', export_vhd: 'export-content', copy: 'copy' }
const CHANGED = { edit: 'update', enable: 'update', disable: 'update', delete: 'delete', test: 'test' }
const onVm = (object: AnyObject) => (typeof object.$snapshot_of === 'string' ? object.$snapshot_of : undefined)
const onPool = (object: AnyObject) => object.$pool

/** By type and action; `compare` and what only leads elsewhere take none. */
const NEEDS: { readonly [K in TypeName]?: Readonly<Record<string, string | Need>> } = {
  VM: {
    ...POWER,
    ...TAGS,
    snapshot: 'snapshot',
    clone: 'clone',
    migrate: 'migrate-send',
    convert_to_template: 'create-template',
    export: 'export',
    insert_cd: 'insert-cd',
    eject_cd: 'eject-cd',
    delete: 'delete',
    add_disk: 'attach',
    add_interface: 'attach',
    add_vtpm: { action: 'create', resource: 'vtpm', whole: true },
  },
  'VM-template': { ...TAGS, newVm: 'instantiate', clone: 'clone', convert_to_vm: 'create-vm', export: 'export', delete: 'delete' },
  'VM-snapshot': { ...TAGS, clone: 'clone', export: 'export', delete: 'delete', revert: { action: 'revert-snapshot', resource: 'vm', of: onVm } },
  'VM-controller': TAGS,
  host: {
    ...TAGS,
    start: 'start',
    enable: 'enable',
    disable: 'disable',
    maintenance: 'evacuate',
    clean_reboot: 'reboot:clean',
    smart_reboot: 'reboot:smart',
    clean_shutdown: 'shutdown:clean',
    emergency_shutdown: 'shutdown:emergency',
    restart_toolstack: 'restart-toolstack',
    scan_pifs: 'scan-pifs',
    designate_master: { action: 'designate-master', resource: 'pool', of: onPool },
    detach: 'detach',
    forget: 'forget',
    create_sr: { action: 'create', resource: 'sr', whole: true },
  },
  pool: {
    ...TAGS,
    ...RENAME,
    import_vm: { action: 'import:vm', resource: 'sr', whole: true },
    enable_ha: 'enable-ha',
    disable_ha: 'disable-ha',
    designate_master: 'designate-master',
    rolling_reboot: 'rolling-reboot',
    emergency_shutdown: 'emergency-shutdown',
    create_network: 'create:network',
    add_host: 'add-host',
    default_sr: 'update:defaultSr',
  },
  SR: { ...TAGS, ...RENAME, scan: 'scan', import_vdi: 'import:vdi', reclaim_space: 'reclaim-space', forget: 'forget', destroy: 'delete', new_disk: 'import:vdi' },
  VDI: { ...TAGS, ...RENAME, ...EXPORTS, resize: 'update:size', migrate: 'migrate-send', import_content: 'import-content', delete: 'delete' },
  'VDI-snapshot': { ...TAGS, ...RENAME, ...EXPORTS, export_raw: 'export', export_vhd: 'export', delete: 'delete' },
  network: { ...TAGS, edit: 'update:name_label', delete: 'delete' },
  VIF: LINK,
  VBD: LINK,
  PIF: { plug: 'plug', unplug: 'unplug', delete: 'delete' },
  PBD: { plug: 'plug', unplug: 'unplug' },
  bond: { delete: 'delete' },
  VTPM: { delete: 'delete' },
  task: { abort: 'abort', delete: 'delete' },
  'xapi-task': { abort: 'abort' },
  message: { delete: 'delete' },
  alarm: { acknowledge: 'acknowledge', acknowledge_note: 'acknowledge', unacknowledge: 'acknowledge', delete: 'delete' },
  'alarm-rule': CHANGED,
  'notification-channel': CHANGED,
  notification: { retry: 'update', delete: 'delete' },
}

/** Undefined: it takes no privilege beyond seeing the object. */
export function needOf(action: Pick<Action, 'type' | 'name'>): Need | undefined {
  const need = NEEDS[action.type]?.[action.name]
  return typeof need === 'string' ? { action: need, resource: resourceOf(action.type) } : need
}

/** The object that the need is asked of; undefined where it is decided by what is to be made. */
export function askedOf({ of, whole }: Need, object: AnyObject): { readonly id: string } | undefined {
  if (whole === true) return undefined
  if (of === undefined) return object
  const id = of(object)
  return id === undefined ? undefined : { id }
}
