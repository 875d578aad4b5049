/**
 * ECharts, loaded when a chart is shown and never before: no chart counts against the first load (UX.md, Feel).
 * Import types only from 'echarts/core'; everything that runs comes from here.
 */
import type Core from './echartsLines'

export type Echarts = typeof Core
export type Chart = ReturnType<Echarts['init']>

/** Kinds of charts beside lines; each is loaded when the first one asks for it. */
const MORE = {
  heat: () => import('./echartsHeat'),
  tree: () => import('./echartsTree'),
} as const

/**
 * The core with lines, grids, zoom and axis pointers registered, and the `more` kinds too.
 * A failed load (offline, a new version deployed) rejects, and the next call tries again.
 */
export async function loadEcharts(...more: readonly (keyof typeof MORE)[]): Promise<Echarts> {
  const [core] = await Promise.all([import('./echartsLines'), ...more.map((kind) => MORE[kind]())])
  return core.default
}
