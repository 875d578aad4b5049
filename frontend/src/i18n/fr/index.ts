import type { Messages } from '../en'
import common from './common'
import objects from './objects'
import pages from './pages'
import shell from './shell'

const fr: Messages = { ...common, ...shell, ...pages, ...objects, type: { ...common.type, ...objects.kind } }

export default fr
