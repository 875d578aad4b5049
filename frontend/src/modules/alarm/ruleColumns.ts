/** Columns of what raises alarms, and of who is told of them. */
import { type AlarmRule, type Delivery, type NotificationChannel } from '@/api/types'
import { wantsAttention } from '@/composables/useAlarmCounts'
import { flagColumn, idColumn, linkColumn, numberColumn, stateColumn, textColumn, timeColumn, titleColumn, type ModuleColumn, type StateLook } from '../columns'
import { listOf, type Look } from '../look'
import { typeWord } from '../words'
import { conditionWords, deliveryState, gravity, severityLook } from './words'

function onOff(enabled: boolean, look: Look): StateLook {
  return enabled ? { icon: 'i-lucide-circle-check', tone: 'good', word: look.t('rule.on') } : { icon: 'i-lucide-circle-pause', tone: 'idle', word: look.t('rule.off') }
}

const standing = (rule: AlarmRule, look: Look) => look.count('alarm', (alarm) => alarm.rule === rule.id && wantsAttention(alarm))

/** A link to each channel that is told. */
const channelsColumn: ModuleColumn<AlarmRule> = {
  id: 'channels',
  label: 'column.channels',
  reads: ['channels'],
  width: 200,
  needs: ['notification-channel'],
  cell: (rule, look) => (!rule.channels?.length ? { kind: 'text', text: look.t('rule.nobody'), muted: true } : { kind: 'links', links: rule.channels.map((id) => look.link('notification-channel', id)) }),
  sort: (rule) => rule.channels?.length,
}

export const ruleColumns: ModuleColumn<AlarmRule>[] = [
  titleColumn<AlarmRule>('alarm-rule', ['name'], { reads: ['name', 'metric', 'threshold'] }),
  stateColumn<AlarmRule>('state', ['enabled'], (rule, look) => onOff(rule.enabled, look), { width: 90 }),
  stateColumn<AlarmRule>('severity', ['severity'], (rule, look) => (rule.severity === undefined ? undefined : severityLook(rule.severity, look)), { width: 104, sort: (rule) => gravity(rule.severity) }),
  textColumn<AlarmRule>('objects', ['type'], (rule, look) => typeWord(rule.type, 'many', look.tOr), { width: 100, brief: true }),
  textColumn<AlarmRule>('condition', ['metric', 'comparison', 'threshold', 'clear', 'durationS', 'clearDurationS'], (rule, look) => (rule.metric === undefined ? undefined : conditionWords(rule, look)), { width: 430, path: 'metric' }),
  textColumn<AlarmRule>('filter', ['filter'], (rule) => rule.filter, { mono: true, width: 220 }),
  channelsColumn,
  numberColumn<AlarmRule>('standing', ['id'], () => undefined, {
    path: undefined,
    width: 90,
    cell: (rule, look) => {
      const n = standing(rule, look)
      return n === 0 ? { kind: 'number', text: '0' } : { kind: 'link', link: { text: String(n), to: listOf('alarm', `rule:="${rule.id}"`) } }
    },
    sort: standing,
    plain: (rule: AlarmRule, look: Look) => standing(rule, look),
  }),
  timeColumn<AlarmRule>('changed', ['updatedAt'], (rule) => rule.updatedAt, { milliseconds: true, extra: true }),
  idColumn<AlarmRule>(),
]

/** Where a channel leads: an address, or the people who get mail. */
export function targetOf(channel: NotificationChannel): string {
  return channel.webhook?.url ?? channel.email?.to.join(', ') ?? ''
}

export const channelColumns: ModuleColumn<NotificationChannel>[] = [
  titleColumn<NotificationChannel>('notification-channel', ['name']),
  stateColumn<NotificationChannel>('state', ['enabled', 'lastError'], (channel, look) => {
    if (channel.enabled && channel.lastError !== undefined) return { icon: 'i-lucide-triangle-alert', tone: 'bad', word: look.t('channel.failing') }
    return onOff(channel.enabled, look)
  }),
  textColumn<NotificationChannel>('kind', ['kind'], (channel, look) => channel.kind && look.t(`channel.kinds.${channel.kind}`), { width: 110, brief: true }),
  textColumn<NotificationChannel>('target', ['webhook', 'email'], targetOf, { width: 300, mono: true, path: undefined }),
  stateColumn<NotificationChannel>('severity', ['minimumSeverity'], (channel, look) => (channel.minimumSeverity === undefined ? undefined : severityLook(channel.minimumSeverity, look)), { width: 130, sort: (channel) => gravity(channel.minimumSeverity) }),
  textColumn<NotificationChannel>('events', ['events'], (channel, look) => channel.events?.map((event) => look.t(`alarmEvent.${event}`)).join(', '), { width: 200, path: undefined }),
  flagColumn<NotificationChannel>('poolAlarms', ['poolAlarms'], (channel) => channel.poolAlarms, { width: 120, extra: true }),
  timeColumn<NotificationChannel>('lastSent', ['lastSentAt'], (channel) => channel.lastSentAt, { milliseconds: true }),
  textColumn<NotificationChannel>('lastError', ['lastError'], (channel) => channel.lastError?.message, { width: 320, path: 'lastError.message' }),
  idColumn<NotificationChannel>(),
]

export const deliveryColumns: ModuleColumn<Delivery>[] = [
  titleColumn<Delivery>('notification', ['title'], { width: 360 }),
  stateColumn<Delivery>('state', ['state'], (delivery, look) => (delivery.state === undefined ? undefined : deliveryState(delivery, look))),
  linkColumn<Delivery>('channel', ['channel'], 'notification-channel', (delivery) => delivery.channel, { brief: true }),
  textColumn<Delivery>('event', ['event'], (delivery, look) => delivery.event && look.t(`alarmEvent.${delivery.event}`), { width: 110 }),
  stateColumn<Delivery>('severity', ['severity'], (delivery, look) => (delivery.severity === undefined ? undefined : severityLook(delivery.severity, look)), { width: 104, sort: (delivery) => gravity(delivery.severity) }),
  timeColumn<Delivery>('created', ['createdAt'], (delivery) => delivery.createdAt, { milliseconds: true, brief: true }),
  numberColumn<Delivery>('attempts', ['attempts'], (delivery) => delivery.attempts),
  textColumn<Delivery>('lastError', ['lastError'], (delivery) => delivery.lastError, { width: 320 }),
  timeColumn<Delivery>('next', ['nextAttemptAt'], (delivery) => delivery.nextAttemptAt, { milliseconds: true }),
  timeColumn<Delivery>('finished', ['endedAt'], (delivery) => delivery.endedAt, { milliseconds: true }),
  linkColumn<Delivery>('alarm', ['alarm'], 'alarm', (delivery) => delivery.alarm, { extra: true }),
  numberColumn<Delivery>('count', ['count'], (delivery) => delivery.count, { extra: true }),
  idColumn<Delivery>(),
]
