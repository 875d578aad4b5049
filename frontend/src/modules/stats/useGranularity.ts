/** The span of time that is asked for: kept in the address as `?g=`, ten minutes when it says nothing. */
import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { type Granularity } from '@/api/stats'
import { granularityOf } from './address'

/** How often there is something new, in ms: hours and days are asked for less often than they could be missed. */
export const EVERY_MS: Readonly<Record<Granularity, number>> = { seconds: 5_000, minutes: 60_000, hours: 600_000, days: 600_000 }

export function useGranularity() {
  const route = useRoute()
  const router = useRouter()
  return computed<Granularity>({
    get: () => granularityOf(route.query.g),
    set(next) {
      const { g: _, ...rest } = route.query
      void router.replace({ query: next === 'seconds' ? rest : { ...rest, g: next } })
    },
  })
}
