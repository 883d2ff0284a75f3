import type { User } from '#model/user.ts'
import { password } from '../assurance.ts'
import { limits } from '../limits.ts'
import type { Situation } from './situation.ts'
import { held } from './ways.ts'

/**
 * Whether an account without any factor has lain unused for 90 days, or had when it was last signed in to on the
 * password alone. A new password wakes it: that takes the mailbox or an administrator. `now` in epoch ms.
 */
export function sleeps(user: User, now: number): boolean {
  const { createdAt, lastLoginAt = 0, passwordChangedAt = 0, lastMfaAt = 0, dormantAt } = user
  if (dormantAt !== undefined) return passwordChangedAt <= dormantAt
  return now - Math.max(createdAt, lastLoginAt, passwordChangedAt, lastMfaAt) > limits.dormantAfter * 1_000
}

/**
 * Whether nothing may be enrolled on what was proved so far: the account sleeps, and a password is all that was shown
 * (S-67). A first proof of the account's own mailbox or telephone is proof enough.
 */
export const isDormant = ({ user, authenticators, proofs, now, factors }: Situation): boolean =>
  held(authenticators, factors).length === 0 && proofs.every((it) => it.factor === password) && sleeps(user, now)
