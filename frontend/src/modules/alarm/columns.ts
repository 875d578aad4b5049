/** Columns of alarms: a measure that crossed its limit. */
import { typeOf, type Alarm, type TypeName } from '@/api/types'
import { bytes, number, percent } from '@/i18n/format'
import { idColumn, linkColumn, poolColumn, textColumn, timeColumn, titleColumn, type ModuleColumn } from '../columns'
import { MAY_BE_ABOUT } from '../message/columns'

/** The measured value with its unit: XAPI sends a bare number, whose meaning hangs on the name. */
export function alarmValue(alarm: Alarm): string | undefined {
  const { name = '', value } = alarm.body ?? {}
  const amount = Number(value)
  if (value === undefined || value === '' || Number.isNaN(amount)) return undefined
  if (name === 'memory_free_kib') return bytes(amount * 1024)
  if (/network|throughput/.test(name)) return `${bytes(amount)}/s`
  if (/usage|load|utilisation/.test(name) && amount >= 0 && amount <= 100) return percent(amount <= 1 ? amount : amount / 100, amount <= 1 ? 0 : 1)
  return number(amount, 2)
}

/** The type of the object an alarm is about, as far as its address tells. */
export function alarmType(alarm: Alarm): TypeName | undefined {
  return typeOf(alarm.object?.href?.split('/').at(-2) ?? '')
}

export const alarmColumns: ModuleColumn<Alarm>[] = [
  titleColumn<Alarm>('alarm', ['name', 'body'], { width: 220, path: 'name' }),
  textColumn<Alarm>('value', ['body'], alarmValue, { width: 100, align: 'end', brief: true, sort: (alarm) => (alarm.body?.value === undefined ? undefined : Number(alarm.body.value)), path: 'body.value' }),
  linkColumn<Alarm>('about', ['object'], MAY_BE_ABOUT, (alarm) => alarm.object?.uuid, { brief: true, width: 220, path: undefined }),
  timeColumn<Alarm>('time', ['time'], (alarm) => alarm.time, { milliseconds: true, brief: true, width: 140 }),
  poolColumn<Alarm>(),
  idColumn<Alarm>(),
]
