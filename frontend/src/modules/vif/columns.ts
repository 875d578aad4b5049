/** Columns of virtual interfaces. */
import { type VIF } from '@/api/types'
import { attachedState } from '../attached'
import { flagColumn, idColumn, linkColumn, numberColumn, poolColumn, stateColumn, textColumn, titleColumn, type ModuleColumn } from '../columns'

export const vifColumns: ModuleColumn<VIF>[] = [
  titleColumn<VIF>('VIF', ['device', '$VM'], { width: 220 }),
  stateColumn<VIF>('state', ['attached'], attachedState),
  linkColumn<VIF>('vm', ['$VM'], ['VM', 'VM-template', 'VM-snapshot', 'VM-controller'], (vif) => vif.$VM, { needs: ['VM', 'VM-template', 'VM-snapshot', 'VM-controller'], width: 180 }),
  linkColumn<VIF>('network', ['$network'], 'network', (vif) => vif.$network, { brief: true, width: 180 }),
  textColumn<VIF>('mac', ['MAC'], (vif) => vif.MAC, { mono: true, width: 140, brief: true }),
  numberColumn<VIF>('mtu', ['MTU'], (vif) => vif.MTU, { width: 72, bare: true }),
  textColumn<VIF>('locking', ['lockingMode'], (vif) => vif.lockingMode, { width: 140 }),
  textColumn<VIF>('allowed', ['allowedIpv4Addresses', 'allowedIpv6Addresses'], (vif) => [...(vif.allowedIpv4Addresses ?? []), ...(vif.allowedIpv6Addresses ?? [])].join(' '), { mono: true, width: 180 }),
  numberColumn<VIF>('rateLimit', ['rateLimit'], (vif) => vif.rateLimit, { width: 110 }),
  flagColumn<VIF>('checksumming', ['txChecksumming'], (vif) => vif.txChecksumming, { extra: true, width: 130 }),
  poolColumn<VIF>({ extra: true }),
  idColumn<VIF>(),
]
