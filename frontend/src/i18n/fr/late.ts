import type { LateMessages } from '../en'
import actions from './actions'
import lists from './lists'
import screens from './screens'

const late: LateMessages = { ...actions, ...lists, ...screens }

export default late
