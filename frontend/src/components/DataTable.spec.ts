import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { computed, defineComponent, h, nextTick, ref, shallowReactive, shallowRef } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { i18n, setLocale } from '@/i18n'
import DataTable from './DataTable.vue'
import { type Column, type Sort } from './table/column'
import { type TableHandle } from './table/handle'
import { useColumns } from './table/useColumns'

interface Row {
  readonly id: string
  readonly name: string
  readonly size: number
  readonly tags?: readonly string[]
}

const columns: Column<Row, null>[] = [
  { id: 'name', label: 'column.name', reads: ['name'], width: 200, cell: (row) => ({ kind: 'link', link: { text: row.name, to: `/vms/${row.id}` } }), sort: (row) => row.name },
  { id: 'size', label: 'column.size', reads: ['size'], width: 100, align: 'end', cell: (row) => ({ kind: 'number', text: String(row.size) }), sort: (row) => row.size },
  { id: 'tags', label: 'column.tags', reads: ['tags'], width: 100, cell: (row) => (row.tags ? { kind: 'tags', tags: row.tags } : { kind: 'none' }) },
]

beforeAll(() => {
  // happy-dom lays nothing out; the virtual rows need a height to fill.
  for (const [name, size] of [['offsetHeight', 640], ['offsetWidth', 1024], ['clientHeight', 640], ['clientWidth', 1024]] as const)
    Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => size })
})

let wrapper: VueWrapper | undefined
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  localStorage.clear()
  await setLocale('en')
})
afterEach(() => {
  wrapper?.unmount()
  vi.useRealTimers()
})

function table(count: number, options: { synced?: boolean } = {}) {
  const rows = shallowReactive(new Map<string, Row>())
  const revision = ref(0)
  const list = computed(() => {
    void revision.value
    return [...rows.values()]
  })
  const set = (...changed: Row[]) => {
    for (const row of changed) rows.set(row.id, Object.freeze(row))
    revision.value++
  }
  const remove = (id: string) => {
    rows.delete(id)
    revision.value++
  }
  if (count > 0) set(...Array.from({ length: count }, (_, i) => ({ id: `id${i}`, name: `web-${i}`, size: count - i })))
  const sort = ref<readonly Sort[]>([{ id: 'name', descending: false }])
  const matches = shallowRef<(row: Row) => boolean>(() => true)
  const status = ref<'connecting' | 'ready' | 'failed'>(options.synced === false ? 'connecting' : 'ready')
  const opened: string[] = []
  const tags: string[] = []
  const handle = shallowRef<TableHandle>()
  const Page = defineComponent({
    setup() {
      const layout = useColumns(columns, 'test')
      return () =>
        h(
          DataTable<Row, null>,
          {
            ref: ((it: unknown) => (handle.value = it as TableHandle)) as never,
            label: 'Machines',
            source: { rows, list, revision },
            columns,
            layout,
            context: null,
            matches: matches.value,
            sort: sort.value,
            status: status.value,
            title: (row: Row) => row.name,
            staleSince: (row: Row) => (row.name === 'web-1' ? Date.now() - 600_000 : undefined),
            pageKeys: true,
            'onUpdate:sort': (now: Sort[]) => (sort.value = now),
            onOpen: (id: string) => opened.push(id),
            onTag: (tag: string) => tags.push(tag),
          },
          { empty: () => 'nothing here', failed: () => 'refused' },
        )
    },
  })
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:path(.*)*', component: { render: () => null } }] })
  wrapper = mount(Page, { attachTo: document.body, global: { plugins: [router, i18n], stubs: { UIcon: true, Icon: true } } })
  const mounted = wrapper
  return {
    rows, set, remove, sort, matches, status, opened, tags, handle,
    names: () => mounted.findAll('tbody tr[data-id]').map((row) => row.find('.dt-first').text()),
    row: (id: string) => mounted.find(`tr[data-id="${id}"]`),
    pill: () => (mounted.find('.dt-pill').exists() ? mounted.find('.dt-pill').text() : ''),
    find: (selector: string) => mounted.find(selector),
    all: (selector: string) => mounted.findAll(selector),
    /** Lets the table look at the data again. */
    async later(ms = 400) {
      await nextTick()
      vi.advanceTimersByTime(ms)
      await flushPromises()
      await nextTick()
    },
    async hover(over = true) {
      const event = new Event(over ? 'pointerenter' : 'pointerleave')
      Object.assign(event, { pointerType: 'mouse' })
      mounted.find('.dt-box').element.dispatchEvent(event)
      await nextTick()
    },
    async press(key: string, init: KeyboardEventInit = {}, target: EventTarget = document.activeElement ?? document.body) {
      target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...init }))
      await flushPromises()
      await nextTick()
    },
  }
}

const active = () => (document.activeElement as HTMLElement | null)?.dataset.id

describe('rows', () => {
  it('stand in natural order, with their number told, and only those in sight are drawn', async () => {
    const t = table(5000)
    await t.later()
    expect(t.names().slice(0, 4)).toEqual(['web-0', 'web-1', 'web-2', 'web-3'].map((name, i) => (i === 1 ? expect.stringContaining(name) : name)))
    expect(t.names().length).toBeLessThan(60)
    expect(t.find('table').attributes('aria-rowcount')).toBe('5001')
    expect(t.row('id3').attributes('aria-rowindex')).toBe('5')
  })

  it('sort on a click, the other way on a second, not on a third; shift adds a key', async () => {
    const t = table(12)
    await t.later()
    const head = () => t.all('th[scope="col"] button')
    const states = () => t.all('th[aria-sort]').map((each) => each.attributes('aria-sort'))
    await head()[1]?.trigger('click')
    expect(t.names()[0]).toBe('web-11')
    expect(states()).toEqual(['none', 'ascending'])
    await head()[1]?.trigger('click')
    expect(t.names()[0]).toBe('web-0')
    await head()[0]?.trigger('click', { shiftKey: true })
    expect(t.sort.value).toEqual([{ id: 'size', descending: true }, { id: 'name', descending: false }])
    await head()[1]?.trigger('click')
    expect(t.sort.value).toEqual([])
    expect(t.find('th:nth-child(4)').attributes('aria-sort')).toBeUndefined()
  })

  it('are drawn anew one by one', async () => {
    const t = table(3)
    await t.later()
    t.set({ id: 'id2', name: 'web-2', size: 99 })
    await nextTick()
    expect(t.row('id2').text()).toContain('99')
  })

  it('tell that their pool is silent, and since when', async () => {
    const t = table(3)
    await t.later()
    expect(t.row('id1').classes()).toContain('dt-stale')
    expect(t.row('id1').text()).toMatch(/10 min/)
  })
})

describe('data that moves', () => {
  it('is followed at once while nobody points at it', async () => {
    const t = table(3)
    await t.later()
    t.set({ id: 'new', name: 'aaa', size: 1 })
    await t.later()
    expect(t.names()[0]).toBe('aaa')
    t.remove('id0')
    await t.later()
    expect(t.names()).not.toContain('web-0')
  })

  it('waits behind a pill while the pointer is over the table, and comes by a click', async () => {
    const t = table(3)
    await t.later()
    await t.hover()
    t.set({ id: 'a', name: 'aaa', size: 1 }, { id: 'b', name: 'bbb', size: 1 }, { id: 'c', name: 'zzz', size: 1 })
    await t.later()
    expect(t.names().length).toBe(3)
    expect(t.pill()).toBe('3 new')
    await t.find('.dt-pill').trigger('click')
    expect(t.names().length).toBe(6)
    expect(t.pill()).toBe('')
  })

  it('leaves what was removed in its place, greyed and named so, until the pointer is gone', async () => {
    const t = table(3)
    await t.later()
    await t.hover()
    t.remove('id0')
    await t.later()
    expect(t.row('id0').classes()).toContain('dt-gone')
    expect(t.row('id0').text()).toContain('removed')
    expect(t.pill()).toBe('1 gone')
    await t.hover(false)
    expect(t.row('id0').exists()).toBe(false)
  })

  it('does not change places under the pointer', async () => {
    const t = table(3)
    await t.later()
    await t.hover()
    t.set({ id: 'id0', name: 'zzz', size: 1 })
    await t.later()
    expect(t.names()[0]).toBe('zzz')
    expect(t.pill()).toBe('Order changed')
    await t.hover(false)
    expect(t.names().at(-1)).toBe('zzz')
  })

  it('keeps the focus on the row that has it', async () => {
    const t = table(10)
    await t.later()
    await t.press('j', {}, document.body)
    await t.press('j')
    expect(active()).toBe('id1')
    t.set({ id: 'new', name: 'aaa', size: 1 })
    await t.later()
    expect(t.names()[0]).toBe('aaa')
    expect(active()).toBe('id1')
  })
})

describe('the keyboard', () => {
  it('walks: j k Home End PageDown, and opens with Enter', async () => {
    const t = table(100)
    await t.later()
    await t.press('j', {}, document.body)
    expect(active()).toBe('id0')
    await t.press('j')
    await t.press('ArrowDown')
    await t.press('k')
    expect(active()).toBe('id1')
    await t.press('End')
    expect(active()).toBe('id99')
    await t.press('Home')
    await t.press('PageDown')
    expect(Number(active()?.slice(2))).toBeGreaterThan(10)
    await t.press('PageUp')
    expect(active()).toBe('id0')
    await t.press('Enter')
    expect(t.opened).toEqual(['id0'])
  })

  it('chooses with x, with Shift a range, everything with Ctrl+A, nothing with Escape', async () => {
    const t = table(10)
    await t.later()
    await t.press('j', {}, document.body)
    await t.press('x')
    await t.press('j')
    await t.press('j')
    await t.press('X', { shiftKey: true })
    expect([...(t.handle.value?.selection.selected ?? [])]).toEqual(['id0', 'id1', 'id2'])
    await t.press('a', { ctrlKey: true })
    expect(t.handle.value?.selection.selected.size).toBe(10)
    await t.press('Escape')
    expect(t.handle.value?.selection.selected.size).toBe(0)
  })

  it('is left to whoever is writing', async () => {
    const t = table(3)
    await t.later()
    const input = document.createElement('input')
    document.body.append(input)
    await t.press('j', {}, input)
    await t.press('x', {}, input)
    expect(active()).toBeUndefined()
    input.remove()
  })

  it('reaches one row by Tab, and what is inside it', async () => {
    const t = table(5)
    await t.later()
    expect(t.all('tr[data-id][tabindex="0"]').map((row) => row.attributes('data-id'))).toEqual(['id0'])
    expect(t.all('tbody a[tabindex="0"]').length).toBe(1)
  })
})

describe('the selection', () => {
  it('outlives a filter, and is told apart from what is shown', async () => {
    const t = table(10)
    await t.later()
    await t.row('id1').find('input').trigger('click')
    await t.row('id4').find('input').trigger('click', { shiftKey: true })
    const selected = () => [...(t.handle.value?.selection.selected ?? [])].sort()
    expect(selected()).toEqual(['id1', 'id2', 'id3', 'id4'])
    t.matches.value = (row) => row.id === 'id9'
    await t.later()
    expect(t.names()).toEqual(['web-9'])
    expect(selected().length).toBe(4)
    await t.find('thead input').trigger('click')
    expect(selected()).toContain('id9')
    t.matches.value = () => true
    await t.later()
    expect(t.all('tr[aria-selected="true"]').length).toBe(5)
    expect(t.handle.value?.selection.shown.value).toBe('some')
  })
})

describe('without rows', () => {
  it('shows the shape of what comes while it connects', async () => {
    const t = table(0, { synced: false })
    await t.later()
    expect(t.find('.dt-box').attributes('aria-busy')).toBe('true')
    expect(t.all('tbody tr').length).toBeGreaterThan(5)
    t.status.value = 'ready'
    await t.later()
    expect(t.find('.dt-box').text()).toContain('nothing here')
    t.status.value = 'failed'
    await t.later()
    expect(t.find('.dt-box').text()).toContain('refused')
  })
})
