import type { Authenticator } from '#model/authenticator.ts'
import type { Budget } from '#model/budget.ts'
import type { Challenge } from '#model/challenge.ts'
import { type AuthenticatorId, asId, type ChallengeId, type UserId } from '#model/ids.ts'
import type { Outcome, Refusal } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { User } from '#model/user.ts'
import type { Factor, FactorTools, Verdict } from '#ports/factor.ts'
import { type Decision, type Found, insert, put, row, type Write } from '#ports/store.ts'
import { isOpen } from './answer/attempt.ts'
import { proofOf } from './answer/right.ts'
import { addressBudgetRef, addressFailure, addressWait } from './attempt-budgets.ts'
import { challengeId, macContext, reserveChallenge } from './challenges.ts'
import { audit } from './events.ts'
import { waitSeconds } from './ladder.ts'
import { limits } from './limits.ts'
import { noticeDue, noticeRef } from './notices.ts'
import type { Caller, Parts } from './parts.ts'
import type { SignedIn } from './sign-in.ts'
import { canAskHere, factorTools, openSecret } from './tools.ts'

export interface PasskeyAsked {
  readonly challenge: string
  /** Seconds. */
  readonly expiresIn: number
  /** What the browser is handed. */
  readonly show: Readonly<Record<string, unknown>>
}

/** Kept a little longer than it lives, like any challenge; seconds. */
const graveyard = 3_600

/** The factor whose proofs say themselves whose they are, where the tenant has it. */
export const passkeyFactor = (
  parts: Pick<Parts, 'factors'>,
  caller: Pick<Caller, 'tenant' | 'base'>,
): Factor | undefined =>
  [...parts.factors.values()].find(
    (it) => it.discover !== undefined && caller.tenant.factors.includes(it.kind) && canAskHere(it, caller),
  )

/** Whether somebody may sign in here without saying who they are. */
export const offersPasskeys = (parts: Pick<Parts, 'factors'>, caller: Pick<Caller, 'tenant' | 'base'>): boolean =>
  passkeyFactor(parts, caller) !== undefined

/**
 * Asks whoever is there for a passkey. Nobody is named, so the answer is the same shape for everybody (S-96). The handle
 * is what binds the challenge to whoever began (S-89): pages keep it in the flow of one browser, and it does not leave
 * the server; an application that has no such flow keeps it itself. It is not the challenge that is signed.
 */
export async function askPasskey(parts: Parts, caller: Caller): Promise<Outcome<PasskeyAsked>> {
  const factor = passkeyFactor(parts, caller)
  if (factor?.discover === undefined) return { no: 'factor-off', factor: 'passkey' }
  const nobody = asId<UserId>('')
  return await keepQuestion(parts, caller, factor, { purpose: 'passwordless', user: nobody }, (tools) => {
    const asked = factor.discover?.(tools)
    return { state: asked?.challenge ?? {}, show: asked?.show }
  })
}

/** Keeps a question to a key nobody has named; `make` says what its answer will be held against, and what is shown. */
export async function keepQuestion(
  parts: Parts,
  caller: Caller,
  factor: Factor,
  whose: Pick<Challenge, 'purpose' | 'user'>,
  make: (tools: FactorTools) => { readonly state: Challenge['state']; readonly show: PasskeyAsked['show'] | undefined },
): Promise<Outcome<PasskeyAsked>> {
  const { handle, id } = reserveChallenge(parts, caller)
  const bare = { tenant: caller.tenant.id, id, authenticator: asId<AuthenticatorId>(''), ...whose }
  const { state, show } = make(factorTools(parts, macContext(bare), caller))
  const now = parts.clock.now()
  const challenge: Challenge = {
    ...bare,
    client: caller.application.id,
    flow: `passkey:${id}`,
    factor: factor.kind,
    state,
    failures: 0,
    createdAt: now,
    codeExpiresAt: now + limits.codeLifetime * 1_000,
    expiresAt: now + (limits.codeLifetime + graveyard) * 1_000,
  }
  await parts.store.change({}, () => ({ result: undefined, writes: [insert('challenges', challenge)] }))
  return yes({ challenge: handle, expiresIn: limits.codeLifetime, show: show ?? {} })
}

export interface PasskeySignIn {
  readonly caller: Caller
  /** The handle of `askPasskey`. */
  readonly challenge: string
  /** What the browser sent, unchecked. */
  readonly proof: unknown
}

/**
 * Signs in with a passkey as the only factor: the proof says whose it is, and the key has made sure of them. Whatever is
 * wrong with it is one refusal; a challenge is answered once, and counters are compared where they are written (S-91).
 */
export async function signInWithPasskey(parts: Parts, request: PasskeySignIn): Promise<Outcome<SignedIn>> {
  const { caller } = request
  const factor = passkeyFactor(parts, caller)
  if (factor === undefined) return { no: 'factor-off', factor: 'passkey' }
  const looked = await look(parts, request, factor)
  const outcome = await parts.store.change(refsOf(caller, looked), (found): Decision<Outcome<SignedIn>> => {
    const refusal = unfit(parts, caller, factor, found)
    return refusal === undefined ? decide(parts, caller, factor, looked, found) : { result: refusal }
  })
  if (outcome.no === 'wrong-proof') parts.nudge()
  return outcome
}

/** What is found out before anything is locked: who is meant, and whether the signature is good. */
interface Looked {
  readonly challenge: ChallengeId
  readonly named: Authenticator | undefined
  readonly check: (memory: Authenticator['memory']) => Verdict
}

async function look(parts: Parts, { caller, challenge, proof }: PasskeySignIn, factor: Factor): Promise<Looked> {
  const tenant = caller.tenant.id
  const id = challengeId(challenge)
  const asked = await parts.store.get('challenges', tenant, id)
  const key = factor.keyOf?.(proof)
  const by = { index: 'key', value: key ?? '' } as const
  const [named] = key === undefined ? [] : await parts.store.list('authenticators', tenant, { by, limit: 1 })
  const tools = factorTools(parts, asked === undefined ? [] : macContext(asked))
  const material = { secret: named && openSecret(parts, named), challenge: asked?.state, proof }
  const evidence = await factor.examine?.({ ...material, memory: named?.memory }, tools)
  return { challenge: id, named, check: (memory) => factor.check({ ...material, memory, evidence }, tools) }
}

const refsOf = (caller: Caller, { challenge, named }: Looked) => ({
  challenge: row('challenges', caller.tenant.id, challenge),
  authenticator: row('authenticators', caller.tenant.id, named?.id ?? ''),
  user: row('users', caller.tenant.id, named?.user ?? ''),
  address: addressBudgetRef(caller),
  told: noticeRef(caller, named?.user ?? asId('')),
})
type Account = Found<ReturnType<typeof refsOf>>

/** All that can be said before the proof is judged. */
function unfit(parts: Parts, caller: Caller, factor: Factor, found: Account): Refusal | undefined {
  const now = parts.clock.now()
  const wait = Math.max(addressWait(parts, caller, found.address), waitSeconds(found.authenticator, now))
  if (wait > 0) return { no: 'too-many-attempts', of: 'code', retryAfter: wait }
  const { challenge } = found
  if (challenge?.purpose !== 'passwordless' || challenge.factor !== factor.kind) return { no: 'challenge-unknown' }
  if (challenge.client !== caller.application.id) return { no: 'challenge-of-other-flow' }
  return challenge.codeExpiresAt <= now ? { no: 'challenge-expired' } : undefined
}

function decide(
  parts: Parts,
  caller: Caller,
  factor: Factor,
  looked: Looked,
  found: Account,
): Decision<Outcome<SignedIn>> {
  const { challenge, authenticator: it, user } = found
  if (challenge === undefined) return { result: { no: 'challenge-unknown' } }
  const now = parts.clock.now()
  const fields = { user: user?.id, factor: factor.kind, authenticator: it?.id }
  const failed = (reason: string, more: readonly Write[] = []): Decision<Outcome<SignedIn>> => ({
    result: reason === 'blocked' ? { no: 'blocked-user' } : { no: 'wrong-proof', factor: factor.kind },
    writes: [
      put('challenges', { ...challenge, failures: challenge.failures + 1 }),
      ...addressFailure(parts, caller, found.address, user?.id),
      audit(parts, caller, 'login.passwordless', { ...fields, outcome: 'failure', reason }),
      ...more,
    ],
  })
  if (!isOpen(challenge)) return failed('dead')
  if (it?.state !== 'confirmed' || it.factor !== factor.kind || user === undefined) return failed('unknown')
  // Whoever made it may have waited with it for the owner of the address to come (AC-14).
  if ((it.ownedAt ?? it.confirmedAt ?? it.createdAt) < (user.ownedSince ?? 0)) return failed('older-than-owner')
  const verdict = looked.check(it.memory)
  if (verdict.is !== 'right') {
    const copied = verdict.is === 'wrong' && verdict.suspend === true
    return copied ? failed('copied', suspension(parts, caller, user, it, found.told)) : failed('wrong')
  }
  if (user.blocked) return failed('blocked')
  const memory = verdict.memory ?? it.memory
  return {
    result: yes({ user, proofs: [proofOf(parts, factor, it, verdict)] }),
    writes: [
      put('challenges', { ...challenge, wonAt: now }),
      put('authenticators', { ...it, memory, failures: 0, waitUntil: undefined, lastUsedAt: now }),
      audit(parts, caller, 'login.passwordless', fields),
    ],
  }
}

/** A key that seems to have been copied is not to be believed again, and its owner is told (S-91). */
function suspension(
  parts: Parts,
  caller: Caller,
  user: User,
  it: Authenticator,
  told: Budget | undefined,
): readonly Write[] {
  return [
    put('authenticators', { ...it, state: 'disabled' }),
    audit(parts, caller, 'factor.disabled', {
      user: user.id,
      factor: it.factor,
      authenticator: it.id,
      reason: 'copied',
    }),
    ...noticeDue(parts, caller, user, told, 'factor-disabled', it.factor),
  ]
}
