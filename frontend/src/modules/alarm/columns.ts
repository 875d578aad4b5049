/** Columns of alarms: a measure that crossed its limit. */
import { typeOf, type Alarm, type TypeName } from '@/api/types'
import { idColumn, linkColumn, poolColumn, stateColumn, textColumn, timeColumn, titleColumn, type ModuleColumn } from '../columns'
import { MAY_BE_ABOUT } from '../message/columns'
import { alarmState, alarmValue, gravity, severityLook } from './words'

/** The type of the object an alarm is about, as far as its address tells. */
export function alarmType(alarm: Alarm): TypeName | undefined {
  return typeOf(alarm.object?.href?.split('/').at(-2) ?? '')
}

export const alarmColumns: ModuleColumn<Alarm>[] = [
  titleColumn<Alarm>('alarm', ['name', 'body'], { width: 220, path: 'name' }),
  stateColumn<Alarm>('severity', ['severity'], (alarm, look) => (alarm.severity === undefined ? undefined : severityLook(alarm.severity, look)), { width: 104, sort: (alarm) => gravity(alarm.severity) }),
  stateColumn<Alarm>('state', ['state', 'acknowledged'], (alarm, look) => alarmState(alarm, look), { path: 'state' }),
  textColumn<Alarm>('value', ['body', 'rule'], alarmValue, { width: 100, align: 'end', brief: true, sort: (alarm) => (alarm.body?.value === undefined ? undefined : Number(alarm.body.value)), path: 'body.value' }),
  linkColumn<Alarm>('about', ['object'], MAY_BE_ABOUT, (alarm) => alarm.object?.uuid, { brief: true, width: 220, path: undefined }),
  timeColumn<Alarm>('time', ['time'], (alarm) => alarm.time, { milliseconds: true, brief: true, width: 140 }),
  timeColumn<Alarm>('acknowledged', ['acknowledged'], (alarm) => alarm.acknowledged?.at, { milliseconds: true, width: 130, path: 'acknowledged.at' }),
  textColumn<Alarm>('body', ['text'], (alarm) => alarm.text, { width: 420 }),
  poolColumn<Alarm>(),
  timeColumn<Alarm>('ended', ['endedAt'], (alarm) => alarm.endedAt, { milliseconds: true, extra: true }),
  linkColumn<Alarm>('rule', ['rule'], 'alarm-rule', (alarm) => alarm.rule, { extra: true, width: 180 }),
  textColumn<Alarm>('note', ['acknowledged'], (alarm) => alarm.acknowledged?.note, { extra: true, width: 200, path: 'acknowledged.note' }),
  idColumn<Alarm>(),
]
