import type { Signal } from './signal.ts'

/** km; more than databases of countries are wrong by, which know the middle of each. */
const far = 4_000

/** The device says it is on another continent than its address. That it is near its address says nothing. */
export const claimedPlace: Signal = {
  name: 'claimed_place',
  look({ hints }) {
    const km = hints?.awayFromAddress
    return km === undefined || km < far ? undefined : { weight: 1, why: 'device-elsewhere', inputs: { km } }
  },
}
