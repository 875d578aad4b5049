/** Plugged or not: the state of VIFs, VBDs and PBDs. */
import { type StateLook } from './columns'
import { type Look } from './look'

export function attachedState(object: { readonly attached: boolean }, look: Look): StateLook {
  return object.attached ? { icon: 'i-lucide-plug-zap', tone: 'good', word: look.t('plug.attached') } : { icon: 'i-lucide-unplug', tone: 'idle', word: look.t('plug.detached') }
}
