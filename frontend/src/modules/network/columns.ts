/** Columns of networks. */
import { type Network } from '@/api/types'
import { countColumn, descriptionColumn, flagColumn, idColumn, numberColumn, poolColumn, tagsColumn, textColumn, titleColumn, type ModuleColumn } from '../columns'

export const networkColumns: ModuleColumn<Network>[] = [
  titleColumn<Network>('network'),
  poolColumn<Network>({ brief: true }),
  textColumn<Network>('bridge', ['bridge'], (network) => network.bridge, { mono: true, width: 110, brief: true }),
  numberColumn<Network>('mtu', ['MTU'], (network) => network.MTU, { width: 72, bare: true }),
  countColumn<Network>('pifs', 'PIFs', { width: 72 }),
  countColumn<Network>('vifs', 'VIFs', { width: 72 }),
  flagColumn<Network>('bonded', ['isBonded'], (network) => network.isBonded),
  flagColumn<Network>('automatic', ['automatic'], (network) => network.automatic),
  flagColumn<Network>('locked', ['defaultIsLocked'], (network) => network.defaultIsLocked, { width: 130 }),
  tagsColumn<Network>(),
  descriptionColumn<Network>(),
  flagColumn<Network>('nbd', ['nbd'], (network) => network.nbd, { extra: true }),
  idColumn<Network>(),
]
