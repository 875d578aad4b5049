import { mount, type VueWrapper } from '@vue/test-utils'
import { nextTick } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { i18n, lateTexts, setLocale } from '@/i18n'
import FilterLine from './FilterLine.vue'

const rows = [
  { id: '1', power_state: 'Running', tags: ['prod'] },
  { id: '2', power_state: 'Halted', tags: [] },
]
let wrapper: VueWrapper
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  await setLocale('en')
  await lateTexts()
})
afterEach(() => {
  wrapper.unmount()
  vi.useRealTimers()
})

function line(recent: string[] = []) {
  wrapper = mount(FilterLine, { props: { modelValue: '', sample: () => rows, recent }, attachTo: document.body, global: { plugins: [i18n, createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { render: () => null } }] })], stubs: { Icon: true } } })
  const input = wrapper.find('input')
  return {
    input,
    async type(text: string) {
      await input.setValue(text)
      input.element.setSelectionRange(text.length, text.length)
      await input.trigger('keyup')
    },
    sent: () => (wrapper.emitted('update:modelValue') ?? []).map(([text]) => text),
    options: () => wrapper.findAll('[role="option"]').map((each) => each.find('.font-mono').text()),
    error: () => wrapper.find('[role="alert"]'),
    key: (key: string) => input.trigger('keydown', { key }),
  }
}

describe('the filter line', () => {
  it('sends what was typed a moment later, and nothing that cannot be understood', async () => {
    const l = line()
    await l.type('web')
    expect(l.sent()).toEqual([])
    vi.advanceTimersByTime(200)
    expect(l.sent()).toEqual(['web'])
    await l.type('web (')
    vi.advanceTimersByTime(200)
    expect(l.sent()).toEqual(['web'])
  })

  it('shows the mistake under its character, in words, and not while one is still writing', async () => {
    const l = line()
    await l.type('power_state:')
    expect(l.error().exists()).toBe(false)
    await l.type('tags:a & b')
    expect(l.error().find('pre').text()).toBe('^')
    expect(l.error().find('pre').element.textContent).toBe(`${' '.repeat(7)}^`)
    expect(l.error().text()).toContain('“&” cannot stand here')
    expect(l.input.attributes('aria-invalid')).toBe('true')
    await l.type('a and b')
    expect(l.error().text()).toContain('no operator')
    await l.type('power_state:')
    await l.input.trigger('blur')
    expect(l.error().text()).toContain('A value is missing here')
  })

  it('completes by keyboard', async () => {
    const l = line()
    await l.type('po')
    expect(l.options()).toEqual(['power_state'])
    await l.key('ArrowDown')
    expect(l.input.attributes('aria-activedescendant')).toBe(wrapper.find('[aria-selected="true"]').attributes('id'))
    await l.key('Enter')
    await nextTick()
    expect(l.input.element.value).toBe('power_state:')
    expect(l.options()).toEqual(['Halted', 'Running'])
    await l.key('ArrowUp')
    await l.key('Tab')
    expect(l.sent().at(-1)).toBe('power_state:=Running ')
    await l.key('Escape')
    expect(l.options().length > 0 && wrapper.find('ul').isVisible()).toBe(false)
  })

  it('offers what was used before', async () => {
    const l = line(['tags:=prod'])
    await l.input.trigger('click')
    expect(l.options()[0]).toBe('tags:=prod')
    await wrapper.find('[role="option"]').trigger('click')
    expect(l.sent()).toEqual(['tags:=prod'])
  })

  it('follows the address', async () => {
    const l = line()
    await wrapper.setProps({ modelValue: 'from:link' })
    expect(l.input.element.value).toBe('from:link')
  })
})
