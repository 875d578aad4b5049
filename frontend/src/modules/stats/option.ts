/** What ECharts is told: a plan, as far as it is shown, drawn in the colours of the theme. Pure. */
import { type EChartsCoreOption } from 'echarts/core'
import { moment } from '@/i18n/format'
import { colorOf, strokeOf, type Colors } from './colors'
import { merge, points, within, type ChartPlan, type Point, type Series, type Span } from './series'
import { scaleOf, tick } from './units'

export interface View {
  readonly plan: ChartPlan
  readonly span: Span
  /** Keys of series that the reader has put away. */
  readonly hidden: ReadonlySet<string>
  readonly stacked: boolean
  /** The series that the reader points at in the legend: the others step back. */
  readonly pointed?: string
  readonly colors: Colors
  /** Of the whole chart, in px. */
  readonly width: number
  readonly height: number
}

/** Where the lines are drawn, in px from the edges of the chart. */
export interface Frame {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

export interface Drawing {
  readonly option: EChartsCoreOption
  readonly frame: Frame
}

const FONT_PX = 11
const LETTER_PX = 6.4
const TICK_PX = 80
const LABEL_PX = 12
/** Above and below where the lines are drawn. */
export const TOP_PX = 10
export const BOTTOM_PX = 22
/** Names stand at the ends of so many lines, on charts that wide; numbers of up to so many. */
const NAMED = 6
const WIDE_PX = 420
const NUMBERED = 16
const NAME_LETTERS = 16
const FADED = 0.2

export interface Line {
  readonly series: Series
  /** In the plan: what it looks like, and its number. */
  readonly place: number
  readonly points: readonly Point[]
}

/** What is drawn of each series that is not put away. Lines that stand upon each other have their points at the same moments. */
export function linesOf({ plan, span, hidden, stacked }: Pick<View, 'plan' | 'span' | 'hidden' | 'stacked'>): Line[] {
  const seen = plan.series.map((series, place) => ({ series, place })).filter(({ series }) => !hidden.has(series.key))
  if (!stacked) return seen.map((each) => ({ ...each, points: within(points(each.series), grown(span, each.series)) }))
  const { times, columns } = merge(seen.map(({ series }) => series), seen[0] && grown(span, seen[0].series))
  return seen.map((each, i) => ({ ...each, points: times.map((at, j): Point => [at, columns[i]?.[j] ?? null]) }))
}

/** With the step before, so that lines begin at the edge of what is shown. Their ends stay within: there the labels are. */
function grown({ from, to }: Span, { interval }: Series): Span {
  return { from: from - interval * 1000, to }
}

/** The highest value in the span, of one line or of all upon each other. */
export function highest(lines: readonly Line[], stacked: boolean): number {
  if (!stacked) return Math.max(0, ...lines.flatMap((line) => line.points.map(([, value]) => value ?? 0)))
  const length = lines[0]?.points.length ?? 0
  let top = 0
  for (let i = 0; i < length; i++) top = Math.max(top, lines.reduce((total, line) => total + (line.points[i]?.[1] ?? 0), 0))
  return top
}

/** Where numbers are at the ends of lines instead of names: the legend says them, too. */
export function labelsOf(count: number, width: number): 'names' | 'numbers' | 'none' {
  if (count < 2) return 'none'
  if (count <= NAMED && width >= WIDE_PX) return 'names'
  return count <= NUMBERED ? 'numbers' : 'none'
}

function cut(text: string): string {
  return text.length > NAME_LETTERS ? `${text.slice(0, NAME_LETTERS - 1)}…` : text
}

/** Positions no nearer to each other than `gap`, between `top` and `bottom`, each as near to the wanted one as that lets it be. */
export function spread(wanted: readonly number[], gap: number, top: number, bottom: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!)
  const found = [...wanted]
  let least = top
  for (const i of order) least = (found[i] = Math.max(wanted[i]!, least)) + gap
  let most = bottom
  for (const i of order.reverse()) most = (found[i] = Math.min(found[i]!, most)) - gap
  return found
}

/** What stands at the end of each line, and how far above or below it in px. */
function endings({ width, height, stacked, span }: View, lines: readonly Line[], top: number, max: number): { text: string; shift: number }[] {
  const labels = labelsOf(lines.length, width)
  const room = height - TOP_PX - BOTTOM_PX
  let below = 0
  const ys = lines.map(({ points: list }) => {
    const last = list.findLast(([at, value]) => value !== null && at <= span.to)?.[1] ?? 0
    below = stacked ? below + last : last
    return top + (1 - below / max) * room
  })
  const texts = lines.map(({ series, place }) => {
    if (labels === 'numbers') return String(place + 1)
    return labels === 'names' || (series.main === true && lines.length > 1 && width >= WIDE_PX) ? cut(series.short ?? series.name) : ''
  })
  if (labels === 'names') return spread(ys, LABEL_PX, top, top + room).map((y, i) => ({ text: texts[i]!, shift: y - ys[i]! }))
  // Of numbers that would stand upon each other, the first is enough: the legend has them all.
  const taken: number[] = []
  return texts.map((text, i) => {
    if (text === '' || taken.some((y) => Math.abs(y - ys[i]!) < LABEL_PX)) return { text: '', shift: 0 }
    taken.push(ys[i]!)
    return { text, shift: 0 }
  })
}

export function draw(view: View): Drawing {
  const { plan, span, colors, width, stacked, pointed } = view
  const lines = linesOf(view)
  const scale = scaleOf(plan.unit, highest(lines, stacked), plan.most)
  const ticks = Array.from({ length: Math.round(scale.max / scale.step) + 1 }, (_, i) => tick(plan.unit, i * scale.step, scale.step))
  const ends = endings(view, lines, TOP_PX, scale.max)
  const letters = (list: readonly string[]) => Math.max(0, ...list.map((text) => text.length)) * LETTER_PX
  const frame: Frame = { left: Math.ceil(letters(ticks)) + 12, right: Math.ceil(letters(ends.map(({ text }) => text))) + 16, top: TOP_PX, bottom: BOTTOM_PX }
  const label = { color: colors.muted, fontSize: FONT_PX, fontFamily: colors.font }
  const option: EChartsCoreOption = {
    animation: false,
    grid: { ...frame, containLabel: false, outerBoundsMode: 'none' },
    xAxis: {
      type: 'time',
      min: span.from,
      max: span.to,
      splitNumber: Math.max(2, Math.floor((width - frame.left - frame.right) / TICK_PX)),
      axisLine: { lineStyle: { color: colors.border } },
      axisTick: { lineStyle: { color: colors.border } },
      axisLabel: { ...label, hideOverlap: true, formatter: (at: number) => moment(at, span.to - span.from) },
      splitLine: { show: false },
    },
    yAxis: {
      type: 'value',
      min: 0,
      max: scale.max,
      interval: scale.step,
      axisLabel: { ...label, margin: 6, formatter: (value: number) => tick(plan.unit, value, scale.step) },
      splitLine: { lineStyle: { color: colors.border, width: 1 } },
    },
    series: lines.map(({ series, place, points: list }, i) => {
      const stroke = strokeOf(place, series)
      const color = colorOf(stroke, colors)
      const faded = pointed !== undefined && pointed !== series.key
      return {
        id: series.key,
        type: 'line',
        data: marked(list, span, stroke.symbol),
        symbol: 'none',
        showSymbol: true,
        connectNulls: false,
        silent: true,
        clip: true,
        z: series.main === true || pointed === series.key ? 4 : 3,
        stack: stacked ? 'all' : undefined,
        lineStyle: { color, width: stroke.width + (pointed === series.key ? 1 : 0), type: stroke.dash.length === 0 ? 'solid' : [...stroke.dash], opacity: faded ? FADED : 1 },
        itemStyle: { color, opacity: faded ? FADED : 1 },
        areaStyle: stacked ? { color, opacity: faded ? 0.08 : 0.35 } : undefined,
        endLabel: { show: ends[i]!.text !== '' && !faded, color, fontSize: FONT_PX, fontFamily: colors.font, distance: 6, offset: [0, ends[i]!.shift], formatter: ends[i]!.text },
      }
    }),
  }
  return { option, frame }
}

/** A symbol at the last known value, and at each one between two gaps, of which there would be no line. */
function marked(list: readonly Point[], span: Span, symbol: string): object[] {
  const last = list.findLastIndex(([at, value]) => value !== null && at <= span.to)
  return list.map(([at, value], i) => {
    const alone = value !== null && (list[i - 1]?.[1] ?? null) === null && (list[i + 1]?.[1] ?? null) === null
    return alone || i === last ? { value: [at, value], symbol, symbolSize: i === last ? 7 : 4 } : { value: [at, value] }
  })
}

/** Where a moment is, in px from the left edge of the chart. */
export function xOf(at: number, span: Span, frame: Frame, width: number): number {
  return frame.left + ((at - span.from) / (span.to - span.from)) * (width - frame.left - frame.right)
}

/** Which moment is there, held within the span. */
export function momentAt(x: number, span: Span, frame: Frame, width: number): number {
  const share = (x - frame.left) / Math.max(1, width - frame.left - frame.right)
  return span.from + Math.min(1, Math.max(0, share)) * (span.to - span.from)
}
