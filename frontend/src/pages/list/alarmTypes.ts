/** The lists that stand under the tabs of alarms. */
import { type TypeName } from '@/api/types'

export type AlarmType = 'alarm' | 'alarm-rule' | 'notification-channel' | 'notification'

export function isAlarmType(type: TypeName): type is AlarmType {
  return type === 'alarm' || type === 'alarm-rule' || type === 'notification-channel' || type === 'notification'
}
