/** What cells know of other objects: their names and addresses, read live. */
import { type MeasuredType } from '@/api/metrics'
import { COLLECTIONS, type TypeMap, type TypeName, type XoObject } from '@/api/types'
import { type Link } from '@/components/table/column'
import { type useText } from '@/i18n'
import { typeWord } from './words'

/** Types whose objects have no screen of their own, only one for all. */
const WITHOUT_PAGE: ReadonlySet<TypeName> = new Set(['server', 'group', 'acl-privilege', 'resource-set'])

/** The screen of an object. */
export function addressOf(type: TypeName, id: string): string {
  return WITHOUT_PAGE.has(type) ? `/${COLLECTIONS[type]}` : `/${COLLECTIONS[type]}/${encodeURIComponent(id)}`
}

/** The list of a type, filtered where one says so. */
export function listOf(type: TypeName, filter?: string): { path: string; query: Record<string, string> } {
  return { path: `/${COLLECTIONS[type]}`, query: filter === undefined ? {} : { filter } }
}

export interface Look {
  readonly t: ReturnType<typeof useText>['t']
  readonly tOr: ReturnType<typeof useText>['tOr']
  find: <K extends TypeName>(type: K, id: string | null | undefined) => TypeMap[K] | undefined
  /** How many known objects of a type are so. */
  count: <K extends TypeName>(type: K, test: (object: TypeMap[K]) => boolean) => number
  /** A link named after its target; by a piece of its id while the target is not known. */
  link: (type: TypeName, id: string) => Link
  /** The first of `types` that has this object. */
  linkAny: (types: readonly TypeName[], id: string) => Link
  /** What was asked for here on an object and is still under way: the action's name. */
  pending: (id: string) => string | undefined
  /** The newest live value of a metric; undefined when it is not known. */
  metric: (type: MeasuredType, id: string, name: string) => number | undefined
  /** Lets `find` see these objects too, until the answer is called. */
  learn: (type: TypeName, rows: ReadonlyMap<string, XoObject>) => () => void
}

export function makeLook({ t, tOr }: Pick<ReturnType<typeof useText>, 't' | 'tOr'>, pending: Look['pending'] = () => undefined, metric: Look['metric'] = () => undefined): Look {
  const known = new Map<TypeName, ReadonlySet<ReadonlyMap<string, XoObject>>>()
  const look: Look = {
    t,
    tOr,
    pending,
    metric,
    learn(type, rows) {
      known.set(type, new Set([...(known.get(type) ?? []), rows]))
      return () => void known.set(type, new Set([...(known.get(type) ?? [])].filter((each) => each !== rows)))
    },
    find<K extends TypeName>(type: K, id: string | null | undefined) {
      if (!id) return undefined
      for (const rows of known.get(type) ?? []) {
        const found = rows.get(id)
        if (found !== undefined) return found as TypeMap[K]
      }
      return undefined
    },
    count(type, test) {
      let n = 0
      for (const rows of known.get(type) ?? []) for (const row of rows.values()) if (test(row as never)) n++
      return n
    },
    link(type, id) {
      const target = look.find(type, id) as XoObject | undefined
      return { text: target === undefined ? shortId(id) : titleOf(target, look), to: addressOf(type, id), title: target === undefined ? id : undefined }
    },
    linkAny(types, id) {
      const type = types.find((each) => look.find(each, id) !== undefined)
      return type === undefined ? { text: shortId(id), title: id } : look.link(type, id)
    },
  }
  return look
}

export function shortId(id: string): string {
  return id.startsWith('OpaqueRef:') ? id.slice(10, 18) : id.slice(0, 8)
}

/** The fields that `titleOf` reads of a type; `name_label` for all others. */
const NAME_FIELDS: { readonly [K in TypeName]?: readonly string[] } = {
  VIF: ['device', '$VM'],
  PIF: ['device', 'vlan', '$host'],
  VBD: ['device', 'position', 'is_cd_drive', 'VM'],
  PBD: ['SR', 'host'],
  PCI: ['device_name', 'pci_id'],
  vgpuType: ['modelName'],
  PUSB: ['description'],
  SM: ['name_label', 'SM_type'],
  bond: ['master'],
  patch: ['name'],
  pool_patch: ['name'],
  message: ['name'],
  alarm: ['name', 'body'],
  task: ['properties'],
  user: ['name'],
  group: ['name'],
  'acl-role': ['name'],
  'resource-set': ['name'],
  'alarm-rule': ['name', 'metric', 'threshold'],
  'notification-channel': ['name'],
  notification: ['title'],
}

export function nameFields(type: TypeName): readonly string[] {
  return NAME_FIELDS[type] ?? ['name_label']
}

type Any = { readonly [name: string]: unknown } & { readonly id: string; readonly type?: string }

function text(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

/** What an object is called in words; its kind and place when it has no name of its own. */
export function titleOf(object: XoObject, look: Look): string {
  const row = object as unknown as Any
  const own = text(row.name_label)
  if (own !== '') return own
  const of = (type: TypeName, id: unknown) => {
    const target = look.find(type, text(id)) as XoObject | undefined
    return target === undefined ? '' : ` · ${titleOf(target, look)}`
  }
  if (row.threshold !== undefined) return text(row.name) // an alarm rule: its `type` is that of the objects it is about
  switch (row.type) {
    case 'VIF':
      return `VIF ${text(row.device)}${of('VM', row.$VM)}`
    case 'PIF':
      return `${text(row.device)}${Number(row.vlan) >= 0 ? `.${text(row.vlan)}` : ''}${of('host', row.$host)}`
    case 'VBD':
      return `${row.is_cd_drive === true ? look.t('object.cdDrive') : text(row.device) || `VBD ${text(row.position)}`}${of('VM', row.VM)}`
    case 'PBD':
      return `PBD${of('SR', row.SR)}${of('host', row.host)}`
    case 'message':
    case 'alarm': {
      const body = row.body
      const about = typeof body === 'object' && body !== null ? text((body as Any).name) : ''
      return about !== '' ? look.tOr(`alarmName.${about}`, look.tOr(`metric.${about}`, about)) : look.tOr(`messageName.${text(row.name)}`, text(row.name).toLowerCase().replaceAll('_', ' '))
    }
    case 'PCI':
      return text(row.device_name) || text(row.pci_id)
    case 'vgpuType':
      return text(row.modelName) || shortId(row.id)
    case 'PUSB':
      return text(row.description) || shortId(row.id)
    case 'SM':
      return text(row.SM_type) || shortId(row.id)
    case 'bond':
      return `${look.t('type.bond.one')}${of('PIF', row.master)}`
    case 'patch':
    case 'pool_patch':
      return text(row.name) || shortId(row.id)
    case 'server':
      return text(row.label) || text(row.poolNameLabel) || text(row.host)
    case 'user':
      return text(row.name)
    case 'host':
      return text(row.hostname) || text(row.address) || shortId(row.id)
    default: {
      const properties = row.properties as { name?: unknown } | undefined
      return text(properties?.name) || text(row.name) || text(row.title) || `${typeWord((row.type ?? 'VM') as TypeName, 'one', look.tOr)} ${shortId(row.id)}`
    }
  }
}
