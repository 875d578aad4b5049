import type { LateMessages } from '../en'
import actions from './actions'
import alarms from './alarms'
import lists from './lists'
import metrics from './metrics'
import screens from './screens'
import servers from './servers'
import stats from './stats'

const late: LateMessages = { ...actions, ...alarms, ...lists, ...metrics, ...screens, ...servers, ...stats }

export default late
