/** Columns of physical interfaces. */
import { type PIF } from '@/api/types'
import { flagColumn, idColumn, linkColumn, numberColumn, poolColumn, stateColumn, textColumn, titleColumn, type ModuleColumn, type StateLook } from '../columns'
import { number } from '@/i18n/format'
import { type Look } from '../look'

/** A line's speed; XAPI speaks Mbit/s. */
export function speedText(megabits: number | undefined): string | undefined {
  if (megabits === undefined || megabits <= 0) return undefined
  return megabits >= 1000 ? `${number(megabits / 1000, 1)} Gbit/s` : `${number(megabits)} Mbit/s`
}

export function pifState(pif: PIF, look: Look): StateLook {
  if (!pif.attached) return { icon: 'i-lucide-unplug', tone: 'idle', word: look.t('plug.detached') }
  if (pif.carrier === false) return { icon: 'i-lucide-triangle-alert', tone: 'bad', word: look.t('plug.noCarrier') }
  return { icon: 'i-lucide-plug-zap', tone: 'good', word: look.t('plug.attached') }
}

export const pifColumns: ModuleColumn<PIF>[] = [
  titleColumn<PIF>('PIF', ['device', 'vlan', '$host'], { width: 200 }),
  stateColumn<PIF>('state', ['attached', 'carrier'], pifState),
  linkColumn<PIF>('host', ['$host'], 'host', (pif) => pif.$host),
  linkColumn<PIF>('network', ['$network'], 'network', (pif) => pif.$network, { brief: true, width: 180 }),
  textColumn<PIF>('address', ['ip'], (pif) => pif.ip, { mono: true, width: 130, brief: true }),
  textColumn<PIF>('mac', ['mac'], (pif) => pif.mac, { mono: true, width: 140 }),
  numberColumn<PIF>('vlan', ['vlan'], (pif) => (pif.vlan >= 0 ? pif.vlan : undefined), { width: 72, bare: true }),
  textColumn<PIF>('speed', ['speed'], (pif) => speedText(pif.speed), { width: 100, align: 'end', sort: (pif) => pif.speed }),
  textColumn<PIF>('mode', ['mode'], (pif) => pif.mode, { width: 90 }),
  flagColumn<PIF>('management', ['management'], (pif) => pif.management, { width: 120 }),
  flagColumn<PIF>('physical', ['physical'], (pif) => pif.physical, { width: 96 }),
  numberColumn<PIF>('mtu', ['mtu'], (pif) => pif.mtu, { width: 72, bare: true }),
  textColumn<PIF>('deviceName', ['deviceName'], (pif) => pif.deviceName, { width: 220, extra: true }),
  textColumn<PIF>('netmask', ['netmask'], (pif) => pif.netmask, { mono: true, extra: true }),
  textColumn<PIF>('gateway', ['gateway'], (pif) => pif.gateway, { mono: true, extra: true }),
  textColumn<PIF>('dns', ['dns'], (pif) => pif.dns, { mono: true, extra: true }),
  flagColumn<PIF>('bondMaster', ['isBondMaster'], (pif) => pif.isBondMaster, { extra: true }),
  flagColumn<PIF>('bondSlave', ['isBondSlave'], (pif) => pif.isBondSlave, { extra: true }),
  poolColumn<PIF>({ extra: true }),
  idColumn<PIF>(),
]
