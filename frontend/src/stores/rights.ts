/** What the one who is signed in may do: asked in batches, kept, and asked again as it may have changed. */
import { computed, shallowReactive, shallowRef, watch } from 'vue'
import { defineStore } from 'pinia'
import { ask, hasAny, keyOf, privilegesOf, type Answer, type Question } from '@/api/rights'
import { type Privilege } from '@/api/types'
import { useObjects } from './objects'
import { useViewer } from './viewer'

/** Whether a privilege on the action `granted` is one on `action`: the same, its parent, or all. */
export const covers = (granted: string, action: string): boolean => granted === '*' || granted === action || action.startsWith(`${granted}:`)

/** Whether any of the privileges may allow `action` on some object; what reaches inside may be about anything there. */
export function mightEver(privileges: readonly Pick<Privilege, 'action' | 'resource' | 'effect' | 'reach'>[], action: string, resource: string): boolean {
  return privileges.some((each) => each.effect === 'allow' && covers(each.action, action) && (each.resource === resource || each.reach === 'inside'))
}

/** What the members of a resource set make of what it lends is theirs, whatever their privileges say (backend services/lent.py). */
const LENT: ReadonlySet<string> = new Set(['vm', 'vm-snapshot', 'vm-template', 'vdi', 'vdi-snapshot', 'vbd', 'vif', 'vtpm'])

const namesOf = (privileges: readonly Privilege[]) => JSON.stringify(privileges.map(({ id, action, resource, effect, selector, reach }) => [id, action, resource, effect, selector, reach]))

/** Questions are collected for so long. */
const COLLECT_MS = 20
/** Rights may change without a word: what was asked is asked again so often while somebody looks. */
const AGAIN_MS = 30_000
/** After something changed on an object (a tag ...), at most so often. */
const CHANGED_MS = 2_000
/** What nobody has read for so long is forgotten. */
const KEEP_MS = 300_000

interface Kept {
  readonly question: Question
  readonly object: unknown
  asked: number
  read: number
}

export const useRights = defineStore('rights', () => {
  const viewer = useViewer()
  const objects = useObjects()
  const isAdmin = computed(() => viewer.user?.permission === 'admin')
  const answers = shallowReactive(new Map<string, Answer>())
  const kept = new Map<string, Kept>()
  /** All that one holds; undefined until it is known. */
  const privileges = shallowRef<readonly Privilege[]>()
  /** Whether something is lent by a resource set, whose members may do anything to what they make of it. */
  const lent = shallowRef(false)
  let queue = new Map<string, Question>()
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Whether one may do this to that object: undefined until the service has answered. `object`: as it is now. */
  function may(action: string, resource: string, object?: { readonly id: string }): boolean | undefined {
    if (isAdmin.value) return true
    const question: Question = { action, resource, id: object?.id }
    const key = keyOf(question)
    const now = Date.now()
    const known = kept.get(key)
    if (known === undefined) remember(key, { question, object, asked: now, read: now })
    else {
      known.read = now
      if (known.object !== object && now - known.asked > CHANGED_MS) remember(key, { question, object, asked: now, read: now })
    }
    return answers.get(key)?.allowed
  }

  function remember(key: string, entry: Kept): void {
    kept.set(key, entry)
    enqueue([entry.question])
  }

  function enqueue(questions: readonly Question[]): void {
    for (const each of questions) queue.set(keyOf(each), each)
    if (queue.size > 0) timer ??= setTimeout(() => void send(), COLLECT_MS)
  }

  async function send(): Promise<void> {
    timer = undefined
    const questions = [...queue.values()]
    queue = new Map()
    const user = viewer.user?.id
    try {
      const found = await ask(questions)
      if (viewer.user?.id !== user) return
      for (const [key, answer] of found) if (answers.get(key)?.allowed !== answer.allowed) answers.set(key, answer)
    } catch {
      // nothing is known: what was asked is asked again with the next round
    }
  }

  /** Whether there can be an object that one may do this to; true until it is known. */
  function ever(action: string, resource: string): boolean {
    if (isAdmin.value || privileges.value === undefined || (lent.value && LENT.has(resource))) return true
    if (resource === 'task' && (action === 'abort' || action === 'delete')) return true // one's own
    return mightEver(privileges.value, action, resource)
  }

  async function load(): Promise<void> {
    const user = viewer.user
    if (user === undefined || user.permission === 'admin') return
    try {
      const [held, sets] = await Promise.all([privilegesOf(user.id), hasAny('resource-sets')])
      if (viewer.user?.id !== user.id) return
      const changed = privileges.value !== undefined && (lent.value !== sets || namesOf(held) !== namesOf(privileges.value))
      privileges.value = held
      lent.value = sets
      if (changed) void viewer.look(user.id)
    } catch {
      // all is offered then; the service refuses what is not allowed
    }
  }

  /** Ask again for all that is looked at. */
  function refresh(): void {
    if (isAdmin.value || viewer.user === undefined) return
    const now = Date.now()
    for (const [key, entry] of kept) {
      if (now - entry.read > KEEP_MS) {
        kept.delete(key)
        answers.delete(key)
      } else entry.asked = now
    }
    enqueue([...kept.values()].map(({ question }) => question))
    void load()
  }

  watch(
    () => viewer.user?.id,
    () => {
      kept.clear()
      answers.clear()
      queue.clear()
      privileges.value = undefined
      lent.value = false
      void load()
    },
    { immediate: true, flush: 'sync' },
  )
  // What comes into one's sight or leaves it tells of other rights.
  const sight = computed(() => (isAdmin.value ? '' : (['VM', 'host', 'pool', 'SR', 'network'] as const).map((type) => objects.collection(type).list.value.length).join(' ')))
  watch(sight, refresh)
  setInterval(() => document.visibilityState !== 'hidden' && refresh(), AGAIN_MS)

  return { isAdmin, privileges, lent, may, ever, refresh }
})
