/** Menus of actions: of one object, or of many; what cannot be done stays in the menu with the reason under it. */
import { useRouter } from 'vue-router'
import { type TypeName } from '@/api/types'
import { useText } from '@/i18n'
import { asks, type Action, type AnyObject, type Possible } from './action'
import { check } from './reasons'
import * as registry from './registry'
import { useActions } from './useActions'
import { useAround } from './useAround'

export interface MenuItem {
  readonly label: string
  readonly icon: string
  readonly description?: string
  readonly color?: 'error'
  readonly class?: string
  readonly 'aria-disabled'?: 'true'
  readonly 'data-action': string
  readonly onSelect: (event: Event) => void
}

/** With more objects than this, whether something can be done is found out when it is asked for. */
const LOOKED_AT = 500

export function useMenu() {
  const { t } = useText()
  const router = useRouter()
  const actions = useActions()
  const surroundings = useAround()
  const { around, ever, nameOf, say } = surroundings

  /** Those that make sense for an object, without those that one may never do. */
  const actionsFor = (type: TypeName, object: AnyObject): Action[] => registry.actionsFor(type, object).filter(ever)
  const actionsForMany = (type: TypeName): Action[] => registry.actionsForMany(type).filter(ever)

  /** Do it, or ask what it needs. */
  function begin(action: Action, objects: readonly AnyObject[]): void {
    const [object] = objects
    if (object === undefined) return
    if (action.goToMany !== undefined && objects.length > 1) return void router.push(action.goToMany(objects))
    if (action.goTo !== undefined) return void router.push(action.goTo(object))
    const request = { action, objects, names: objects.map((each) => nameOf(each, action.type)) }
    if (objects.length > 1 || asks(action, object, around)) actions.ask(request)
    else actions.runNow(request)
  }

  function possible(action: Action, object: AnyObject): Possible {
    return check(action, object, around)
  }

  /** Possible when it is for one of them; else the reason of the first. */
  function possibleForAny(action: Action, objects: readonly AnyObject[]): Possible {
    if (objects.length > LOOKED_AT) return true
    let reason: Possible = true
    for (const object of objects) {
      const answer = check(action, object, around)
      if (answer === true) return true
      if (reason === true) reason = answer
    }
    return reason
  }

  function item(action: Action, objects: readonly AnyObject[]): MenuItem {
    const answer = objects.length === 1 && objects[0] !== undefined ? possible(action, objects[0]) : possibleForAny(action, objects)
    const asked = objects[0] !== undefined && objects.length === 1 && action.goTo === undefined && asks(action, objects[0], around)
    const label = asked || (objects.length > 1 && action.goToMany === undefined) ? dots(t(action.label)) : t(action.label)
    if (answer === true) return { label, icon: action.icon, color: action.danger === true ? 'error' : undefined, 'data-action': action.name, onSelect: () => begin(action, objects) }
    return {
      label,
      icon: action.icon,
      description: say(answer),
      class: 'opacity-75',
      'aria-disabled': 'true',
      'data-action': action.name,
      onSelect: (event) => event.preventDefault(), // stays open, so that the reason can be read
    }
  }

  /** In groups. */
  function items(type: TypeName, objects: readonly AnyObject[]): MenuItem[][] {
    const [object] = objects
    if (object === undefined) return []
    const list = objects.length === 1 ? actionsFor(type, object) : actionsForMany(type)
    return registry.grouped(list).map((group) => group.map((action) => item(action, objects)))
  }

  return { begin, possible, possibleForAny, items, actionsFor, actionsForMany, ...surroundings }
}

/** A long menu scrolls, and what scrolls must be a place that the Tab key can reach (WCAG 2.1.1); Reka takes it out of the order. */
export function enterMenu(open: boolean): void {
  if (open) requestAnimationFrame(() => document.querySelectorAll<HTMLElement>('[role="menu"]').forEach((menu) => (menu.tabIndex = 0)))
}

/** More is asked before anything happens. */
function dots(label: string): string {
  return label.endsWith('…') ? label : `${label} …`
}
