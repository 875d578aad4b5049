/** Actions that make something within another object: disks, interfaces and vTPMs of VMs, disks and SRs, networks, members. */
import { patch, pathOf, post, remove, start } from '@/api/act'
import { type Host, type Network, type PIF, type Pool, type SR, type VM } from '@/api/types'
import { define, type Action, type Field, type Params } from './action'
import { ANY_STATE, first, unless, vmMay } from './reasons'
import { srChoice } from './storage'

const GIB = 2 ** 30
const made = async (collection: string, body: Params) => (await post<{ id: string }>(`/${collection}`, body)).id

/** What is plugged in at once where the VM runs; one that cannot is there all the same, at its next start. */
async function connect(collection: string, id: string, vm: VM): Promise<{ taskId?: string }> {
  return vm.power_state === 'Running' ? { taskId: await start(pathOf(collection, id, 'actions', 'connect')) } : {}
}

async function addDisk(vm: VM, { name_label, size, srId }: Params): Promise<{ taskId?: string }> {
  const vdi = await made('vdis', { srId, virtual_size: size, name_label })
  try {
    return await connect('vbds', await made('vbds', { VM: vm.id, VDI: vdi }), vm)
  } catch (error) {
    await remove(pathOf('vdis', vdi)).catch(() => undefined) // nobody would find it again
    throw error
  }
}

const diskFields = (): readonly Field[] => [
  { kind: 'text', name: 'name_label', label: 'form.name' },
  { kind: 'size', name: 'size', label: 'form.size', initial: 10 * GIB, least: 1 },
]

export const vmMaking: readonly Action[] = [
  define<VM>({
    type: 'VM',
    name: 'add_disk',
    label: 'act.addDisk',
    icon: 'i-lucide-hard-drive',
    group: 'change',
    possible: (vm) => vmMay(vm, 'changing_disks', ANY_STATE),
    fields: (vm) => [...diskFields(), { ...srChoice({ pool: vm.$pool }), name: 'srId', label: 'form.toSr' }],
    run: addDisk,
  }),
  define<VM>({
    type: 'VM',
    name: 'add_interface',
    label: 'act.addInterface',
    icon: 'i-lucide-ethernet-port',
    group: 'change',
    possible: (vm) => vmMay(vm, 'changing_interfaces', ANY_STATE),
    fields: (vm) => [
      { kind: 'object', of: 'network', name: 'networkId', label: 'type.network.one', fit: (candidate) => unless((candidate as unknown as Network).$pool !== vm.$pool, 'why.otherPool') },
      { kind: 'text', name: 'MAC', label: 'newVm.mac', optional: true, placeholder: '02:00:00:00:00:01' },
    ],
    run: async (vm, { networkId, MAC }) => connect('vifs', await made('vifs', { vmId: vm.id, networkId, MAC }), vm),
  }),
  define<VM>({
    type: 'VM',
    name: 'add_vtpm',
    label: 'act.addVtpm',
    icon: 'i-lucide-key-round',
    group: 'change',
    possible: (vm) => vmMay(vm, 'create_vtpm', ['Halted']),
    run: async (vm) => void (await made('vtpms', { vmId: vm.id })),
  }),
]

export const srMaking: readonly Action[] = [
  define<SR>({
    type: 'SR',
    name: 'new_disk',
    label: 'act.newDisk',
    icon: 'i-lucide-plus',
    group: 'change',
    possible: (sr) => first(unless(sr.content_type === 'iso' || sr.SR_type === 'udev', 'why.notForDisks'), unless(sr.inMaintenanceMode, 'why.maintenance')),
    fields: diskFields,
    run: async (sr, { name_label, size }) => void (await made('vdis', { srId: sr.id, virtual_size: size, name_label })),
  }),
]

/** Which parts of a device_config each kind of storage needs. */
const CONFIG: Readonly<Record<string, readonly string[]>> = {
  nfs: ['server', 'serverpath'],
  iso: ['location'],
  smb: ['server', 'username', 'password'],
  ext: ['device'],
  lvm: ['device'],
  lvmoiscsi: ['target', 'targetIQN', 'SCSIid'],
  lvmohba: ['SCSIid'],
}
const configField = (name: string, label: Field['label'], more: Partial<Field> = {}): Field =>
  ({ kind: 'text', name, label, when: ({ SR_type }: Params) => CONFIG[String(SR_type)]?.includes(name) === true, ...more }) as Field

async function createSr(host: Host, { name_label, SR_type, ...rest }: Params): Promise<void> {
  const device_config = Object.fromEntries((CONFIG[String(SR_type)] ?? []).map((name) => [name, rest[name]]))
  await made('srs', { hostId: host.id, name_label, SR_type, device_config, ...(SR_type === 'iso' ? { content_type: 'iso' } : {}) })
}

export const hostMaking: readonly Action[] = [
  define<Host>({
    type: 'host',
    name: 'create_sr',
    label: 'act.createSr',
    icon: 'i-lucide-database',
    group: 'change',
    possible: (host) => unless(host.power_state !== 'Running', 'why.hostOff'),
    fields: () => [
      { kind: 'text', name: 'name_label', label: 'form.name' },
      {
        kind: 'choice',
        name: 'SR_type',
        label: 'form.srType',
        initial: 'nfs',
        options: [
          { value: 'nfs', label: 'form.sr.nfs' },
          { value: 'iso', label: 'form.sr.iso' },
          { value: 'smb', label: 'form.sr.smb' },
          { value: 'lvmoiscsi', label: 'form.sr.lvmoiscsi' },
          { value: 'lvmohba', label: 'form.sr.lvmohba' },
          { value: 'ext', label: 'form.sr.ext' },
          { value: 'lvm', label: 'form.sr.lvm' },
        ],
      },
      configField('server', 'form.server'),
      configField('serverpath', 'form.path', { placeholder: '/export/vms' } as Partial<Field>),
      configField('location', 'form.isoLocation', { placeholder: 'server:/export/isos' } as Partial<Field>),
      configField('username', 'form.user'),
      configField('password', 'form.password', { secret: true } as Partial<Field>),
      configField('target', 'form.server'),
      configField('targetIQN', 'form.iqn'),
      configField('SCSIid', 'form.scsiId'),
      configField('device', 'form.device', { placeholder: '/dev/sdb' } as Partial<Field>),
    ],
    run: createSr,
  }),
]

export const poolMaking: readonly Action[] = [
  define<Pool>({
    type: 'pool',
    name: 'create_network',
    label: 'act.createNetwork',
    icon: 'i-lucide-network',
    group: 'change',
    possible: () => true,
    fields: (pool) => [
      { kind: 'text', name: 'name', label: 'form.name' },
      {
        kind: 'object',
        of: 'PIF',
        name: 'pif',
        label: 'form.overInterface',
        help: 'form.overInterfaceHelp',
        optional: true,
        fields: ['device', '$host', 'physical', 'isBondMaster', 'vlan'],
        filter: `$pool:="${pool.id}"`,
        fit: (candidate) => unless(!((candidate as unknown as PIF).physical || (candidate as unknown as PIF).isBondMaster), 'why.notForVlans'),
      },
      { kind: 'number', name: 'vlan', label: 'form.vlan', initial: 0, least: 0, most: 4094, when: ({ pif }) => pif !== undefined },
    ],
    run: async (pool, { name, pif, vlan }) => ({
      taskId: await (pif === undefined ? start(pathOf('pools', pool.id, 'actions', 'create_internal_network'), { name }) : start(pathOf('pools', pool.id, 'actions', 'create_network'), { name, pif, vlan })),
    }),
  }),
  define<Pool>({
    type: 'pool',
    name: 'add_host',
    label: 'act.addHost',
    icon: 'i-lucide-server',
    group: 'change',
    possible: (pool, around) => unless(!around.all('host').some((host) => host.$pool !== pool.$pool), 'why.noOtherHost'),
    confirm: { text: 'ask.addHost' },
    fields: (pool) => [{ kind: 'object', of: 'host', name: 'host', label: 'type.host.one', fit: (candidate) => unless((candidate as unknown as Host).$pool === pool.$pool, 'why.alreadyThere') }],
    run: async (pool, { host }) => ({ taskId: await start(pathOf('pools', pool.id, 'actions', 'add_host'), { host }) }),
  }),
  define<Pool>({
    type: 'pool',
    name: 'default_sr',
    label: 'act.defaultSr',
    icon: 'i-lucide-star',
    group: 'change',
    possible: () => true,
    fields: (pool) => [{ ...srChoice({ pool: pool.$pool }), name: 'defaultSr', label: 'form.toSr', initial: pool.default_SR }],
    run: async (pool, { defaultSr }) => patch(pathOf('pools', pool.id), { defaultSr }),
  }),
]
