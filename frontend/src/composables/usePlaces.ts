/** The screens one can go to, with their keys: for the sidebar, the palette and the help. */
import { computed } from 'vue'
import { type MessageKey, useText } from '@/i18n'
import { useViewer } from '@/stores/viewer'

/** Empty for some: which, the viewer knows (`reach`). */
const ASKED: ReadonlySet<string> = new Set(['/vdis', '/vm-templates', '/vm-snapshots', '/pifs', '/messages'])

export interface Place {
  readonly to: string
  readonly icon: string
  readonly label: string
  /** Second key after `g`. */
  readonly key?: string
  /** Part of the sidebar. */
  readonly main: boolean
}

const PLACES: readonly (Omit<Place, 'label'> & { readonly text: MessageKey; readonly admin?: boolean })[] = [
  { to: '/', icon: 'i-lucide-layout-dashboard', text: 'place.site', key: 'd', main: true },
  { to: '/vms', icon: 'i-lucide-monitor', text: 'type.VM.many', key: 'v', main: true },
  { to: '/hosts', icon: 'i-lucide-server', text: 'type.host.many', key: 'h', main: true },
  { to: '/pools', icon: 'i-lucide-layers', text: 'type.pool.many', key: 'p', main: true },
  { to: '/srs', icon: 'i-lucide-database', text: 'type.SR.many', key: 's', main: true },
  { to: '/vdis', icon: 'i-lucide-hard-drive', text: 'type.VDI.many', key: 'k', main: true },
  { to: '/networks', icon: 'i-lucide-network', text: 'type.network.many', key: 'n', main: true },
  { to: '/vm-templates', icon: 'i-lucide-copy', text: 'type.VM-template.many', key: 't', main: false },
  { to: '/vm-snapshots', icon: 'i-lucide-camera', text: 'type.VM-snapshot.many', main: false },
  { to: '/pifs', icon: 'i-lucide-ethernet-port', text: 'type.PIF.many', main: false },
  { to: '/alarms', icon: 'i-lucide-bell-ring', text: 'type.alarm.many', key: 'a', main: true },
  { to: '/stats', icon: 'i-lucide-chart-line', text: 'place.stats', key: 'm', main: true },
  { to: '/alarm-rules', icon: 'i-lucide-sliders-horizontal', text: 'type.alarm-rule.many', main: false, admin: true },
  { to: '/notification-channels', icon: 'i-lucide-send', text: 'type.notification-channel.many', main: false, admin: true },
  { to: '/notifications', icon: 'i-lucide-mail-check', text: 'type.notification.many', main: false, admin: true },
  { to: '/messages', icon: 'i-lucide-message-square', text: 'type.message.many', main: false },
  { to: '/tasks', icon: 'i-lucide-list-checks', text: 'type.task.many', key: 'w', main: false },
  { to: '/servers', icon: 'i-lucide-plug', text: 'place.servers', key: 'c', main: true, admin: true },
  { to: '/users', icon: 'i-lucide-users', text: 'place.users', key: 'u', main: true, admin: true },
  { to: '/resource-sets', icon: 'i-lucide-gauge', text: 'place.selfService', key: 'q', main: true, admin: true },
  { to: '/audit', icon: 'i-lucide-scroll-text', text: 'place.audit', key: 'l', main: false, admin: true },
  { to: '/account', icon: 'i-lucide-user', text: 'place.account', main: false },
  { to: '/about', icon: 'i-lucide-info', text: 'place.about', main: false },
]

export function usePlaces() {
  const { t } = useText()
  const viewer = useViewer()
  return computed<readonly Place[]>(() =>
    PLACES.filter(({ to, admin }) => viewer.user?.permission === 'admin' || (viewer.reach?.has(to) ?? admin !== true) || (admin !== true && !ASKED.has(to))).map(({ text, admin: _, ...place }) => ({ ...place, label: t(text) })),
  )
}
