import { mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { type Task } from '@/api/types'
import { i18n, lateTexts, setLocale } from '@/i18n'
import TaskItem from './TaskItem.vue'

const routes = [{ path: '/', component: { render: () => null } }, { path: '/:collection/:id', component: { render: () => null } }]
const one = (more: object) => ({ id: 't1', status: 'pending', start: Date.now(), properties: { name: 'REST API: start 3 VMs', userId: 'u' }, ...more }) as unknown as Task

let wrapper: VueWrapper | undefined
beforeEach(async () => {
  setActivePinia(createPinia())
  await setLocale('en')
  await lateTexts()
})
afterEach(() => wrapper?.unmount())

function show(task: Task, props: object = {}) {
  wrapper = mount(TaskItem, { props: { task, ...props }, global: { plugins: [createRouter({ history: createMemoryHistory(), routes }), i18n], stubs: { Icon: true } } })
  return wrapper
}

describe('a task of the drawer', () => {
  it('says how far it is, and can be aborted', async () => {
    const item = show(one({ progress: 40 }))
    expect(item.text()).toContain('Start 3 VMs')
    expect(item.text()).toContain('Running')
    expect(item.text()).toContain('40%')
    await item.get('button[aria-label="Abort Start 3 VMs"]').trigger('click')
    expect(item.emitted('abort')).toHaveLength(1)
  })

  it('is not aborted twice', () => {
    expect(show(one({ abortionRequestedAt: 1 })).find('button[aria-label^="Abort"]').exists()).toBe(false)
  })

  it('tells why it failed: words, then the code', () => {
    const text = show(one({ status: 'failure', end: Date.now(), result: { message: 'No host has the memory.', xapi_code: 'NO_HOSTS_AVAILABLE' } })).text()
    expect(text).toContain('Failed')
    expect(text.indexOf('No host has the memory.')).toBeLessThan(text.indexOf('NO_HOSTS_AVAILABLE'))
  })

  it('shows its parts when asked, each with its own failure', async () => {
    const parts = [one({ id: 'a', status: 'success', end: 2, properties: { name: 'start web-1' } }), one({ id: 'b', status: 'failure', end: 2, properties: { name: 'start web-2', objectType: 'VM', objectId: 'v2' }, result: { message: 'It is locked', code: 'pool-error' } })]
    const item = show(one({ status: 'failure', end: Date.now(), tasks: parts, result: { code: 'partly-failed', data: { failed: [{ id: 'v2', error: {} }] } } }))
    expect(item.text()).toContain('2 of 2 done')
    expect(item.text()).toContain('1 failed')
    expect(item.text()).not.toContain('Start web-2')
    const toggle = item.findAll('button').find((button) => button.text() === 'Show the 2 parts')!
    expect(toggle.attributes('aria-expanded')).toBe('false')
    await toggle.trigger('click')
    expect(item.text()).toContain('It is locked')
    expect(item.get('[data-task="b"] a').attributes('href')).toBe('/vms/v2')
    expect(item.findAll('[data-task]').map((each) => each.attributes('data-task'))).toEqual(['t1', 'b', 'a'])
  })
})
