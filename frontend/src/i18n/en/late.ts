/** Texts that are loaded with the first screen that shows them: lists, pages of objects, and everything about doing. */
import actions from './actions'
import lists from './lists'
import screens from './screens'

const late = { ...actions, ...lists, ...screens }

export default late
