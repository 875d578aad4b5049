/** Who is signed in here. */
import { ref, shallowRef } from 'vue'
import { defineStore } from 'pinia'
import { answer, api } from '@/api/client'
import { problemOf } from '@/api/problem'
import { type SignedInUser } from '@/api/types'

export const useViewer = defineStore('viewer', () => {
  const user = shallowRef<SignedInUser>()
  /** The service did not answer when asked who this is: not the same as signed out. */
  const unreachable = ref(false)
  let loading: Promise<void> | undefined

  async function ask(): Promise<void> {
    try {
      user.value = (await answer(api.GET('/auth/session'))).user
      unreachable.value = false
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

  /** Throws Problem: 401 for wrong credentials, 429 for too many tries. */
  async function signIn(username: string, password: string, remember: boolean): Promise<void> {
    user.value = (await answer(api.POST('/auth/signin', { body: { username, password, remember } }))).user
    unreachable.value = false
  }

  async function signOut(): Promise<void> {
    await api.POST('/auth/signout').catch(() => undefined)
    forget()
  }

  function forget(): void {
    user.value = undefined
  }

  return { user, unreachable, load, signIn, signOut, forget }
})
