import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { h, nextTick, ref, type Component } from 'vue'
import { type Span } from './series'
import { followed, inside, provideTimeline, scaled, useTimeline, type Timeline } from './useTimeline'

describe('a zoomed span', () => {
  it('stays within all that there is', () => {
    expect(inside({ from: -5, to: 5 }, { from: 0, to: 100 })).toEqual({ from: 0, to: 10 })
    expect(inside({ from: 95, to: 105 }, { from: 0, to: 100 })).toEqual({ from: 90, to: 100 })
    expect(inside({ from: -5, to: 500 }, { from: 0, to: 100 })).toEqual({ from: 0, to: 100 })
  })

  it('grows and shrinks around a moment that keeps its place', () => {
    expect(scaled({ from: 0, to: 100 }, 25, 0.5)).toEqual({ from: 12.5, to: 62.5 })
  })

  it('follows the live edge when it is there, else stays until its data are gone', () => {
    expect(followed({ from: 50, to: 100 }, { from: 0, to: 100 }, { from: 5, to: 105 })).toEqual({ from: 55, to: 105 })
    expect(followed({ from: 50, to: 80 }, { from: 0, to: 100 }, { from: 5, to: 105 })).toEqual({ from: 50, to: 80 })
    expect(followed({ from: 2, to: 30 }, { from: 0, to: 100 }, { from: 5, to: 105 })).toEqual({ from: 5, to: 33 })
  })
})

function page(span: () => Span | undefined) {
  const found: Timeline[] = []
  const Chart: Component = { setup: () => (found.push(useTimeline(span)), () => null) }
  const Page: Component = { setup: () => (found.push(provideTimeline(span)), () => [h(Chart), h(Chart)]) }
  mount(Page)
  return found as [Timeline, Timeline, Timeline]
}

describe('the timeline of a page', () => {
  it('is one for all its charts', async () => {
    const [own, first, second] = page(() => ({ from: 0, to: 100 }))
    first.zoom({ from: 10, to: 20 })
    expect(second.shown.value).toEqual({ from: 10, to: 20 })
    expect(own.zoomed.value).toBe(true)
    first.point(15)
    await expect.poll(() => second.at.value).toBe(15)
    second.zoom()
    expect(first.zoomed.value).toBe(false)
  })

  it('zooms no further than asked for, and is not zoomed where all is shown', () => {
    const [timeline] = page(() => ({ from: 0, to: 100 }))
    timeline.zoom({ from: 50, to: 51 }, 10)
    expect(timeline.shown.value).toEqual({ from: 45.5, to: 55.5 })
    timeline.zoom({ from: -10, to: 200 })
    expect(timeline.zoomed.value).toBe(false)
  })

  it('follows time, and forgets a zoom into another span', async () => {
    const span = ref<Span>({ from: 0, to: 100 })
    const [timeline] = page(() => span.value)
    timeline.zoom({ from: 80, to: 100 })
    span.value = { from: 5, to: 105 }
    await nextTick()
    expect(timeline.shown.value).toEqual({ from: 85, to: 105 })
    span.value = { from: 5, to: 110 }
    await nextTick()
    expect(timeline.shown.value).toEqual({ from: 90, to: 110 })
    span.value = { from: 0, to: 7200 }
    await nextTick()
    expect(timeline.zoomed.value).toBe(false)
  })
})
