// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { formatOf, nameOf, sampled, speedOf, type Sample } from './speed'

describe('the speed of an upload', () => {
  it('is unknown until two moments are known', () => {
    expect(speedOf([])).toBeUndefined()
    expect(speedOf([{ at: 0, sent: 10 }])).toBeUndefined()
    expect(speedOf([{ at: 5, sent: 10 }, { at: 5, sent: 20 }])).toBeUndefined()
  })

  it('is that of the last seconds', () => {
    let samples: readonly Sample[] = []
    for (let at = 0; at <= 20_000; at += 1000) samples = sampled(samples, { at, sent: at <= 10_000 ? at * 100 : 1_000_000 + (at - 10_000) })
    expect(samples.length).toBeLessThanOrEqual(6)
    expect(speedOf(samples)).toBe(1000)
  })
})

describe('a file', () => {
  it('tells its format and a name by its own', () => {
    expect([formatOf('a.VHD'), formatOf('a.img'), formatOf('vhd')]).toEqual(['vhd', 'raw', 'raw'])
    expect([nameOf('web 1.vhd'), nameOf('web.qcow2'), nameOf('disk.raw')]).toEqual(['web 1', 'web.qcow2', 'disk'])
  })
})
