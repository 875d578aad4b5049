// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import enCore from './en'
import enLate from './en/late'
import enPeople from './en/people'
import frCore from './fr'
import frLate from './fr/late'
import frPeople from './fr/people'

const en = { ...enCore, ...enLate, ...enPeople, type: { ...enCore.type, ...enPeople.type } }
const fr = { ...frCore, ...frLate, ...frPeople, type: { ...frCore.type, ...frPeople.type } }

type Tree = { readonly [key: string]: string | Tree }

function flat(tree: Tree, before = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') found.set(before + key, value)
    else for (const [path, text] of flat(value, `${before}${key}.`)) found.set(path, text)
  }
  return found
}

const english = flat(en as Tree)
const french = flat(fr as Tree)
const holes = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort()

describe('texts', () => {
  it('are the same in both languages', () => {
    expect([...french.keys()].sort()).toEqual([...english.keys()].sort())
  })

  it('are not empty', () => {
    for (const [key, text] of [...english, ...french]) expect(text, key).not.toBe('')
  })

  it.each([...english.keys()])('%s takes the same values, in as many forms', (key) => {
    const [a, b] = [english.get(key)!, french.get(key)!]
    expect(holes(b)).toEqual(holes(a))
    expect(b.split(' | ').length).toBe(a.split(' | ').length)
  })
})

const root = join(import.meta.dirname, '..')
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(vue|ts)$/.test(file) && !/\.spec\.ts$|i18n[/\\](en|fr)[/\\]/.test(file))
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))

describe('sources', () => {
  it('name only texts that exist', () => {
    const unknown = sources.flatMap(({ file, text }) => [...text.matchAll(/[^\w.]t\('([\w.-]+)'/g)].map(([, key]) => key!).filter((key) => !english.has(key)).map((key) => `${file}: ${key}`))
    expect(unknown).toEqual([])
  })

  it('name only icons that are in the bundle', () => {
    const icons = createRequire(import.meta.url)('@iconify-json/lucide/icons.json') as { icons: object; aliases?: object }
    const known = new Set([...Object.keys(icons.icons), ...Object.keys(icons.aliases ?? {})])
    const unknown = sources.flatMap(({ file, text }) => [...text.matchAll(/i-lucide-([a-z0-9-]+)/g)].map(([, name]) => name!).filter((name) => !known.has(name)).map((name) => `${file}: ${name}`))
    expect(unknown).toEqual([])
  })
})
