/** Columns of alarms: a measure that crossed its limit. */
import { typeOf, type Alarm, type TypeName } from '@/api/types'
import { number, percent } from '@/i18n/format'
import { idColumn, linkColumn, poolColumn, textColumn, timeColumn, titleColumn, type ModuleColumn } from '../columns'
import { MAY_BE_ABOUT } from '../message/columns'

/** Shares are told in percent, the rest as they are. */
export function alarmValue(alarm: Alarm): string | undefined {
  const value = alarm.body?.value
  if (value === undefined) return undefined
  const amount = Number(value)
  if (Number.isNaN(amount)) return value
  return amount >= 0 && amount <= 1 && /usage|load/.test(alarm.body.name) ? percent(amount) : number(amount, 2)
}

/** The type of the object an alarm is about, as far as its address tells. */
export function alarmType(alarm: Alarm): TypeName | undefined {
  return typeOf(alarm.object?.href?.split('/').at(-2) ?? '')
}

export const alarmColumns: ModuleColumn<Alarm>[] = [
  titleColumn<Alarm>('alarm', ['name', 'body'], { width: 220, path: 'name' }),
  textColumn<Alarm>('value', ['body'], alarmValue, { width: 100, align: 'end', brief: true, sort: (alarm) => Number(alarm.body?.value), path: 'body.value' }),
  linkColumn<Alarm>('about', ['object'], MAY_BE_ABOUT, (alarm) => alarm.object?.uuid, { brief: true, width: 220, path: undefined }),
  timeColumn<Alarm>('time', ['time'], (alarm) => alarm.time, { milliseconds: true, brief: true, width: 140 }),
  poolColumn<Alarm>(),
  idColumn<Alarm>(),
]
