/** Actions of alarms, of the rules that raise them, of the channels that tell of them, and of what has been told. */
import { defineAsyncComponent } from 'vue'
import { acknowledge, change, forget, retry, unacknowledge } from '@/api/alarms'
import { pathOf, remove } from '@/api/act'
import { type Alarm, type AlarmRule, type Delivery, type NotificationChannel } from '@/api/types'
import { define, type Action } from './action'
import { unless } from './reasons'

const RuleDialog = defineAsyncComponent(() => import('../alarm/RuleDialog.vue'))
const RuleTest = defineAsyncComponent(() => import('../alarm/RuleTest.vue'))
const ChannelDialog = defineAsyncComponent(() => import('../alarm/ChannelDialog.vue'))
const ChannelTest = defineAsyncComponent(() => import('../alarm/ChannelTest.vue'))

// Nobody asks a pool about these: they can be done while it is silent.
const local = true

export const alarmActions: readonly Action[] = [
  define<Alarm>({
    type: 'alarm',
    name: 'acknowledge',
    label: 'act.acknowledge',
    icon: 'i-lucide-eye',
    group: 'power',
    primary: true,
    many: 'acknowledge',
    local,
    shown: (alarm) => alarm.acknowledged === undefined,
    possible: (alarm) => unless(alarm.acknowledged !== undefined, 'why.acknowledged'),
    run: (alarm) => acknowledge(alarm.id),
    undo: (alarm) => unacknowledge(alarm.id),
  }),
  define<Alarm>({
    type: 'alarm',
    name: 'acknowledge_note',
    label: 'act.acknowledgeNote',
    icon: 'i-lucide-message-square-text',
    group: 'power',
    many: 'acknowledge',
    local,
    shown: (alarm) => alarm.acknowledged === undefined,
    possible: (alarm) => unless(alarm.acknowledged !== undefined, 'why.acknowledged'),
    fields: () => [{ kind: 'text', name: 'note', label: 'form.note', long: true }],
    run: (alarm, { note }) => acknowledge(alarm.id, String(note)),
  }),
  define<Alarm>({
    type: 'alarm',
    name: 'unacknowledge',
    label: 'act.unacknowledge',
    icon: 'i-lucide-eye-off',
    group: 'power',
    primary: true,
    many: 'unacknowledge',
    local,
    shown: (alarm) => alarm.acknowledged !== undefined,
    possible: (alarm) => unless(alarm.acknowledged === undefined, 'why.notAcknowledged'),
    run: (alarm) => unacknowledge(alarm.id),
  }),
  define<Alarm>({
    type: 'alarm',
    name: 'delete',
    label: 'act.dismiss',
    icon: 'i-lucide-check',
    group: 'remove',
    many: 'delete',
    // One of ours goes by itself once it has ended: while it stands, its rule would raise it again.
    possible: (alarm) => unless(alarm.rule !== undefined && alarm.state !== 'ended', 'why.stands'),
    run: (alarm) => remove(pathOf('alarms', alarm.id)),
  }),
]

interface Switched {
  readonly id: string
  readonly enabled: boolean
}

const onOff = (type: 'alarm-rule' | 'notification-channel'): Action[] => {
  const collection = type === 'alarm-rule' ? 'alarm-rules' : 'notification-channels'
  const turn = (enabled: boolean) => ({ id }: Switched) => change(collection, id, { enabled })
  return [
    define<Switched>({ type, name: 'enable', label: 'act.enable', icon: 'i-lucide-circle-play', group: 'power', primary: true, many: true, shown: ({ enabled }) => !enabled, possible: ({ enabled }) => unless(enabled, 'why.on'), run: turn(true) }),
    define<Switched>({ type, name: 'disable', label: 'act.disable', icon: 'i-lucide-circle-pause', group: 'power', many: true, shown: ({ enabled }) => enabled, possible: ({ enabled }) => unless(!enabled, 'why.off'), run: turn(false), undo: turn(true) }),
  ]
}

export const ruleActions: readonly Action[] = [
  define<AlarmRule>({ type: 'alarm-rule', name: 'edit', label: 'act.edit', icon: 'i-lucide-pencil', group: 'change', primary: true, possible: () => true, dialog: RuleDialog }),
  define<AlarmRule>({ type: 'alarm-rule', name: 'test', label: 'act.testRule', icon: 'i-lucide-flask-conical', group: 'change', primary: true, possible: () => true, dialog: RuleTest }),
  ...onOff('alarm-rule'),
  define<AlarmRule>({ type: 'alarm-rule', name: 'delete', label: 'act.delete', icon: 'i-lucide-trash-2', group: 'remove', danger: true, many: true, possible: () => true, confirm: { text: 'ask.deleteRule' }, run: (rule) => forget('alarm-rules', rule.id) }),
]

export const channelActions: readonly Action[] = [
  define<NotificationChannel>({ type: 'notification-channel', name: 'edit', label: 'act.edit', icon: 'i-lucide-pencil', group: 'change', primary: true, possible: () => true, dialog: ChannelDialog }),
  define<NotificationChannel>({ type: 'notification-channel', name: 'test', label: 'act.testChannel', icon: 'i-lucide-send', group: 'change', primary: true, possible: () => true, dialog: ChannelTest }),
  ...onOff('notification-channel'),
  define<NotificationChannel>({ type: 'notification-channel', name: 'delete', label: 'act.delete', icon: 'i-lucide-trash-2', group: 'remove', danger: true, many: true, possible: () => true, confirm: { text: 'ask.deleteChannel' }, run: (channel) => forget('notification-channels', channel.id) }),
]

export const deliveryActions: readonly Action[] = [
  define<Delivery>({ type: 'notification', name: 'retry', label: 'act.retry', icon: 'i-lucide-refresh-cw', group: 'power', primary: true, many: true, possible: (delivery) => unless(delivery.state === 'sent', 'why.sent'), run: (delivery) => retry(delivery.id) }),
  define<Delivery>({ type: 'notification', name: 'delete', label: 'act.forget', icon: 'i-lucide-eraser', group: 'remove', many: true, possible: (delivery) => unless(delivery.state === 'queued', 'why.queued'), run: (delivery) => forget('notifications', delivery.id) }),
]
