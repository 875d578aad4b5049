/** The name and the icon of a type. */
import { type TypeName } from '@/api/types'
import { TYPE_ICON } from '@/components/states'
import { type useText } from '@/i18n'

const ICONS: { readonly [K in TypeName]?: string } = {
  'VM-controller': 'i-lucide-square-terminal',
  SM: 'i-lucide-puzzle',
  PBD: 'i-lucide-plug',
  'VDI-unmanaged': 'i-lucide-hard-drive',
  VBD: 'i-lucide-link',
  bond: 'i-lucide-git-merge',
  'xapi-task': 'i-lucide-list-todo',
  patch: 'i-lucide-bandage',
  pool_patch: 'i-lucide-bandage',
  PCI: 'i-lucide-circuit-board',
  PGPU: 'i-lucide-gpu',
  vgpu: 'i-lucide-gpu',
  gpuGroup: 'i-lucide-group',
  vgpuType: 'i-lucide-gpu',
  VTPM: 'i-lucide-key-round',
  PUSB: 'i-lucide-usb',
  VUSB: 'i-lucide-usb',
  USB_group: 'i-lucide-group',
  'alarm-rule': 'i-lucide-sliders-horizontal',
  'notification-channel': 'i-lucide-send',
  notification: 'i-lucide-mail-check',
}

export function iconOf(type: TypeName): string {
  return TYPE_ICON[type] ?? ICONS[type] ?? 'i-lucide-box'
}

export function typeWord(type: TypeName, form: 'one' | 'many', tOr: ReturnType<typeof useText>['tOr']): string {
  return tOr(`type.${type}.${form}`, type)
}
