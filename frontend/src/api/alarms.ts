/** Rules that raise alarms, channels that tell of them, and what has been told: the service's own resources. Times in milliseconds. */
import { patch, pathOf, post, remove } from './act'
import { type components } from './schema.gen'

type Schemas = components['schemas']

export type NotificationChannel = Schemas['NotificationChannel']
export type AlarmEvent = Schemas['Notification']['event']
export type MailSettings = Schemas['MailSettings']
type Rule = Schemas['AlarmRule']
export type Severity = Rule['severity']
export type Comparison = Rule['comparison']
export type RuleType = Rule['type']
export type RulePreview = Schemas['RulePreview']
export type Tried = Schemas['Tried']

export const acknowledge = (id: string, note?: string): Promise<void> => post(pathOf('alarms', id, 'actions', 'acknowledge'), note === undefined ? {} : { note })
export const unacknowledge = (id: string): Promise<void> => post(pathOf('alarms', id, 'actions', 'unacknowledge'))

export type Draft = Readonly<Record<string, unknown>>

/** Make or change one of the service's own resources. Throws Problem. */
export const create = (collection: 'alarm-rules' | 'notification-channels', draft: Draft): Promise<{ id: string }> => post(`/${collection}`, draft)
export const change = (collection: 'alarm-rules' | 'notification-channels', id: string, draft: Draft): Promise<void> => patch(pathOf(collection, id), draft)
export const forget = (collection: 'alarm-rules' | 'notification-channels' | 'notifications', id: string): Promise<void> => remove(pathOf(collection, id))

/** What a rule that is not stored yet would do now. Throws Problem. */
export const testDraft = (draft: Draft): Promise<RulePreview> => post('/alarm-rules/test', draft)
/** What a rule would do now, also while it is off. Throws Problem. */
export const testRule = (id: string): Promise<RulePreview> => post(pathOf('alarm-rules', id, 'actions', 'test'))
/** What the other side said to a test message. Throws Problem. */
export const testChannel = (id: string): Promise<Tried> => post(pathOf('notification-channels', id, 'actions', 'test'))
export const retry = (id: string): Promise<void> => post(pathOf('notifications', id, 'actions', 'retry'))
