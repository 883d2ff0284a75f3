import type { Authenticator } from '#model/authenticator.ts'
import type { Outcome, Refusal } from '#model/outcome.ts'
import type { Ticket } from '#model/ticket.ts'
import { type Decision, put, type Refs, type Write } from '#ports/store.ts'
import { addressFailure, failureBudgets } from '../attempt-budgets.ts'
import { audit } from '../events.ts'
import { climb } from '../ladder.ts'
import { limits } from '../limits.ts'
import { noticeDue } from '../notices.ts'
import type { Caller, Parts } from '../parts.ts'
import { countOn, isOpen } from './attempt.ts'
import type { Account, Answered, AnswerRequest, Attempt } from './request.ts'

/**
 * A refusal before the proof was looked at. A challenge that was named from another flow or by another client loses an
 * attempt (S-4, AC-4), and the audit names both sides (AC-3).
 */
export function astray<A>(
  parts: Parts,
  caller: Caller,
  { challenge, ticket, address }: Account,
  refusal: Refusal,
): Decision<Outcome<Answered<A>>> {
  if (refusal.no !== 'challenge-of-other-flow' && refusal.no !== 'ticket-of-other-client') return { result: refusal }
  return {
    result: refusal,
    writes: [
      ...(challenge && isOpen(challenge) ? [put('challenges', countOn(challenge))] : []),
      ...addressFailure(parts, caller, address),
      audit(parts, caller, 'proof.checked', {
        user: challenge?.user ?? ticket?.user,
        factor: challenge?.factor,
        outcome: 'failure',
        reason: refusal.no,
        details: { issuedTo: challenge?.client ?? ticket?.client ?? '' },
      }),
    ],
  }
}

/** What a timer of a page may be early by, ms. */
const slack = 500

/** Nobody has answered yet; asked for too soon it is `slow-down`, and from then on the pace is 5 s slower (S-59). */
export function waiting<A>(parts: Parts, { challenge }: Attempt): Decision<Outcome<Answered<A>>> {
  const now = parts.clock.now()
  const pace = challenge?.pollEvery ?? limits.pollInterval
  const soon = challenge?.polledAt !== undefined && now - challenge.polledAt < pace * 1_000 - slack
  const slower = soon ? { pollEvery: pace + limits.pollInterval } : {}
  return {
    result: { no: soon ? 'slow-down' : 'waiting' },
    writes: challenge ? [put('challenges', { ...challenge, ...slower, polledAt: now })] : [],
  }
}

/** The owner said no: the challenge is over. */
export function declined<R extends Refs, A>(
  parts: Parts,
  { caller }: AnswerRequest<R, A>,
  account: Account,
  { challenge, factor }: Attempt,
): Decision<Outcome<Answered<A>>> {
  const now = parts.clock.now()
  return {
    result: { no: 'declined' },
    writes: [
      ...(challenge ? [put('challenges', { ...challenge, voidedAt: now })] : []),
      audit(parts, caller, 'proof.checked', {
        user: account.user?.id,
        factor: factor.kind,
        outcome: 'failure',
        reason: 'declined',
      }),
    ],
  }
}

/**
 * A wrong proof: every counter it touches, in one commit with its audit row. Where nothing was compared, because the
 * challenge was dead already, only the budgets of user and address count it: it was no guess (S-20). `copied`: whose
 * proof says that somebody else holds it too; they are suspended.
 */
export function wrong<A>(
  parts: Parts,
  { caller }: { readonly caller: Caller },
  account: Account,
  attempt: Attempt,
  copied: readonly Authenticator[] = [],
): Decision<Outcome<Answered<A>>> {
  const { factor, challenge, ticket, candidates } = attempt
  const now = parts.clock.now()
  const counted = attempt.dead ? [] : candidates.map((it) => failedOnce(it, now, copied.includes(it)))
  const locked = counted.find((it) => it.state === 'disabled') ?? counted.find((it) => it.waitUntil !== undefined)
  const cause = locked?.state === 'disabled' ? 'factor-disabled' : 'factor-locked'
  const notice = locked && account.user ? noticeDue(parts, caller, account.user, account.told, cause, factor.kind) : []
  return {
    result: { no: 'wrong-proof', factor: factor.kind },
    writes: [
      ...counted.map((it) => put('authenticators', it)),
      ...(challenge && isOpen(challenge) ? [put('challenges', countOn(challenge))] : []),
      ...(ticket && !challenge && !attempt.dead ? [put('tickets', countOnTicket(ticket, factor.kind))] : []),
      ...failureBudgets(parts, caller, account, factor),
      ...notice,
      audit(parts, caller, 'proof.checked', {
        user: account.user?.id,
        factor: factor.kind,
        authenticator: candidates[0]?.id,
        outcome: 'failure',
        reason: attempt.dead ? 'dead' : copied.length > 0 ? 'copied' : 'wrong',
      }),
      ...counted.flatMap((it) => lockEvents(parts, caller, it)),
    ],
  }
}

function lockEvents(parts: Parts, caller: Caller, it: Authenticator): readonly Write[] {
  const fields = { user: it.user, factor: it.factor, authenticator: it.id, details: { failures: it.failures } }
  if (it.state === 'disabled') return [audit(parts, caller, 'factor.disabled', fields)]
  return it.waitUntil === undefined ? [] : [audit(parts, caller, 'factor.locked', fields)]
}

const countOnTicket = (ticket: Ticket, kind: string): Ticket => ({
  ...ticket,
  failures: { ...ticket.failures, [kind]: (ticket.failures[kind] ?? 0) + 1 },
})

/** One more consecutive failure; copied (S-91), or at the hundredth, it is disabled until it is recovered (S-18). */
function failedOnce(it: Authenticator, now: number, copied: boolean): Authenticator {
  if (it.state === 'pending') return { ...it, pendingFailures: (it.pendingFailures ?? 0) + 1 }
  const rung = climb(it, now)
  return copied || rung.failures >= limits.failuresBeforeDisabled
    ? { ...it, ...rung, state: 'disabled' }
    : { ...it, ...rung }
}
