/** Why a connection does not work, and what to do about it, in the reader's words. */
import { type useText } from '@/i18n'

const KNOWN = ['pool-unreachable', 'pool-refused', 'certificate-untrusted', 'not-a-xenserver', 'pool-already-connected', 'name-taken', 'offline', 'too-many-attempts', 'invalid-parameters'] as const

export interface Advice {
  readonly what: string
  readonly remedy: string
}

export function advice({ t }: Pick<ReturnType<typeof useText>, 't'>, code: string): Advice {
  const known = KNOWN.find((each) => each === code) ?? 'other'
  return { what: t(`trouble.${known}.what`), remedy: t(`trouble.${known}.remedy`) }
}
