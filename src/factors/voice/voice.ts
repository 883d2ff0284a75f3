import { outOfBand } from '../out-of-band.ts'

/** A six-digit code read out in a telephone call; shares its number with text messages. */
export const voice = outOfBand('voice', {
  proof: 'code',
  channel: 'voice',
  reach: 'phone',
  amr: ['otp', 'tel'],
  assurance: 'possession',
  secondChannel: true,
  independent: true,
  enrollable: true,
  rank: 40,
})
