import type { Authenticator } from '#model/authenticator.ts'
import type { Challenge } from '#model/challenge.ts'
import type { Outcome, Refusal } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { User } from '#model/user.ts'
import type { Factor, Memory, Verdict } from '#ports/factor.ts'
import { type Decision, type Found, insert, put, row, rows } from '#ports/store.ts'
import { draftUser, type NewUser } from './accounts/create.ts'
import { maySignUp } from './accounts/may-sign-up.ts'
import { isOpen } from './answer/attempt.ts'
import { proofOf } from './answer/right.ts'
import { addressBudgetRef, addressFailure, addressWait } from './attempt-budgets.ts'
import { challengeId, macContext } from './challenges.ts'
import { accountLabel, newAuthenticatorId } from './enrol.ts'
import { audit } from './events.ts'
import type { Caller, Parts } from './parts.ts'
import { keepQuestion, type PasskeyAsked, type PasskeySignIn, passkeyFactor, signInWithPasskey } from './passkey.ts'
import type { SignedIn } from './sign-in.ts'
import { factorTools } from './tools.ts'

/** What a sign-up is kept as until the key is there: the ceremony, and the account it will open. */
interface Pending {
  readonly ceremony: Memory
  readonly user: User
}

/**
 * Asks for the passkey of an account that is to be. Nothing is looked up: whether an address is taken is said to nobody
 * who has not made a key for it, and to them as any sign-up says it (S-96, S-102). Whether people may sign up here is
 * for the caller to tell them; an answer is taken only where they may.
 */
export async function startPasskeySignUp(
  parts: Parts,
  caller: Caller,
  wanted: NewUser,
): Promise<Outcome<PasskeyAsked>> {
  const factor = passkeyFactor(parts, caller)
  if (factor === undefined) return { no: 'factor-off', factor: 'passkey' }
  const drafted = draftUser(parts, caller.tenant, wanted)
  if (drafted.no !== undefined) return drafted
  const user = drafted.yes
  return await keepQuestion(parts, caller, factor, { purpose: 'sign-up', user: user.id }, (tools) => {
    const account = accountLabel(user)
    const made = factor.enrol({ issuer: caller.tenant.name, account, key: { discoverable: true } }, tools)
    const state: Pending = { ceremony: made.challenge ?? {}, user }
    return { state: { ...state }, show: made.show }
  })
}

/** Answers whichever question the handle stands for: an account is opened with its first key, or signed in to. */
export async function provePasskey(parts: Parts, request: PasskeySignIn): Promise<Outcome<SignedIn>> {
  const { caller, challenge } = request
  const asked = await parts.store.get('challenges', caller.tenant.id, challengeId(challenge))
  return asked?.purpose === 'sign-up'
    ? await signUpWithPasskey(parts, request, asked)
    : await signInWithPasskey(parts, request)
}

/**
 * Opens the account with the key as its only way in. The challenge is spent, the account and its key come into being in
 * one commit; a key that has been registered before, for whomever, opens nothing (S-92).
 */
async function signUpWithPasskey(
  parts: Parts,
  { caller, proof }: PasskeySignIn,
  asked: Challenge,
): Promise<Outcome<SignedIn>> {
  const factor = passkeyFactor(parts, caller)
  if (factor === undefined) return { no: 'factor-off', factor: 'passkey' }
  const { ceremony, user } = asked.state as unknown as Pending
  const tools = factorTools(parts, macContext(asked))
  const evidence = await factor.examine?.({ challenge: ceremony, proof }, tools)
  const verdict = factor.check({ challenge: ceremony, proof, evidence }, tools)
  return await parts.store.change(
    refsOf(caller, asked, user, factor.keyOf?.(proof)),
    (found): Decision<Outcome<SignedIn>> => {
      const refusal = unfit(parts, caller, found)
      return refusal === undefined ? decide(parts, caller, factor, user, verdict, found) : { result: refusal }
    },
  )
}

const refsOf = (caller: Caller, asked: Challenge, user: User, key: string | undefined) => {
  const tenant = caller.tenant.id
  return {
    challenge: row('challenges', tenant, asked.id),
    address: addressBudgetRef(caller),
    byEmail: rows('users', 'email', tenant, user.emailKey ?? ''),
    byUsername: rows('users', 'username', tenant, user.usernameKey ?? ''),
    named: rows('authenticators', 'key', tenant, key ?? ''),
  }
}
type Account = Found<ReturnType<typeof refsOf>>

function unfit(parts: Parts, caller: Caller, { address, challenge }: Account): Refusal | undefined {
  const wait = addressWait(parts, caller, address)
  if (wait > 0) return { no: 'too-many-attempts', of: 'code', retryAfter: wait }
  if (challenge === undefined) return { no: 'challenge-unknown' }
  if (challenge.client !== caller.application.id) return { no: 'challenge-of-other-flow' }
  return challenge.codeExpiresAt <= parts.clock.now() ? { no: 'challenge-expired' } : undefined
}

function decide(
  parts: Parts,
  caller: Caller,
  factor: Factor,
  draft: User,
  verdict: Verdict,
  { challenge, address, byEmail, byUsername, named }: Account,
): Decision<Outcome<SignedIn>> {
  if (challenge === undefined) return { result: { no: 'challenge-unknown' } }
  const now = parts.clock.now()
  const failed = (reason: string): Decision<Outcome<SignedIn>> => ({
    result: { no: 'wrong-proof', factor: factor.kind },
    writes: [
      put('challenges', { ...challenge, failures: challenge.failures + 1 }),
      ...addressFailure(parts, caller, address),
      audit(parts, caller, 'login.passwordless', { factor: factor.kind, outcome: 'failure', reason }),
    ],
  })
  if (!isOpen(challenge)) return failed('dead')
  if (verdict.is !== 'right' || verdict.proved?.userVerified !== true || named.length > 0) return failed('wrong')
  if (!maySignUp(caller)) return failed('sign-up-off')
  const spent = put('challenges', { ...challenge, wonAt: now })
  const taken = byEmail.length > 0 ? 'email' : byUsername.length > 0 ? 'username' : undefined
  if (taken !== undefined) return { result: { no: 'taken', what: taken }, writes: [spent] }
  const user: User = { ...draft, createdAt: now, updatedAt: now }
  const it: Authenticator = {
    tenant: caller.tenant.id,
    id: newAuthenticatorId(parts),
    user: user.id,
    factor: factor.kind,
    state: 'confirmed',
    key: verdict.key,
    memory: verdict.memory,
    failures: 0,
    createdAt: now,
    confirmedAt: now,
    lastUsedAt: now,
  }
  const fields = { user: user.id, factor: factor.kind, authenticator: it.id }
  return {
    result: yes({ user, proofs: [proofOf(parts, factor, it, verdict)] }),
    writes: [
      spent,
      insert('users', user),
      insert('authenticators', it),
      audit(parts, caller, 'user.created', { user: user.id }),
      audit(parts, caller, 'factor.confirmed', fields),
      audit(parts, caller, 'login.passwordless', fields),
    ],
  }
}
