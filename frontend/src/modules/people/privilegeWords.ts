/** Privileges in words: "may see and start VMs tagged qa in Lakeside". */
import { type Privilege } from '@/api/types'
import { type useText } from '@/i18n'
import { listed } from '@/i18n/format'
import { type Look } from '../look'
import { typeOfResource } from './catalogue'
import { selectionOf } from './selector'

type Words = Pick<ReturnType<typeof useText>, 't' | 'tOr'>
type Said = Pick<Privilege, 'action' | 'effect' | 'reach' | 'resource'> & { readonly selector?: string }

/** The words in the middle of a sentence: names in capitals (VM, SR ...) keep them. */
const inside = (word: string) => (/^\p{Lu}{2}/u.test(word) ? word : word.charAt(0).toLocaleLowerCase() + word.slice(1))

/** What a resource is called. */
export function resourceWord(resource: string, { tOr }: Words, form: 'one' | 'many' = 'many'): string {
  const type = typeOfResource(resource)
  return tOr(`resource.${resource}`, type === undefined ? resource : tOr(`type.${type}.${form}`, resource))
}

/** An action as a verb. */
export function actionWord(action: string, { t, tOr }: Words): string {
  const [name = '', part] = action.split(':')
  if (part === undefined) return tOr(`verb.${name === '*' ? 'all' : name}`, name.replaceAll('-', ' '))
  if (name === 'update') return t('people.changeField', { field: tOr(`verbField.${part}`, part) })
  return tOr(`verb.${name}-${part}`, `${tOr(`verb.${name}`, name)} (${part})`)
}

/** Which objects. */
export function objectsWords({ resource, selector, effect }: Pick<Said, 'resource' | 'selector' | 'effect'>, words: Words, look: Pick<Look, 'find'>): string {
  const many = inside(resourceWord(resource, words))
  const { t } = words
  const name = (id: string) => {
    const type = typeOfResource(resource)
    const found = type === undefined ? undefined : (look.find(type, id) as { readonly name_label?: string; readonly name?: string } | undefined)
    return found?.name_label || found?.name || id.slice(0, 8)
  }
  const pool = (id: string) => look.find('pool', id)?.name_label || id.slice(0, 8)
  const selection = selectionOf(selector)
  switch (selection.kind) {
    case 'all':
      return t(effect === 'deny' ? 'people.on.any' : 'people.on.all', { many })
    case 'these':
      if (selection.ids.length === 1) return t('people.on.one', { one: inside(resourceWord(resource, words, 'one')), name: name(selection.ids[0]!) })
      return t('people.on.these', { many, names: listed(selection.ids.map(name), 'conjunction') })
    case 'tag':
      return selection.pool === undefined ? t('people.on.tag', { many, tag: selection.tag }) : t('people.on.tagInPool', { many, tag: selection.tag, pool: pool(selection.pool) })
    case 'pool':
      return t('people.on.pool', { many, pool: pool(selection.pool) })
    case 'filter':
      return t('people.on.filter', { many, filter: selection.filter })
  }
}

/** One sentence for privileges that differ in their action alone. */
export function sentence(privileges: readonly Said[], words: Words, look: Pick<Look, 'find'>): string {
  const [first] = privileges
  if (first === undefined) return ''
  const actions = listed(privileges.map(({ action }) => actionWord(action, words)), 'conjunction')
  const objects = objectsWords(first, words, look)
  const said = words.t(first.effect === 'allow' ? 'people.may' : 'people.mayNot', { actions, objects })
  return first.reach === 'inside' ? words.t('people.andInside', { said }) : said
}

/** Everything, then seeing, then the rest by name. */
const rank = ({ action }: Said) => (action === '*' ? 0 : action === 'read' ? 1 : 2)

/** Privileges that are said in one sentence: of the same resource, effect, objects and reach. What is denied comes last. */
export function gathered<T extends Said>(privileges: readonly T[]): T[][] {
  const groups = new Map<string, T[]>()
  for (const each of privileges) {
    const key = JSON.stringify([each.effect, each.resource, (each.selector ?? '').trim(), each.reach])
    groups.set(key, [...(groups.get(key) ?? []), each])
  }
  const lines = [...groups.values()].map((group) => group.sort((a, b) => rank(a) - rank(b) || a.action.localeCompare(b.action, 'en')))
  return lines.sort((a, b) => Number(a[0]?.effect === 'deny') - Number(b[0]?.effect === 'deny'))
}
