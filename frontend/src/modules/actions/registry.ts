/** Every action of every type: the one list that buttons, menus, the selection bar and the palette read. */
import { type TypeName } from '@/api/types'
import { type Action, type AnyObject } from './action'
import { alarmActions, channelActions, deliveryActions, ruleActions } from './alarm'
import { pbdActions, vbdActions, vtpmActions } from './attachment'
import { compareActions } from './compare'
import { hostActions } from './host'
import { hostMaking, poolMaking, srMaking, vmMaking } from './making'
import { bondActions, networkActions, pifActions, vifActions } from './network'
import { poolActions } from './pool'
import { srActions } from './sr'
import { tagActions } from './tags'
import { messageActions, taskActions, xapiTaskActions } from './task'
import { vdiActions, vdiSnapshotActions } from './vdi'
import { vmActions } from './vm'
import { snapshotActions, templateActions } from './vmKin'

export const ACTIONS: readonly Action[] = [
  ...vmActions,
  ...vmMaking,
  ...templateActions,
  ...snapshotActions,
  ...hostActions,
  ...hostMaking,
  ...poolActions,
  ...poolMaking,
  ...srActions,
  ...srMaking,
  ...vdiActions,
  ...vdiSnapshotActions,
  ...networkActions,
  ...vifActions,
  ...pifActions,
  ...bondActions,
  ...vbdActions,
  ...pbdActions,
  ...vtpmActions,
  ...taskActions,
  ...xapiTaskActions,
  ...messageActions,
  ...alarmActions,
  ...ruleActions,
  ...channelActions,
  ...deliveryActions,
  ...tagActions,
  ...compareActions,
]

const BY_TYPE = new Map<TypeName, readonly Action[]>()
for (const action of ACTIONS) BY_TYPE.set(action.type, [...(BY_TYPE.get(action.type) ?? []), action])

export function actionsOf(type: TypeName): readonly Action[] {
  return BY_TYPE.get(type) ?? []
}

/** Those that make sense for an object as it is. */
export function actionsFor(type: TypeName, object: AnyObject): readonly Action[] {
  return actionsOf(type).filter(({ shown, onlyMany }) => onlyMany !== true && (shown === undefined || shown(object)))
}

/** Those that can be done to many at once. */
export function actionsForMany(type: TypeName): readonly Action[] {
  return actionsOf(type).filter(({ many, goToMany }) => many !== undefined || goToMany !== undefined)
}

/** What actions of a type read of its objects, where those are not always here: lists ask for it. */
export const ACTION_FIELDS: { readonly [K in TypeName]?: readonly string[] } = {
  'VM-template': ['name_label', 'isDefaultTemplate', 'current_operations', 'blockedOperations'],
  'VM-snapshot': ['name_label', '$snapshot_of', 'current_operations', 'blockedOperations'],
  VDI: ['name_label', 'name_description', 'size', 'usage', '$SR', 'missing', 'current_operations'],
  'VDI-snapshot': ['name_label', 'name_description', 'size', 'usage', '$SR', 'missing', 'current_operations'],
  VIF: ['attached'],
  PIF: ['attached', 'management', 'disallowUnplug', 'physical', 'isBondMaster', 'isBondSlave'],
  VBD: ['attached', 'VDI'],
  PBD: ['attached'],
  VTPM: ['vm'],
  'alarm-rule': ['enabled', 'type', 'metric', 'comparison', 'threshold', 'clear', 'durationS', 'clearDurationS', 'severity', 'filter', 'channels'],
  'notification-channel': ['enabled', 'kind', 'webhook', 'email', 'minimumSeverity', 'events', 'poolAlarms', 'language'],
  notification: ['state'],
  task: ['status', 'abortionRequestedAt'],
  'xapi-task': ['status', 'allowedOperations'],
}

export function actionOf(type: TypeName, name: string): Action | undefined {
  return actionsOf(type).find((action) => action.name === name)
}

const ORDER: readonly Action['group'][] = ['power', 'move', 'copy', 'change', 'file', 'remove']

/** In groups, for menus: what destroys comes last. */
export function grouped(actions: readonly Action[]): Action[][] {
  return ORDER.map((group) => actions.filter((action) => action.group === group)).filter(({ length }) => length > 0)
}
