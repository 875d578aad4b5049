/** One cell's content. Every state is an icon, a word and a colour; nothing is said by colour alone. */
import { h, inject, type FunctionalComponent, type VNodeChild } from 'vue'
import { routerKey, type Router } from 'vue-router'
import { i18n } from '@/i18n'
import { quickIcon } from './QuickIcon'
import RelativeTime from './RelativeTime.vue'
import TimeSpan from './TimeSpan.vue'
import { TONE_TEXT, type Tone } from './states'
import type { Cell, Link } from './table/column'
import './DataTableCell.css'

interface Props {
  cell: Cell
  /** Whether its links and buttons are stops of the Tab key. */
  reachable?: boolean
  /** The column that names the row. */
  strong?: boolean
}

const MOST_TAGS = 4
const BARS: Record<Tone, string> = {
  good: 'bg-green-600 dark:bg-green-500',
  bad: 'bg-red-600 dark:bg-red-500',
  warn: 'bg-amber-500',
  busy: 'bg-primary',
  idle: 'bg-accented',
}

function barTone(share: number, tone: Tone | undefined): string {
  return BARS[tone ?? (share >= 0.95 ? 'bad' : share >= 0.85 ? 'warn' : 'busy')]
}

/** A link that is followed inside the application, unless the reader wants it elsewhere. */
function anchor(link: Link, router: Router | undefined, classes: string, tabindex: number): VNodeChild {
  if (link.to === undefined) return h('span', { class: `truncate ${classes}`, title: link.title ?? link.text }, link.text)
  const { to } = link
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0 || event.defaultPrevented || router === undefined) return
    event.preventDefault()
    void router.push(to)
  }
  const href = typeof to === 'string' ? to : router?.resolve(to).href
  return h('a', { href, tabindex, class: `dt-link truncate ${classes}`, title: link.title ?? link.text, onClick: follow }, [link.icon === undefined ? null : quickIcon(link.icon, 'mr-1.5 inline-block size-3.5 align-[-2px] text-muted'), link.text])
}

const DataTableCell: FunctionalComponent<Props, { tag: (tag: string) => void }> = ({ cell, reachable, strong }, { emit }) => {
  const tabindex = reachable ? 0 : -1
  switch (cell.kind) {
    case 'text':
      return h('span', { class: ['truncate', cell.muted && 'text-muted', cell.mono && 'font-mono text-xs'], title: cell.title ?? cell.text }, cell.text)
    case 'number':
      return h('span', { class: 'truncate tabular-nums', title: cell.title }, cell.text)
    case 'state': {
      const busy = cell.busy !== undefined
      return h('span', { class: 'inline-flex min-w-0 items-center gap-1.5', title: cell.title ?? cell.word }, [
        quickIcon(busy ? 'i-lucide-loader-circle' : cell.icon, `size-3.5 shrink-0 ${TONE_TEXT[busy ? 'busy' : cell.tone]}${busy ? ' motion-safe:animate-spin' : ''}`),
        h('span', { class: 'truncate' }, cell.busy ?? cell.word),
      ])
    }
    case 'link':
      return anchor(cell.link, inject(routerKey, undefined), strong ? 'font-medium text-highlighted' : cell.link.to === undefined ? 'text-muted' : '', tabindex)
    case 'links': {
      const router = inject(routerKey, undefined)
      return h('span', { class: 'truncate', title: cell.links.map((link) => link.text).join(', ') }, cell.links.flatMap((link, i) => [i > 0 ? ', ' : null, anchor(link, router, '', tabindex)]))
    }
    case 'tags':
      return h('span', { class: 'flex min-w-0 gap-1 overflow-hidden', title: cell.tags.join(', ') }, [
        ...cell.tags.slice(0, MOST_TAGS).map((tag) =>
          h('button', { key: tag, type: 'button', tabindex, class: 'dt-tag', 'aria-label': i18n.global.t('table.filterByTag', { tag }), onClick: (event: MouseEvent) => (event.stopPropagation(), emit('tag', tag)) }, tag),
        ),
        cell.tags.length > MOST_TAGS ? h('span', { class: 'text-xs text-muted' }, `+${cell.tags.length - MOST_TAGS}`) : null,
      ])
    case 'bar':
      return h('span', { class: 'flex w-full min-w-0 items-center gap-2', title: cell.title ?? cell.text }, [
        h('span', { class: 'h-1.5 w-12 shrink-0 overflow-hidden rounded-full bg-accented', 'aria-hidden': 'true' }, h('span', { class: `block h-full rounded-full ${barTone(cell.share, cell.tone)}`, style: { width: `${Math.min(100, Math.max(0, cell.share * 100))}%` } })),
        h('span', { class: 'truncate tabular-nums' }, cell.text),
      ])
    case 'time':
      return h(RelativeTime, { at: cell.at, class: 'truncate' })
    case 'span':
      return h(TimeSpan, { since: cell.since, class: 'truncate' })
    case 'flag':
      return h('span', { class: ['inline-flex items-center gap-1.5', !cell.on && 'text-muted'] }, [quickIcon(cell.on ? 'i-lucide-check' : 'i-lucide-minus', 'size-3.5 shrink-0'), h('span', { class: 'truncate' }, cell.word)])
    case 'copy':
      return h('span', { class: 'truncate font-mono text-xs', title: cell.text }, cell.shown ?? cell.text)
    case 'part':
      return h(cell.part, { ...cell.props, key: cell.key })
    case 'none':
      return h('span', { class: 'text-muted', 'aria-hidden': 'true' }, '–')
  }
}
DataTableCell.props = { cell: { type: Object, required: true }, reachable: Boolean, strong: Boolean } as never
DataTableCell.emits = { tag: null } as never

export default DataTableCell
