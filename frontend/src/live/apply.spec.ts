import { describe, expect, it } from 'vitest'
import { apply, frame, merge, mirror, type Frame, type Mirror, type Row } from './apply'

/** A small seeded generator (mulberry32): failures can be replayed by their seed. */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

type VM = Row & { name: string; memory: { size: number; usage?: number } }
const S = 'VM'
const put = (object: VM): Frame => ({ kind: 'put', subscription: S, object: { ...object } })
const content = (of: Mirror) => Object.fromEntries([...of.rows].sort(([a], [b]) => (a < b ? -1 : 1)))

/** A service in miniature: a truth that changes, and the frames that say so. */
class Service {
  readonly truth = new Map<string, VM>()
  private readonly next: () => number
  constructor(next: () => number) {
    this.next = next
  }

  private id(): string {
    return `vm-${Math.floor(this.next() * 8)}`
  }

  /** One change and its frame; a patch when the row was known. */
  change(): Frame | undefined {
    const id = this.id()
    const old = this.truth.get(id)
    const dice = this.next()
    if (old === undefined) {
      const vm: VM = { id, name: `n${Math.floor(dice * 100)}`, memory: { size: 1, usage: 2 } }
      this.truth.set(id, vm)
      return put(vm)
    }
    if (dice < 0.2) {
      this.truth.delete(id)
      return { kind: 'remove', subscription: S, id }
    }
    const size = Math.floor(dice * 1000)
    const memory = dice < 0.5 ? { size } : { size, usage: size }
    const vm: VM = { ...old, memory }
    this.truth.set(id, vm)
    if (dice > 0.8) return put(vm)
    return { kind: 'patch', subscription: S, id, patch: { memory: { size, usage: dice < 0.5 ? null : size } } }
  }

  /** A snapshot; changes that happen while it is sent come in between, each row's own newest state last. */
  snapshot(): Frame[] {
    const frames: Frame[] = [{ kind: 'reset', subscription: S }]
    for (const id of [...this.truth.keys()]) {
      const vm = this.truth.get(id)
      if (vm !== undefined) frames.push(put(vm))
      if (this.next() < 0.2) {
        const change = this.change()
        if (change !== undefined) frames.push(change)
      }
    }
    frames.push({ kind: 'synced', subscription: S })
    return frames
  }
}

/** Cut a run of frames into batches at random places, as animation frames do. */
function batches(frames: readonly Frame[], next: () => number): Frame[][] {
  const cut: Frame[][] = []
  for (let at = 0; at < frames.length; ) {
    const length = 1 + Math.floor(next() * 6)
    cut.push(frames.slice(at, at + length))
    at += length
  }
  return cut
}

describe('apply', () => {
  it('ends with what the service has, for any run of changes, snapshots and batches', () => {
    for (let seed = 1; seed <= 400; seed++) {
      const next = random(seed)
      const service = new Service(next)
      const mine = mirror()
      const frames: Frame[] = [...service.snapshot()]
      for (let step = 0; step < 60; step++) {
        if (next() < 0.05) {
          // The line breaks: some changes are never heard, then everything comes anew.
          for (let lost = 0; lost < 4; lost++) service.change()
          frames.push(...service.snapshot())
        } else {
          const change = service.change()
          if (change !== undefined) frames.push(change)
        }
      }
      for (const batch of batches(frames, next)) apply(mine, batch)
      expect(content(mine), `seed ${seed}`).toEqual(content({ rows: service.truth, seen: null, synced: true }))
      expect(mine.synced).toBe(true)
    }
  })

  it('is idempotent: a snapshot or a change heard twice changes nothing more', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const next = random(seed)
      const service = new Service(next)
      for (let step = 0; step < 10; step++) service.change()
      const once = mirror()
      const twice = mirror()
      const snapshot = service.snapshot()
      apply(once, snapshot)
      apply(twice, [...snapshot, ...snapshot])
      for (let step = 0; step < 20; step++) {
        const change = service.change()
        if (change === undefined) continue
        apply(once, [change])
        apply(twice, [change, change])
      }
      expect(content(twice), `seed ${seed}`).toEqual(content(once))
    }
  })

  it('keeps the old rows in sight until the new snapshot is complete, then drops what is gone', () => {
    const mine = mirror()
    const a: VM = { id: 'a', name: 'a', memory: { size: 1 } }
    const b: VM = { id: 'b', name: 'b', memory: { size: 1 } }
    apply(mine, [{ kind: 'reset', subscription: S }, put(a), put(b), { kind: 'synced', subscription: S }])
    apply(mine, [{ kind: 'reset', subscription: S }, put(a)])
    expect([...mine.rows.keys()]).toEqual(['a', 'b'])
    apply(mine, [{ kind: 'synced', subscription: S }])
    expect([...mine.rows.keys()]).toEqual(['a'])
  })

  it('never changes a row in place, and freezes what it keeps', () => {
    const mine = mirror()
    const vm: VM = { id: 'a', name: 'a', memory: { size: 1, usage: 1 } }
    apply(mine, [put(vm)])
    const before = mine.rows.get('a') as VM
    apply(mine, [{ kind: 'patch', subscription: S, id: 'a', patch: { memory: { size: 2 } } }])
    expect(before.memory.size).toBe(1)
    expect((mine.rows.get('a') as VM).memory).toEqual({ size: 2, usage: 1 })
    expect(Object.isFrozen(mine.rows.get('a'))).toBe(true)
  })

  it('says whether anything changed', () => {
    const mine = mirror()
    expect(apply(mine, [{ kind: 'synced', subscription: S }])).toBe(true)
    expect(apply(mine, [{ kind: 'remove', subscription: S, id: 'nobody' }])).toBe(false)
    expect(apply(mine, [{ kind: 'patch', subscription: S, id: 'nobody', patch: { name: 'x' } }])).toBe(false)
  })

  it('takes 10,000 rows and 2,000 changes within a frame or two', () => {
    const mine = mirror()
    const frames: Frame[] = [{ kind: 'reset', subscription: S }]
    for (let i = 0; i < 10_000; i++) frames.push(put({ id: `vm-${i}`, name: `n${i}`, memory: { size: i } }))
    frames.push({ kind: 'synced', subscription: S })
    apply(mine, frames)
    const changes: Frame[] = []
    for (let i = 0; i < 2_000; i++) changes.push({ kind: 'patch', subscription: S, id: `vm-${i}`, patch: { memory: { size: -i } } })
    const start = performance.now()
    apply(mine, changes)
    // About 3 ms on two slow cores; the bound only catches a quadratic mistake.
    expect(performance.now() - start).toBeLessThan(250)
    expect(mine.rows.size).toBe(10_000)
  })
})

describe('merge (RFC 7386, appendix A)', () => {
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [['a', 'b'], ['c', 'd'], ['c', 'd']],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j', (target, patch, result) => {
    expect(merge(target, patch)).toEqual(result)
  })
})

describe('frame', () => {
  it('leaves the subscription out of the row', () => {
    expect(frame('add', { $subscription: 'VM', id: 'a', name: 'x' })).toEqual({ kind: 'put', subscription: 'VM', object: { id: 'a', name: 'x' } })
    expect(frame('ping', { ping: 1 })).toBeUndefined()
  })
})
