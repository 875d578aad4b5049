/** Columns of PCI devices. */
import { type TypeMap } from '@/api/types'
import { idColumn, linkColumn, poolColumn, textColumn, titleColumn, type ModuleColumn } from '../columns'

type PCI = TypeMap['PCI']

export const pciColumns: ModuleColumn<PCI>[] = [
  titleColumn<PCI>('PCI', ['device_name', 'pci_id'], { width: 320 }),
  textColumn<PCI>('class', ['class_name'], (pci) => pci.class_name, { width: 240, brief: true }),
  textColumn<PCI>('pciId', ['pci_id'], (pci) => pci.pci_id, { mono: true }),
  linkColumn<PCI>('host', ['$host'], 'host', (pci) => pci.$host, { brief: true }),
  poolColumn<PCI>(),
  idColumn<PCI>(),
]
