import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { computed, nextTick } from 'vue'
import { setLocale } from '@/i18n'
import { loadRefusals } from '@/i18n/refusals'
import { explained, Problem, sentenceOf } from './problem'

const spaces = (text: string | undefined) => text?.replace(/[\u00a0\u202f]/g, ' ')
const wrongState = {
  detail: 'web-1 must be halted for that, and it is running.',
  xapi_code: 'VM_BAD_POWER_STATE',
  xapi_params: ['OpaqueRef:1', 'halted, suspended', 'running'],
  words: ['web-1', 'halted or suspended', 'running'],
}

/** A failure of XAPI with parameters that read the same for people. */
const failed = (code: string, ...params: string[]) => ({ message: 'as the service says', xapi_code: code, xapi_params: params, words: params })

describe('a failure of a pool', () => {
  beforeEach(() => setLocale('fr'))
  afterEach(() => setLocale('en'))

  it('is shown as the service says it until the sentences are there, and then in the reader’s language', async () => {
    const shown = computed(() => sentenceOf(wrongState))
    expect(shown.value).toBe(wrongState.detail)
    await loadRefusals()
    await nextTick()
    expect(shown.value).toBe('web-1 doit être arrêtée ou suspendue pour cela, et elle est en marche.')
    await setLocale('en')
    await loadRefusals()
    expect(shown.value).toBe('web-1 must be halted or suspended for that, and it is running.')
  })

  it('is waited for where it is said once', async () => {
    expect(await explained(new Problem(409, wrongState))).toBe('web-1 doit être arrêtée ou suspendue pour cela, et elle est en marche.')
    expect(await explained(new Error('cut off'))).toBe('cut off')
    expect(await explained(new Problem(404, { detail: 'no such VM' }))).toBe('no such VM')
  })

  it('is read from the result of a task', async () => {
    await loadRefusals()
    expect(sentenceOf(failed('HA_NOT_ENABLED'))).toBe('La haute disponibilité est désactivée.')
    expect(sentenceOf({ code: 'aborted', message: 'aborted' })).toBe('aborted')
    expect(sentenceOf(undefined)).toBeUndefined()
  })

  it('has its sizes in the reader’s units', async () => {
    await loadRefusals()
    const full = { xapi_code: 'SR_FULL', xapi_params: ['1610612736', '1024'], words: ['1.5 GiB', '1 KiB'] }
    expect(spaces(sentenceOf(full))).toBe('Le stockage est plein : il faut 1,5 Gio, il y a 1 Kio.')
  })

  it('falls back to what the service says for a code that nobody described', async () => {
    await loadRefusals()
    expect(sentenceOf(failed('SOMETHING_NEW', 'x'))).toBe('as the service says')
    expect(sentenceOf(failed('constructor'))).toBe('as the service says')
  })

  it('knows drivers’ numbers, and says their own words', async () => {
    await loadRefusals()
    expect(sentenceOf(failed('SR_BACKEND_FAILURE_73', '', 'mount error', ''))).toBe('Le partage NFS n’a pas pu être monté : mount error')
    expect(sentenceOf(failed('SR_BACKEND_FAILURE_73'))).toBe('Le partage NFS n’a pas pu être monté.')
    expect(sentenceOf(failed('SR_BACKEND_FAILURE_9999', '', 'boom', ''))).toBe('Le stockage a échoué : boom')
  })

  it('takes words of any content as they are', async () => {
    await setLocale('en')
    await loadRefusals()
    for (const name of ['a{0}b', 'x | y', '@:state.Running', 'constructor', 'a..b', '[', "'"]) expect(sentenceOf(failed('VM_CRASHED', name)), name).toBe(`${name} crashed meanwhile.`)
  })
})
