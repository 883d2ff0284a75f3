import type { Signal } from './signal.ts'

/** Logins needed before their hours say anything, and how near an earlier one makes an hour a usual one. */
const enough = 20
const within = 2

/** Of many logins none was ever made within two hours of this time of day (UTC). */
export const unusualHour: Signal = {
  name: 'unusual_hour',
  look({ now, ownLogins, hours }) {
    if (ownLogins < enough || hours.length !== 24) return undefined
    const hour = new Date(now).getUTCHours()
    for (let off = -within; off <= within; off++) if ((hours[(hour + off + 24) % 24] ?? 0) > 0) return undefined
    return { weight: 1, why: 'hour-never-seen', inputs: { hour } }
  },
}
