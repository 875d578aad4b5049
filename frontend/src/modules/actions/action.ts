/** What an action is: one definition serves buttons, menus, the selection bar and the command palette. */
import { type Component } from 'vue'
import { type RouteLocationRaw } from 'vue-router'
import { type Server, type TypeMap, type TypeName, type XoObject } from '@/api/types'
import { type MessageKey } from '@/i18n'
import type { Messages } from '@/i18n/en'

/** Any object, as the generic parts see it. */
export type AnyObject = XoObject & { readonly $pool?: string } & { readonly [name: string]: unknown }

/** Why something cannot be done, in words of this client. */
export interface Reason {
  readonly key: `why.${keyof Messages['why'] & string}`
  readonly values?: Readonly<Record<string, unknown>>
}
export type Possible = true | Reason

/** What an action may look at beside its object. */
export interface Around {
  /** The connection to a pool. */
  server: (pool: string | undefined) => Server | undefined
  find: <K extends TypeName>(type: K, id: string | null | undefined) => TypeMap[K] | undefined
  all: <K extends 'pool' | 'host' | 'SR' | 'network' | 'VM'>(type: K) => readonly TypeMap[K][]
  /** Whether one has the right to it, as far as the service has answered; without this, rights are not looked at. */
  allowed?: (action: Pick<Action, 'type' | 'name'>, object: AnyObject) => Possible
  /** What this client has asked for on an object and is still under way: the action's name. */
  pending: (id: string) => string | undefined
  t: (key: MessageKey, values?: Record<string, unknown>) => string
}

export type Params = Readonly<Record<string, unknown>>

interface FieldBase {
  /** Under which name its value is among the params. */
  readonly name: string
  readonly label: MessageKey
  readonly help?: MessageKey
  readonly optional?: boolean
  /** Shown only while the other values are so. */
  readonly when?: (params: Params) => boolean
}

/** A field of an action's dialog. */
export type Field =
  | (FieldBase & { readonly kind: 'text'; readonly initial?: string; readonly long?: boolean; readonly secret?: boolean; readonly placeholder?: string })
  | (FieldBase & { readonly kind: 'flag'; readonly initial?: boolean })
  | (FieldBase & { readonly kind: 'number'; readonly initial?: number; readonly least?: number; readonly most?: number })
  | (FieldBase & { readonly kind: 'size'; readonly initial: number; readonly least?: number })
  | (FieldBase & { readonly kind: 'choice'; readonly initial: string; readonly options: readonly { readonly value: string; readonly label: MessageKey }[] })
  | (FieldBase & ObjectChoice)

/** Another object is chosen: one of a type that is always here, or of those that match a filter. */
export interface ObjectChoice {
  readonly kind: 'object'
  readonly of: TypeName
  readonly initial?: string
  readonly filter?: string
  readonly fields?: readonly string[]
  readonly fit?: (candidate: AnyObject, around: Around) => Possible
  readonly detail?: (candidate: AnyObject, around: Around) => string
}

/** What is lost by an action: named before one says yes. */
export interface Loss {
  readonly items: readonly { readonly id: string; readonly name: string; readonly detail?: string; readonly type?: TypeName }[]
}

/** What became of a call: a Task under way, or nothing to wait for. */
export interface Outcome {
  readonly taskId?: string
}

export interface Action<T extends XoObject = AnyObject> {
  readonly type: TypeName
  /** Unique among those of its type. */
  readonly name: string
  readonly label: MessageKey
  readonly icon: string
  /** Actions that belong together stand together. */
  readonly group: 'power' | 'move' | 'copy' | 'change' | 'file' | 'remove'
  /** A button of its own on the object's page. */
  readonly primary?: boolean
  readonly danger?: boolean
  /** Of those that are shown only where they make sense (unpause, resume): whether this is so. */
  readonly shown?: (object: T) => boolean
  readonly possible: (object: T, around: Around) => Possible
  readonly fields?: (object: T, around: Around) => readonly Field[]
  /** What is asked before: a sentence; `loss`: what goes; `typed`: its name has to be written when something goes. */
  readonly confirm?: { readonly text: MessageKey; readonly loss?: (object: T, params: Params) => Promise<Loss>; readonly typed?: boolean; readonly nothingLost?: MessageKey }
  /** More to read or to choose, in the dialog. Gets `object`, emits `params`. */
  readonly extra?: Component
  /** A dialog of its own instead of the usual one. Gets `action` and `objects`, emits `close`. */
  readonly dialog?: Component
  /** Opens a screen instead of acting. */
  readonly goTo?: (object: T) => RouteLocationRaw
  /** The same for many at once. */
  readonly goToMany?: (objects: readonly T[]) => RouteLocationRaw
  /** On many at once: `true`, one after the other from here; a name, by the service's own action on many. */
  readonly many?: true | string
  /** What the service calls the values on many. */
  readonly manyParams?: (params: Params) => Params
  /** The type of what it makes: told, with a way to it. */
  readonly makes?: TypeName
  /** Done by this service alone: the pool of the object need not answer. */
  readonly local?: true
  /** Only for those chosen in a list: an object's own page has a better place for it. */
  readonly onlyMany?: boolean
  /** Makes it as it was. Throws Problem. */
  readonly undo?: (object: T, params: Params) => Promise<Outcome | void>
  /** Does it. Throws Problem. */
  readonly run?: (object: T, params: Params) => Promise<Outcome | void>
}

/** An action of its own type among those of all types. */
export function define<T extends XoObject>(action: Action<T>): Action {
  return action as unknown as Action
}

/** Whether something has to be asked first. */
export function asks(action: Action, object: AnyObject, around: Around): boolean {
  return action.dialog !== undefined || action.confirm !== undefined || action.extra !== undefined || (action.fields?.(object, around).length ?? 0) > 0
}
