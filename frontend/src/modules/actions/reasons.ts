/** Whether something can be done to an object now, as far as is known here; the pool has the last word. */
import { type AnyVM } from '@/api/types'
import { type Action, type AnyObject, type Around, type Possible, type Reason } from './action'

/** The first reason against it. */
export function first(...answers: readonly Possible[]): Possible {
  return answers.find((each) => each !== true) ?? true
}

export function unless(wrong: boolean, key: Reason['key'], values?: Reason['values']): Possible {
  return wrong ? { key, values } : true
}

/** What holds for any action: one may, the pool answers and may be changed, and the same is not under way already. */
export function check(action: Action, object: AnyObject, around: Around): Possible {
  const pool = typeof object.$pool === 'string' ? object.$pool : undefined
  const server = pool === undefined || action.local ? undefined : around.server(pool)
  return first(
    around.allowed?.(action, object) ?? true,
    unless(server !== undefined && server.state !== 'connected', 'why.silent'),
    unless(server?.readOnly === true && action.goTo === undefined, 'why.readOnly'),
    unless(around.pending(object.id) === action.name, 'why.pending'),
    action.possible(object, around),
  )
}

const COPIES = new Set(['clone', 'copy', 'export', 'create_template'])
const SNAPSHOTS = new Set(['snapshot', 'checkpoint'])

/** Whether XAPI begins `operation` on a VM while `running` is under way on it (PROTOCOL.md 6.2). */
export function together(operation: string, running: string): boolean {
  if (COPIES.has(operation)) return COPIES.has(running)
  if (SNAPSHOTS.has(operation)) return SNAPSHOTS.has(running)
  if (operation === 'hard_shutdown') return running !== operation
  if (operation === 'hard_reboot') return running !== 'hard_shutdown' && running !== 'hard_reboot'
  return running === 'migrate_send' && (operation === 'clean_shutdown' || operation === 'clean_reboot')
}

/** The VM is in one of these states, nobody blocked the operation, and nothing is under way that is in its way. */
export function vmMay(vm: AnyVM, operation: string, states: readonly string[]): Possible {
  const running = Object.values(vm.current_operations ?? {}).find((each) => !together(operation, each))
  const blocked = vm.blockedOperations?.[operation]
  return first(
    unless(!states.includes(vm.power_state), 'why.state', { state: vm.power_state, states }),
    unless(blocked !== undefined, 'why.blocked', { reason: blocked }),
    unless(running !== undefined, 'why.busy', { operation: running }),
  )
}

export const ANY_STATE = ['Running', 'Halted', 'Paused', 'Suspended']
