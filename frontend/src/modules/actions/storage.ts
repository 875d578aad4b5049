/** What several dialogs ask for: an SR that may take disks, and a way to say how much is free in it. */
import { patch, pathOf } from '@/api/act'
import { type SR } from '@/api/types'
import { bytes } from '@/i18n/format'
import { type AnyObject, type Around, type Field, type ObjectChoice, type Params } from './action'
import { first, unless } from './reasons'

export const free = (sr: { readonly size: number; readonly physical_usage: number }) => Math.max(0, sr.size - sr.physical_usage)

/** A choice among SRs for disks: of one pool, or of all. `not`: the one where the disk is now. */
export function srChoice({ pool, size = 0, not }: { pool?: string; size?: number; not?: string }): ObjectChoice {
  return {
    kind: 'object',
    of: 'SR',
    fit(candidate) {
      const sr = candidate as unknown as SR
      return first(
        unless(pool !== undefined && sr.$pool !== pool, 'why.otherPool'),
        unless(sr.content_type === 'iso' || sr.SR_type === 'iso' || sr.SR_type === 'udev', 'why.notForDisks'),
        unless(sr.id === not, 'why.alreadyThere'),
        unless(sr.inMaintenanceMode, 'why.maintenance'),
        unless(sr.size >= 0 && free(sr) < size, 'why.noSpace', { free: bytes(free(sr)) }),
      )
    },
    detail(candidate, around: Around) {
      const sr = candidate as unknown as SR
      return around.t('form.free', { size: bytes(free(sr)) })
    },
  }
}

/** Name and description, as they are now. */
export function nameFields(object: AnyObject): readonly Field[] {
  return [
    { kind: 'text', name: 'name_label', label: 'form.name', initial: String(object.name_label ?? '') },
    { kind: 'text', name: 'name_description', label: 'form.description', initial: String(object.name_description ?? ''), optional: true, long: true },
  ]
}

/** Gives an object a name and a description. */
export const rename = (collection: string) => (object: { readonly id: string }, { name_label, name_description }: Params) =>
  patch(pathOf(collection, object.id), { name_label, name_description: name_description ?? '' })

/** Gives back those it had. */
export const renameBack = (collection: string) => (object: { readonly id: string; readonly name_label: string; readonly name_description: string }) =>
  patch(pathOf(collection, object.id), { name_label: object.name_label, name_description: object.name_description })
