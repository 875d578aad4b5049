/** Texts, numbers and times in the reader's language; keys are checked by the compiler. */
import { computed } from 'vue'
import { createI18n, useI18n } from 'vue-i18n'
import type { CoreMessages, LateMessages, Messages, PeopleMessages } from './en'

export const LOCALES = { en: 'English', fr: 'Français' } as const
export type Locale = keyof typeof LOCALES

const STORED = 'podium-locale'
const LOADERS: Record<Locale, () => Promise<{ default: CoreMessages }>> = {
  en: () => import('./en'),
  fr: () => import('./fr'),
}
/** Texts that the first screen does not need: of lists and objects and what can be done to them; of people and their rights. */
const LATER = {
  late: { en: () => import('./en/late'), fr: () => import('./fr/late') },
  people: { en: () => import('./en/people'), fr: () => import('./fr/people') },
} satisfies Record<string, Record<Locale, () => Promise<{ default: LateMessages | PeopleMessages }>>>
type Part = keyof typeof LATER
const wanted = new Set<Part>()

/** Every path to a text, as `vm.start`. */
export type MessageKey = Paths<Messages>
type Paths<T> = { [K in keyof T & string]: T[K] extends string ? K : `${K}.${Paths<T[K]>}` }[keyof T & string]

/** Which of a text's alternatives a count takes: by Intl's rules; three alternatives have one for zero. */
const plural = (locale: Locale) => {
  const rules = new Intl.PluralRules(locale)
  return (count: number, alternatives: number): number => {
    if (alternatives === 3 && count === 0) return 0
    return alternatives - (rules.select(count) === 'one' ? 2 : 1)
  }
}

export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  missingWarn: false,
  pluralRules: { en: plural('en'), fr: plural('fr') },
  messages: {},
})

/** The language chosen here, else the browser's, else English. */
export function preferredLocale(): Locale {
  const wanted = localStorage.getItem(STORED) ?? navigator.language.slice(0, 2)
  return wanted in LOCALES ? (wanted as Locale) : 'en'
}

export async function setLocale(locale: Locale): Promise<void> {
  const parts = await Promise.all([LOADERS[locale](), ...[...wanted].map((part) => LATER[part][locale]())])
  for (const { default: messages } of parts) i18n.global.mergeLocaleMessage(locale, messages) // sentences of refusals may be there already
  i18n.global.locale.value = locale
  localStorage.setItem(STORED, locale)
  document.documentElement.lang = locale
}

/** Have these texts too, in this language and in any chosen later. */
export async function lateTexts(part: Part = 'late'): Promise<void> {
  wanted.add(part)
  const locale = i18n.global.locale.value as Locale
  i18n.global.mergeLocaleMessage(locale, (await LATER[part][locale]()).default)
}

/** Loads a component together with the texts that it shows. */
export function withTexts<T>(load: () => Promise<T>, more?: Part): () => Promise<T> {
  return async () => (await Promise.all([load(), lateTexts(), ...(more === undefined ? [] : [lateTexts(more)])]))[0]
}

type Values = Record<string, unknown>

/** `t` with known keys; `t(key, {n}, n)` chooses the plural. */
export function useText() {
  const { t: translate, te, locale } = useI18n({ useScope: 'global' })
  function t(key: MessageKey, values?: Values, plural?: number): string {
    if (plural !== undefined) return translate(key, values ?? {}, plural)
    return values === undefined ? translate(key) : translate(key, values)
  }
  /** The text of a key made at run time (`state.${value}`), or `otherwise` when there is none. */
  function tOr(key: string, otherwise: string): string {
    return te(key) || te(key, 'en') ? translate(key) : otherwise
  }
  return { t, tOr, locale: computed(() => locale.value as Locale) }
}
