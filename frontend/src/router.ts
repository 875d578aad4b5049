/** Addresses of the screens. Every page is its own chunk. */
import { createRouter, createWebHistory, type Router, type RouteRecordRaw } from 'vue-router'
import { COLLECTIONS } from '@/api/types'
import { withTexts } from '@/i18n'
import type * as Pages from '@/pages/people'
import { useViewer } from '@/stores/viewer'

declare module 'vue-router' {
  interface RouteMeta {
    /** Reachable without signing in, and shown without the shell. */
    public?: boolean
  }
}

const collections = Object.values(COLLECTIONS)
  .filter((name) => !['servers', 'users', 'groups', 'acl-roles', 'acl-privileges', 'resource-sets'].includes(name))
  .join('|')

const people = <T>(page: (pages: typeof Pages) => T) => withTexts(() => import('@/pages/people').then(page), 'people')

export const routes: RouteRecordRaw[] = [
  { path: '/signin', name: 'signin', component: () => import('@/pages/signin/SignInPage.vue'), meta: { public: true } },
  { path: '/', name: 'site', component: () => import('@/pages/site/SitePage.vue') },
  { path: '/connect', name: 'connect', component: withTexts(() => import('@/pages/servers/ConnectPage.vue')) },
  { path: '/servers', name: 'servers', component: withTexts(() => import('@/pages/servers/ServersPage.vue')) },
  { path: '/enrol', name: 'enrol', component: withTexts(() => import('@/pages/account/EnrolPage.vue'), 'people'), meta: { public: true } },
  { path: '/users', name: 'users', component: people(({ UsersPage }) => UsersPage) },
  { path: '/users/:id', name: 'user', component: people(({ UserPage }) => UserPage) },
  { path: '/groups', name: 'groups', component: people(({ GroupsPage }) => GroupsPage) },
  { path: '/acl-roles', name: 'roles', component: people(({ RolesPage }) => RolesPage) },
  { path: '/acl-roles/:id', name: 'role', component: people(({ RolePage }) => RolePage) },
  { path: '/audit', name: 'audit', component: people(({ AuditPage }) => AuditPage) },
  { path: '/resource-sets', name: 'resource-sets', component: people(({ ResourceSetsPage }) => ResourceSetsPage) },
  { path: '/account', name: 'account', component: withTexts(() => import('@/pages/account/AccountPage.vue'), 'people') },
  { path: '/about', name: 'about', component: () => import('@/pages/about/AboutPage.vue') },
  { path: '/new-vm', name: 'new-vm', component: withTexts(() => import('@/pages/newvm/NewVmPage.vue'), 'people') },
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
    return viewer.mustEnrol ? { name: 'enrol' } : true
  })
  return router
}
