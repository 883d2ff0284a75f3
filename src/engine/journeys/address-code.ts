import { lengthPrefixed, tokenDigest } from '#crypto/digest.ts'
import type { Budget } from '#model/budget.ts'
import type { Challenge } from '#model/challenge.ts'
import { asId, type ChallengeId, type UserId } from '#model/ids.ts'
import type { CodeKind } from '#model/message-texts.ts'
import type { Outcome, Refusal } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import { type Decision, put, remove, row, upsert } from '#ports/store.ts'
import { canonicalEmail } from '../addresses.ts'
import type { Spend } from '../admit.ts'
import { addressBudgetRef, addressFailure, addressWait } from '../attempt-budgets.ts'
import { codeLifetime } from '../challenges.ts'
import { audit } from '../events.ts'
import { climb, waitSeconds } from '../ladder.ts'
import { limits } from '../limits.ts'
import { codeMessage } from '../messages/queue.ts'
import type { Caller, Parts } from '../parts.ts'
import { ladderId } from '../passwordless.ts'
import { sendBudgetRef, spendSend } from '../send-budget.ts'
import { factorTools } from '../tools.ts'
import { type Journey, journeyRef, journeyUser, stillAt } from './journey.ts'

/** Seconds a caller is asked to let pass between two messages. */
export const resendInterval = 60

const channel = 'email'
/** How long a count of wrong codes is kept after the last of them, ms. */
const day = 24 * 3_600_000

/** One running code a journey: the next message replaces it and keeps its count (S-5). */
const codeId = (it: Journey): ChallengeId =>
  asId(tokenDigest(lengthPrefixed(['journey-code', it.tenant, it.id, String(it.stage)]).toString('latin1')))

const macContext = (id: ChallengeId, key: string): readonly string[] => ['journey-code', id, key]

const secondsUntil = (end: number, now: number): number => Math.ceil((end - now) / 1_000)

/**
 * Sends a code to the address of a journey; an older one is dead from then on. The stage stays as it is. When the
 * attempts of the stage are spent nothing is sent: the new code would inherit the count and could not work (S-5). Where
 * nobody stands behind the journey everything is counted alike, and no message leaves (S-102, S-106).
 */
export async function sendAddressCode(
  parts: Parts,
  caller: Caller,
  journey: Journey,
  purpose: CodeKind,
): Promise<Outcome<undefined>> {
  const { email, emailKey } = journey.state
  if (email === undefined || emailKey === undefined) return { no: 'ticket-unknown' }
  if (!parts.channels.has(channel)) return { no: 'undeliverable', channel }
  const tenant = caller.tenant.id
  const id = codeId(journey)
  const budgetOf = asId<UserId>(`address:${tokenDigest(emailKey)}`)
  const refs = {
    before: row('challenges', tenant, id),
    budget: sendBudgetRef(caller, channel, budgetOf),
    journey: journeyRef(journey),
  }
  const outcome = await parts.store.change(refs, (found): Decision<Outcome<undefined>> => {
    const now = parts.clock.now()
    const standing = stillAt(found.journey, journey, now)
    if (standing.no !== undefined) return { result: standing }
    if ((found.before?.failures ?? 0) >= limits.failuresPerChallenge) {
      return { result: { no: 'too-many-attempts', of: 'code', retryAfter: secondsUntil(standing.yes.endsAt, now) } }
    }
    const spent = spendSend(caller, channel, budgetOf, found.budget, now)
    if ('no' in spent) return { result: spent }
    const code = parts.random.digits(limits.codeDigits)
    const lifetime = codeLifetime(caller)
    const challenge: Challenge = {
      tenant,
      id,
      user: journeyUser(journey),
      client: caller.application.id,
      flow: `journey:${journey.id}`,
      authenticator: asId(''),
      factor: channel,
      target: email,
      purpose: 'passwordless',
      state: { mac: factorTools(parts, macContext(id, emailKey)).mac.make(code) },
      failures: found.before?.failures ?? 0,
      createdAt: now,
      codeExpiresAt: now + lifetime * 1_000,
      expiresAt: now + (lifetime + 3_600) * 1_000,
    }
    return {
      result: yes(undefined),
      writes: [
        upsert('challenges', challenge),
        ...(journey.state.decoy === undefined
          ? [codeMessage(parts, caller, { channel, to: email, purpose, code, lifetime, challenge: id })]
          : []),
        spent.write,
        audit(parts, caller, 'challenge.sent', {
          user: journey.state.user,
          factor: channel,
          details: { journey: journey.kind },
          ...(journey.state.decoy === undefined ? {} : { outcome: 'failure', reason: 'nobody' }),
        }),
      ],
    }
  })
  if (outcome.no === undefined) parts.nudge()
  return outcome
}

/** State of a journey behind which nobody stands, for a login as it was typed. */
export function decoyState(login: string, decoy: 'password' | 'email') {
  const address = canonicalEmail(login).yes
  return { decoy, email: address?.email ?? login, emailKey: address?.key ?? login.trim().toLowerCase() }
}

/** Takes a code where nobody stands behind the journey: it counts like any other, and is never right. */
export async function refuseDecoyCode(
  parts: Parts,
  caller: Caller,
  journey: Journey,
  code: unknown,
): Promise<Outcome<never>> {
  const spend = spendAddressCode(parts, caller, journey, code)
  return await parts.store.change(spend.refs, (found): Decision<Outcome<never>> => {
    const { refuse, writes } = spend.decide(found)
    return refuse === undefined ? { result: { no: 'wrong-proof', factor: channel } } : { result: refuse, writes }
  })
}

/**
 * Spends the code of a journey inside the change that goes on from it. A wrong one is counted against this code, against
 * the address over all flows, and against the network address; after five the code is dead (S-17, S-18, S-23).
 */
export function spendAddressCode(parts: Parts, caller: Caller, journey: Journey, proof: unknown): Spend {
  const tenant = caller.tenant.id
  const id = codeId(journey)
  const key = journey.state.emailKey ?? ''
  const refs = {
    code: row('challenges', tenant, id),
    address: addressBudgetRef(caller),
    ladder: row('budgets', tenant, ladderId(caller, channel, key)),
  }
  return {
    refs,
    decide(found) {
      const { code, address, ladder } = found as { code?: Challenge; address?: Budget; ladder?: Budget }
      const now = parts.clock.now()
      const wait = Math.max(addressWait(parts, caller, address), waitSeconds(ladder, now))
      if (wait > 0) return { writes: [], refuse: { no: 'too-many-attempts', of: 'code', retryAfter: wait } }
      const failure = [
        ...addressFailure(parts, caller, address),
        audit(parts, caller, 'login.passwordless', {
          user: journey.state.user,
          factor: channel,
          outcome: 'failure',
          reason: 'wrong',
        }),
      ]
      const expired: Refusal = { no: 'challenge-expired' }
      if (code === undefined || code.wonAt !== undefined || code.codeExpiresAt <= now) {
        return { writes: failure, refuse: expired }
      }
      if (code.failures >= limits.failuresPerChallenge) return { writes: failure, refuse: expired }
      const tools = factorTools(parts, macContext(id, key))
      if (parts.factors.get(channel)?.check({ challenge: code.state, proof }, tools).is !== 'right') {
        const rung = climb({ failures: ladder?.failures ?? 0 }, now)
        return {
          writes: [
            ...failure,
            put('challenges', { ...code, failures: code.failures + 1 }),
            upsert('budgets', { tenant, id: refs.ladder.id, used: 0, at: now, ...rung, expiresAt: now + day }),
          ],
          refuse: { no: 'wrong-proof', factor: channel },
        }
      }
      return {
        writes: [
          put('challenges', { ...code, wonAt: now }),
          remove('budgets', tenant, refs.ladder.id),
          audit(parts, caller, 'login.passwordless', { user: journey.state.user, factor: channel }),
        ],
      }
    },
  }
}
