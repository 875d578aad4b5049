/** The screens of people, loaded together: whoever opens one of them goes to the others. */
export { default as AuditPage } from './audit/AuditPage.vue'
export { default as ResourceSetsPage } from './selfservice/ResourceSetsPage.vue'
export { default as GroupsPage } from './users/GroupsPage.vue'
export { default as RolePage } from './users/RolePage.vue'
export { default as RolesPage } from './users/RolesPage.vue'
export { default as UserPage } from './users/UserPage.vue'
export { default as UsersPage } from './users/UsersPage.vue'
