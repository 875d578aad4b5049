import { describe, expect, it } from 'vitest'
import { effectScope } from 'vue'
import { type Preview } from '@/api/act'
import { Problem } from '@/api/problem'
import { type Task } from '@/api/types'
import { type Around, type AnyObject, type Field } from './action'
import { asFailure, failureOf, failureReport } from './failure'
import { localForecast, mergedForecast } from './forecast'
import { actionOf } from './registry'
import { reasonText } from './useAround'
import { useForm } from './useForm'

const words = { t: ((key: string, values?: object) => `${key} ${JSON.stringify(values ?? {})}`) as never, tOr: (key: string, otherwise: string) => (key.startsWith('effect.') ? `said ${key}` : otherwise) }
const around: Around = { server: () => undefined, find: () => undefined, all: () => [], pending: () => undefined, t: (key) => key }
const vm = (id: string, power_state: string) => ({ id, type: 'VM', name_label: id, power_state, current_operations: {}, blockedOperations: {} }) as unknown as AnyObject
const say = ({ key }: { key: string }) => key

describe('what would happen', () => {
  const start = actionOf('VM', 'start')!
  const objects = [vm('a', 'Halted'), vm('b', 'Running')]

  it('is known here, with the reasons', () => {
    expect(localForecast(start, objects, ['A', 'B'], { around, say })).toEqual({ possible: [{ id: 'a', name: 'A' }], impossible: [{ id: 'b', name: 'B', reasons: ['why.state'] }] })
  })

  it('is the service’s word, in the words known here', () => {
    const preview: Preview = {
      possible: [{ id: 'a', name_label: 'a', effect: 'will be started' }],
      impossible: [
        { id: 'b', name_label: 'b', reasons: [{ message: 'b must be halted for that' }] },
        { id: 'c', name_label: 'c', reasons: [{ code: 'not-found', message: 'no such VM c' }] },
        { id: 'd', name_label: 'd', reasons: [{ message: 'busy' }] },
      ],
    }
    const forecast = mergedForecast(start, preview, localForecast(start, objects, ['A', 'B'], { around, say }), words)
    expect(forecast.possible).toEqual([{ id: 'a', name: 'A', effect: 'said effect.start' }])
    expect(forecast.impossible.map(({ reasons }) => reasons)).toEqual([['why.state'], ['why.gone {}'], ['busy']])
  })

  it('tells how many disks go', () => {
    const forecast = mergedForecast(actionOf('VM', 'delete')!, { possible: [{ id: 'a', name_label: 'a', effect: 'will be deleted with 2 disks' }], impossible: [] }, { possible: [], impossible: [] }, words)
    expect(forecast.possible[0]?.effect).toBe('effect.deleteDisks {"n":2}')
  })
})

describe('a form', () => {
  const fields: Field[] = [
    { kind: 'text', name: 'name', label: 'form.name' },
    { kind: 'text', name: 'note', label: 'form.description', optional: true },
    { kind: 'choice', name: 'how', label: 'form.how', initial: 'fast', options: [] },
    { kind: 'object', of: 'SR', name: 'srId', label: 'form.toSr', when: ({ how }) => how === 'full' },
    { kind: 'size', name: 'size', label: 'form.size', initial: 10, least: 11 },
    { kind: 'flag', name: 'flag', label: 'form.withMemory' },
  ]
  it('holds what is shown and filled in, and knows what is missing', () => {
    effectScope().run(() => {
      const { values, params, wrong, shown } = useForm(fields)
      expect(params.value).toEqual({ how: 'fast', size: 10, flag: false })
      expect([...wrong.value]).toEqual([['name', 'form.required'], ['size', 'form.atLeast']])
      values.name = '  web  '
      values.size = 20
      expect(params.value).toEqual({ name: 'web', how: 'fast', size: 20, flag: false })
      expect(wrong.value.size).toBe(0)
      values.how = 'full'
      expect(shown.value.map(({ name }) => name)).toContain('srId')
      expect([...wrong.value.keys()]).toEqual(['srId'])
    })
  })
})

describe('a failure', () => {
  const task = (result: unknown) => ({ result }) as Pick<Task, 'result'>
  it('is that of the one part that failed', () => {
    expect(failureOf(task({ code: 'partly-failed', data: { failed: [{ id: 'a', error: { message: 'no memory', xapi_code: 'HOST_NOT_ENOUGH_FREE_MEMORY' } }] } }))).toMatchObject({ message: 'no memory' })
    expect(failureOf(task({ code: 'partly-failed', message: '2 of 3', data: { failed: [{}, {}] } }))).toMatchObject({ message: '2 of 3' })
    expect(failureOf(task(undefined))).toEqual({})
    expect(failureOf(task('words'))).toEqual({ message: 'words' })
  })

  it('can be sent to somebody: words first, then the codes', () => {
    const failure = asFailure(new Problem(409, { detail: 'It is locked', code: 'incorrect-state', xapi_code: 'OPERATION_NOT_ALLOWED', xapi_params: ['x'], undone: ['made a disk'] }))
    expect(failureReport('Start: web', failure, 't1')).toBe('Start: web\nIt is locked\nXAPI: OPERATION_NOT_ALLOWED, x\ncode: incorrect-state\nundone: made a disk\ntask: t1')
  })
})

describe('a reason', () => {
  it('names states and operations in words', () => {
    const text = reasonText({ key: 'why.state', values: { state: 'Running', states: ['Halted', 'Suspended'] } }, words)
    expect(text).toContain('"state":"running"')
    expect(text).toMatch(/"states":"halted (or|ou) suspended"/)
    expect(reasonText({ key: 'why.busy', values: { operation: 'hard_reboot' } }, words)).toContain('hard reboot')
  })
})
