/** Columns of messages: what a pool has to tell. */
import { type Message, type TypeName } from '@/api/types'
import { idColumn, linkColumn, poolColumn, textColumn, timeColumn, titleColumn, type ModuleColumn } from '../columns'

/** What a message may be about, likeliest first. */
export const MAY_BE_ABOUT: readonly TypeName[] = ['VM', 'host', 'SR', 'pool', 'network']

export const messageColumns: ModuleColumn<Message>[] = [
  titleColumn<Message>('message', ['name'], { width: 240 }),
  timeColumn<Message>('time', ['time'], (message) => message.time, { brief: true, width: 130 }),
  linkColumn<Message>('about', ['$object'], MAY_BE_ABOUT, (message) => message.$object, { brief: true, width: 200 }),
  poolColumn<Message>(),
  textColumn<Message>('body', ['body'], (message) => (typeof message.body === 'string' ? message.body : JSON.stringify(message.body)), { width: 420 }),
  textColumn<Message>('code', ['name'], (message) => message.name, { mono: true, extra: true, width: 220 }),
  idColumn<Message>(),
]
