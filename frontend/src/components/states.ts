/** Icon, colour and word of every type and state: a state is never said by colour alone. */
import { type MessageKey } from '@/i18n'
import { type TypeName } from '@/api/types'

export interface Look {
  readonly icon: string
  readonly tone: Tone
  readonly word: MessageKey
}

export type Tone = 'good' | 'warn' | 'bad' | 'busy' | 'idle'

export const TONE_TEXT: Record<Tone, string> = {
  good: 'text-green-700 dark:text-green-400',
  warn: 'text-amber-700 dark:text-amber-400',
  bad: 'text-red-700 dark:text-red-400',
  busy: 'text-sky-700 dark:text-sky-400',
  idle: 'text-muted',
}

const VM: Record<string, Look> = {
  Running: { icon: 'i-lucide-circle-play', tone: 'good', word: 'state.Running' },
  Halted: { icon: 'i-lucide-circle-stop', tone: 'idle', word: 'state.Halted' },
  Paused: { icon: 'i-lucide-circle-pause', tone: 'warn', word: 'state.Paused' },
  Suspended: { icon: 'i-lucide-moon', tone: 'busy', word: 'state.Suspended' },
}

const HOST: Record<string, Look> = {
  Running: { icon: 'i-lucide-server', tone: 'good', word: 'state.Running' },
  Disabled: { icon: 'i-lucide-server-cog', tone: 'warn', word: 'state.Disabled' },
  Halted: { icon: 'i-lucide-server-off', tone: 'bad', word: 'state.Halted' },
  Unknown: { icon: 'i-lucide-server-off', tone: 'warn', word: 'state.Unknown' },
}

const SERVER: Record<string, Look> = {
  connected: { icon: 'i-lucide-plug-zap', tone: 'good', word: 'state.connected' },
  connecting: { icon: 'i-lucide-loader-circle', tone: 'busy', word: 'state.connecting' },
  stale: { icon: 'i-lucide-cloud-off', tone: 'warn', word: 'state.stale' },
  disconnected: { icon: 'i-lucide-unplug', tone: 'idle', word: 'state.disconnected' },
  refused: { icon: 'i-lucide-shield-x', tone: 'bad', word: 'state.refused' },
}

const UNKNOWN: Look = { icon: 'i-lucide-circle-help', tone: 'warn', word: 'state.Unknown' }

export function vmLook(vm: { readonly power_state: string }): Look {
  return VM[vm.power_state] ?? UNKNOWN
}

export function hostLook(host: { readonly power_state: string; readonly enabled: boolean }): Look {
  return HOST[host.power_state === 'Running' && !host.enabled ? 'Disabled' : host.power_state] ?? UNKNOWN
}

export function serverLook(server: { readonly state: string }): Look {
  return SERVER[server.state] ?? UNKNOWN
}

/** The icon of a type as such. */
export const TYPE_ICON: { readonly [K in TypeName]?: string } = {
  pool: 'i-lucide-layers',
  host: 'i-lucide-server',
  VM: 'i-lucide-monitor',
  'VM-template': 'i-lucide-copy',
  'VM-snapshot': 'i-lucide-camera',
  SR: 'i-lucide-database',
  VDI: 'i-lucide-hard-drive',
  'VDI-snapshot': 'i-lucide-camera',
  network: 'i-lucide-network',
  PIF: 'i-lucide-ethernet-port',
  VIF: 'i-lucide-cable',
  server: 'i-lucide-plug',
  alarm: 'i-lucide-bell-ring',
  message: 'i-lucide-message-square',
  task: 'i-lucide-list-checks',
  user: 'i-lucide-user',
}
