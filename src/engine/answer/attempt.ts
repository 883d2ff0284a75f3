import type { Authenticator } from '#model/authenticator.ts'
import type { Challenge } from '#model/challenge.ts'
import { type Outcome, yes } from '#model/outcome.ts'
import type { Ticket } from '#model/ticket.ts'
import type { Refs } from '#ports/store.ts'
import { budgetsRefuse } from '../attempt-budgets.ts'
import { flowId } from '../flow.ts'
import { waitSeconds } from '../ladder.ts'
import { limits } from '../limits.ts'
import type { Parts } from '../parts.ts'
import { provedOne } from '../policy/index.ts'
import { confirmed, held } from '../policy/ways.ts'
import { checkTicket } from '../tickets.ts'
import type { Account, AnswerRequest, Attempt, Examined } from './request.ts'

/** All that can be said before the proof is looked at. */
export function prepare<R extends Refs, A>(
  parts: Parts,
  request: AnswerRequest<R, A>,
  found: Account,
  { key }: Examined = {},
): Outcome<Attempt> {
  const { caller, flow } = request
  const now = parts.clock.now()
  if (found.user === undefined || found.user.blocked) return { no: 'ticket-unknown' }
  const ticket = flow.by === 'ticket' ? checkTicket(found.ticket, caller, now, found.user) : undefined
  if (ticket?.no !== undefined) return ticket
  const bound =
    'kind' in request.to
      ? byKind(parts, request, request.to.kind, found, ticket?.yes, now)
      : byChallenge(parts, request, found, ticket?.yes, key, now)
  if (bound.no !== undefined) return bound
  const over = budgetsRefuse(parts, caller, found, bound.yes.factor, request.holdBucket === true)
  if (over !== undefined) return over
  const allowed = withoutForbiddenEnrolment(parts, bound.yes, found.authenticators)
  return allowed.no === undefined ? afterWait(allowed.yes, now) : allowed
}

/**
 * What a ticket may enrol is looked at again when it is confirmed: since the enrolment began, somebody else may have
 * confirmed the account's first factor, and then that one has to be proved first (S-61).
 */
function withoutForbiddenEnrolment(
  parts: Parts,
  attempt: Attempt,
  authenticators: readonly Authenticator[],
): Outcome<Attempt> {
  const proofs = attempt.ticket?.proofs
  if (proofs === undefined || held(authenticators, parts.factors).length === 0) return yes(attempt)
  if (provedOne({ proofs, authenticators, factors: parts.factors })) return yes(attempt)
  const candidates = attempt.candidates.filter((it) => it.state !== 'pending')
  return candidates.length > 0 ? yes({ ...attempt, candidates }) : { no: 'already-enrolled' }
}

/** Candidates that are waiting or disabled drop out; if none is left the answer is the same for right and wrong (S-22). */
function afterWait(attempt: Attempt, now: number): Outcome<Attempt> {
  const ready = attempt.candidates.filter((it) => waitSeconds(it, now) === 0)
  if (ready.length > 0) return yes({ ...attempt, candidates: ready })
  const retryAfter = Math.min(...attempt.candidates.map((it) => waitSeconds(it, now)))
  return { no: 'too-many-attempts', of: attempt.factor.traits.proof === 'lookup' ? 'recovery' : 'code', retryAfter }
}

function byChallenge<R extends Refs, A>(
  parts: Parts,
  { caller, flow }: AnswerRequest<R, A>,
  { challenge, authenticators }: Account,
  ticket: Ticket | undefined,
  key: string | undefined,
  now: number,
): Outcome<Attempt> {
  if (challenge === undefined) return { no: 'challenge-unknown' }
  if (challenge.flow !== flowId(flow)) return { no: 'challenge-of-other-flow' }
  if (challenge.client !== caller.application.id) return { no: 'challenge-of-other-flow' }
  if (challenge.codeExpiresAt <= now) return { no: 'challenge-expired' }
  const factor = parts.factors.get(challenge.factor)
  const named = authenticators.find((it) => key !== undefined && it.key === key && mayAnswer(it, challenge))
  const authenticator = named ?? authenticators.find((it) => it.id === challenge.authenticator)
  const wanted = challenge.purpose === 'enrolment' ? 'pending' : 'confirmed'
  const gone = authenticator === undefined || authenticator.target !== challenge.target || factor === undefined
  if (gone || !caller.tenant.factors.includes(factor.kind)) return { no: 'challenge-expired' }
  const dead = !isOpen(challenge) || authenticator.state !== wanted
  return yes({ factor, candidates: [authenticator], challenge, ticket, dead })
}

function byKind<R extends Refs, A>(
  parts: Parts,
  { caller, flow }: AnswerRequest<R, A>,
  kind: string,
  { authenticators }: Account,
  ticket: Ticket | undefined,
  now: number,
): Outcome<Attempt> {
  const factor = parts.factors.get(kind)
  if (factor === undefined || factor.ask !== undefined) return { no: 'factor-unknown', factor: kind }
  if (!caller.tenant.factors.includes(kind)) return { no: 'not-enrolled' }
  const own = authenticators.filter((it) => it.factor === kind)
  const started = own.filter((it) => it.state === 'pending' && it.startedBy === flowId(flow))
  const pending = factor.traits.enrollable
    ? started.filter((it) => (it.expiresAt ?? 0) > now && (it.pendingFailures ?? 0) < limits.failuresPerPending)
    : []
  const candidates = flow.by === 'token' ? pending : [...confirmed(own), ...pending]
  if (candidates.length === 0) {
    if (own.some((it) => it.state === 'disabled')) return { no: 'authenticator-disabled' }
    return started.length > 0 ? { no: 'wrong-proof', factor: kind } : { no: 'not-enrolled' }
  }
  const failures = ticket?.failures[kind] ?? 0
  return yes({ factor, candidates, ticket, dead: failures >= limits.failuresPerChallenge })
}

/** Whether an authenticator that names itself in its proof may stand in for the one that was asked. */
export const mayAnswer = (it: Authenticator, { user, factor, purpose }: Challenge): boolean =>
  it.user === user && it.factor === factor && it.state === 'confirmed' && purpose === 'login'

/** Whether a challenge can still be won. */
export const isOpen = (it: Challenge): boolean =>
  it.wonAt === undefined && it.voidedAt === undefined && it.failures < limits.failuresPerChallenge

/** One more wrong proof on a challenge. */
export const countOn = (it: Challenge): Challenge => ({ ...it, failures: it.failures + 1 })
