import { describe, expect, it } from 'vitest'
import { type VMTemplate } from '@/api/types'
import { bodyOf, namesOf, wishOf } from './wish'

const template = {
  id: 't',
  CPUs: { number: 2, max: 4 },
  memory: { static: [1, 2 ** 30] },
  template_info: { disks: [{ device: '0', size: 10, SR: '', bootable: true }], install_methods: [] },
} as unknown as VMTemplate

describe('the names of a pattern', () => {
  it('counts with leading zeros', () => expect(namesOf('web-{08..11}.lab')).toEqual(['web-08.lab', 'web-09.lab', 'web-10.lab', 'web-11.lab']))
  it('takes a plain name as it is', () => expect(namesOf('  db  ')).toEqual(['db']))
  it('refuses what goes backwards, or too far', () => {
    expect(namesOf('a{3..1}')).toBeUndefined()
    expect(namesOf('a{1..1000}')).toBeUndefined()
    expect(namesOf('a{x..y}')).toBeUndefined()
  })
})

describe('the body', () => {
  it('leaves out what is as the template has it', () => {
    const wish = { ...wishOf(template, 'n'), boot: false }
    expect(bodyOf(template, wish, 'a')).toEqual({ template: 't', name_label: 'a', vdis: [{ userdevice: '0', size: 10 }], vifs: [{ network: 'n' }] })
  })
  it('says which of the template’s disks to leave out', () => {
    const wish = { ...wishOf(template, undefined), disks: [{ key: 1, name: 'data', size: 5, sr: 's' }] }
    expect(bodyOf(template, wish, 'a').vdis).toEqual([{ name_label: 'data', size: 5, sr: 's' }, { userdevice: '0', destroy: true }])
  })
  it('asks for an image, and for cloud-init with its network', () => {
    const wish = { ...wishOf(template, undefined), install: 'cdrom' as const, image: 'i', cloudConfig: '#cloud-config', networkConfig: 'version: 2' }
    expect(bodyOf(template, wish, 'a')).toMatchObject({ install: { method: 'cdrom', repository: 'i' }, cloud_config: '#cloud-config', network_config: 'version: 2', boot: true })
    expect(bodyOf(template, { ...wish, cloudConfig: ' ' }, 'a')).not.toHaveProperty('network_config')
  })
  it('says nothing of what the template has, if it is to stay so', () => {
    const devices = { disks: [{ userdevice: '1', name: 'data', size: 7, sr: 's' }], interfaces: [{ device: '0', network: 'n' }] }
    const wish = wishOf(template, 'other', devices)
    expect(bodyOf(template, wish, 'a', devices)).toMatchObject({ vdis: [{ userdevice: '0', size: 10 }] })
    expect(bodyOf(template, wish, 'a', devices)).not.toHaveProperty('vifs')
    wish.disks[0]!.size = 9
    wish.interfaces = []
    expect(bodyOf(template, wish, 'a', devices)).toMatchObject({ vdis: [{ userdevice: '1', size: 9 }, { userdevice: '0', size: 10 }], vifs: [{ device: '0', destroy: true }] })
  })
})
