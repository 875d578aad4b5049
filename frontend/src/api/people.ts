/** Users, groups, roles and privileges: what changes them. All throw Problem. */
import { type components } from './schema.gen'
import { answer, api, get } from './client'
import { pathOf, patch, post, put, remove } from './act'

type Schemas = components['schemas']
export type SecondFactor = Schemas['SecondFactor']
export type SignIn = Schemas['SignInInfo']
export type Level = 'viewer' | 'operator' | 'admin'

export interface PrivilegeDraft {
  readonly resource: string
  readonly action: string
  readonly effect: 'allow' | 'deny'
  readonly selector?: string
  readonly reach: 'self' | 'inside'
}

const made = (path: string, body: Readonly<Record<string, unknown>>): Promise<string> => post<{ id: string }>(path, body).then(({ id }) => id)

export const createGroup = (name: string) => made('/groups', { name })
export const renameGroup = (id: string, name: string) => patch(pathOf('groups', id), { name })
export const deleteGroup = (id: string) => remove(pathOf('groups', id))
export const joinGroup = (group: string, user: string) => put(pathOf('groups', group, 'users', user))
export const leaveGroup = (group: string, user: string) => remove(pathOf('groups', group, 'users', user))

export const createRole = (name: string, description: string) => made('/acl-roles', { name, description })
export const changeRole = (id: string, name: string, description: string) => patch(pathOf('acl-roles', id), { name, description })
export const deleteRole = (id: string) => remove(pathOf('acl-roles', id))
/** A role of one's own with the same privileges; its id. */
export const copyRole = (id: string, name: string) => made(`${pathOf('acl-roles', id, 'actions', 'copy')}?sync=true`, { name })
export const giveRole = (role: string, kind: 'users' | 'groups', id: string) => put(pathOf('acl-roles', role, kind, id))
export const takeRole = (role: string, kind: 'users' | 'groups', id: string) => remove(pathOf('acl-roles', role, kind, id))
/** Makes somebody viewer, operator or admin of an object and all inside it. */
export const grant = (subject: { userId: string } | { groupId: string }, objectId: string, level: Level) => made('/acl-roles/actions/grant', { ...subject, objectId, level })

/** Adds a privilege; where its selector reaches more than its words say, the warnings tell. */
export const addPrivilege = (roleId: string, draft: PrivilegeDraft): Promise<{ id: string; warnings?: string[] }> => post('/acl-privileges', { ...draft, roleId })
export const deletePrivilege = (id: string) => remove(pathOf('acl-privileges', id))

export const secondFactorOf = (user: string): Promise<SecondFactor> => get(pathOf('users', user, 'totp'))
export const resetSecondFactor = (user: string) => remove(pathOf('users', user, 'totp'))
const totp = <T>(user: string, action: string, body: Readonly<Record<string, unknown>>): Promise<T> => post<T>(pathOf('users', user, 'totp', 'actions', action), body)
export const enrol = (user: string, password: string) => totp<Schemas['Enrolment']>(user, 'enrol', { password })
export const confirmFactor = (user: string, code: string) => totp<Schemas['RecoveryCodes']>(user, 'confirm', { code })
/** The password, or a code where it looks like one. */
export const regenerateCodes = (user: string, password: string) => totp<Schemas['RecoveryCodes']>(user, 'regenerate', { password })
export const disableFactor = (user: string, password: string) => totp<void>(user, 'disable', { password })

export const signInsOf = (user: string): Promise<SignIn[]> => get(pathOf('users', user, 'sessions'))
export const endSignIn = (user: string, id: string) => remove(pathOf('users', user, 'sessions', id))
export const endSignIns = (user: string) => remove(pathOf('users', user, 'sessions'))

export const providers = () => answer(api.GET('/auth/providers'))
