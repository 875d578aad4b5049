/** Tags: on one object from its page, on many from a list. */
import { pathOf, put, remove } from '@/api/act'
import { COLLECTIONS, type TypeName } from '@/api/types'
import { define, type Action, type Params } from './action'

/** Types whose objects have tags that can be changed. */
export const TAGGED: readonly TypeName[] = ['VM', 'VM-template', 'VM-snapshot', 'VM-controller', 'host', 'pool', 'SR', 'VDI', 'VDI-snapshot', 'network']

/** Of those, the ones where the service does it to many at once. */
const BY_SERVICE: ReadonlySet<TypeName> = new Set(['VM', 'VM-template', 'VM-snapshot', 'host', 'SR', 'VDI', 'network'])

export const addTag = (type: TypeName, id: string, tag: string) => put(pathOf(COLLECTIONS[type], id, 'tags', tag))
export const removeTag = (type: TypeName, id: string, tag: string) => remove(pathOf(COLLECTIONS[type], id, 'tags', tag))

const onMany = (type: TypeName, name: 'add_tag' | 'remove_tag', rest: Pick<Action, 'label' | 'icon'>, change: typeof addTag): Action =>
  define({
    type,
    name,
    group: 'change',
    onlyMany: true,
    many: BY_SERVICE.has(type) ? name : true,
    possible: () => true,
    fields: () => [{ kind: 'text', name: 'tag', label: 'form.tag' }],
    run: (object: { readonly id: string }, { tag }: Params) => change(type, object.id, String(tag)),
    ...rest,
  })

export const tagActions: readonly Action[] = TAGGED.flatMap((type) => [
  onMany(type, 'add_tag', { label: 'act.addTag', icon: 'i-lucide-tag' }, addTag),
  onMany(type, 'remove_tag', { label: 'act.removeTag', icon: 'i-lucide-tags' }, removeTag),
])
