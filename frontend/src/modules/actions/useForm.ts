/** The values of an action's fields: how they begin, which count, and what is wrong with them. */
import { computed, reactive } from 'vue'
import { type Field, type Params } from './action'

export type Wrong = 'form.required' | 'form.atLeast' | 'form.between'

export function useForm(fields: readonly Field[]) {
  const values = reactive<Record<string, unknown>>(Object.fromEntries(fields.map((field) => [field.name, initial(field)])))
  const shown = computed(() => fields.filter(({ when }) => when === undefined || when(values)))
  /** What is shown and filled in; the rest is left out. */
  const params = computed<Params>(() => Object.fromEntries(shown.value.map(({ name }) => [name, clean(values[name])] as const).filter(([, value]) => value !== undefined)))
  const wrong = computed<ReadonlyMap<string, Wrong>>(() => new Map(shown.value.flatMap((field) => {
    const problem = check(field, clean(values[field.name]))
    return problem === undefined ? [] : [[field.name, problem] as const]
  })))
  return { values, shown, params, wrong }
}

function initial(field: Field): unknown {
  if (field.kind === 'flag') return field.initial === true
  return field.initial
}

function clean(value: unknown): unknown {
  if (typeof value !== 'string') return value ?? undefined
  return value.trim() === '' ? undefined : value.trim()
}

function check(field: Field, value: unknown): Wrong | undefined {
  if (value === undefined) return field.optional === true || field.kind === 'flag' ? undefined : 'form.required'
  if (field.kind === 'size' && field.least !== undefined && Number(value) < field.least) return 'form.atLeast'
  if (field.kind === 'number' && (Number(value) < (field.least ?? -Infinity) || Number(value) > (field.most ?? Infinity))) return 'form.between'
  return undefined
}
