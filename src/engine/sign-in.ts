import { lengthPrefixed, tokenDigest } from '#crypto/digest.ts'
import type { Budget } from '#model/budget.ts'
import type { Outcome, Refusal } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Proof } from '#model/proof.ts'
import type { User } from '#model/user.ts'
import { type Decision, put, remove, row, upsert } from '#ports/store.ts'
import { findByLogin, findByPhone, usernameKey } from './accounts/find.ts'
import { asciiLower, canonicalEmail, canonicalPhone } from './addresses.ts'
import { password as passwordFactor } from './assurance.ts'
import { addressBudgetRef, addressFailure, addressWait } from './attempt-budgets.ts'
import { audit } from './events.ts'
import { climb, waitSeconds } from './ladder.ts'
import { limits } from './limits.ts'
import type { Caller, Parts } from './parts.ts'
import { createSerial } from './serial.ts'

export interface SignInRequest {
  readonly caller: Caller
  /** E-mail address or user name as typed. */
  readonly login: string
  readonly password: string
  /** A telephone number names its owner too, once it is verified. */
  readonly byPhone?: boolean
}

export interface SignedIn {
  readonly user: User
  readonly proofs: readonly Proof[]
}

const oneByOne = createSerial()

/**
 * Proves the password. Unknown user and wrong password are one refusal at one price (S-102, S-103); consecutive
 * failures of a user, or of a name that is nobody's, are counted before the password is compared, whether or not the name exists (S-18, S-20, S-106).
 */
export async function signIn(parts: Parts, request: SignInRequest): Promise<Outcome<SignedIn>> {
  const key = ladderKey(request.caller, request.login, await ownerOf(parts, request))
  return await oneByOne(key, () => attempt(parts, request, key))
}

/** One row a user, whichever of their names is typed, and one a name that is nobody's; no name is stored. */
function ladderKey(caller: Caller, login: string, owner: User | undefined): string {
  const email = login.includes('@') ? canonicalEmail(login).yes?.key : undefined
  const name = email ?? asciiLower(usernameKey(login)).slice(0, 320)
  const whose = owner === undefined ? ['name', name] : ['user', owner.id]
  return `password:${tokenDigest(lengthPrefixed([caller.tenant.id, ...whose]).toString('latin1'))}`
}

async function attempt(parts: Parts, request: SignInRequest, key: string): Promise<Outcome<SignedIn>> {
  const { caller, password } = request
  const refusal = await reserve(parts, caller, key)
  if (refusal !== undefined) return refusal
  const user = await ownerOf(parts, request)
  const stored = user?.passwordHash
  const checked =
    stored === undefined ? await parts.passwords.verifyDecoy(password) : await parts.passwords.verify(password, stored)
  if (checked.kind === 'pool-full') {
    await release(parts, caller, key)
    return { no: 'busy', retryAfter: checked.retryAfterSeconds }
  }
  if (checked.kind === 'too-long' || !checked.ok || user === undefined) {
    await recordFailure(parts, caller, user, key)
    return { no: 'wrong-password' }
  }
  if (user.blocked) {
    await recordFailure(parts, caller, user, key, 'blocked')
    return { no: 'blocked-user' }
  }
  await release(parts, caller, key, checked.rehash ? { user, password } : undefined)
  const proof: Proof = { factor: passwordFactor, channel: passwordFactor, at: parts.clock.now() }
  return yes({ user, proofs: [proof] })
}

async function ownerOf({ store }: Parts, { caller, login, byPhone }: SignInRequest): Promise<User | undefined> {
  const tenant = caller.tenant.id
  const phone = byPhone === true ? canonicalPhone(caller.tenant, login).yes : undefined
  return phone === undefined ? await findByLogin(store, tenant, login) : await findByPhone(store, tenant, phone)
}

/** Counts the attempt before it is made; the ladder's wait refuses it without a comparison. */
async function reserve(parts: Parts, caller: Caller, key: string): Promise<Refusal | undefined> {
  const tenant = caller.tenant.id
  return await parts.store.change(
    { ladder: row('budgets', tenant, key), address: addressBudgetRef(caller) },
    ({ ladder, address }): Decision<Refusal | undefined> => {
      const now = parts.clock.now()
      const rung = { failures: ladder?.failures ?? 0, waitUntil: ladder?.waitUntil }
      const wait = Math.max(waitSeconds(rung, now), addressWait(parts, caller, address))
      if (wait > 0) return { result: { no: 'too-many-attempts', of: 'password', retryAfter: wait } }
      const next: Budget = { tenant, id: key, used: 0, at: now, ...climb(rung, now), expiresAt: now + day }
      return { result: undefined, writes: [upsert('budgets', next)] }
    },
  )
}

const day = 24 * 3_600_000

/** A right password clears the count; a hash made in an older way is replaced in the same commit (S-38). */
async function release(
  parts: Parts,
  caller: Caller,
  key: string,
  rehash?: { readonly user: User; readonly password: string },
): Promise<void> {
  const tenant = caller.tenant.id
  const hashed = rehash && (await parts.passwords.hash(rehash.password))
  const refs = { user: row('users', tenant, rehash?.user.id ?? '') }
  await parts.store.change(refs, ({ user }): Decision<undefined> => {
    const fresh =
      hashed?.kind === 'hashed' && user?.passwordHash === rehash?.user.passwordHash ? hashed.hash : undefined
    const writes = [remove('budgets', tenant, key)]
    return {
      result: undefined,
      writes: fresh && user ? [...writes, put('users', { ...user, passwordHash: fresh })] : writes,
    }
  })
}

async function recordFailure(
  parts: Parts,
  caller: Caller,
  user: User | undefined,
  key: string,
  reason = 'wrong',
): Promise<void> {
  await parts.store.change({ address: addressBudgetRef(caller) }, ({ address }) => ({
    result: undefined,
    writes: [
      ...addressFailure(parts, caller, address, user?.id ?? key),
      audit(parts, caller, 'login.password', { user: user?.id, outcome: 'failure', reason }),
    ],
  }))
}

/** Characters a new password needs; fewer where a second factor always stands beside it. */
export const shortestPassword = (withFactor: boolean): number =>
  withFactor ? limits.passwordWithFactor : limits.passwordAlone
