// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { type AlarmRule } from '@/api/types'
import { draftOf as channelDraft, formOf as channelForm, headersOf, mailboxes, withSecurity, wrongInChannel } from './channelForm'
import { draftOf, emptyForm, formOf, withMetric, withType, wrongInRule } from './draft'

const GIB = 2 ** 30
const rule: AlarmRule = {
  id: 'r1', name: 'Low memory', type: 'host', metric: 'memoryFree', comparison: 'below', threshold: 2.5 * GIB, clear: 4 * GIB, durationS: 90, clearDurationS: 0,
  severity: 'critical', filter: 'tags:=prod', enabled: false, channels: ['c1'], createdAt: 1, updatedAt: 2,
}

describe('a rule', () => {
  it('is written in the units of people, and sent in those of its metric', () => {
    const form = formOf(rule)
    expect(form).toMatchObject({ threshold: 2.5, clear: 4, minutes: 1.5, clearMinutes: 0 })
    const { id: _, createdAt: __, updatedAt: ___, ...sent } = rule
    expect(draftOf(form)).toEqual(sent)
  })

  it('ends at its threshold when nothing else is said', () => {
    expect(draftOf({ ...formOf(rule), clear: '' })).toMatchObject({ threshold: 2.5 * GIB, clear: 2.5 * GIB })
  })

  it('begins with values that can be sent, for every metric', () => {
    for (const type of ['VM', 'host', 'SR', 'pool'] as const) {
      const form = { ...emptyForm(type), name: 'x' }
      expect(wrongInRule(form)).toEqual([])
    }
    for (const metric of ['memoryFree', 'network', 'iops', 'diskLatency', 'load'] as const) expect(wrongInRule({ ...withMetric(emptyForm('host'), metric), name: 'x' })).toEqual([])
  })

  it('keeps its metric when another type has it, and its filter never', () => {
    const form = { ...emptyForm('VM'), filter: 'tags:x', threshold: 77 as const }
    expect(withType(form, 'host')).toMatchObject({ type: 'host', metric: 'cpu', threshold: 77, filter: '' })
    expect(withType(form, 'SR')).toMatchObject({ type: 'SR', metric: 'space' })
  })

  it('is told what cannot be sent', () => {
    expect(wrongInRule(emptyForm())).toEqual(['name'])
    expect(wrongInRule({ ...formOf(rule), threshold: '', name: ' ' })).toEqual(['name', 'threshold'])
    expect(wrongInRule({ ...formOf(rule), clear: 1 })).toEqual(['clear'])
    expect(wrongInRule({ ...formOf(rule), comparison: 'above', clear: 4 })).toEqual(['clear'])
    expect(wrongInRule({ ...formOf(rule), minutes: 1441, clearMinutes: -1 })).toEqual(['minutes', 'clearMinutes'])
  })
})

describe('a channel', () => {
  const webhook = { ...channelForm(undefined, 'fr'), name: 'hook', url: 'https://example.org/hook' }
  const mail = { ...channelForm(undefined, 'en'), kind: 'email' as const, name: 'mail', host: 'mail.example.org', from: 'podium@example.org', to: 'a@example.org, b@example.org\nc@example.org' }

  it('says its kind once, and secrets only when they were written', () => {
    expect(channelDraft(webhook, true)).toMatchObject({ kind: 'webhook', language: 'fr', webhook: { url: 'https://example.org/hook' } })
    expect(channelDraft(webhook, true)).not.toHaveProperty('email')
    expect(Object.keys(channelDraft(webhook, false).webhook as object)).toEqual(['url', 'allowUnauthorized', 'bodyTemplate'])
    expect(channelDraft(webhook, false)).not.toHaveProperty('kind')
    expect(channelDraft({ ...webhook, headers: 'Authorization: Bearer a:b', secret: 's' }, false)).toMatchObject({ webhook: { headers: { Authorization: 'Bearer a:b' }, secret: 's' } })
    expect(channelDraft(mail, true)).toMatchObject({ kind: 'email', email: { port: 587, security: 'starttls', to: ['a@example.org', 'b@example.org', 'c@example.org'] } })
    expect(channelDraft(mail, true).email).not.toHaveProperty('password')
  })

  it('is told what cannot be sent', () => {
    expect(wrongInChannel(webhook)).toEqual([])
    expect(wrongInChannel(mail)).toEqual([])
    expect(wrongInChannel({ ...webhook, name: '', url: 'ftp://x', headers: 'nonsense', events: [] })).toEqual(['name', 'events', 'url', 'headers'])
    expect(wrongInChannel({ ...mail, host: ' ', port: 0, from: 'x', to: 'a@b nobody' })).toEqual(['host', 'port', 'from', 'to'])
  })

  it('takes the usual port along, unless another one was written', () => {
    expect(withSecurity(mail, 'tls').port).toBe(465)
    expect(withSecurity({ ...mail, port: 2525 }, 'tls').port).toBe(2525)
    expect(withSecurity({ ...mail, port: '' }, 'none').port).toBe(25)
  })

  it('reads headers and addresses as they are written', () => {
    expect(headersOf('A: 1\n\nB:two:three ')).toEqual({ A: '1', B: 'two:three' })
    expect(headersOf(': x')).toBeUndefined()
    expect(mailboxes(' a@b.c;d@e.f,\ng@h.i ')).toEqual(['a@b.c', 'd@e.f', 'g@h.i'])
  })
})
