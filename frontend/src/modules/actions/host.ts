/** Actions of hosts. */
import { defineAsyncComponent } from 'vue'
import { get } from '@/api/client'
import { type Host } from '@/api/types'
import { define, type Action, type Loss, type Possible } from './action'
import { first, unless } from './reasons'
import { act } from './vm'

const running = (host: Host): Possible => first(unless(host.power_state !== 'Running', 'why.hostOff'), idle(host))

function idle(host: Host): Possible {
  const [operation] = Object.values(host.current_operations ?? {})
  return unless(operation !== undefined, 'why.busy', { operation })
}

/** A host's action without parameters. */
function simple(name: string, rest: Pick<Action<Host>, 'label' | 'icon' | 'group' | 'possible'> & Partial<Action<Host>>): Action {
  return define<Host>({ type: 'host', name, run: (host) => act('hosts', host.id, name), ...rest })
}

export const hostActions: readonly Action[] = [
  simple('start', { label: 'act.powerOn', icon: 'i-lucide-play', group: 'power', primary: true, shown: (host) => host.power_state !== 'Running', many: true, possible: (host) => first(unless(host.power_state === 'Running', 'why.hostOn'), unless(host.powerOnMode === '', 'why.noPowerOn')) }),
  simple('enable', { label: 'act.enable', icon: 'i-lucide-circle-check', group: 'power', primary: true, shown: (host) => !host.enabled, many: true, possible: (host) => first(running(host), unless(host.enabled, 'why.enabled')) }),
  define<Host>({
    type: 'host',
    name: 'maintenance',
    label: 'act.maintenance',
    icon: 'i-lucide-wrench',
    group: 'power',
    primary: true,
    shown: (host) => host.enabled,
    possible: (host) => first(running(host), unless(!host.enabled, 'why.disabledAlready')),
    confirm: { text: 'ask.maintenance' },
    extra: defineAsyncComponent(() => import('./EvacuationPlan.vue')),
    run: (host, { vmIdsToForceMigrate }) =>
      act('hosts', host.id, 'disable', { evacuate: true, ...(Array.isArray(vmIdsToForceMigrate) && vmIdsToForceMigrate.length > 0 ? { force: true, vmIdsToForceMigrate } : {}) }),
  }),
  simple('disable', { label: 'act.disable', icon: 'i-lucide-circle-slash', group: 'power', shown: (host) => host.enabled, many: true, possible: (host) => first(running(host), unless(!host.enabled, 'why.disabledAlready')), confirm: { text: 'ask.disableHost' }, undo: (host) => act('hosts', host.id, 'enable') }),
  simple('clean_reboot', { label: 'act.cleanReboot', icon: 'i-lucide-rotate-cw', group: 'power', possible: running, confirm: { text: 'ask.rebootHost' } }),
  simple('smart_reboot', { label: 'act.smartReboot', icon: 'i-lucide-refresh-cw', group: 'power', possible: running, confirm: { text: 'ask.smartRebootHost' } }),
  simple('clean_shutdown', { label: 'act.cleanShutdown', icon: 'i-lucide-power', group: 'power', danger: true, possible: running, confirm: { text: 'ask.shutdownHost' } }),
  simple('emergency_shutdown', { label: 'act.emergencyShutdown', icon: 'i-lucide-siren', group: 'power', danger: true, possible: running, confirm: { text: 'ask.emergencyHost' } }),
  simple('restart_toolstack', { label: 'act.restartToolstack', icon: 'i-lucide-refresh-ccw', group: 'change', many: true, possible: running, confirm: { text: 'ask.restartToolstack' } }),
  simple('scan_pifs', { label: 'act.scanPifs', icon: 'i-lucide-scan-search', group: 'change', many: true, possible: running }),
  define<Host>({
    type: 'host',
    name: 'designate_master',
    label: 'act.designate',
    icon: 'i-lucide-crown',
    group: 'change',
    possible: (host, around) => first(running(host), unless(around.find('pool', host.$pool)?.master === host.id, 'why.master'), unless(!host.enabled, 'why.hostDisabled')),
    confirm: { text: 'ask.designate' },
    run: (host) => act('pools', host.$pool, 'designate_master', { hostId: host.id }),
  }),
  simple('detach', { label: 'act.detach', icon: 'i-lucide-unlink', group: 'remove', danger: true, possible: (host, around) => first(running(host), unless(around.find('pool', host.$pool)?.master === host.id, 'why.master')), confirm: { text: 'ask.detachHost', typed: true, loss: localOf } }),
  simple('forget', { label: 'act.forget', icon: 'i-lucide-eraser', group: 'remove', danger: true, possible: (host) => first(unless(host.power_state === 'Running', 'why.hostOn'), idle(host)), confirm: { text: 'ask.forgetHost' } }),
]

/** Detaching erases the host's local storage. */
async function localOf(host: Host): Promise<Loss> {
  const disks = await get<{ id: string; name_label: string; size: number }[]>('/srs', { fields: 'id,name_label,size', filter: `$container:="${host.id}" !SR_type:/^(iso|udev)$/` })
  return { items: disks.map(({ id, name_label }) => ({ id, name: name_label, type: 'SR' as const })) }
}
