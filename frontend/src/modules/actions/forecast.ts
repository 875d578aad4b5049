/** What an action would do to which of many objects, and to which it cannot be done and why: as known here, and as the service says. */
import { type Preview } from '@/api/act'
import { sentenceOf } from '@/api/problem'
import { type useText } from '@/i18n'
import { type Action, type AnyObject } from './action'
import { check } from './reasons'
import { type Surroundings } from './useAround'

export interface Forecast {
  readonly possible: readonly { readonly id: string; readonly name: string; readonly effect?: string }[]
  readonly impossible: readonly { readonly id: string; readonly name: string; readonly reasons: readonly string[] }[]
}

/** By what is known on this page. */
export function localForecast(action: Action, objects: readonly AnyObject[], names: readonly string[], { around, say }: Pick<Surroundings, 'around' | 'say'>): Forecast {
  const possible: { id: string; name: string }[] = []
  const impossible: { id: string; name: string; reasons: string[] }[] = []
  objects.forEach((object, i) => {
    const name = names[i] ?? object.id
    const answer = check(action, object, around)
    if (answer === true) possible.push({ id: object.id, name })
    else impossible.push({ id: object.id, name, reasons: [say(answer)] })
  })
  return { possible, impossible }
}

type Words = Pick<ReturnType<typeof useText>, 't' | 'tOr'>

/** The service has the last word on which; the reasons known here are in the reader's language. */
export function mergedForecast(action: Action, preview: Preview, local: Forecast, words: Words): Forecast {
  const known = new Map(local.impossible.map(({ id, reasons }) => [id, reasons]))
  const names = new Map([...local.possible, ...local.impossible].map(({ id, name }) => [id, name]))
  const nameOf = ({ id, name_label }: { id: string; name_label: string }) => names.get(id) ?? name_label
  return {
    possible: preview.possible.map((each) => ({ id: each.id, name: nameOf(each), effect: effectText(String(action.many), each.effect, words) })),
    impossible: preview.impossible.map((each) => ({
      id: each.id,
      name: nameOf(each),
      reasons: known.get(each.id) ?? (each.reasons[0]?.code === 'not-found' ? [words.t('why.gone')] : each.reasons.map((reason) => sentenceOf(reason) ?? reason.code ?? '')),
    })),
  }
}

/** The service says it in English. */
function effectText(action: string, effect: string, { t, tOr }: Words): string {
  const disks = action === 'delete' ? /\b(\d+) disks?\b/.exec(effect)?.[1] : undefined
  if (disks !== undefined) return t('effect.deleteDisks', { n: Number(disks) }, Number(disks))
  return tOr(`effect.${action}`, effect)
}
