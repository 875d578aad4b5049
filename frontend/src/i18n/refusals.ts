/** Sentences for what a pool refused, by XAPI's code. There are many: they are loaded when the first one is needed. */
import { shallowReactive } from 'vue'
import { bytes } from './format'
import { i18n, type Locale } from './index'

export interface Refusals {
  readonly sentences: Readonly<Record<string, string>>
  /** Words for XAPI's states, operations and classes. */
  readonly words: Readonly<Record<string, string>>
}

const LOADERS: Record<Locale, () => Promise<{ default: Refusals }>> = {
  en: () => import('./en/refusals.gen'),
  fr: () => import('./fr/refusals.gen'),
}
const loads = new Map<Locale, Promise<void>>()
const loaded = shallowReactive(new Set<Locale>())
const ANY_BACKEND = 'SR_BACKEND_FAILURE'
const UNKNOWN = '?'
const PLACES = 6
/** Characters of one word in a sentence: drivers put whole documents there. */
const MOST = 500

/** Have the sentences of the chosen language; at once when they are there. Rejects when they cannot be fetched. */
export function loadRefusals(): Promise<void> {
  const locale = i18n.global.locale.value as Locale
  const known = loads.get(locale)
  if (known !== undefined) return known
  const load = LOADERS[locale]()
    .then(({ default: { sentences, words } }) => {
      i18n.global.mergeLocaleMessage(locale, { refusal: sentences, refusalWord: words })
      loaded.add(locale)
    })
    .catch((error: unknown) => {
      loads.delete(locale) // to be tried again
      throw error
    })
  loads.set(locale, load)
  return load
}

/**
 * The sentence of a failure in the reader's language; undefined when there is none, or until it has been loaded.
 * `params` are XAPI's own, `words` the same for people. Reactive.
 */
export function refusal(code: string, params: readonly string[], words: readonly string[]): string | undefined {
  const { t, te, locale } = i18n.global
  if (!loaded.has(locale.value as Locale)) {
    loadRefusals().catch(() => undefined) // without it, there is the service's own sentence
    return undefined
  }
  const key = [code, ...(code.startsWith(`${ANY_BACKEND}_`) ? [ANY_BACKEND] : [])].map((each) => `refusal.${each}`).find((each) => te(each))
  if (key === undefined) return undefined
  const values = Array.from({ length: PLACES }, (_, at) => word(params[at] ?? '', words[at] ?? '', locale.value))
  // What was missing at the end is left out, as the service does (services/refusals.py, filled).
  return t(key, values)
    .trim()
    .replace(/(\s+\?)+$/, '')
    .replace(/\s*:$/, '.')
}

function word(param: string, shown: string, locale: string): string {
  const { t, te } = i18n.global
  const terms = param.split(', ').map((term) => `refusalWord.${term}`)
  if (param !== '' && terms.every((term) => te(term))) return new Intl.ListFormat(locale, { type: 'disjunction' }).format(terms.map((term) => t(term)))
  if (/^\d+$/.test(param) && /^[\d.]+ ([KMGTP]i)?B$/.test(shown)) return bytes(Number(param))
  return shown.slice(0, MOST).replace(/\s+/g, ' ').trim() || UNKNOWN
}
