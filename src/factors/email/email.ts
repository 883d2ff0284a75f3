import { outOfBand } from '../out-of-band.ts'

/**
 * A six-digit code by e-mail. It proves control of a mailbox, which is no factor class of its own: policy may accept it,
 * assurance does not rise (assurance.md §1, S-73).
 */
export const email = outOfBand('email', {
  proof: 'code',
  channel: 'email',
  reach: 'email',
  amr: ['otp'],
  assurance: 'none',
  secondChannel: false,
  independent: true,
  enrollable: true,
  rank: 50,
})
