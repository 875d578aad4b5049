/** Where one was in each list, for as long as the page lives. */
export interface Place {
  top: number
  active?: string
}

const places = new Map<string, Place>()
const MOST = 50

export function placeOf(address: string): Place {
  let place = places.get(address)
  if (place === undefined) {
    const [oldest] = places.keys()
    if (places.size >= MOST && oldest !== undefined) places.delete(oldest)
    places.set(address, (place = { top: 0 }))
  }
  return place
}
