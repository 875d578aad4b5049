import type { CoreMessages } from '../en'
import common from './common'
import objects from './objects'
import pages from './pages'
import shell from './shell'

const fr: CoreMessages = { ...common, ...shell, ...pages, ...objects, type: { ...common.type, ...objects.kind } }

export default fr
