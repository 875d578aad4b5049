// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { type Entry } from '@/composables/search'
import { begun, commands, fits, type Verb } from './commands'
import { actionOf } from './registry'

const verb = (type: 'VM' | 'host', name: string, ...labels: string[]): Verb => ({ action: actionOf(type, name)!, labels })
const VERBS = [
  verb('VM', 'start', 'Démarrer', 'start'),
  verb('VM', 'start_on', 'Démarrer sur …', 'start on'),
  verb('VM', 'clean_shutdown', 'Arrêter', 'clean shutdown', 'Shut down'),
  verb('VM', 'hard_shutdown', 'Forcer l’arrêt', 'hard shutdown', 'Force off'),
  verb('VM', 'snapshot', 'Prendre un instantané', 'snapshot'),
  verb('host', 'clean_shutdown', 'Arrêter', 'clean shutdown', 'Shut down'),
]
const entry = (kind: Entry['kind'], id: string, name: string): Entry => ({ kind, id, name, detail: '', hay: `${name}\n${id}`.toLowerCase() })
const ENTRIES = [entry('VM', 'v1', 'web-12'), entry('VM', 'v2', 'web-13'), entry('host', 'h1', 'web-host'), entry('VM', 'v3', 'start page'), entry('SR', 's1', 'web store')]
const said = (query: string) => commands(query, VERBS, ENTRIES, 10).map(({ action, entry: { name } }) => `${action.type}.${action.name} ${name}`)

describe('commands', () => {
  it('are a verb and a name, in either order', () => {
    expect(said('start web-12')).toEqual(['VM.start web-12', 'VM.start_on web-12'])
    expect(said('web-12 start')).toEqual(['VM.start web-12', 'VM.start_on web-12'])
  })

  it('take beginnings, and verbs of several words', () => {
    expect(said('sta web-1')[0]).toBe('VM.start web-12')
    expect(said('shut down web-13')).toEqual(['VM.clean_shutdown web-13'])
    expect(said('shut web')).toEqual(expect.arrayContaining(['VM.clean_shutdown web-12', 'host.clean_shutdown web-host']))
    expect(said('force off web-12')[0]).toBe('VM.hard_shutdown web-12')
    expect(said('start on web-12')[0]).toBe('VM.start_on web-12')
  })

  it('are understood in the reader’s language, with or without accents', () => {
    expect(said('démarrer web-12')[0]).toBe('VM.start web-12')
    expect(said('demarrer web-12')[0]).toBe('VM.start web-12')
    expect(said('arreter web-host')).toEqual(['host.clean_shutdown web-host'])
  })

  it('act only upon objects of their type', () => {
    expect(said('start web store')).toEqual([])
  })

  it('need both; a verb alone is an offer', () => {
    expect(said('start')).toEqual([])
    expect(begun('sta', VERBS, 5).map(({ action }) => action.name)).toEqual(['start', 'start_on'])
    expect(begun('web-12', VERBS, 5)).toEqual([])
  })

  it('fit best when the whole label is written', () => {
    expect(fits(['start'], 'Start')).toBe(3)
    expect(fits(['start'], 'Start on …')).toBe(2)
    expect(fits(['on'], 'Start on …')).toBe(1)
    expect(fits(['tart'], 'Start')).toBe(0)
  })
})
