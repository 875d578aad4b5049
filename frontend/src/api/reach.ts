/** Which screens have something in them for somebody who may not see everything. */
import { hasAny } from './rights'

/** By the screen's address, the collections it shows; of users one always sees oneself. */
const SHOWN: Readonly<Record<string, readonly (readonly [collection: string, but?: number])[]>> = {
  '/users': [['users', 1], ['groups'], ['acl-roles']],
  '/audit': [['audit']],
  '/resource-sets': [['resource-sets']],
  '/servers': [['servers']],
  '/vdis': [['vdis']],
  '/vm-templates': [['vm-templates']],
  '/vm-snapshots': [['vm-snapshots']],
  '/pifs': [['pifs']],
  '/messages': [['messages']],
  '/alarm-rules': [['alarm-rules']],
  '/notification-channels': [['notification-channels']],
  '/notifications': [['notifications']],
}

/** Addresses of those that are not empty; one that could not be asked counts as such. */
export async function reach(): Promise<ReadonlySet<string>> {
  const looks = Object.entries(SHOWN).map(async ([to, collections]) => {
    const any = await Promise.all(collections.map(([collection, but]) => hasAny(collection, but))).catch(() => [true])
    return any.includes(true) ? [to] : []
  })
  return new Set((await Promise.all(looks)).flat())
}
