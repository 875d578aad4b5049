/** A console's connection: opened, shown in an element, and told why it ended. */
import RFB from '@novnc/novnc'
import { onScopeDispose, ref, shallowRef } from 'vue'

export type ConsoleState = 'connecting' | 'open' | 'ended'

/** Close codes of the service (docs/api.md, Consoles). */
export const LOGIN_OVER = 4401

function address(vm: string): string {
  const url = new URL(`/api/consoles/${encodeURIComponent(vm)}`, location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url.href
}

export function useConsole() {
  const state = ref<ConsoleState>('connecting')
  /** What the service said at the end, in its words. */
  const reason = ref('')
  const code = ref(0)
  const clipboard = ref('')
  const screen = shallowRef<RFB>()

  /** Begin anew in `target`, which is emptied before. */
  function open(vm: string, target: HTMLElement): void {
    close()
    state.value = 'connecting'
    reason.value = ''
    target.replaceChildren()
    const socket = new WebSocket(address(vm), ['binary'])
    socket.binaryType = 'arraybuffer'
    const rfb = new RFB(target, socket, { shared: true })
    rfb.scaleViewport = true
    rfb.background = 'transparent'
    socket.addEventListener('close', (event) => {
      if (screen.value !== rfb) return
      code.value = event.code
      reason.value = event.reason
      state.value = 'ended'
    })
    rfb.addEventListener('connect', () => {
      state.value = 'open'
      rfb.focus({ preventScroll: true })
    })
    rfb.addEventListener('clipboard', (event) => (clipboard.value = (event as CustomEvent<{ text: string }>).detail.text))
    screen.value = rfb
  }

  function close(): void {
    const rfb = screen.value
    screen.value = undefined
    rfb?.disconnect()
  }

  onScopeDispose(close)
  return { state, reason, code, clipboard, screen, open, close }
}
