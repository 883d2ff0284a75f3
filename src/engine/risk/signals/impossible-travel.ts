import type { Signal } from './signal.ts'

/** Faster than an airliner, and far enough that the database's idea of where an address is does not matter. */
export const fastest = 900
const near = 500

/** km over the ground, by the haversine formula on a ball of 6,371 km. Degrees. */
export function distance(
  from: { readonly latitude: number; readonly longitude: number },
  to: { readonly latitude: number; readonly longitude: number },
): number {
  const rad = Math.PI / 180
  const half = (a: number, b: number) => Math.sin(((b - a) * rad) / 2) ** 2
  const across = Math.cos(from.latitude * rad) * Math.cos(to.latitude * rad)
  const h = half(from.latitude, to.latitude) + across * half(from.longitude, to.longitude)
  return 2 * 6_371 * Math.asin(Math.min(1, Math.sqrt(h)))
}

/** The last login was so far away that nobody could have come here since. */
export const impossibleTravel: Signal = {
  name: 'impossible_travel',
  look({ network, last, now }) {
    if (last?.latitude === undefined || last.longitude === undefined) return undefined
    if (network.latitude === undefined || network.longitude === undefined) return undefined
    const km = distance(
      { latitude: last.latitude, longitude: last.longitude },
      { latitude: network.latitude, longitude: network.longitude },
    )
    const hours = Math.max(0, now - last.at) / 3_600_000
    if (km < near || km <= hours * fastest) return undefined
    const inputs = { km: Math.round(km), hours: Math.round(hours * 100) / 100 }
    return { weight: 2, why: 'too-far-too-soon', inputs }
  },
}
