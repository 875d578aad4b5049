/** What the palette can do to objects: commands that are typed, and the actions of the page one is on. */
import { computed, type Ref } from 'vue'
import { useRoute } from 'vue-router'
import { typeOf, type TypeName } from '@/api/types'
import { type Entry } from '@/composables/search'
import { useText } from '@/i18n'
import { CORE, useObjects } from '@/stores/objects'
import { type Action, type AnyObject } from './action'
import { begun, commands, type Verb } from './commands'
import { ACTIONS } from './registry'
import { useMenu } from './useMenu'

export interface CommandItem {
  readonly key: string
  readonly icon: string
  readonly name: string
  readonly detail: string
  readonly possible: boolean
  /** Undefined: it is only an offer, that goes on in the field. */
  readonly run?: () => void
  readonly goOn?: string
}

const MOST = 8
const OFFERS = 3

export function useCommands(query: Ref<string>, entries: () => readonly Entry[]) {
  const { t, tOr } = useText()
  const route = useRoute()
  const objects = useObjects()
  const menu = useMenu()

  const verbs = computed<readonly Verb[]>(() =>
    ACTIONS.filter((action) => action.type in CORE && action.onlyMany !== true && menu.ever(action)).map((action) => ({
      action,
      // Names of actions are English, and what XAPI calls them.
      labels: [t(action.label), action.name.replaceAll('_', ' ')],
    })),
  )

  const find = (type: TypeName, id: string) => (type in CORE ? objects.collection<AnyObject>(type).rows.get(id) : undefined)

  function item(action: Action, object: AnyObject, detail: string): CommandItem {
    const possible = menu.possible(action, object)
    return {
      key: `do:${action.type}:${action.name}:${object.id}`,
      icon: action.icon,
      name: t('actions.on', { action: t(action.label), name: menu.nameOf(object, action.type) }),
      detail: possible === true ? detail : menu.say(possible),
      possible: possible === true,
      run: possible === true ? () => menu.begin(action, [object]) : undefined,
    }
  }

  /** What can be done comes first. */
  const typed = computed<readonly CommandItem[]>(() => {
    const found = commands(query.value, verbs.value, entries(), MOST * 3).flatMap(({ action, entry }) => {
      const object = find(action.type, entry.id)
      if (object === undefined || (action.shown !== undefined && !action.shown(object))) return []
      return [item(action, object, entry.detail)]
    })
    return [...found.filter(({ possible }) => possible), ...found.filter(({ possible }) => !possible)].slice(0, MOST)
  })

  const offers = computed<readonly CommandItem[]>(() =>
    typed.value.length > 0
      ? []
      : begun(query.value, verbs.value, OFFERS).map(({ action }) => ({
          key: `verb:${action.type}:${action.name}`,
          icon: action.icon,
          name: `${t(action.label)} …`,
          detail: `${tOr(`type.${action.type}.one`, action.type)}, ${t('actions.typeObject')}`,
          possible: true,
          goOn: `${t(action.label)} `,
        })),
  )

  /** Of the object whose page is open. */
  const here = computed<readonly CommandItem[]>(() => {
    const type = route.name === 'object' ? typeOf(String(route.params.collection)) : undefined
    const object = type === undefined ? undefined : find(type, String(route.params.id))
    if (type === undefined || object === undefined) return []
    return menu
      .actionsFor(type, object)
      .map((action) => item(action, object, t('actions.here')))
      .filter(({ possible }) => possible)
  })

  return { typed, offers, here }
}
