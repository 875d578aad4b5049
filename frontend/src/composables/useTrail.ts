/** Where one stands: site, pool, host, object; or the screen. The breadcrumb and the window's title say it. */
import { computed, onScopeDispose, shallowRef, watchEffect } from 'vue'
import { useRoute } from 'vue-router'
import { COLLECTIONS, typeOf, type PoolObject, type TypeName } from '@/api/types'
import { useText, type MessageKey } from '@/i18n'
import { CORE, useObjects } from '@/stores/objects'

export interface Step {
  readonly label: string
  readonly to?: string
}

/** Screens by the name of their route. */
const SCREENS: Readonly<Record<string, MessageKey>> = {
  about: 'place.about',
  account: 'place.account',
  connect: 'connect.title',
  'not-found': 'notFound.title',
  servers: 'place.servers',
  signin: 'signin.title',
  stats: 'place.stats',
  users: 'place.users',
  user: 'place.users',
  groups: 'place.users',
  roles: 'place.users',
  role: 'place.users',
  audit: 'place.audit',
  'resource-sets': 'place.selfService',
}

const named = shallowRef<{ readonly id: string; readonly name: () => string }>()

/** The page of an object says its name: most types are known to nobody else. */
export function useNamed(id: string, name: () => string): void {
  const mine = { id, name }
  named.value = mine
  onScopeDispose(() => {
    if (named.value === mine) named.value = undefined
  })
}

export function useTrail() {
  const { t, tOr } = useText()
  const route = useRoute()
  const objects = useObjects()

  function above(type: TypeName, id: string, list: Step): Step[] {
    const object = type in CORE ? objects.collection<PoolObject & { readonly name_label?: string; readonly $container?: string }>(type).rows.get(id) : undefined
    const name = (named.value?.id === id && named.value.name()) || (object && (object.name_label || id))
    if (!name) return [list]
    const pool = type === 'pool' || object === undefined ? undefined : objects.collection('pool').rows.get(object.$pool)
    const host = object?.$container === undefined ? undefined : objects.collection('host').rows.get(object.$container)
    return [
      ...(pool ? [{ label: pool.name_label, to: `/pools/${pool.id}` }] : [list]),
      ...(host ? [{ label: host.name_label, to: `/hosts/${host.id}` }] : []),
      { label: name },
    ]
  }

  return computed<readonly Step[]>(() => {
    const site: Step = { label: t('place.site'), to: '/' }
    if (route.name === 'site') return [{ label: site.label }]
    if (route.name === 'object' || route.name === 'list') {
      const type = typeOf(String(route.params.collection))
      if (type === undefined) return [site]
      const list: Step = { label: tOr(`type.${type}.many`, type), to: `/${COLLECTIONS[type]}` }
      if (route.name === 'list') return [site, { label: list.label }]
      return [site, ...above(type, String(route.params.id), list)]
    }
    const screen = SCREENS[String(route.name)]
    return [site, ...(screen === undefined ? [] : [{ label: t(screen) }])]
  })
}

/** The window is called as the last step; the dashboard, by the product alone. */
export function useWindowTitle(): void {
  const trail = useTrail()
  watchEffect(() => {
    const [, ...steps] = trail.value
    const here = steps.at(-1)
    document.title = here === undefined ? 'Podium' : `${here.label} · Podium`
  })
}
