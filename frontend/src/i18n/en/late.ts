/** Texts that are loaded with the first screen that shows them: lists, pages of objects, and everything about doing. */
import actions from './actions'
import alarms from './alarms'
import lists from './lists'
import metrics from './metrics'
import screens from './screens'
import servers from './servers'
import stats from './stats'

const late = { ...actions, ...alarms, ...lists, ...metrics, ...screens, ...servers, ...stats }

export default late
