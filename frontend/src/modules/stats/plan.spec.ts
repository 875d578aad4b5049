// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { type Stats, type Tree } from '@/api/stats'
import en from '@/i18n/en/stats'
import { chartsOf, diskDevice, gapsOf, poolCharts, portDevice, type Names } from './plan'

const T = 1_800_000_000
const stats = (tree: Tree, more: Partial<Stats> = {}): Stats => ({ endTimestamp: T, interval: 5, stats: tree, ...more })
const texts = { stats: en.stats } as unknown as Record<string, unknown>
const textOf = (key: string) => key.split('.').reduce<unknown>((tree, name) => (tree as Record<string, unknown>)[name], texts)

/** Real texts, so that a key that is not there fails. */
const names: Names = {
  t: (key, values = {}) => {
    const text = textOf(key)
    if (typeof text !== 'string') throw new Error(`no text ${key}`)
    return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name]))
  },
  compare: new Intl.Collator('en', { numeric: true }).compare,
  sr: (short) => ({ '46b00403': 'NFS' })[short] ?? short,
  disk: (device) => (device === 'a' ? 'root (xvda)' : diskDevice(device)),
  vif: (device) => `LAN (${device})`,
  pif: portDevice,
  host: (id) => `host ${id}`,
}
const chart = (list: ReturnType<typeof chartsOf>, key: string) => list.find((each) => each.key === key)
const lines = (list: ReturnType<typeof chartsOf>, key: string) => Object.fromEntries((chart(list, key)?.series ?? []).map(({ name, values }) => [name, values]))

describe('the charts of a host', () => {
  const made = chartsOf(
    'host',
    stats({
      cpus: { 0: [10, 20], 10: [0, null], 2: [50, 40] },
      load: [1, 2],
      memory: [100, 100],
      memoryFree: [40, null],
      pifs: { rx: { 1: [1, 1], 'bond0': [3, 3] }, tx: { 1: [2, 2], 'bond0': [4, 4] } },
      pifsAggr: { rx: [9, 9], tx: [9, 9] },
      ioThroughput: { r: { '46b00403': [5, 5] }, w: { '46b00403': [6, 6] }, total: { '46b00403': [11, 11] } },
      iops: { r: { '46b00403': [1, 1] }, w: { '46b00403': [2, 2] } },
      latency: { r: { '46b00403': [0.5, 0.5], 'deadbeef': [1, 1] } },
      iowait: { '46b00403': [0.25, null] },
    }),
    names,
  )

  it('are in an order that does not depend on the answer', () => {
    expect(made.map(({ key }) => key)).toEqual(['cpu', 'load', 'memory', 'network', 'throughput', 'iops', 'latency', 'iowait'])
    expect(made.every(({ series }) => series.every(({ end, interval }) => end === T && interval === 5))).toBe(true)
  })

  it('have the mean of the cores first, then each by its number', () => {
    expect(chart(made, 'cpu')?.series.map(({ name }) => name)).toEqual(['Average', 'Core 0', 'Core 2', 'Core 10'])
    expect(lines(made, 'cpu').Average).toEqual([20, 30])
    expect(chart(made, 'cpu')).toMatchObject({ unit: 'percent', most: 100 })
    expect(chart(made, 'cpu')?.series[0]?.main).toBe(true)
  })

  it('have what is used of the memory under what there is', () => {
    expect(lines(made, 'memory')).toEqual({ Used: [60, null], Total: [100, 100] })
    expect(chart(made, 'memory')?.series[1]?.limit).toBe(true)
  })

  it('have both ways of each interface and each SR, by their names', () => {
    expect(chart(made, 'network')?.series.map(({ name }) => name)).toEqual(['bond0 received', 'bond0 sent', 'eth1 received', 'eth1 sent'])
    expect(lines(made, 'throughput')).toEqual({ 'NFS read': [5, 5], 'NFS written': [6, 6] })
    expect(lines(made, 'latency')).toEqual({ 'NFS read': [0.5, 0.5], 'deadbeef read': [1, 1] })
  })

  it('have the I/O wait in percent, which XAPI has in seconds per second', () => {
    expect(lines(made, 'iowait')).toEqual({ NFS: [25, null] })
  })

  it('have the traffic as a whole where no interface is told of', () => {
    expect(lines(chartsOf('host', stats({ pifsAggr: { rx: [1], tx: [2] } }), names), 'network')).toEqual({ 'All received': [1], 'All sent': [2] })
  })

  it('leave out what the host does not tell', () => {
    expect(chartsOf('host', stats({}), names)).toEqual([])
    expect(chartsOf('host', stats({ memory: [1] }), names).map(({ key }) => key)).toEqual(['memory'])
  })
})

describe('the charts of a VM', () => {
  const made = chartsOf(
    'VM',
    stats({
      cpus: { 0: [10], 1: [30] },
      cpuUsage: [21],
      memory: [100],
      memoryFree: [30],
      memoryTarget: [100],
      runstateFullrun: [10],
      runstateBlocked: [90],
      vifs: { rx: { 0: [1] }, tx: { 0: [2] } },
      xvds: { r: { a: [1], hda: [0] }, w: { a: [2] } },
      iops: { r: { a: [3] }, w: { a: [4] } },
      vbdLatency: { r: { a: [5] }, w: { a: [6] } },
      vbdIowait: { a: [7] },
    }),
    names,
  )

  it('have the usage as Xen has it', () => {
    expect(lines(made, 'cpu')).toEqual({ Average: [21], 'vCPU 0': [10], 'vCPU 1': [30] })
  })

  it('stack the run states', () => {
    expect(chart(made, 'runstates')?.stack).toBe('always')
    expect(lines(made, 'runstates')).toEqual({ 'All vCPUs run': [10], 'All vCPUs idle': [90] })
  })

  it('have no target that is what it has', () => {
    expect(lines(made, 'memory')).toEqual({ Used: [70], Allocated: [100] })
    expect(lines(chartsOf('VM', stats({ memory: [100], memoryTarget: [80] }), names), 'memory')).toEqual({ Allocated: [100], Target: [80] })
  })

  it('call disks and interfaces by their names, in short by their devices', () => {
    expect(chart(made, 'throughput')?.series.map(({ name, short }) => [name, short])).toEqual([
      ['hda read', 'hda read'],
      ['root (xvda) read', 'xvda read'],
      ['root (xvda) written', 'xvda written'],
    ])
    expect(chart(made, 'network')?.series.map(({ name, short }) => [name, short])).toEqual([
      ['LAN (0) received', '#0 received'],
      ['LAN (0) sent', '#0 sent'],
    ])
    expect(lines(made, 'iowait')).toEqual({ 'root (xvda)': [7] })
  })

  it('have keys that stay when more is told', () => {
    const before = chartsOf('VM', stats({ xvds: { r: { b: [1] } } }), names)[0]?.series[0]?.key
    const after = chartsOf('VM', stats({ xvds: { r: { a: [1], b: [1] }, w: { b: [1] } } }), names)[0]?.series.map(({ key }) => key)
    expect(after).toContain(before)
  })
})

describe('the charts of an SR', () => {
  it('are of all hosts together, but the I/O wait of each', () => {
    const made = chartsOf('SR', stats({ iops: { r: [1, 2], w: [3, 4], total: [4, 6] }, ioThroughput: { r: [5, 5] }, latency: { r: [1, null] }, iowait: { a: [0.5], b: [0.1] } }), names)
    expect(made.map(({ key }) => key)).toEqual(['throughput', 'iops', 'latency', 'iowait'])
    expect(lines(made, 'iops')).toEqual({ Read: [1, 2], Written: [3, 4] })
    expect(lines(made, 'iowait')).toEqual({ 'host a': [50], 'host b': [10] })
  })
})

describe('the charts of a pool', () => {
  const answers = {
    h10: stats({ cpus: { 0: [100] }, memory: [100], memoryFree: [90], load: [3], pifsAggr: { rx: [1], tx: [2] }, pifs: { rx: { 0: [9] }, tx: { 0: [9] } }, ioThroughput: { r: { a: [1], b: [2] }, w: { a: [4] } } }),
    h2: stats({ cpus: { 0: [0], 1: [50] }, pifs: { rx: { 0: [5] }, tx: { 0: [6] } } }, { endTimestamp: T - 5, stale: { since: T - 60, reason: 'it does not answer' } }),
    h3: { error: { message: 'h3 is not running' } },
  }
  const made = poolCharts(answers, names)

  it('have a line for each host that answered, at its own time', () => {
    expect(chart(made, 'cpu')?.series.map(({ key, name, end }) => [key, name, end])).toEqual([
      ['h2', 'host h2', T - 5],
      ['h10', 'host h10', T],
    ])
    expect(lines(made, 'cpu')).toEqual({ 'host h2': [25], 'host h10': [100] })
  })

  it('count no traffic twice: what the host has summed counts, else the sum of its interfaces', () => {
    expect(lines(made, 'network')).toEqual({ 'host h10': [3], 'host h2': [11] })
    expect(lines(made, 'storage')).toEqual({ 'host h10': [7] })
  })

  it('may be stacked where hosts add up', () => {
    expect(made.filter(({ stack }) => stack === 'possible').map(({ key }) => key)).toEqual(['memory', 'network', 'storage'])
    expect(lines(made, 'memory')).toEqual({ 'host h10': [10] })
  })

  it('say which hosts are silent, and which gave nothing', () => {
    expect(gapsOf(answers)).toEqual([
      { host: 'h2', since: T - 60, reason: 'it does not answer' },
      { host: 'h3', reason: 'h3 is not running' },
    ])
  })
})
