/** What a table lets its page do and see. */
import { type Selection } from './useSelection'

export interface TableHandle {
  readonly order: readonly string[]
  readonly matched: number
  readonly selection: Selection
  /** Whether it is drawn as cards. */
  readonly card: boolean
  apply: () => void
  goTo: (index: number) => Promise<void>
  place: () => { top: number; active?: string }
  restore: (place: { top: number; active?: string }) => void
}
