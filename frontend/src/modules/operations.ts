/** What is being done to an object, in words. */
import { type Operations } from '@/api/types'
import { type Look } from './look'

export function operationWord(operations: Operations | undefined, look: Look): string | undefined {
  const [first] = Object.values(operations ?? {})
  return first === undefined ? undefined : look.tOr(`operation.${first}`, first.replaceAll('_', ' '))
}
