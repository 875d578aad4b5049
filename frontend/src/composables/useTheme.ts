/** Light, dark, or as the system: one state for the whole page, that outlives whatever component changes it. */
import { createGlobalState, useColorMode } from '@vueuse/core'

export const THEMES = { light: 'i-lucide-sun', dark: 'i-lucide-moon', auto: 'i-lucide-laptop' } as const
export type Theme = keyof typeof THEMES

export const useTheme = createGlobalState(() => useColorMode({ emitAuto: true }))
