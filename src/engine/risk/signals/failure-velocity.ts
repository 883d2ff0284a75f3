import type { Signal } from './signal.ts'

/** Wrong proofs of one user within an hour, and accounts tried from one address within the time its budget covers. */
const perUser = 5
const perAddress = 5

/** Somebody has been trying: at this account, or at many from this address. */
export const failureVelocity: Signal = {
  name: 'failure_velocity',
  look({ failures }) {
    const { user, accounts } = failures
    if (user < perUser && accounts < perAddress) return undefined
    return {
      weight: 2,
      why: accounts >= perAddress ? 'many-accounts-tried' : 'many-wrong-proofs',
      inputs: { user, accounts },
    }
  },
}
