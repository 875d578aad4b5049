/** Which objects a privilege is about, as one chooses it: all, these, those with a tag, those in a pool, those that match. Pure. */

export type Selection =
  | { readonly kind: 'all' }
  | { readonly kind: 'these'; readonly ids: readonly string[] }
  | { readonly kind: 'tag'; readonly tag: string; readonly pool?: string }
  | { readonly kind: 'pool'; readonly pool: string }
  | { readonly kind: 'filter'; readonly filter: string }

/** Always in quotation marks: a tag may look like a number, or hold what the language means something by. */
const exact = (value: string) => `="${value.replace(/(["\\])/g, '\\$1')}"`

/** The selector of a privilege; undefined: any object. */
export function selectorOf(selection: Selection): string | undefined {
  switch (selection.kind) {
    case 'all':
      return undefined
    case 'these':
      return selection.ids.length === 1 ? `id:${exact(selection.ids[0]!)}` : `id:|(${selection.ids.map(exact).join(' ')})`
    case 'tag':
      return `tags:${exact(selection.tag)}${selection.pool === undefined ? '' : ` $pool:${exact(selection.pool)}`}`
    case 'pool':
      return `$pool:${exact(selection.pool)}`
    case 'filter':
      return selection.filter.trim() === '' ? undefined : selection.filter.trim()
  }
}

const TEXT = String.raw`="((?:[^"\\]|\\.)*)"|=?([\w.-]+)`
const plain = (quoted: string | undefined, bare: string | undefined) => (quoted ?? bare ?? '').replace(/\\(.)/g, '$1')
const ONE = new RegExp(String.raw`^id:(?:${TEXT})$`)
const MANY = /^id:\|\((.*)\)$/
const EACH = new RegExp(TEXT, 'g')
const TAG = new RegExp(String.raw`^tags:="((?:[^"\\]|\\.)*)"(?: \$pool:(?:${TEXT}))?$`)
const POOL = new RegExp(String.raw`^\$pool:(?:${TEXT})$`)

/** The choice that makes a selector; what none of them makes is a filter. */
export function selectionOf(selector: string | undefined): Selection {
  const text = (selector ?? '').trim()
  if (text === '') return { kind: 'all' }
  const one = ONE.exec(text)
  if (one !== null) return { kind: 'these', ids: [plain(one[1], one[2])] }
  const many = MANY.exec(text)
  if (many !== null) {
    const ids = [...many[1]!.matchAll(EACH)].map(([, quoted, bare]) => plain(quoted, bare))
    if (selectorOf({ kind: 'these', ids }) === text) return { kind: 'these', ids }
  }
  const tag = TAG.exec(text)
  if (tag !== null) return { kind: 'tag', tag: plain(tag[1], undefined), ...(tag[2] === undefined && tag[3] === undefined ? {} : { pool: plain(tag[2], tag[3]) }) }
  const pool = POOL.exec(text)
  if (pool !== null) return { kind: 'pool', pool: plain(pool[1], pool[2]) }
  return { kind: 'filter', filter: text }
}

/** Whether there is enough of it to be stored. */
export function complete(selection: Selection): boolean {
  switch (selection.kind) {
    case 'all':
      return true
    case 'these':
      return selection.ids.length > 0
    case 'tag':
      return selection.tag.trim() !== ''
    case 'pool':
      return selection.pool !== ''
    case 'filter':
      return selection.filter.trim() !== ''
  }
}

