/** A chart as a picture to keep: its title, what is drawn, and its legend. */
import { type Colors } from './colors'
import { colorOf, strokeOf } from './colors'
import { type Line } from './option'

/** Pixels for each of the screen. */
export const RATIO = 2
const PAD = 16
const TITLE = 28
const ROW = 20
const ENTRY = 220

/** Throws when there is nothing to draw on. */
export async function withLegend(chart: HTMLCanvasElement, { title, note, lines, colors }: { title: string; note: string; lines: readonly Line[]; colors: Colors }): Promise<Blob> {
  const width = chart.width / RATIO
  const height = chart.height / RATIO
  const across = Math.max(1, Math.floor(width / ENTRY))
  const rows = Math.ceil(lines.length / across)
  const canvas = document.createElement('canvas')
  canvas.width = (width + 2 * PAD) * RATIO
  canvas.height = (height + 2 * PAD + TITLE + rows * ROW + 8) * RATIO
  const pen = canvas.getContext('2d')
  if (pen === null) throw new Error('no canvas')
  pen.scale(RATIO, RATIO)
  pen.fillStyle = colors.background
  pen.fillRect(0, 0, canvas.width, canvas.height)
  pen.textBaseline = 'middle'
  pen.fillStyle = colors.text
  pen.font = `600 14px ${colors.font}`
  pen.fillText(title, PAD, PAD + 8)
  pen.font = `11px ${colors.font}`
  pen.fillStyle = colors.muted
  pen.textAlign = 'end'
  pen.fillText(note, width + PAD, PAD + 8)
  pen.textAlign = 'start'
  pen.drawImage(chart, PAD, PAD + TITLE, width, height)
  lines.forEach(({ series, place }, i) => {
    const stroke = strokeOf(place, series)
    const x = PAD + (i % across) * ENTRY
    const y = PAD + TITLE + height + 8 + Math.floor(i / across) * ROW + ROW / 2
    pen.strokeStyle = colorOf(stroke, colors)
    pen.lineWidth = stroke.width
    pen.setLineDash([...stroke.dash])
    pen.beginPath()
    pen.moveTo(x, y)
    pen.lineTo(x + 24, y)
    pen.stroke()
    pen.fillStyle = colors.text
    pen.fillText(`${place + 1} ${series.name}`, x + 30, y, ENTRY - 40)
  })
  return new Promise((done, failed) => canvas.toBlob((blob) => (blob === null ? failed(new Error('no picture')) : done(blob)), 'image/png'))
}
