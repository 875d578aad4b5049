import { nextTick } from 'vue'
import { beforeEach, describe, expect, it } from 'vitest'
import { nextSort, readSort, writeSort, type Column } from './column'
import { csvField, curlLine, toCsv, toJson } from './export'
import { naturalKey, ordered } from './order'
import { fitted, useColumns } from './useColumns'

interface Row {
  readonly id: string
  readonly name?: string
  readonly size?: number
}
const columns: Column<Row>[] = [
  { id: 'name', label: 'column.name', reads: ['name'], width: 200, cell: (row) => ({ kind: 'text', text: row.name ?? '' }), sort: (row) => row.name },
  { id: 'size', label: 'column.size', reads: ['size'], width: 100, cell: (row) => ({ kind: 'number', text: `${row.size} B` }), sort: (row) => row.size, plain: (row) => row.size },
  { id: 'tags', label: 'column.tags', reads: ['tags'], width: 100, cell: () => ({ kind: 'none' }), extra: true },
]
const order = (rows: Row[], sort: string, before?: string[]) => ordered(rows, { sort: readSort(sort), columns, context: null, before })

beforeEach(() => localStorage.clear())

describe('the order of rows', () => {
  it('is the natural one: numbers by value, case and accents apart', () => {
    const names = ['web-10', 'web-9', 'Web-1', 'élan', 'Elan', 'web-009', 'web-2b', 'a', '', 'web']
    const sorted = order(names.map((name, i) => ({ id: `${i}`, name })), 'name').map((id) => names[Number(id)])
    expect(sorted).toEqual(['a', 'élan', 'Elan', 'web', 'Web-1', 'web-2b', 'web-9', 'web-009', 'web-10', ''])
    expect(naturalKey('a2') < naturalKey('a10')).toBe(true)
    expect(naturalKey('x99999999999999999999') < naturalKey('x100000000000000000000')).toBe(true)
  })
  it('has what is missing last, in both directions, and ties by id', () => {
    const rows = [{ id: 'c', size: 2 }, { id: 'a' }, { id: 'b', size: 2 }, { id: 'd', size: 10 }]
    expect(order(rows, 'size')).toEqual(['b', 'c', 'd', 'a'])
    expect(order(rows, '-size')).toEqual(['d', 'b', 'c', 'a'])
    expect(order(rows, '')).toEqual(['a', 'b', 'c', 'd'])
    expect(order(rows, 'nosuch')).toEqual(['a', 'b', 'c', 'd'])
  })
  it('uses further keys where the first are equal', () => {
    const rows = [{ id: '1', size: 1, name: 'b' }, { id: '2', size: 2, name: 'a' }, { id: '3', size: 2, name: 'c' }]
    expect(order(rows, '-size,-name')).toEqual(['3', '2', '1'])
  })
  it('does not depend on the order before', () => {
    const rows = Array.from({ length: 200 }, (_, i) => ({ id: `i${(i * 7) % 200}`, size: (i * 13) % 17 }))
    const plain = order(rows, '-size')
    expect(order(rows, '-size', [...plain].reverse())).toEqual(plain)
    expect(order(rows, '-size', ['gone', ...plain.slice(50)])).toEqual(plain)
  })
})

describe('sort keys', () => {
  it('go round with each click: ascending, descending, none', () => {
    let sort = nextSort([], 'a', false)
    expect(writeSort(sort)).toBe('a')
    sort = nextSort(sort, 'a', false)
    expect(writeSort(sort)).toBe('-a')
    expect(nextSort(sort, 'a', false)).toEqual([])
    expect(writeSort(nextSort(readSort('-a,b'), 'b', true))).toBe('-a,-b')
    expect(writeSort(nextSort(readSort('-a,-b'), 'b', true))).toBe('-a')
    expect(writeSort(nextSort(readSort('a,b'), 'c', false))).toBe('c')
  })
})

describe('columns', () => {
  it('are remembered with their order and width; unknown ones go, new ones come', async () => {
    const layout = useColumns(columns, 'x')
    expect(layout.shown.value.map(({ id }) => id)).toEqual(['name', 'size'])
    layout.move('size', 'name')
    layout.resize('size', 10)
    layout.show('tags', true)
    await nextTick()
    const again = useColumns(columns, 'x')
    expect(again.choices.value).toEqual(layout.choices.value)
    expect(fitted(columns, [{ id: 'size', width: 77 }, { id: 'old' }])).toEqual([
      { id: 'name', shown: true, width: 200 },
      { id: 'size', shown: true, width: 77 },
      { id: 'tags', shown: false, width: 100 },
    ])
    for (const broken of [null, 5, 'x', [null], [{}]]) expect(fitted(columns, broken).length).toBe(3)
    layout.reset()
    expect(layout.shown.value.map(({ id }) => id)).toEqual(['name', 'size'])
  })
})

describe('exports', () => {
  const rows: Row[] = [{ id: '1', name: 'a "b", c\nd', size: 5 }, { id: '2', name: '=1+1' }]
  it('are CSV that a spreadsheet reads and does not run', () => {
    expect(toCsv(rows, columns.slice(0, 2), { context: null, header: ({ id }) => id })).toBe('id,name,size\r\n1,"a ""b"", c\nd",5\r\n2,\'=1+1,\r\n')
    expect(csvField(-5)).toBe('-5')
    expect(csvField('-5')).toBe("'-5")
  })
  it('are JSON as the API gives it', () => {
    expect(JSON.parse(toJson(rows, columns))).toEqual([{ id: '1', name: 'a "b", c\nd', size: 5 }, { id: '2', name: '=1+1' }])
  })
  it('are a line for the shell, safe to paste', () => {
    const line = curlLine('https://podium', 'vms', { fields: ['id', 'name_label'], filter: "name_label:=\"it's\" !x?", sort: '-memory.size' })
    expect(line).toContain("'https://podium/rest/v0/vms'")
    expect(line).toContain('"Authorization: Bearer $PODIUM_TOKEN"')
    expect(line).toContain(`--data-urlencode 'filter=name_label:="it'\\''s" !x?'`)
    expect(line).toContain("--data-urlencode 'sort=-memory.size'")
  })
})
