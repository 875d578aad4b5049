/** Statistics of one object, or of several side by side. */
import { type TypeName } from '@/api/types'
import { compareAddress, COMPARABLE } from '../stats/address'
import { define, type Action } from './action'

/** More than are shown at once, so that the page can say how many are left out; few enough for an address. */
const IN_ADDRESS = 60

export const compareActions: readonly Action[] = COMPARABLE.map((type) =>
  define({
    type: type satisfies TypeName,
    name: 'compare',
    label: 'stats.compare',
    icon: 'i-lucide-git-compare-arrows',
    group: 'file',
    onlyMany: true,
    possible: () => true,
    goTo: (object: { readonly id: string }) => compareAddress(type, [object.id]),
    goToMany: (objects) => compareAddress(type, objects.slice(0, IN_ADDRESS).map(({ id }) => id)),
  }),
)
