/** Who is signed in here. */
import { ref, shallowRef } from 'vue'
import { defineStore } from 'pinia'
import { answer, api } from '@/api/client'
import { problemOf } from '@/api/problem'
import { type SessionInfo } from '@/api/types'

export const useViewer = defineStore('viewer', () => {
  const user = shallowRef<SessionInfo['user']>()
  /** The service did not answer when asked who this is: not the same as signed out. */
  const unreachable = ref(false)
  /** A second factor has to be set up before anything else. */
  const mustEnrol = ref(false)
  /** For whoever may not see everything, the screens that have something in them, of those that are asked about. */
  const reach = shallowRef<ReadonlySet<string>>()
  let loading: Promise<void> | undefined

  function adopt(session: SessionInfo): void {
    user.value = session.user
    mustEnrol.value = session.mustEnrol === true
    unreachable.value = false
    if (session.user.permission !== 'admin' && !mustEnrol.value) void look(session.user.id)
  }

  /** Ask anew which screens have something in them. */
  async function look(id: string): Promise<void> {
    const found = await import('@/api/reach').then((each) => each.reach()).catch(() => undefined)
    if (user.value?.id === id) reach.value = found
  }

  async function ask(): Promise<void> {
    try {
      adopt(await answer(api.GET('/auth/session')))
    } catch (error) {
      const { status } = problemOf(error)
      unreachable.value = status !== 401 && status !== 403
      user.value = undefined
    }
  }

  /** Know who is signed in; asks once, and again after a failure. */
  async function load(): Promise<void> {
    if (user.value !== undefined) return
    loading ??= ask().finally(() => (loading = undefined))
    await loading
  }

  /** Throws Problem: 401 for wrong credentials, or "otp-required", 429 for too many tries. */
  async function signIn(username: string, password: string, remember: boolean, otp?: string): Promise<void> {
    adopt(await answer(api.POST('/auth/signin', { body: { username, password, remember, otp } })))
  }

  async function signOut(): Promise<void> {
    await api.POST('/auth/signout').catch(() => undefined)
    forget()
  }

  function forget(): void {
    user.value = undefined
    reach.value = undefined
  }

  /** Ask again who this is: something about it has changed. */
  const again = (): Promise<void> => ask()

  return { user, unreachable, mustEnrol, reach, look, again, load, signIn, signOut, forget }
})
