import { outOfBand } from '../out-of-band.ts'

/** A six-digit code by text message; restricted by NIST, so an alternative should be on offer (S-72). */
export const sms = outOfBand('sms', {
  proof: 'code',
  channel: 'sms',
  reach: 'phone',
  amr: ['otp', 'sms'],
  assurance: 'possession',
  secondChannel: true,
  independent: true,
  enrollable: true,
  rank: 30,
})
