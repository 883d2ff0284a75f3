import type { Authenticator } from '#model/authenticator.ts'
import { type Outcome, type Refusal, yes } from '#model/outcome.ts'
import type { Proof } from '#model/proof.ts'
import type { Ticket } from '#model/ticket.ts'
import type { User } from '#model/user.ts'
import type { Factor, Verdict } from '#ports/factor.ts'
import { type Decision, type Found, put, type Refs, type Write } from '#ports/store.ts'
import { judgeNow, loginWrites, outcomeOf, requirementDetails } from '../admit.ts'
import { assure } from '../assurance.ts'
import { voidChallenges } from '../challenges.ts'
import { confirmWrites } from '../enrol.ts'
import { audit } from '../events.ts'
import type { Granted } from '../issue.ts'
import { lastMfaHere } from '../marks.ts'
import { notify } from '../messages/queue.ts'
import { noticeDue } from '../notices.ts'
import type { Caller, Parts } from '../parts.ts'
import { answeredWrites } from '../phone-guard/answered.ts'
import { channelOf } from '../policy/ways.ts'
import type { FlowRisk } from '../risk/flow.ts'
import { sealContext } from '../tools.ts'
import type { Account, Answered, AnswerRequest, Attempt } from './request.ts'

/** A right proof: spent for good, and either the flow goes on or tokens are issued, all in this commit. */
export function succeed<R extends Refs, A>(
  parts: Parts,
  request: AnswerRequest<R, A>,
  account: Account,
  found: Found<R>,
  attempt: Attempt,
  it: Authenticator,
  verdict: Extract<Verdict, { is: 'right' }>,
  risk: FlowRisk | undefined,
): Decision<Outcome<Answered<A>>> {
  const { caller, flow } = request
  const { factor, challenge, ticket } = attempt
  const now = parts.clock.now()
  const user = account.user
  if (user === undefined) return { result: { no: 'ticket-unknown' } }
  const proved: Authenticator = {
    ...remembered(parts, it, verdict),
    failures: 0,
    waitUntil: undefined,
    lastUsedAt: now,
    ...(isOwners(parts, user, ticket) && { ownedAt: now }),
  }
  const enrolled = it.state === 'pending'
  const authenticators = account.authenticators.map((one) =>
    one.id === it.id ? { ...proved, state: 'confirmed' as const } : one,
  )
  const kept = enrolled ? confirmWrites(proved, account.authenticators, now) : [put('authenticators', proved)]
  const proof = proofOf(parts, factor, it, verdict)
  const before = flow.by === 'ticket' ? (ticket?.proofs ?? []) : flow.proofs
  const proofs = [...before.filter((one) => one.channel !== proof.channel), proof]
  const wish = flow.by === 'ticket' ? flow.ticket.wish : flow.wish
  const spent = [
    ...kept,
    ...(challenge ? [put('challenges', { ...challenge, wonAt: now })] : []),
    ...(challenge && factor.traits.reach === 'phone'
      ? answeredWrites(caller, challenge.target, challenge.createdAt, account, now)
      : []),
    ...provedEvents(parts, caller, account, factor, it, enrolled),
  ]
  const others = account.siblings.filter((one) => one.id !== challenge?.id)

  if (flow.by === 'ticket' && ticket) {
    const mark = lastMfaHere(account.mark)
    const now = { caller, user, authenticators, proofs, wish, device: account.device, risk: risk?.level }
    const judged = judgeNow(parts, now, mark)
    const rated = risk?.writes(outcomeOf(judged)) ?? []
    // Nobody could go on from here, so nothing is taken either.
    if (!judged.met && 'refuse' in judged) return { result: judged.refuse, writes: rated }
    spent.push(...rated)
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
      ...(risk?.lesson.writes(found) ?? []),
    ],
    ...(issued.meanwhile && { meanwhile: issued.meanwhile }),
  }
}

/**
 * Whether a flow began after the owner of the address had come, and by what is theirs: the password they have set, or
 * their mailbox. What is proved beside that is theirs too, whoever brought it (AC-14).
 */
function isOwners({ factors }: Parts, { ownedSince }: User, ticket: Ticket | undefined): boolean {
  if (ownedSince === undefined || ticket === undefined || ticket.createdAt < ownedSince) return false
  const [first] = ticket.proofs
  return first !== undefined && factors.get(first.factor)?.traits.proof !== 'assertion'
}

/** An authenticator with all that a right verdict wants remembered of it. */
export function remembered(
  parts: Pick<Parts, 'keyring'>,
  it: Authenticator,
  { memory, key, secret, name }: Extract<Verdict, { is: 'right' }>,
): Authenticator {
  return {
    ...it,
    memory: memory ?? it.memory,
    key: key ?? it.key,
    name: it.name ?? name,
    sealed: secret === undefined ? it.sealed : parts.keyring.seal(secret, sealContext(it)),
  }
}

/** What a right verdict proves, as it stays in the flow. */
export const proofOf = (
  parts: Parts,
  { kind }: Factor,
  it: Authenticator,
  { proved }: Extract<Verdict, { is: 'right' }>,
): Proof => ({
  factor: kind,
  authenticator: it.id,
  channel: channelOf(it, parts.factors),
  at: parts.clock.now(),
  ...proved,
})

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
