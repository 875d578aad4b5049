/** What the charts of a page share: the span of time that they show, and the moment under the crosshair. */
import { computed, inject, onScopeDispose, provide, readonly, ref, shallowRef, watch, type ComputedRef, type InjectionKey, type Ref } from 'vue'
import { type Span } from './series'

export interface Timeline {
  /** All that there is, up to the live edge. */
  readonly whole: ComputedRef<Span>
  /** What is shown of it. */
  readonly shown: ComputedRef<Span>
  readonly zoomed: ComputedRef<boolean>
  /** The moment under the crosshair, in ms. */
  readonly at: Readonly<Ref<number | undefined>>
  point: (at: number | undefined) => void
  /** Show this span, at least `least` long; all of it when not given. */
  zoom: (span?: Span, least?: number) => void
}

const KEY: InjectionKey<Timeline> = Symbol('timeline')

/** A span moved into another, and no longer than that. */
export function inside(span: Span, whole: Span): Span {
  const length = Math.min(span.to - span.from, whole.to - whole.from)
  const from = Math.min(Math.max(span.from, whole.from), whole.to - length)
  return { from, to: from + length }
}

/** A part of a span around `at`, `factor` times as long; the moment keeps its place in it. */
export function scaled({ from, to }: Span, at: number, factor: number): Span {
  return { from: at - (at - from) * factor, to: at + (to - at) * factor }
}

/** How a zoomed span follows when time goes on: at the live edge it stays there; elsewhere it stays until its data are gone. */
export function followed(zoom: Span, before: Span, now: Span): Span {
  const atEdge = zoom.to >= before.to
  const by = atEdge ? now.to - before.to : 0
  return inside({ from: zoom.from + by, to: zoom.to + by }, now)
}

const ALIKE = 1.5
/** Whether this is the same span, some time later (it may have grown a little), and not another one. */
function alike(before: Span, now: Span): boolean {
  const ratio = (now.to - now.from) / (before.to - before.from)
  return ratio < ALIKE && ratio > 1 / ALIKE
}

export function provideTimeline(span: () => Span | undefined): Timeline {
  const whole = computed<Span>(() => span() ?? { from: 0, to: 1 })
  const part = shallowRef<Span>()
  const at = ref<number>()
  watch(whole, (now, before) => {
    if (part.value === undefined) return
    part.value = alike(before, now) ? followed(part.value, before, now) : undefined
  })

  // A pointer moves more often than a screen is drawn.
  let wanted: number | undefined
  let frame = 0
  function point(next: number | undefined): void {
    wanted = next
    if (frame === 0)
      frame = requestAnimationFrame(() => {
        frame = 0
        at.value = wanted
      })
  }
  onScopeDispose(() => cancelAnimationFrame(frame))

  function zoom(next?: Span, least = 0): void {
    if (next === undefined) return void (part.value = undefined)
    const { from, to } = next
    const missing = Math.max(0, least - (to - from)) / 2
    const fitted = inside({ from: from - missing, to: to + missing }, whole.value)
    part.value = fitted.to - fitted.from >= whole.value.to - whole.value.from ? undefined : fitted
  }

  const timeline: Timeline = { whole, shown: computed(() => part.value ?? whole.value), zoomed: computed(() => part.value !== undefined), at: readonly(at), point, zoom }
  provide(KEY, timeline)
  return timeline
}

/** That of the page; a chart alone has its own. */
export function useTimeline(alone: () => Span | undefined): Timeline {
  return inject(KEY, undefined) ?? provideTimeline(alone)
}
