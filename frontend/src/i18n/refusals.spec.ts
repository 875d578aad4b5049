// @vitest-environment node
import { describe, expect, it } from 'vitest'
import en from './en/refusals.gen'
import fr from './fr/refusals.gen'

const holes = (text: string) => [...new Set([...text.matchAll(/\{(\d)\}/g)].map(([, at]) => at))].sort()

describe('refusals', () => {
  it('are the same in both languages', () => {
    expect(Object.keys(fr.sentences)).toEqual(Object.keys(en.sentences))
    expect(Object.keys(fr.words)).toEqual(Object.keys(en.words))
    for (const [code, text] of Object.entries(en.sentences)) expect(holes(fr.sentences[code]!), code).toEqual(holes(text))
  })

  it('have nothing in them that the texts’ compiler takes for its own', () => {
    for (const text of [...Object.values(en.sentences), ...Object.values(fr.sentences), ...Object.values(en.words), ...Object.values(fr.words)]) {
      expect(text.replace(/\{[0-5]\}/g, '')).not.toMatch(/[@|{}\\]/)
      expect(text).not.toBe('')
    }
  })
})
