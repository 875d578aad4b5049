/** How strongly a share from 0 to 1 is coloured: five steps, so that neighbours can be told apart, from calm to alarming. */
export type Shade = 0 | 1 | 2 | 3 | 4 | undefined

const STEPS = [0.25, 0.5, 0.75, 0.9] as const

export function shadeOf(share: number | undefined): Shade {
  if (share === undefined || Number.isNaN(share)) return undefined
  const at = STEPS.findIndex((step) => share < step)
  return (at < 0 ? 4 : at) as Shade
}

export interface Group<T> {
  readonly id: string
  readonly name: string
  readonly members: readonly T[]
}

/** Hosts by pool, both in the order of their names; `compare` knows the reader's language. */
export function byPool<T extends { readonly id: string; readonly $pool: string; readonly name_label: string }>(hosts: readonly T[], nameOf: (pool: string) => string, compare: (a: string, b: string) => number): Group<T>[] {
  const groups = new Map<string, T[]>()
  for (const host of hosts) {
    const members = groups.get(host.$pool)
    if (members === undefined) groups.set(host.$pool, [host])
    else members.push(host)
  }
  return [...groups]
    .map(([id, members]) => ({ id, name: nameOf(id), members: members.sort((a, b) => compare(a.name_label, b.name_label) || (a.id < b.id ? -1 : 1)) }))
    .sort((a, b) => compare(a.name, b.name) || (a.id < b.id ? -1 : 1))
}
