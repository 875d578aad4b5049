/** Columns of USB: devices, what machines see of them, groups. */
import { type PoolObject } from '@/api/types'
import { attachedState } from '../attached'
import { countColumn, flagColumn, idColumn, linkColumn, poolColumn, stateColumn, textColumn, titleColumn, type ModuleColumn } from '../columns'

export interface PUSB extends PoolObject {
  readonly description: string
  readonly host: string
  readonly passthroughEnabled: boolean
  readonly speed: string | number
  readonly usbGroup?: string
  readonly vendorId: string
  readonly version: string
}
export interface VUSB extends PoolObject {
  readonly vm: string
  readonly currentlyAttached: boolean
  readonly usbGroup?: string
}
export interface UsbGroup extends PoolObject {
  readonly name_label?: string
  readonly PUSBs: readonly string[]
  readonly VUSBs: readonly string[]
}

export const pusbColumns: ModuleColumn<PUSB>[] = [
  titleColumn<PUSB>('PUSB', ['description'], { width: 300 }),
  linkColumn<PUSB>('host', ['host'], 'host', (usb) => usb.host, { brief: true }),
  flagColumn<PUSB>('passthrough', ['passthroughEnabled'], (usb) => usb.passthroughEnabled, { width: 130, brief: true }),
  textColumn<PUSB>('usbVersion', ['version'], (usb) => usb.version, { width: 90 }),
  textColumn<PUSB>('speed', ['speed'], (usb) => (usb.speed ? `${usb.speed} Mbit/s` : undefined), { width: 110, sort: (usb) => Number(usb.speed) }),
  textColumn<PUSB>('vendorId', ['vendorId'], (usb) => usb.vendorId, { mono: true, width: 100 }),
  linkColumn<PUSB>('usbGroup', ['usbGroup'], 'USB_group', (usb) => usb.usbGroup, { needs: ['USB_group'] }),
  poolColumn<PUSB>(),
  idColumn<PUSB>(),
]

export const vusbColumns: ModuleColumn<VUSB>[] = [
  titleColumn<VUSB>('VUSB', ['vm']),
  stateColumn<VUSB>('state', ['currentlyAttached'], (usb, look) => attachedState({ attached: usb.currentlyAttached }, look)),
  linkColumn<VUSB>('vm', ['vm'], 'VM', (usb) => usb.vm, { brief: true, width: 200 }),
  linkColumn<VUSB>('usbGroup', ['usbGroup'], 'USB_group', (usb) => usb.usbGroup, { needs: ['USB_group'] }),
  poolColumn<VUSB>(),
  idColumn<VUSB>(),
]

export const usbGroupColumns: ModuleColumn<UsbGroup>[] = [
  titleColumn<UsbGroup>('USB_group'),
  countColumn<UsbGroup>('pusbs', 'PUSBs', { brief: true }),
  countColumn<UsbGroup>('vusbs', 'VUSBs', { brief: true }),
  poolColumn<UsbGroup>(),
  idColumn<UsbGroup>(),
]
