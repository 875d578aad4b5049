/** The users' tasks, always here: for the drawer, and for whoever waits for the end of one. */
import { markRaw, watch } from 'vue'
import { defineStore } from 'pinia'
import { get } from '@/api/client'
import { problemOf } from '@/api/problem'
import { type Task } from '@/api/types'
import { useObjects } from './objects'

const FIELDS = ['status', 'start', 'end', 'updatedAt', 'progress', 'properties', 'result', 'abortionRequestedAt', 'tasks', 'infos', 'warnings']
/** How often the service is asked about a task of which the stream says nothing. */
const ASK_MS = 4_000

export const useTasks = defineStore('tasks', () => {
  const objects = useObjects()
  const all = markRaw(objects.demand<Task>('task', FIELDS))

  /** The task once it has ended. Throws Problem when it is gone, or nobody may say. */
  function ended(id: string): Promise<Task> {
    return new Promise((resolve, reject) => {
      const finish = () => {
        stop()
        clearInterval(timer)
      }
      const look = () => {
        const task = all.rows.get(id)
        if (task === undefined || task.status === 'pending') return
        finish()
        resolve(task)
      }
      const ask = async () => {
        const task = all.rows.get(id)
        if (task !== undefined && objects.state.value === 'live') return
        try {
          const asked = await get<Task>(`/tasks/${encodeURIComponent(id)}`)
          if (asked.status === 'pending') return
          finish()
          resolve(asked)
        } catch (error) {
          const problem = problemOf(error)
          if (problem.status < 400 || problem.status >= 500) return // not there for the moment
          finish()
          reject(problem)
        }
      }
      const stop = watch(all.revision, look, { flush: 'sync' })
      const timer = setInterval(() => void ask(), ASK_MS)
      look()
    })
  }

  return { all, ended }
})
