/** All English texts. A file per part of the client, each owned by whoever writes that part; French has the same files and keys. */
import common from './common'
import type late from './late'
import objects from './objects'
import pages from './pages'
import type people from './people'
import shell from './shell'

const en = { ...common, ...shell, ...pages, ...objects, type: { ...common.type, ...objects.kind } }

export default en
export type CoreMessages = Texts<typeof en>
export type LateMessages = Texts<typeof late>
export type PeopleMessages = Texts<typeof people>
/** Every text, whenever it is loaded. */
export type Messages = CoreMessages & LateMessages & PeopleMessages

/** The same tree of keys with any text in it. */
type Texts<T> = { [K in keyof T]: T[K] extends string ? string : Texts<T[K]> }
