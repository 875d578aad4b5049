/** What can be done with connections to pools; each throws Problem. */
import { answer, api } from '@/api/client'
import { type Probe } from '@/api/types'

export interface ServerForm {
  host: string
  username: string
  password: string
  label: string
  readOnly: boolean
}

export const emptyForm = (): ServerForm => ({ host: '', username: 'root', password: '', label: '', readOnly: false })

const at = (id: string) => ({ params: { path: { id } } })
const now = (id: string) => ({ params: { path: { id }, query: { sync: true } } })

export const servers = {
  /** Log in once and say what is there. */
  test: ({ host, username, password }: ServerForm, certificateFingerprint?: string): Promise<Probe> =>
    answer(api.POST('/servers/test', { body: { host, username, password, certificateFingerprint } })),

  /** Store it, with the certificate that the user accepted, and begin to connect; its id. */
  async create({ host, username, password, label, readOnly }: ServerForm, certificateFingerprint?: string): Promise<string> {
    const { id } = await answer(api.POST('/servers', { body: { host, username, password, readOnly, label: label || undefined, certificateFingerprint } }))
    // What fails from here on is told by the server's own state, and one already connecting is a conflict that is none.
    await api.POST('/servers/{id}/actions/connect', at(id)).catch(() => undefined)
    return id
  },

  /** Send what differs from `before`; an empty password means: as it is. */
  async change(id: string, form: ServerForm, before: ServerForm): Promise<void> {
    const changed = Object.entries(form).filter(([key, value]) => value !== before[key as keyof ServerForm] && !(key === 'password' && value === ''))
    await api.PATCH('/servers/{id}', { ...at(id), body: Object.fromEntries(changed) })
  },

  connect: (id: string) => api.POST('/servers/{id}/actions/connect', now(id)),
  disconnect: (id: string) => api.POST('/servers/{id}/actions/disconnect', now(id)),
  accept: (id: string, fingerprint: string) => api.POST('/servers/{id}/actions/accept_certificate', { ...at(id), body: { fingerprint } }),
  remove: (id: string) => api.DELETE('/servers/{id}', at(id)),
}
