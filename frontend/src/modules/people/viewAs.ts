/** What somebody else sees, asked in his stead: for administrators. Lists are never shown unless the service says that it looked as he does. */
import { answer, api } from '@/api/client'
import { Problem } from '@/api/problem'
import { type XoObject } from '@/api/types'

/** The service names whom it looked as. */
const HEADER = 'x-viewing-as'

/** The rows of a collection as `user` sees them, and how many there are in all. Throws Problem. */
export async function seenBy<T extends XoObject>(user: string, collection: string, fields: readonly string[], limit: number): Promise<{ readonly rows: readonly T[]; readonly total: number }> {
  const query = { viewAs: user, fields: ['id', ...fields].join(','), limit }
  let response: Response | undefined
  const rows = await answer<readonly T[]>(
    api.GET(`/${collection}` as '/vms', { params: { query: query as never } }).then((call) => {
      response = call.response
      return call as unknown as { data?: readonly T[] }
    }),
  )
  if (response?.headers.get(HEADER) !== user) throw new Problem(501, { code: 'not-supported', detail: 'This service does not show what others see.' })
  const total = Number(response.headers.get('x-total-count') ?? Number.NaN)
  return { rows, total: Number.isFinite(total) ? total : rows.length }
}
