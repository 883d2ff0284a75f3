import {
  type CheckOutcome,
  type HashOutcome,
  maxPasswordBytes,
  type PasswordHasher,
  type PasswordTooLong,
} from '#ports/passwords.ts'
import type { Random } from '#ports/random.ts'
import { createHashPool, type HashPool } from './hash-pool.ts'
import {
  type Argon2Params,
  argon2idHash,
  argon2idPrefix,
  argon2idText,
  currentArgon2,
  saltBytes,
  tagBytes,
} from './password-formats/argon2.ts'
import type { PasswordCheck } from './password-formats/format.ts'
import { passwordFormats } from './password-formats/index.ts'
import { systemRandom } from './random.ts'

/** What a hasher is made of; everything has its default. */
export interface PasswordHasherOptions {
  readonly pool?: HashPool
  readonly params?: Argon2Params
  readonly random?: Random
}

/** Salt and tag as 16 and 32 bytes are written, which is how all our hashes end. */
const OUR_SALT_AND_TAG = /^[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/

/**
 * Password hashing with Argon2id at the figures of the contract (S-38, S-39, S-103, S-159).
 *
 * Passwords are brought to NFKC before hashing, so that the same text typed on two keyboards is one password. Imported
 * hashes were often made without that; where the two forms differ, the text is also tried as it came.
 */
export function createPasswordHasher({
  pool = createHashPool(),
  params = currentArgon2,
  random = systemRandom,
}: PasswordHasherOptions = {}): PasswordHasher {
  const prefix = argon2idPrefix(params)
  // A hash of nothing: no password is known that would match 256 random bits.
  const decoy = argon2idText(params, random.bytes(saltBytes), random.bytes(tagBytes))
  const decoyCheck = checkFor(decoy)
  if (decoyCheck === undefined) throw new RangeError('Argon2 parameters are outside the accepted bounds')

  const isCurrent = (stored: string): boolean =>
    stored.startsWith(prefix) && OUR_SALT_AND_TAG.test(stored.slice(prefix.length))

  const verify = async (password: string, stored: string): Promise<CheckOutcome> => {
    if (isTooLong(password)) return tooLong
    // An unreadable hash costs what any other does: its owner cannot be told from the others by the time.
    const check = checkFor(stored) ?? decoyCheck
    const outcome = await pool.run(() => tryForms(password, check))
    if (outcome.kind === 'pool-full') return outcome
    const { ok, asItCame } = outcome.value
    return { kind: 'checked', ok, rehash: ok && (asItCame || !isCurrent(stored)) }
  }

  return {
    async hash(password): Promise<HashOutcome> {
      if (isTooLong(password)) return tooLong
      const salt = random.bytes(saltBytes)
      const outcome = await pool.run(() => argon2idHash(password.normalize('NFKC'), salt, params))
      return outcome.kind === 'pool-full' ? outcome : { kind: 'hashed', hash: outcome.value }
    },
    verify,
    verifyDecoy: (password) => verify(password, decoy),
    accepts: (stored) => checkFor(stored) !== undefined,
  }
}

const tooLong: PasswordTooLong = { kind: 'too-long', maxBytes: maxPasswordBytes }

function isTooLong(password: string): boolean {
  // Every UTF-16 unit takes at least one byte: a huge text is refused without being measured.
  return password.length > maxPasswordBytes || Buffer.byteLength(password) > maxPasswordBytes
}

function checkFor(stored: string): PasswordCheck | undefined {
  for (const format of passwordFormats) {
    const check = format(stored)
    if (check !== undefined) return check
  }
  return undefined
}

async function tryForms(
  password: string,
  check: PasswordCheck,
): Promise<{ readonly ok: boolean; readonly asItCame: boolean }> {
  const normal = password.normalize('NFKC')
  if (await check(normal)) return { ok: true, asItCame: false }
  if (normal === password) return { ok: false, asItCame: false }
  const ok = await check(password)
  return { ok, asItCame: ok }
}
