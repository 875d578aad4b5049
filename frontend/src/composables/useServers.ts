/** What can be done with connections to pools. */
import { patch, post, remove } from '@/api/client'

export interface ServerForm {
  host: string
  username: string
  password: string
  label: string
  readOnly: boolean
}

export interface Probe {
  readonly poolId: string
  readonly poolNameLabel: string
  readonly productBrand: string
  readonly productVersion: string
  readonly hosts: readonly { readonly name_label: string; readonly address: string }[]
  readonly certificate: {
    readonly fingerprint: string
    readonly subject?: string
    readonly issuer?: string
    readonly selfSigned: boolean
    readonly trusted: boolean
    readonly notAfter: string | number
  } | null
}

export const emptyForm = (): ServerForm => ({ host: '', username: 'root', password: '', label: '', readOnly: false })

const path = (id: string, action?: string) => `/servers/${encodeURIComponent(id)}${action === undefined ? '' : `/actions/${action}`}`

export const servers = {
  /** Log in once and say what is there; throws Problem. */
  test: ({ host, username, password }: ServerForm, certificateFingerprint?: string): Promise<Probe> =>
    post<Probe>('/servers/test', { host, username, password, ...(certificateFingerprint === undefined ? {} : { certificateFingerprint }) }),

  /** Store it, with the certificate that the user accepted, and begin to connect. */
  async create({ host, username, password, label, readOnly }: ServerForm, certificateFingerprint?: string): Promise<string> {
    const { id } = await post<{ id: string }>('/servers', {
      host,
      username,
      password,
      readOnly,
      ...(label === '' ? {} : { label }),
      ...(certificateFingerprint === undefined ? {} : { certificateFingerprint }),
    })
    // What fails from here on is told by the server's own state, and one already connecting is a conflict that is none.
    await post(path(id, 'connect')).catch(() => undefined)
    return id
  },

  /** Send what differs from `before`; an empty password means: as it is. */
  change(id: string, form: ServerForm, before: ServerForm): Promise<undefined> {
    const changed = Object.entries(form).filter(([key, value]) => value !== before[key as keyof ServerForm] && !(key === 'password' && value === ''))
    return patch(path(id), Object.fromEntries(changed))
  },

  connect: (id: string): Promise<undefined> => post(path(id, 'connect'), undefined, { sync: true }),
  disconnect: (id: string): Promise<undefined> => post(path(id, 'disconnect'), undefined, { sync: true }),
  accept: (id: string, fingerprint: string): Promise<undefined> => post(path(id, 'accept_certificate'), { fingerprint }),
  remove: (id: string): Promise<undefined> => remove(path(id)),
}
