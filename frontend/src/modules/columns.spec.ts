import { beforeEach, describe, expect, it } from 'vitest'
import { COLLECTIONS, type Host, type PIF, type TypeName, type VM, type XoObject } from '@/api/types'
import { cellText } from '@/components/table/export'
import { i18n, lateTexts, setLocale } from '@/i18n'
import { type ModuleColumn } from './columns'
import { flatFields } from './fields'
import { hostColumns } from './host/columns'
import { KINDS, type AnyRow } from './kinds'
import { idFilter, linkTypes, namesToAsk, relationsOf } from './links'
import { makeLook, titleOf, type Look } from './look'
import { pifColumns } from './pif/columns'
import { alarmColumns } from './alarm/columns'
import { vmColumns } from './vm/columns'
import { branches, type Branch } from './vm/snapshots'
import { predicate } from '@/components/filter/evaluate'

const t = i18n.global.t as unknown as Look['t']
const tOr: Look['tOr'] = (key, otherwise) => (i18n.global.te(key) ? i18n.global.t(key) : otherwise)

const pool = { id: 'p1', type: 'pool', name_label: 'Lakeside', master: 'h1', $pool: 'p1' }
const host = { id: 'h1', type: 'host', name_label: 'xcp-01', $pool: 'p1' }
const vm = {
  id: 'v1',
  type: 'VM',
  uuid: 'v1',
  $pool: 'p1',
  $container: 'h1',
  name_label: 'web 1',
  name_description: '',
  tags: ['prod', 'eu'],
  power_state: 'Running',
  CPUs: { max: 4, number: 2 },
  memory: { size: 4_294_967_296, usage: 1_073_741_824, static: [1, 2], dynamic: [1, 2] },
  mainIpAddress: '10.0.0.1',
  addresses: { '0/ipv4/0': '10.0.0.1', '1/ipv4/0': '10.0.0.1', '1/ipv6/0': 'fd00::1' },
  os_version: { name: 'Debian GNU/Linux 12 (bookworm)|x', distro: 'debian' },
  current_operations: {},
  startTime: 1_700_000_000,
  auto_poweron: false,
} as unknown as VM

function look(): Look {
  const it = makeLook({ t, tOr })
  it.learn('pool', new Map([[pool.id, pool as XoObject]]))
  it.learn('host', new Map([[host.id, host as XoObject]]))
  it.learn('VM', new Map([[vm.id, vm as XoObject]]))
  return it
}

function cell<T>(columns: readonly ModuleColumn<T>[], id: string, row: T) {
  const column = columns.find((each) => each.id === id)
  if (column === undefined) throw new Error(`no column ${id}`)
  return column.cell(row, look())
}

beforeEach(async () => {
  await setLocale('en')
  await lateTexts()
})

describe('cells of a virtual machine', () => {
  it('say the state by icon, word and colour, and what is being done', () => {
    expect(cell(vmColumns, 'state', vm)).toMatchObject({ kind: 'state', tone: 'good', word: 'Running', icon: 'i-lucide-circle-play' })
    expect(cell(vmColumns, 'state', { ...vm, current_operations: { x: 'clean_shutdown' } })).toMatchObject({ busy: 'Shutting down' })
    expect(cell(vmColumns, 'state', { ...vm, current_operations: { x: 'something_new' } })).toMatchObject({ busy: 'something new' })
    expect(cell(vmColumns, 'state', { ...vm, power_state: 'Odd' } as unknown as VM)).toMatchObject({ word: 'Unknown' })
  })
  it('lead to the host it runs on, and to nothing when it is halted', () => {
    expect(cell(vmColumns, 'host', vm)).toEqual({ kind: 'link', link: { text: 'xcp-01', to: '/hosts/h1', title: undefined } })
    expect(cell(vmColumns, 'host', { ...vm, $container: 'p1' })).toEqual({ kind: 'none' })
    expect(cell(vmColumns, 'pool', vm)).toMatchObject({ link: { text: 'Lakeside', to: '/pools/p1' } })
  })
  it('write sizes, shares and addresses', () => {
    expect(cell(vmColumns, 'memory', vm)).toMatchObject({ kind: 'bar', share: 0.25, text: '4 GiB' })
    expect(cell(vmColumns, 'memory', { ...vm, power_state: 'Halted' })).toMatchObject({ kind: 'number', text: '4 GiB' })
    expect(cellText(cell(vmColumns, 'addresses', vm))).toBe('10.0.0.1 fd00::1')
    expect(cellText(cell(vmColumns, 'os', vm))).toBe('Debian GNU/Linux 12 (bookworm)')
    expect(cell(vmColumns, 'uptime', vm)).toEqual({ kind: 'span', since: 1_700_000_000_000 })
    expect(cell(vmColumns, 'uptime', { ...vm, power_state: 'Halted' })).toEqual({ kind: 'none' })
  })
  it('speak French', async () => {
    await setLocale('fr')
    expect(cell(vmColumns, 'state', { ...vm, power_state: 'Halted' })).toMatchObject({ word: expect.stringMatching(/^Arrêt/) })
    expect(cell(vmColumns, 'memory', vm)).toMatchObject({ text: expect.stringContaining('Gio') })
    await setLocale('en')
  })
})

describe('cells of other types', () => {
  it('know the coordinator and a disabled host', () => {
    const xcp = { ...host, enabled: false, power_state: 'Running', memory: { size: 100, usage: 97 }, residentVms: ['c', 'v1'], controlDomain: 'c', current_operations: {} } as unknown as Host
    expect(cell(hostColumns, 'master', xcp)).toMatchObject({ kind: 'flag', on: true })
    expect(cell(hostColumns, 'state', xcp)).toMatchObject({ word: 'Disabled', tone: 'warn' })
    expect(cell(hostColumns, 'vms', xcp)).toMatchObject({ text: '1' })
    expect(cell(hostColumns, 'memoryUsed', xcp)).toMatchObject({ share: 0.97, text: '97% · 100 B' })
  })
  it('tell a cable without a carrier', () => {
    const pif = { id: 'x', type: 'PIF', device: 'eth0', vlan: 100, $host: 'h1', attached: true, carrier: false, speed: 10_000 } as unknown as PIF
    expect(cell(pifColumns, 'state', pif)).toMatchObject({ tone: 'bad', word: 'No carrier' })
    expect(cellText(cell(pifColumns, 'name', pif))).toBe('eth0.100 · xcp-01')
    expect(cellText(cell(pifColumns, 'speed', pif))).toBe('10 Gbit/s')
    expect(cell(pifColumns, 'vlan', { ...pif, vlan: -1 })).toEqual({ kind: 'none' })
  })
  it('give alarms their unit', () => {
    const alarm = (name: string, value?: string) => cellText(cell(alarmColumns, 'value', { id: 'a', type: 'alarm', body: { name, value } } as never))
    // A pool's own: a hundred times what was measured.
    expect(alarm('cpu_usage', '0.9')).toBe('0.9%')
    expect(alarm('cpu_usage', '92.4')).toBe('92.4%')
    expect(alarm('memory_free_kib', '104857600')).toBe('1 GiB')
    expect(alarm('network_usage', '1180000000')).toBe('11 MiB/s')
    expect(alarm('sr_io_throughput_total_per_host', '1180000000')).toBe('11 MiB/s')
    expect(alarm('mem_usage', 'nan')).toBe('')
    expect(alarm('x')).toBe('')
  })
})

describe('every type', () => {
  it('has a list with a name first, distinct columns, labels in both languages, and survives a row that holds next to nothing', async () => {
    const withPagesOfTheirOwn: readonly TypeName[] = ['server', 'user', 'group', 'acl-role', 'acl-privilege', 'resource-set']
    const types = (Object.keys(COLLECTIONS) as TypeName[]).filter((type) => !withPagesOfTheirOwn.includes(type))
    for (const type of types) {
      const kind = KINDS.get(type)
      expect(kind, type).toBeDefined()
      const columns = kind?.columns ?? []
      expect(columns[0]?.id, type).toBe('name')
      expect(new Set(columns.map((column) => column.id)).size, type).toBe(columns.length)
      expect(columns.filter((column) => column.extra !== true).length, type).toBeGreaterThan(2)
      for (const language of ['en', 'fr'] as const) {
        await setLocale(language)
        for (const column of columns) expect(i18n.global.te(column.label, language), `${type} ${column.id} ${language}`).toBe(true)
        for (const form of ['one', 'many']) expect(i18n.global.te(`type.${type}.${form}`, language), `${type} ${language}`).toBe(true)
      }
      for (const row of [{ id: 'x', type }, { id: 'x', type, $pool: 'gone', properties: {} }] as AnyRow[])
        for (const column of columns) {
          expect(() => cellText(column.cell(row, look())), `${type} ${column.id}`).not.toThrow()
          expect(() => column.sort?.(row, look()), `${type} ${column.id} sort`).not.toThrow()
        }
    }
    await setLocale('en')
  })
})

describe('links', () => {
  it('are found in every field that names another object, once', () => {
    const relations = relationsOf('VM', { ...vm, $VBDs: ['b1', null], snapshots: [], parent: 's1', $poolId: 'p1' } as unknown as XoObject)
    expect(relations.map(({ field, types, ids }) => [field, types[0], ids])).toEqual([
      ['$pool', 'pool', ['p1']],
      ['$container', 'host', ['h1']],
      ['$VBDs', 'VBD', ['b1']],
      ['parent', 'VM-snapshot', ['s1']],
    ])
    expect(linkTypes('bond', 'master')).toEqual(['PIF'])
    expect(linkTypes('pool', 'master')).toEqual(['host'])
    expect(linkTypes('VM', 'name_label')).toBeUndefined()
  })
  it('are asked for by name only where the names are not here', () => {
    const relations = [
      { types: ['VM', 'VM-controller'] as const, ids: ['v1', 'c1'] },
      { types: ['host'] as const, ids: ['h9'] },
      { types: ['VBD'] as const, ids: ['b2', 'b1'] },
    ]
    expect([...namesToAsk(relations, (_, id) => id === 'v1')]).toEqual([
      ['VM-controller', ['c1']],
      ['VBD', ['b1', 'b2']],
    ])
  })
  it('make a filter that finds exactly them', () => {
    const test = predicate(idFilter(['a', 'b:c']))
    expect(['a', 'b:c', 'ab', 'A'].filter((id) => test({ id }))).toEqual(['a', 'b:c'])
  })
})

describe('names', () => {
  it('are made of what an object is and where, when it has none', () => {
    expect(titleOf({ id: '12345678-9', type: 'VIF', device: '0', $VM: 'v1' } as XoObject, look())).toBe('VIF 0 · web 1')
    expect(titleOf({ id: '12345678-9', type: 'VTPM' } as XoObject, look())).toBe('Virtual TPM 12345678')
    expect(titleOf({ id: 'm', type: 'message', name: 'VM_STARTED' } as unknown as XoObject, look())).toBe('Virtual machine started')
    expect(titleOf({ id: 'm', type: 'message', name: 'NEW_THING' } as unknown as XoObject, look())).toBe('new thing')
  })
})

describe('all fields of an object', () => {
  it('are lines of path and value', () => {
    expect(flatFields({ b: { c: [1, { d: null }], e: {} }, A: true, $poolId: 'x' }).map(({ path, text }) => `${path}=${text}`)).toEqual(['A=true', 'b.c[0]=1', 'b.c[1].d=', 'b.e='])
  })
})

describe('snapshots', () => {
  const snapshot = (id: string, at: number, parent?: string) => ({ id, snapshot_time: at, parent }) as never
  const drawn = (list: readonly Branch[]): unknown => list.map(({ snapshot: each, below }) => [each?.id ?? 'now', drawn(below)])

  it('form a tree with the place where the machine stands', () => {
    expect(drawn(branches([snapshot('b', 2, 'a'), snapshot('a', 1), snapshot('c', 3, 'a')], 'b'))).toEqual([['a', [['b', [['now', []]]], ['c', []]]]])
  })
  it('whose parents are missing or go round in a circle stand at the top', () => {
    expect(drawn(branches([snapshot('a', 1, 'gone'), snapshot('x', 2, 'y'), snapshot('y', 3, 'x')]))).toEqual([['a', []], ['x', []], ['y', []]])
  })
})
