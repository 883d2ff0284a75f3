import { limits } from '../../limits.ts'
import type { Signal } from './signal.ts'

/** Nobody has signed in for 90 days. */
export const dormantAccount: Signal = {
  name: 'dormant_account',
  look({ now, lastLoginAt }) {
    if (lastLoginAt === undefined || now - lastLoginAt <= limits.dormantAfter * 1_000) return undefined
    return { weight: 1, why: 'not-used-for-long', inputs: { days: Math.floor((now - lastLoginAt) / 86_400_000) } }
  },
}
