/** Saved and recent filters of one kind of table, in this browser. */
import { shallowRef } from 'vue'

export interface View {
  name: string
  filter: string
  sort: string
}

const MOST_RECENT = 8

function read<T>(key: string): T[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(value) ? (value as T[]) : []
  } catch {
    return []
  }
}

function write(key: string, value: unknown) {
  try {
    localStorage.setItem(key, JSON.stringify(value))
  } catch {
    // no storage: they last as long as the page
  }
}

export function useViews(type: string) {
  const savedKey = `podium.views.${type}`
  const recentKey = `podium.recent.${type}`
  const saved = shallowRef(read<View>(savedKey))
  const recent = shallowRef(read<string>(recentKey).filter((each) => typeof each === 'string'))

  return {
    saved,
    recent,
    save(view: View) {
      saved.value = [...saved.value.filter((each) => each.name !== view.name), view].sort((a, b) => a.name.localeCompare(b.name))
      write(savedKey, saved.value)
    },
    remove(name: string) {
      saved.value = saved.value.filter((each) => each.name !== name)
      write(savedKey, saved.value)
    },
    /** Notes a filter that was used. */
    use(filter: string) {
      const text = filter.trim()
      if (text === '' || recent.value[0] === text) return
      recent.value = [text, ...recent.value.filter((each) => each !== text)].slice(0, MOST_RECENT)
      write(recentKey, recent.value)
    },
  }
}
