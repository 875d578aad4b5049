/** One ECharts instance in an element: made when both are there, resized with it, drawn anew when the option changes. */
import { useResizeObserver } from '@vueuse/core'
import { type EChartsCoreOption } from 'echarts/core'
import { onMounted, onScopeDispose, ref, watch, type Ref } from 'vue'
import { loadEcharts, type Chart } from './echarts'

/** `width` is kept at the element's, in px: the option may depend on it. */
export function useChart(target: Readonly<Ref<HTMLElement | null>>, width: Ref<number>, option: () => EChartsCoreOption) {
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  let chart: Chart | undefined
  let gone = false

  function paint(): void {
    if (width.value > 0) chart?.setOption(option(), { notMerge: true, silent: true })
  }

  async function load(): Promise<void> {
    state.value = 'loading'
    try {
      const echarts = await loadEcharts()
      if (gone || target.value === null) return
      width.value = target.value.clientWidth
      chart = echarts.init(target.value, null, { renderer: 'canvas' })
      paint()
      state.value = 'ready'
    } catch {
      state.value = 'failed' // most likely the chunk: offline, or a new version was installed
    }
  }

  onMounted(load)
  useResizeObserver(target, ([entry]) => {
    if (entry === undefined || entry.contentRect.width === 0) return
    width.value = entry.contentRect.width
    chart?.resize()
  })
  watch(option, paint, { flush: 'post' })
  onScopeDispose(() => {
    gone = true
    chart?.dispose()
  })

  /** The picture as it is, `ratio` pixels for each of the screen. */
  const picture = (ratio: number): HTMLCanvasElement | undefined => chart?.renderToCanvas({ pixelRatio: ratio })

  return { state, load, picture }
}
