/** Pointer, wheel and keys over a chart: the crosshair, and the span of time that is shown. */
import { computed, ref } from 'vue'
import { type Frame } from './option'
import { momentAt, xOf } from './option'
import { type Timeline } from './useTimeline'
import { scaled } from './useTimeline'

/** A drag shorter than this is a click. */
const CLICK_PX = 6
const IN = 0.7
const FAR = 10
/** A zoom shows so many steps at least. */
const LEAST_STEPS = 4

export function usePointer(timeline: Timeline, geometry: () => { frame: Frame; width: number; step: number; edge: number }) {
  /** Where a drag began, and where it is, in px. */
  const drag = ref<{ readonly from: number; readonly to: number }>()
  /** The crosshair was put here by this chart, which then shows the values. */
  const here = ref<'no' | 'pointer' | 'keys'>('no')

  const moment = (x: number) => {
    const { frame, width, step, edge } = geometry()
    const at = momentAt(x, timeline.shown.value, frame, width)
    return edge - Math.round((edge - at) / step) * step
  }
  const xIn = (event: MouseEvent) => event.clientX - (event.currentTarget as HTMLElement).getBoundingClientRect().left
  const least = () => geometry().step * LEAST_STEPS

  function move(event: PointerEvent): void {
    const x = xIn(event)
    if (drag.value !== undefined) drag.value = { ...drag.value, to: x }
    here.value = 'pointer'
    timeline.point(moment(x))
  }

  function down(event: PointerEvent): void {
    if (event.button !== 0 || event.pointerType === 'touch') return
    const x = xIn(event)
    drag.value = { from: x, to: x }
    ;(event.currentTarget as HTMLElement).setPointerCapture(event.pointerId)
  }

  function up(): void {
    const dragged = drag.value
    drag.value = undefined
    if (dragged === undefined || Math.abs(dragged.to - dragged.from) < CLICK_PX) return
    const { frame, width } = geometry()
    const [from, to] = [dragged.from, dragged.to].sort((a, b) => a - b).map((x) => momentAt(x, timeline.shown.value, frame, width))
    if (from !== undefined && to !== undefined) timeline.zoom({ from, to }, least())
  }

  function leave(): void {
    if (drag.value !== undefined) return
    here.value = 'no'
    timeline.point(undefined)
  }

  function cancel(): void {
    drag.value = undefined
  }

  /** With Ctrl or Cmd, as on a map: the wheel alone scrolls the page. A pinch on a touchpad is a wheel with Ctrl. */
  function wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return
    event.preventDefault()
    timeline.zoom(scaled(timeline.shown.value, moment(xIn(event)), event.deltaY < 0 ? IN : 1 / IN), least())
  }

  function to(at: number): void {
    const { from, to: end } = timeline.shown.value
    here.value = 'keys'
    timeline.point(Math.min(end, Math.max(from, at)))
  }

  function key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const { step, edge } = geometry()
    const { from, to: end } = timeline.shown.value
    const now = timeline.at.value ?? Math.min(edge, end) + step
    const by = step * (event.shiftKey ? FAR : 1)
    const keys: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => to(now - by),
      ArrowRight: () => to(now + by),
      Home: () => to(from),
      End: () => to(Math.min(edge, end)),
      '+': () => timeline.zoom(scaled({ from, to: end }, timeline.at.value ?? end, IN), least()),
      '-': () => timeline.zoom(scaled({ from, to: end }, timeline.at.value ?? end, 1 / IN), least()),
      '0': () => timeline.zoom(),
      Escape: () => (drag.value === undefined ? leave() : cancel()),
    }
    const run = keys[event.key]
    if (run === undefined) return
    event.preventDefault()
    event.stopPropagation()
    run()
  }

  const cross = computed(() => {
    const { frame, width } = geometry()
    const { at, shown } = timeline
    if (at.value === undefined || at.value < shown.value.from || at.value > shown.value.to) return undefined
    return xOf(at.value, shown.value, frame, width)
  })

  return { here, drag, cross, move, down, up, leave, cancel, wheel, key }
}
