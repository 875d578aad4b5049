/** Users, groups, roles and privileges, live: as many of them as one may see. */
import { computed } from 'vue'
import { type Group, type Privilege, type Role, type User } from '@/api/types'
import { collator } from '@/i18n/format'
import { type PickItem } from '@/modules/people/PickMany.vue'
import { useObjects } from '@/stores/objects'

const byName = <T extends { readonly name: string }>(list: readonly T[]): T[] => [...list].sort((a, b) => collator.value.compare(a.name, b.name))
const itemOf = (to: (id: string) => string | undefined) => ({ id, name }: { readonly id: string; readonly name: string }): PickItem => ({ value: id, label: name, to: to(id) })

export function usePeople() {
  const objects = useObjects()
  const users = objects.demand<User>('user', ['name', 'permission', 'groups', 'authProviders'])
  const groups = objects.demand<Group>('group', ['name', 'users', 'aclRoleIds', 'provider'])
  const roles = objects.demand<Role>('acl-role', ['name', 'description', 'isTemplate', 'roleTemplateId', 'userIds', 'groupIds', 'privilegeIds'])
  const privileges = objects.demand<Privilege>('acl-privilege', ['roleId', 'resource', 'action', 'effect', 'selector', 'reach'])
  const sortedUsers = computed(() => byName(users.list.value))
  const sortedGroups = computed(() => byName(groups.list.value))
  const sortedRoles = computed(() => byName(roles.list.value))
  /** Those that can be given to somebody. */
  const ownRoles = computed(() => sortedRoles.value.filter(({ isTemplate }) => !isTemplate))
  const privilegesOf = (role: Role): Privilege[] => role.privilegeIds.flatMap((id) => privileges.rows.get(id) ?? [])
  return {
    users,
    groups,
    roles,
    privileges,
    sortedUsers,
    sortedGroups,
    sortedRoles,
    ownRoles,
    privilegesOf,
    userItems: computed(() => sortedUsers.value.map(itemOf((id) => `/users/${encodeURIComponent(id)}`))),
    groupItems: computed(() => sortedGroups.value.map(itemOf(() => undefined))),
    roleItems: computed(() => ownRoles.value.map(itemOf((id) => `/acl-roles/${encodeURIComponent(id)}`))),
  }
}
