/** The figures of the dashboard: pure sums over rows. */
import { type Host, type SR, type VM } from '@/api/types'

export interface Usage {
  readonly used: number
  readonly promised: number
  readonly total: number
}

export function countBy<T>(rows: readonly T[], key: (row: T) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const row of rows) counts.set(key(row), (counts.get(key(row)) ?? 0) + 1)
  return counts
}

export function hostState(host: Pick<Host, 'power_state' | 'enabled'>): string {
  return host.power_state === 'Running' && !host.enabled ? 'Disabled' : host.power_state
}

const runs = (vm: VM) => vm.power_state === 'Running' || vm.power_state === 'Paused'

/** Cores of running hosts; virtual CPUs of running VMs. What they really use is a matter of statistics. */
export function cpu(hosts: readonly Host[], vms: readonly VM[]): { readonly cores: number; readonly running: number; readonly all: number } {
  const cores = hosts.reduce((sum, host) => sum + (host.power_state === 'Running' ? (host.cpus.cores ?? 0) : 0), 0)
  let running = 0
  let all = 0
  for (const vm of vms) {
    all += vm.CPUs.number
    if (runs(vm)) running += vm.CPUs.number
  }
  return { cores, running, all }
}

/** Bytes: in use on running hosts; promised to running VMs at most (their dynamic maximum). */
export function memory(hosts: readonly Host[], vms: readonly VM[]): Usage {
  let used = 0
  let total = 0
  for (const host of hosts) {
    if (host.power_state !== 'Running') continue
    used += host.memory.usage
    total += host.memory.size
  }
  return { used, total, promised: vms.reduce((sum, vm) => sum + (runs(vm) ? vm.memory.dynamic[1] : 0), 0) }
}

/** Bytes of storage that holds disks: ISO libraries and devices without a size do not count. */
export function storage(srs: readonly SR[]): Usage {
  let used = 0
  let promised = 0
  let total = 0
  for (const sr of srs) {
    if (sr.size <= 0 || sr.content_type === 'iso' || sr.SR_type === 'udev') continue
    used += sr.physical_usage
    promised += sr.usage
    total += sr.size
  }
  return { used, promised, total }
}
