/** Rows as CSV and JSON, as the reader sees them. */
import type { Cell, Column } from './column'

/** A cell as plain text. Times are written in ISO 8601. */
export function cellText(cell: Cell): string {
  switch (cell.kind) {
    case 'text':
    case 'number':
    case 'bar':
    case 'copy':
      return cell.text
    case 'state':
    case 'flag':
      return cell.word
    case 'link':
      return cell.link.text
    case 'links':
      return cell.links.map((link) => link.text).join(' ')
    case 'tags':
      return cell.tags.join(' ')
    case 'time':
      return new Date(cell.at).toISOString()
    case 'span':
      return new Date(cell.since).toISOString()
    case 'part':
      return cell.text()
    case 'none':
      return ''
  }
}

function value<T, C>(column: Column<T, C>, row: T, context: C): unknown {
  return column.plain === undefined ? cellText(column.cell(row, context)) : column.plain(row, context)
}

/** One CSV field (RFC 4180). A leading sign that a spreadsheet would run as a formula is disarmed by an apostrophe. */
export function csvField(value: unknown): string {
  const text = value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)
  const safe = typeof value !== 'number' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

export function toCsv<T extends { id: string }, C>(
  rows: readonly T[],
  columns: readonly Column<T, C>[],
  { context, header }: { context: C; header: (column: Column<T, C>) => string },
): string {
  const lines = [['id', ...columns.map(header)].map(csvField).join(',')]
  for (const row of rows) lines.push([row.id, ...columns.map((column) => value(column, row, context))].map(csvField).join(','))
  return `${lines.join('\r\n')}\r\n`
}

/** The objects themselves, as the API would answer for the shown columns. */
export function toJson<T extends { id: string }, C>(rows: readonly T[], columns: readonly Column<T, C>[]): string {
  const names = ['id', ...new Set(columns.flatMap((column) => column.reads.map((name) => name.split('.')[0] as string).filter((name) => name !== 'id')))]
  const picked = rows.map((row) => Object.fromEntries(names.flatMap((name) => (name in row ? [[name, (row as Record<string, unknown>)[name]]] : []))))
  return `${JSON.stringify(picked, null, 2)}\n`
}

/** A query's address as a line for a shell, the token left for the reader to fill in. */
export function curlLine(origin: string, collection: string, query: { fields: readonly string[]; filter: string; sort: string }): string {
  const parameters = [['fields', query.fields.join(',')]]
  if (query.filter.trim() !== '') parameters.push(['filter', query.filter.trim()])
  if (query.sort !== '') parameters.push(['sort', query.sort])
  const lines = [`curl -sG '${origin}/rest/v0/${collection}'`, `-H 'Authorization: Bearer $PODIUM_TOKEN'`.replaceAll("'", '"')]
  for (const [name, value] of parameters) lines.push(`--data-urlencode ${shell(`${name}=${value}`)}`)
  return lines.join(' \\\n  ')
}

function shell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** Hands a text to the browser as a file to keep. */
export function download(name: string, type: string, text: string) {
  saveBlob(name, new Blob([text], { type }))
}

/** The same for what is no text. */
export function saveBlob(name: string, blob: Blob) {
  const address = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 1000)
}
