import type { Authenticator } from '#model/authenticator.ts'
import type { Challenge } from '#model/challenge.ts'
import type { Outcome, Refusal } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Proof } from '#model/proof.ts'
import type { Requirement, Ticket } from '#model/ticket.ts'
import type { Factor, Verdict } from '#ports/factor.ts'
import { type Decision, type Found, put, type Refs, row, rows, type Write } from '#ports/store.ts'
import { type Admitted, accountRefs, judgeNow, loginWrites, requirementDetails } from './admit.ts'
import { assure } from './assurance.ts'
import { addressBudgetRef, addressFailure, budgetsRefuse, codeBudgetRef, failureBudgets } from './attempt-budgets.ts'
import { challengeId, macContext, voidChallenges } from './challenges.ts'
import { confirmWrites } from './enrol.ts'
import { audit } from './events.ts'
import { type Flow, flowId, flowUser } from './flow.ts'
import type { Granted, Issue } from './issue.ts'
import { climb, waitSeconds } from './ladder.ts'
import { limits } from './limits.ts'
import { lastMfaHere } from './marks.ts'
import { notify } from './messages/queue.ts'
import { noticeDue, noticeRef } from './notices.ts'
import type { Caller, Parts } from './parts.ts'
import { provedOne } from './policy/index.ts'
import { channelOf, confirmed, held } from './policy/ways.ts'
import { checkTicket } from './tickets.ts'
import { factorTools, openSecret, sealContext } from './tools.ts'

export interface AnswerRequest<R extends Refs, A> {
  readonly caller: Caller
  readonly flow: Flow
  /** The challenge that is answered, by its handle; or the kind whose authenticators need none. */
  readonly to: { readonly challenge: string } | { readonly kind: string }
  /** What the user sent, unchecked. */
  readonly proof: unknown
  readonly issue: Issue<R, A>
  /** Also hold this user's bucket of wrong codes (a dialect that promises one); the ladder holds in any case. */
  readonly holdBucket?: boolean
  /**
   * Only record the proof in the ticket: another request ends the flow (`finish`). `issue` then commits what the caller
   * keeps of the proof, once for every right one, and the answer's `missing` says whether policy asks for more.
   */
  readonly recordOnly?: boolean
}

export interface Answered<A> extends Admitted<A> {
  readonly factor: string
  /** With `recordOnly`: what policy still asks for after this proof. */
  readonly missing?: Requirement
  /** Shown to the user once: the code that replaces a spent one. */
  readonly show?: { readonly codes?: readonly string[] }
}

/**
 * Judges a proof and, if it was the last one missing, issues: the one verification service of all dialects (S-26).
 *
 * Everything happens in one change: the attempt is counted before the proof is compared and committed with the verdict
 * (S-20), the spent code, the authenticator, the ticket, the issued tokens and the audit row commit together (S-27).
 * A wrong proof leaves the ticket usable; a challenge, or a ticket's codes of one kind, die after 5 (S-17).
 */
export async function answer<R extends Refs, A>(
  parts: Parts,
  request: AnswerRequest<R, A>,
): Promise<Outcome<Answered<A>>> {
  const { caller, flow, issue } = request
  const tenant = caller.tenant.id
  const user = flowUser(flow)
  const asked = 'challenge' in request.to ? challengeId(request.to.challenge) : undefined
  const refs = {
    ...issue.refs,
    ...accountRefs(caller, user),
    ticket: row('tickets', tenant, flow.by === 'ticket' ? flow.ticket.id : ''),
    challenge: row('challenges', tenant, asked ?? ''),
    siblings: rows('challenges', 'flow', tenant, flowId(flow)),
    codes: codeBudgetRef(caller, user, 'kind' in request.to ? request.to.kind : undefined, parts),
    address: addressBudgetRef(caller),
    told: noticeRef(caller, user),
  }
  const evidence = await examineFirst(parts, request)
  const outcome = await parts.store.change(refs, (found): Decision<Outcome<Answered<A>>> => {
    const attempt = prepare(parts, request, found as unknown as Account)
    if (attempt.no !== undefined) return astray(parts, caller, found as unknown as Account, attempt)
    return judgeAttempt(
      parts,
      request,
      found as unknown as Account,
      found as unknown as Found<R>,
      attempt.yes,
      evidence,
    )
  })
  if (outcome.yes !== undefined || outcome.no === 'wrong-proof') parts.nudge()
  return outcome
}

type AccountRefs = ReturnType<typeof accountRefs> & {
  readonly ticket: ReturnType<typeof row<'tickets'>>
  readonly challenge: ReturnType<typeof row<'challenges'>>
  readonly siblings: ReturnType<typeof rows<'challenges'>>
  readonly codes: ReturnType<typeof row<'budgets'>>
  readonly address: ReturnType<typeof row<'budgets'>>
  readonly told: ReturnType<typeof row<'budgets'>>
}
export type Account = Found<AccountRefs>

/** One attempt, bound to what it may prove. */
interface Attempt {
  readonly factor: Factor
  /** Whose proof it may be; several for a kind without challenges. */
  readonly candidates: readonly Authenticator[]
  readonly challenge?: Challenge
  readonly ticket?: Ticket
  /** The challenge, or this kind on this ticket, has seen its last wrong proof: nothing is right any more. */
  readonly dead: boolean
}

async function examineFirst<R extends Refs, A>(parts: Parts, request: AnswerRequest<R, A>): Promise<unknown> {
  const tenant = request.caller.tenant.id
  if ('kind' in request.to) return undefined
  const found = await parts.store.get('challenges', tenant, challengeId(request.to.challenge))
  const examine = found && parts.factors.get(found.factor)?.examine
  if (found === undefined || examine === undefined) return undefined
  const it = await parts.store.get('authenticators', tenant, found.authenticator)
  if (it === undefined) return undefined
  const material = { secret: openSecret(parts, it), memory: it.memory, challenge: found.state, proof: request.proof }
  return await examine(material, factorTools(parts, macContext(found)))
}

/** All that can be said before the proof is looked at. */
function prepare<R extends Refs, A>(parts: Parts, request: AnswerRequest<R, A>, found: Account): Outcome<Attempt> {
  const { caller, flow } = request
  const now = parts.clock.now()
  if (found.user === undefined || found.user.blocked) return { no: 'ticket-unknown' }
  const ticket = flow.by === 'ticket' ? checkTicket(found.ticket, caller, now, found.user) : undefined
  if (ticket?.no !== undefined) return ticket
  const bound =
    'challenge' in request.to
      ? byChallenge(parts, request, found, ticket?.yes, now)
      : byKind(parts, request, request.to.kind, found, ticket?.yes, now)
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

/**
 * A refusal before the proof was looked at. A challenge that was named from another flow or by another client loses an
 * attempt (S-4, AC-4), and the audit names both sides (AC-3).
 */
function astray<A>(
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

const isOpen = (it: Challenge): boolean =>
  it.wonAt === undefined && it.voidedAt === undefined && it.failures < limits.failuresPerChallenge

const countOn = (it: Challenge): Challenge => ({ ...it, failures: it.failures + 1 })

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
  now: number,
): Outcome<Attempt> {
  if (challenge === undefined) return { no: 'challenge-unknown' }
  if (challenge.flow !== flowId(flow)) return { no: 'challenge-of-other-flow' }
  if (challenge.client !== caller.application.id) return { no: 'challenge-of-other-flow' }
  if (challenge.codeExpiresAt <= now) return { no: 'challenge-expired' }
  const factor = parts.factors.get(challenge.factor)
  const authenticator = authenticators.find((it) => it.id === challenge.authenticator)
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

function judgeAttempt<R extends Refs, A>(
  parts: Parts,
  request: AnswerRequest<R, A>,
  account: Account,
  found: Found<R>,
  attempt: Attempt,
  evidence: unknown,
): Decision<Outcome<Answered<A>>> {
  if (request.proof === undefined && attempt.factor.traits.proof !== 'approval')
    return { result: { no: 'proof-missing' } }
  if (attempt.dead) return wrong(parts, request, account, attempt)
  let right: { readonly it: Authenticator; readonly verdict: Extract<Verdict, { is: 'right' }> } | undefined
  let other: Verdict['is'] = 'wrong'
  // All candidates are looked at, whichever matches, so that the time taken tells nothing (S-41).
  for (const it of attempt.candidates) {
    const context = attempt.challenge ? macContext(attempt.challenge) : sealContext(it)
    const material = { secret: openSecret(parts, it), memory: it.memory, challenge: attempt.challenge?.state }
    const verdict = attempt.factor.check({ ...material, proof: request.proof, evidence }, factorTools(parts, context))
    if (verdict.is === 'right') right ??= { it, verdict }
    else if (verdict.is !== 'wrong') other = verdict.is
  }
  if (right) return succeed(parts, request, account, found, attempt, right.it, right.verdict)
  if (other === 'waiting') return waiting(parts, attempt)
  if (other === 'declined') return declined(parts, request, account, attempt)
  return wrong(parts, request, account, attempt)
}

function waiting<A>(parts: Parts, { challenge }: Attempt): Decision<Outcome<Answered<A>>> {
  const now = parts.clock.now()
  const soon = challenge?.polledAt !== undefined && now - challenge.polledAt < limits.pollInterval * 1_000
  return {
    result: { no: soon ? 'slow-down' : 'waiting' },
    writes: challenge ? [put('challenges', { ...challenge, polledAt: now })] : [],
  }
}

function declined<R extends Refs, A>(
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
 * challenge was dead already, only the budgets of user and address count it: it was no guess (S-20).
 */
function wrong<R extends Refs, A>(
  parts: Parts,
  { caller }: AnswerRequest<R, A>,
  account: Account,
  attempt: Attempt,
): Decision<Outcome<Answered<A>>> {
  const { factor, challenge, ticket, candidates } = attempt
  const now = parts.clock.now()
  const counted = attempt.dead ? [] : candidates.map((it) => failedOnce(it, now))
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
        reason: attempt.dead ? 'dead' : 'wrong',
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

/** One more consecutive failure; at the hundredth the authenticator is disabled until it is recovered (S-18). */
function failedOnce(it: Authenticator, now: number): Authenticator {
  if (it.state === 'pending') return { ...it, pendingFailures: (it.pendingFailures ?? 0) + 1 }
  const rung = climb(it, now)
  return rung.failures >= limits.failuresBeforeDisabled ? { ...it, ...rung, state: 'disabled' } : { ...it, ...rung }
}

/** A right proof: spent for good, and either the flow goes on or tokens are issued, all in this commit. */
function succeed<R extends Refs, A>(
  parts: Parts,
  request: AnswerRequest<R, A>,
  account: Account,
  found: Found<R>,
  attempt: Attempt,
  it: Authenticator,
  verdict: Extract<Verdict, { is: 'right' }>,
): Decision<Outcome<Answered<A>>> {
  const { caller, flow } = request
  const { factor, challenge, ticket } = attempt
  const now = parts.clock.now()
  const user = account.user
  if (user === undefined) return { result: { no: 'ticket-unknown' } }
  const memory = verdict.memory ?? it.memory
  const proved: Authenticator = { ...it, memory, failures: 0, waitUntil: undefined, lastUsedAt: now }
  const enrolled = it.state === 'pending'
  const authenticators = account.authenticators.map((one) =>
    one.id === it.id ? { ...proved, state: 'confirmed' as const } : one,
  )
  const kept = enrolled ? confirmWrites(proved, account.authenticators, now) : [put('authenticators', proved)]
  const proof: Proof = { factor: factor.kind, authenticator: it.id, channel: channelOf(it, parts.factors), at: now }
  const before = flow.by === 'ticket' ? (ticket?.proofs ?? []) : flow.proofs
  const proofs = [...before.filter((one) => one.channel !== proof.channel), proof]
  const wish = flow.by === 'ticket' ? flow.ticket.wish : flow.wish
  const spent = [
    ...kept,
    ...(challenge ? [put('challenges', { ...challenge, wonAt: now })] : []),
    ...provedEvents(parts, caller, account, factor, it, enrolled),
  ]
  const others = account.siblings.filter((one) => one.id !== challenge?.id)

  if (flow.by === 'ticket' && ticket) {
    const mark = lastMfaHere(account.mark)
    const judged = judgeNow(parts, { caller, user, authenticators, proofs, wish, device: account.device }, mark)
    // Nobody could go on from here, so nothing is taken either.
    if (!judged.met && 'refuse' in judged) return { result: judged.refuse }
    if (request.recordOnly === true) {
      const granted: Granted = { user, proofs, wish, assurance: assure(proofs, parts.factors) }
      const kept = request.issue.decide(granted, found)
      if (kept.refuse) return { result: kept.refuse, writes: kept.writes }
      const missing = judged.met ? undefined : judged.require
      return {
        result: yes({ granted, issued: kept.issued, factor: factor.kind, show: verdict.show, missing }),
        writes: [...spent, ...kept.writes, put('tickets', { ...ticket, proofs })],
      }
    }
    if (!judged.met) {
      const next: Ticket = { ...ticket, proofs, requirement: judged.require }
      const event = audit(parts, caller, 'mfa.required', { user: user.id, details: requirementDetails(judged.require) })
      return {
        result: moreProof(request, judged.require, verdict.show),
        writes: [...spent, put('tickets', next), event],
      }
    }
  }
  const granted: Granted = { user, proofs, wish, assurance: assure(proofs, parts.factors) }
  const issued = request.issue.decide(granted, found)
  if (issued.refuse) return { result: issued.refuse, writes: issued.writes }
  return {
    result: yes({ granted, issued: issued.issued, factor: factor.kind, show: verdict.show }),
    writes: [
      ...spent,
      ...issued.writes,
      ...(ticket ? [put('tickets', { ...ticket, proofs, usedAt: now })] : []),
      ...voidChallenges(others, now, (one) => one.authenticator === it.id || flow.by === 'ticket'),
      // An enrolment by a token is no login.
      ...(flow.by === 'ticket' ? loginWrites(parts, caller, granted, { isNew: false, provedSecond: true }) : []),
    ],
  }
}

/** The refusal that asks for the next proof; the handle is the one the client already holds. */
function moreProof<R extends Refs, A>(
  request: AnswerRequest<R, A>,
  require: Ticket['requirement'],
  show: Answered<A>['show'],
): Refusal {
  const ticket = request.flow.by === 'ticket' ? (request.flow.handle ?? '') : ''
  return { no: 'more-proof', ticket, require, ...(show && { show }) }
}

function provedEvents(
  parts: Parts,
  caller: Caller,
  account: Account,
  factor: Factor,
  it: Authenticator,
  enrolled: boolean,
): readonly Write[] {
  const { user } = account
  if (user === undefined) return []
  const fields = { user: user.id, factor: factor.kind, authenticator: it.id }
  const events = [audit(parts, caller, 'proof.checked', fields)]
  if (enrolled)
    events.push(
      audit(parts, caller, 'factor.confirmed', fields),
      ...notify(parts, caller.tenant, user, 'factor-added', factor.kind),
    )
  if (factor.traits.proof === 'lookup') {
    events.push(audit(parts, caller, 'recovery.used', fields), ...notify(parts, caller.tenant, user, 'recovery-used'))
  }
  if (!enrolled && it.failures >= 3) {
    events.push(...noticeDue(parts, caller, user, account.told, 'success-after-failures', factor.kind))
  }
  return events
}
