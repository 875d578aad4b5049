/** What is being done to an object, in words. */
import { type Operations } from '@/api/types'
import { type Look } from './look'

/** As the pool says it; before it does, what was asked for here. */
export function operationWord({ id, current_operations }: { readonly id: string; readonly current_operations?: Operations }, look: Look): string | undefined {
  const first = Object.values(current_operations ?? {})[0] ?? look.pending(id)
  return first === undefined ? undefined : look.tOr(`operation.${first}`, first.replaceAll('_', ' '))
}
