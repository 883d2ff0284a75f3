import { isKnownBadPassword } from '#crypto/bad-password.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { PasswordHasher } from '#ports/passwords.ts'
import { limits } from '../limits.ts'

/**
 * Hashes a new password after the rules of S-39: 8 characters or more (a second factor is always on offer), at most
 * 1,024 bytes, none of the known-bad values, no composition rules. `words` are those an attacker tries first: the
 * service's name, the user's names and addresses.
 */
export async function hashNewPassword(
  passwords: PasswordHasher,
  password: string,
  words: readonly string[],
): Promise<Outcome<string>> {
  if ([...password.normalize('NFKC')].length < limits.passwordWithFactor)
    return { no: 'weak-password', reason: 'too-short' }
  if (isKnownBadPassword(password, words)) return { no: 'weak-password', reason: 'known-bad' }
  const hashed = await passwords.hash(password)
  if (hashed.kind === 'too-long') return { no: 'weak-password', reason: 'too-long' }
  if (hashed.kind === 'pool-full') return { no: 'busy', retryAfter: hashed.retryAfterSeconds }
  return yes(hashed.hash)
}
