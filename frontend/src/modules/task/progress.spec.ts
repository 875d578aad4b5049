// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { type Task } from '@/api/types'
import { orderedSteps, stepsOf, subject, taskName, taskProgress } from './progress'

const task = (more: object = {}) => ({ id: 't', status: 'pending', start: 1, properties: { name: 'REST API: start VM' }, ...more }) as unknown as Task

describe('a task', () => {
  it('is called by what it does', () => {
    expect(taskName(task())).toBe('Start VM')
    expect(taskName(task({ properties: {} }))).toBe('T')
  })

  it('is so far, in percent', () => {
    expect(taskProgress(task({ progress: 12.5 }))).toBe(12.5)
    expect(taskProgress(task({ progress: 140 }))).toBe(100)
    expect(taskProgress(task({ properties: { name: 'x', progress: 3 } }))).toBe(3)
    expect(taskProgress(task())).toBeUndefined()
  })

  it('has parts: how many are done, and which failed first', () => {
    const parts = ['success', 'pending', 'failure', 'interrupted'].map((status, i) => task({ id: status, status, start: i }))
    expect(stepsOf(task({ tasks: parts }))).toEqual({ all: 4, done: 3, failed: 2 })
    expect(orderedSteps(task({ tasks: parts })).map(({ id }) => id)).toEqual(['failure', 'interrupted', 'pending', 'success'])
    expect(stepsOf(task())).toBeUndefined()
  })

  it('is about an object, whatever the case of its type', () => {
    expect(subject(task({ properties: { name: 'x', objectType: 'vm', objectId: 'v1' } }))).toEqual({ type: 'VM', id: 'v1' })
    expect(subject(task({ properties: { name: 'x', objectType: 'nothing', objectId: 'v1' } }))).toBeUndefined()
    expect(subject(task({ properties: { name: 'x' } }))).toBeUndefined()
  })
})
