/** Actions of pools. */
import { defineAsyncComponent } from 'vue'
import { type Host, type Pool, type SR } from '@/api/types'
import { define, type Action, type Possible } from './action'
import { first, unless } from './reasons'
import { act } from './vm'
import { nameFields, rename, renameBack } from './storage'

const ImportDialog = defineAsyncComponent(() => import('../transfer/ImportDialog.vue'))

function idle(pool: Pool): Possible {
  const [operation] = Object.values(pool.current_operations ?? {})
  return unless(operation !== undefined, 'why.busy', { operation })
}

export const poolActions: readonly Action[] = [
  define<Pool>({
    type: 'pool',
    name: 'rename',
    label: 'act.rename',
    icon: 'i-lucide-pencil',
    group: 'change',
    primary: true,
    possible: () => true,
    fields: (pool) => nameFields(pool as never),
    run: rename('pools'),
    undo: renameBack('pools'),
  }),
  define<Pool>({ type: 'pool', name: 'import_vm', label: 'transfer.importVm', icon: 'i-lucide-upload', group: 'file', possible: () => true, dialog: ImportDialog }),
  define<Pool>({
    type: 'pool',
    name: 'enable_ha',
    label: 'act.enableHa',
    icon: 'i-lucide-shield-check',
    group: 'change',
    shown: (pool) => !pool.HA_enabled,
    possible: (pool) => first(unless(pool.HA_enabled, 'why.haOn'), idle(pool)),
    fields: (pool) => [
      {
        kind: 'object',
        of: 'SR',
        name: 'srId',
        label: 'form.heartbeatSr',
        help: 'form.heartbeatSrHelp',
        fit: (candidate) => {
          const sr = candidate as unknown as SR
          return first(unless(sr.$pool !== pool.$pool, 'why.otherPool'), unless(!sr.shared, 'why.notShared'), unless(sr.content_type === 'iso', 'why.notForDisks'))
        },
      },
      { kind: 'number', name: 'hostFailuresToTolerate', label: 'form.failures', help: 'form.failuresHelp', initial: 1, least: 0, most: 32 },
    ],
    run: (pool, { srId, hostFailuresToTolerate }) => act('pools', pool.id, 'enable_ha', { srIds: [srId], hostFailuresToTolerate }),
  }),
  define<Pool>({
    type: 'pool',
    name: 'disable_ha',
    label: 'act.disableHa',
    icon: 'i-lucide-shield-off',
    group: 'change',
    shown: (pool) => pool.HA_enabled,
    possible: (pool) => first(unless(!pool.HA_enabled, 'why.haOff'), idle(pool)),
    confirm: { text: 'ask.disableHa' },
    run: (pool) => act('pools', pool.id, 'disable_ha'),
  }),
  define<Pool>({
    type: 'pool',
    name: 'designate_master',
    label: 'act.designate',
    icon: 'i-lucide-crown',
    group: 'change',
    possible: (pool, around) => first(unless(pool.HA_enabled, 'why.haOn'), unless(around.all('host').filter((host) => host.$pool === pool.$pool).length < 2, 'why.oneHost'), idle(pool)),
    fields: (pool) => [
      {
        kind: 'object',
        of: 'host',
        name: 'hostId',
        label: 'type.host.one',
        fit: (candidate) => {
          const host = candidate as unknown as Host
          return first(unless(host.$pool !== pool.$pool, 'why.otherPool'), unless(host.id === pool.master, 'why.master'), unless(host.power_state !== 'Running', 'why.hostOff'), unless(!host.enabled, 'why.hostDisabled'))
        },
      },
    ],
    confirm: { text: 'ask.designatePool' },
    run: (pool, { hostId }) => act('pools', pool.id, 'designate_master', { hostId }),
  }),
  define<Pool>({
    type: 'pool',
    name: 'rolling_reboot',
    label: 'act.rollingReboot',
    icon: 'i-lucide-refresh-cw',
    group: 'power',
    possible: (pool) => first(unless(pool.HA_enabled, 'why.haOn'), idle(pool)),
    fields: () => [{ kind: 'flag', name: 'shutdownPinnedVms', label: 'form.pinned', help: 'form.pinnedHelp' }],
    confirm: { text: 'ask.rollingReboot' },
    run: (pool, { shutdownPinnedVms }) => act('pools', pool.id, 'rolling_reboot', { shutdownPinnedVms: shutdownPinnedVms === true }),
  }),
  define<Pool>({
    type: 'pool',
    name: 'emergency_shutdown',
    label: 'act.emergencyShutdown',
    icon: 'i-lucide-siren',
    group: 'power',
    danger: true,
    possible: idle,
    confirm: {
      text: 'ask.emergencyPool',
      typed: true,
      loss: async (pool) => ({ items: [{ id: pool.id, name: pool.name_label, type: 'pool' }] }),
    },
    run: (pool) => act('pools', pool.id, 'emergency_shutdown'),
  }),
]
