/** Addresses of the screens. Every page is its own chunk. */
import { createRouter, createWebHistory, type Router, type RouteRecordRaw } from 'vue-router'
import { COLLECTIONS } from '@/api/types'
import { withTexts } from '@/i18n'
import { useViewer } from '@/stores/viewer'

declare module 'vue-router' {
  interface RouteMeta {
    /** Reachable without signing in, and shown without the shell. */
    public?: boolean
  }
}

const collections = Object.values(COLLECTIONS)
  .filter((name) => name !== 'servers' && name !== 'users')
  .join('|')

export const routes: RouteRecordRaw[] = [
  { path: '/signin', name: 'signin', component: () => import('@/pages/signin/SignInPage.vue'), meta: { public: true } },
  { path: '/', name: 'site', component: () => import('@/pages/site/SitePage.vue') },
  { path: '/connect', name: 'connect', component: () => import('@/pages/servers/ConnectPage.vue') },
  { path: '/servers', name: 'servers', component: () => import('@/pages/servers/ServersPage.vue') },
  { path: '/users', name: 'users', component: () => import('@/pages/users/UsersPage.vue') },
  { path: '/account', name: 'account', component: () => import('@/pages/account/AccountPage.vue') },
  { path: '/about', name: 'about', component: () => import('@/pages/about/AboutPage.vue') },
  { path: '/new-vm', name: 'new-vm', component: withTexts(() => import('@/pages/newvm/NewVmPage.vue')) },
  { path: '/stats', name: 'stats', component: withTexts(() => import('@/pages/stats/StatsPage.vue')) },
  { path: `/:collection(${collections})`, name: 'list', component: withTexts(() => import('@/pages/list/ListPage.vue')) },
  { path: `/:collection(${collections})/:id/:tab?`, name: 'object', component: withTexts(() => import('@/pages/object/ObjectPage.vue')) },
  { path: '/:path(.*)*', name: 'not-found', component: () => import('@/pages/NotFoundPage.vue') },
]

export function makeRouter(): Router {
  const router = createRouter({ history: createWebHistory(), routes })
  router.beforeEach(async (to) => {
    if (to.meta.public === true) return true
    const viewer = useViewer()
    await viewer.load()
    if (viewer.user === undefined && !viewer.unreachable) return { name: 'signin', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
    return true
  })
  return router
}
