/** A channel while it is written, and what is sent of it: secrets only when they were written anew. Pure. */
import { type AlarmEvent, type Draft, type MailSettings, type NotificationChannel as Channel, type Severity } from '@/api/alarms'
import { type NotificationChannel } from '@/api/types'

export interface ChannelForm {
  name: string
  kind: Channel['kind']
  enabled: boolean
  minimumSeverity: Severity
  events: AlarmEvent[]
  poolAlarms: boolean
  language: Channel['language']
  allowUnauthorized: boolean
  bodyTemplate: string
  // webhook
  url: string
  /** One header a line, `Name: value`; '' keeps those that are stored. */
  headers: string
  secret: string
  // e-mail
  host: string
  port: number | ''
  security: MailSettings['security']
  username: string
  password: string
  from: string
  to: string
  subjectTemplate: string
}

export const PORTS: Readonly<Record<MailSettings['security'], number>> = { none: 25, starttls: 587, tls: 465 }

export function formOf(channel: NotificationChannel | undefined, language: Channel['language']): ChannelForm {
  const { webhook, email } = channel ?? {}
  return {
    name: channel?.name ?? '',
    kind: channel?.kind ?? 'webhook',
    enabled: channel?.enabled ?? true,
    minimumSeverity: channel?.minimumSeverity ?? 'info',
    events: [...(channel?.events ?? (['raised', 'ended'] as const))],
    poolAlarms: channel?.poolAlarms ?? false,
    language: channel?.language ?? language,
    allowUnauthorized: webhook?.allowUnauthorized ?? email?.allowUnauthorized ?? false,
    bodyTemplate: webhook?.bodyTemplate ?? email?.bodyTemplate ?? '',
    url: webhook?.url ?? '',
    headers: '',
    secret: '',
    host: email?.host ?? '',
    port: email?.port ?? PORTS.starttls,
    security: email?.security ?? 'starttls',
    username: email?.username ?? '',
    password: '',
    from: email?.from ?? '',
    to: email?.to.join('\n') ?? '',
    subjectTemplate: email?.subjectTemplate ?? '',
  }
}

/** The form with another security: its usual port too, unless another one was written. */
export function withSecurity(form: ChannelForm, security: MailSettings['security']): ChannelForm {
  const usual = form.port === '' || form.port === PORTS[form.security]
  return { ...form, security, port: usual ? PORTS[security] : form.port }
}

/** Headers as they are written, one a line; undefined where a line is none. */
export function headersOf(text: string): Record<string, string> | undefined {
  const headers: Record<string, string> = {}
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    const at = line.indexOf(':')
    if (at <= 0) return undefined
    headers[line.slice(0, at).trim()] = line.slice(at + 1).trim()
  }
  return headers
}

export const mailboxes = (text: string): string[] => text.split(/[\s,;]+/).filter((each) => each !== '')

export type WrongChannel = 'name' | 'events' | 'url' | 'headers' | 'host' | 'port' | 'from' | 'to'

const MAILBOX = /^[^\s@]+@[^\s@]+$/

export function wrongInChannel(form: ChannelForm): WrongChannel[] {
  const wrong: WrongChannel[] = []
  if (form.name.trim() === '') wrong.push('name')
  if (form.events.length === 0) wrong.push('events')
  if (form.kind === 'webhook') {
    if (!/^https?:\/\/[^\s/]+/.test(form.url.trim())) wrong.push('url')
    if (headersOf(form.headers) === undefined) wrong.push('headers')
  } else {
    if (form.host.trim() === '') wrong.push('host')
    if (form.port === '' || form.port < 1 || form.port > 65_535) wrong.push('port')
    if (!MAILBOX.test(form.from.trim())) wrong.push('from')
    const to = mailboxes(form.to)
    if (to.length === 0 || to.some((each) => !MAILBOX.test(each))) wrong.push('to')
  }
  return wrong
}

/** `isNew`: the kind is said as well. What was not written of the secrets stays as it is stored. */
export function draftOf(form: ChannelForm, isNew: boolean): Draft {
  const { name, kind, enabled, minimumSeverity, events, poolAlarms, language, allowUnauthorized, bodyTemplate } = form
  const headers = headersOf(form.headers) ?? {}
  const webhook = { url: form.url.trim(), allowUnauthorized, bodyTemplate, ...(form.headers.trim() === '' ? {} : { headers }), ...(form.secret === '' ? {} : { secret: form.secret }) }
  const email = {
    host: form.host.trim(),
    port: Number(form.port),
    security: form.security,
    username: form.username.trim(),
    from: form.from.trim(),
    to: mailboxes(form.to),
    subjectTemplate: form.subjectTemplate,
    bodyTemplate,
    allowUnauthorized,
    ...(form.password === '' ? {} : { password: form.password }),
  }
  return { name: name.trim(), ...(isNew ? { kind } : {}), enabled, minimumSeverity, events, poolAlarms, language, ...(kind === 'webhook' ? { webhook } : { email }) }
}
