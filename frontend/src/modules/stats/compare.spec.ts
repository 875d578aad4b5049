// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { type ManyStats } from '@/api/stats'
import en from '@/i18n/en/stats'
import { compareAddress, readQuestion, writeQuestion, type Question } from './address'
import { comparison, DETAILS, limited, MOST_LINES, requestsOf, unanswered, unitOf, type Catalogue, type CompareNames } from './compare'

const catalogue: Catalogue = {
  VM: [
    { name: 'cpu', unit: 'percent', title: 'CPU use' },
    { name: 'memory', unit: 'bytes', title: 'memory allocated' },
  ],
  host: [
    { name: 'cpu', unit: 'percent', title: 'CPU use' },
    { name: 'load', unit: 'count', title: 'load average' },
    { name: 'iowait', unit: 'percent', title: 'I/O wait' },
  ],
  SR: [{ name: 'iops', unit: 'requests/s', title: 'requests' }],
}
const names: CompareNames = { object: ({ id }) => id.toUpperCase(), metric: (name) => `<${name}>`, part: (_, key) => `#${key}` }
const question = (more: Partial<Question> = {}): Question => ({ objects: [], metrics: [], granularity: 'seconds', by: 'metric', ...more })
const answer = (objects: ManyStats['objects'], metrics: string[]): ManyStats => ({ interval: 5, metrics, objects })
const T = 1_800_000_000

describe('the address of a comparison', () => {
  it('holds all of the question', () => {
    const asked = question({ objects: [{ type: 'VM', id: 'v1' }, { type: 'VM', id: 'v2' }, { type: 'host', id: 'h1' }], metrics: ['cpu', 'xvds.r'], granularity: 'hours', by: 'object' })
    expect(readQuestion(writeQuestion(asked))).toEqual(asked)
    expect(writeQuestion(asked)).toEqual({ o: 'vms:v1,v2;hosts:h1', m: 'cpu,xvds.r', g: 'hours', by: 'object' })
    expect(writeQuestion(question())).toEqual({})
  })

  it('is read as far as it can be', () => {
    expect(readQuestion({ o: 'vms:a,a,;nothing:x;users:u;hosts:h', m: ',cpu,cpu', g: 'centuries', by: 'colour' })).toEqual(question({ objects: [{ type: 'VM', id: 'a' }, { type: 'host', id: 'h' }], metrics: ['cpu'] }))
    expect(readQuestion({ o: ['vms:a'], m: null })).toEqual(question())
  })

  it('begins with what matters of a type, for as many objects as there are', () => {
    const { path, query } = compareAddress('host', ['h1', 'h2'], 'minutes')
    expect(path).toBe('/stats')
    expect(readQuestion(query).objects.map(({ id }) => id)).toEqual(['h1', 'h2'])
    expect(readQuestion(query).metrics[0]).toBe('cpu')
    expect(query.g).toBe('minutes')
  })
})

describe('what is asked for', () => {
  it('is one call for each type, with the metrics that it has', () => {
    const asked = question({ objects: [{ type: 'host', id: 'h' }, { type: 'VM', id: 'v' }, { type: 'SR', id: 's' }], metrics: ['cpu', 'load', 'vifs.rx'] })
    expect(requestsOf(asked, catalogue)).toEqual([
      { type: 'VM', ids: ['v'], metrics: ['cpu', 'vifs.rx'] },
      { type: 'host', ids: ['h'], metrics: ['cpu', 'load'] },
    ])
  })

  it('is not more than can be shown', () => {
    const asked = question({ objects: Array.from({ length: 25 }, (_, i) => ({ type: 'VM' as const, id: `v${i}` })), metrics: ['cpu', 'memory', 'cpus', 'vifs.rx', 'vifs.tx', 'xvds.r', 'xvds.w'] })
    expect(requestsOf(asked, catalogue)[0]).toMatchObject({ ids: { length: 20 }, metrics: { length: 6 } })
    expect(limited(asked).objects).toHaveLength(20)
  })

  it('has a unit, and details have a name, each', () => {
    for (const [type, list] of Object.entries(DETAILS) as ['VM', string[]][])
      for (const name of list) {
        expect(unitOf(name, [type], catalogue), name).toBeDefined()
        expect(en.stats.detail, name).toHaveProperty(name.replaceAll('.', '_'))
      }
    expect(unitOf('nonsense', ['VM'], catalogue)).toBeUndefined()
  })
})

describe('the charts', () => {
  const asked = question({ objects: [{ type: 'VM', id: 'v' }, { type: 'host', id: 'h' }, { type: 'VM', id: 'off' }], metrics: ['cpu', 'memory', 'cpus'] })
  const answers = {
    VM: answer({ v: { endTimestamp: T, stats: { cpu: [1, 2], memory: [3, 4], cpus: { 0: [5, 6], 1: [7, 8] } } }, off: { endTimestamp: T, stats: { cpu: [null, null] } } }, ['cpu', 'memory', 'cpus']),
    host: answer({ h: { endTimestamp: T - 5, stats: { cpu: [9, 9], cpus: { 0: [9, 9] } } } }, ['cpu', 'cpus']),
  }

  it('are one for each metric, with a line for each object', () => {
    const made = comparison(asked, answers, catalogue, names)
    expect(made.map(({ title, unit, series }) => [title, unit, series.map(({ name }) => name)])).toEqual([
      ['<cpu>', 'percent', ['V', 'H', 'OFF']],
      ['<memory>', 'bytes', ['V']],
      ['<cpus>', 'percent', ['V · #0', 'V · #1', 'H · #0']],
    ])
    expect(made[0]?.series.map(({ end }) => end)).toEqual([T, T - 5, T])
    expect(new Set(made[2]?.series.map(({ key }) => key)).size).toBe(3)
  })

  it('or one for each object and unit, with a line for each metric', () => {
    const made = comparison({ ...asked, by: 'object' }, answers, catalogue, names)
    expect(made.map(({ title, unit, series }) => [title, unit, series.map(({ name }) => name)])).toEqual([
      ['V · <cpu>, <cpus>', 'percent', ['<cpu>', '<cpus> · #0', '<cpus> · #1']],
      ['V · <memory>', 'bytes', ['<memory>']],
      ['H · <cpu>, <cpus>', 'percent', ['<cpu>', '<cpus> · #0']],
      ['OFF · <cpu>', 'percent', ['<cpu>']],
    ])
  })

  it('have the highest of too many lines, and say how many are missing', () => {
    const many = Object.fromEntries(Array.from({ length: MOST_LINES + 5 }, (_, i) => [i, [i]]))
    const [made] = comparison(question({ objects: [{ type: 'VM', id: 'v' }], metrics: ['cpus'] }), { VM: answer({ v: { endTimestamp: T, stats: { cpus: many } } }, ['cpus']) }, catalogue, names)
    expect(made?.series).toHaveLength(MOST_LINES)
    expect(made?.leftOut).toBe(5)
    expect(made?.series[0]?.values).toEqual([5])
  })

  it('tell of which objects nothing came', () => {
    expect(unanswered({ ...asked, objects: [...asked.objects, { type: 'SR', id: 's' }] }, answers).map(({ id }) => id)).toEqual(['off', 's'])
  })

  it('take a path for a path and a metric for itself', () => {
    const both = { host: answer({ h: { endTimestamp: T, stats: { iops: { r: { a: [1] } }, iowait: [2] } } }, ['iops.r', 'iowait']) }
    const made = comparison(question({ objects: [{ type: 'host', id: 'h' }], metrics: ['iops.r', 'iowait'] }), both, catalogue, names)
    expect(made.map(({ key, series }) => [key, series.map(({ name }) => name)])).toEqual([
      ['iops.r', ['H · #a']],
      ['iowait', ['H']],
    ])
  })
})
