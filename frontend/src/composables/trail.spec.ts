import { mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, describe, expect, it } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { i18n, setLocale } from '@/i18n'
import { useNamed, useWindowTitle } from './useTrail'

const page = { render: () => null }
const routes = [
  { path: '/', name: 'site', component: page },
  { path: '/about', name: 'about', component: page },
  { path: '/signin', name: 'signin', component: page },
  { path: '/:collection(vms|vdis)', name: 'list', component: page },
  { path: '/:collection(vms|vdis)/:id', name: 'object', component: page },
  { path: '/:path(.*)*', name: 'not-found', component: page },
]

let wrapper: VueWrapper | undefined
afterEach(() => wrapper?.unmount())

async function open() {
  setActivePinia(createPinia())
  await setLocale('en')
  const router = createRouter({ history: createMemoryHistory(), routes })
  wrapper = mount({ setup: useWindowTitle, render: () => null }, { global: { plugins: [router, i18n] } })
  return async (path: string) => {
    await router.push(path)
    await nextTick()
    return document.title
  }
}

describe('the title of the window', () => {
  it('is that of the page, in the chosen language', async () => {
    const title = await open()
    expect(await title('/')).toBe('Podium')
    expect(await title('/signin')).toBe('Sign in · Podium')
    expect(await title('/nowhere/at/all')).toBe('There is no such page · Podium')
    expect(await title('/about')).toBe('About · Podium')
    expect(await title('/vms')).toBe('VMs · Podium')
    await setLocale('fr')
    await nextTick()
    expect(document.title).toBe('VM · Podium')
    expect(await title('/about')).toBe('À propos · Podium')
    expect(await title('/')).toBe('Podium')
  })

  it('is the name that an object has on its page, and no longer than there', async () => {
    const title = await open()
    const name = ref('')
    const scope = effectScope()
    scope.run(() => useNamed('d1', () => name.value))
    expect(await title('/vdis/d1')).toBe('Disks · Podium')
    name.value = 'root'
    await nextTick()
    expect(document.title).toBe('root · Podium')
    expect(await title('/vdis/d2')).toBe('Disks · Podium')
    scope.stop()
    expect(await title('/vdis/d1')).toBe('Disks · Podium')
  })
})
