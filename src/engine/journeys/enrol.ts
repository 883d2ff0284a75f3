import type { Authenticator } from '#model/authenticator.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Proof } from '#model/proof.ts'
import { type Decision, insert, put, type Refs, row } from '#ports/store.ts'
import { canonicalEmail } from '../addresses.ts'
import { type Admitted, accountRefs, admit } from '../admit.ts'
import { answer } from '../answer.ts'
import { type Enrolment, enrol, enrolTarget, mayEnrol, newAuthenticatorId } from '../enrol.ts'
import { audit } from '../events.ts'
import { finish } from '../finish.ts'
import type { Issue } from '../issue.ts'
import { notify } from '../messages/queue.ts'
import { noticeDue, noticeRef } from '../notices.ts'
import type { Caller, Parts } from '../parts.ts'
import { channelOf, enabled } from '../policy/ways.ts'
import { checkTicket, ticketId } from '../tickets.ts'
import { isFresh, ticketRefs } from './add-method.ts'
import type { Step } from './first-factor.ts'
import {
  advancing,
  challengeOf,
  ending,
  type Journey,
  journeyRef,
  journeyUser,
  passed,
  phaseOf,
  putJourney,
  saveJourney,
  stillAt,
  withAsked,
} from './journey.ts'
import { ticketOf } from './more.ts'

/** A code is on its way; or nothing is to be verified, since the address was proved in this very journey. */
export type EnrolmentStart =
  | { readonly target?: string; readonly preverified: false; readonly enrolment: Enrolment }
  | { readonly target?: string; readonly preverified: true }

export interface JourneyEnrolment {
  readonly caller: Caller
  readonly journey: Journey
  readonly kind: string
  /** For kinds with an address. */
  readonly target?: string
  /** Saved codes may come along: the caller can show them. */
  readonly savedCodes?: boolean
  /** An address this journey has proved is verified once more all the same. */
  readonly always?: boolean
}

/**
 * Starts the enrolment of a contact, or starts it anew with another one. Each contact of a kind is one: a second of the
 * same reach is refused before a message leaves. What was proved to get here must still be fresh where a method is added
 * to an account that needs none (S-63).
 */
export async function enrolInJourney(parts: Parts, it: JourneyEnrolment): Promise<Outcome<EnrolmentStart>> {
  const { caller, journey, kind, target, savedCodes = false } = it
  const ticket = await ticketOf(parts, caller, journey)
  if (ticket.no !== undefined) return ticket
  if (journey.phase !== 'enrol') return await refuseEarly(parts, caller, journey, kind)
  if (journey.state.adds === true && !isFresh(ticket.yes.proofs, parts.clock.now())) return { no: 'stale-proof' }
  if (it.always !== true && isPreverified(parts, it)) {
    const saved = await saveJourney(parts, journey, (now) => ({
      ...now,
      state: { ...now.state, challenge: undefined, preverified: kind },
    }))
    return saved.no === undefined ? yes({ target, preverified: true }) : saved
  }
  const flow = { by: 'ticket', ticket: ticket.yes } as const
  const started = await enrol(parts, { caller, flow, kind, target, perReach: 1, savedCodes })
  if (started.no !== undefined) return started
  const asked = { kind, ...(target === undefined ? {} : { target }) }
  const saved = await saveJourney(parts, journey, (now) => withAsked(parts, now, asked, started.yes.challenge))
  return saved.no === undefined ? yes({ target, preverified: false, enrolment: started.yes }) : saved
}

/** Somebody with the password alone tries to add a method: nothing is begun, and the owner hears of it (AC-2, S-64). */
async function refuseEarly(parts: Parts, caller: Caller, journey: Journey, kind: string): Promise<Outcome<never>> {
  const id = journeyUser(journey)
  const refs = { user: row('users', caller.tenant.id, id), told: noticeRef(caller, id) }
  const refusal = { no: 'already-enrolled' } as const
  await parts.store.change(refs, ({ user, told }): Decision<undefined> => {
    const notice = user === undefined ? [] : noticeDue(parts, caller, user, told, 'enrolment-refused', kind)
    const fields = { user: id, factor: kind, outcome: 'failure', reason: refusal.no } as const
    return { result: undefined, writes: [...notice, audit(parts, caller, 'factor.enrolment-refused', fields)] }
  })
  parts.nudge()
  return refusal
}

/** Only the address that this very journey has proved, and only for the kind that reaches mailboxes. */
function isPreverified(parts: Parts, { caller, journey, kind, target }: Parameters<typeof enrolInJourney>[1]): boolean {
  const { provedEmail } = journey.state
  if (provedEmail === undefined || canonicalEmail(target).yes?.key !== provedEmail) return false
  return enabled(caller.tenant, parts.factors, kind)?.traits.reach === 'email'
}

const finished = (parts: Parts, caller: Caller) => (it: Journey) =>
  passed(parts, caller, it, { phase: 'finish', state: { ...it.state, preverified: undefined } })

/** Judges the code that was sent to the new contact; a right one stores the method. Tokens are asked for afterwards. */
export async function confirmInJourney(
  parts: Parts,
  it: { readonly caller: Caller; readonly journey: Journey; readonly proof: unknown },
): Promise<Outcome<Journey>> {
  const { caller, journey, proof } = it
  const ticket = await ticketOf(parts, caller, journey)
  if (ticket.no !== undefined) return ticket
  const handle = challengeOf(parts, journey)
  if (handle === undefined) return { no: 'ticket-unknown' }
  const next = finished(parts, caller)
  const confirmed = await answer(parts, {
    caller,
    flow: { by: 'ticket', ticket: ticket.yes },
    to: { challenge: handle },
    proof,
    issue: advancing(parts, journey, next),
    recordOnly: true,
  })
  return confirmed.no === undefined ? yes(next(journey)) : confirmed
}

/** Stores the address the journey has proved as a method, and its proof in the ticket. */
export async function confirmProved(
  parts: Parts,
  { caller, journey }: { readonly caller: Caller; readonly journey: Journey },
): Promise<Outcome<Journey>> {
  const kind = journey.state.preverified
  const factor = kind === undefined ? undefined : parts.factors.get(kind)
  const userId = journey.state.user
  if (factor === undefined || userId === undefined || journey.state.provedEmail === undefined) {
    return { no: 'ticket-unknown' }
  }
  const tenant = caller.tenant.id
  const refs = {
    ...accountRefs(caller, userId),
    ticket: row('tickets', tenant, journey.state.ticket ?? ''),
    journey: journeyRef(journey),
  }
  const outcome = await parts.store.change(refs, (found): Decision<Outcome<Journey>> => {
    const now = parts.clock.now()
    const standing = stillAt(found.journey, journey, now)
    if (standing.no !== undefined) return { result: standing }
    const ticket = checkTicket(found.ticket, caller, now, found.user)
    if (ticket.no !== undefined) return { result: ticket }
    const { user } = found
    // The address may have been changed since it was proved.
    if (user === undefined || user.emailKey !== journey.state.provedEmail) return { result: { no: 'ticket-unknown' } }
    const refusal = mayEnrol(parts, ticket.yes, found.authenticators)
    if (refusal !== undefined) return { result: refusal }
    const target = enrolTarget(caller, factor, user, user.email)
    if (target.no !== undefined) return { result: target }
    const authenticator: Authenticator = {
      tenant,
      id: newAuthenticatorId(parts),
      user: user.id,
      factor: factor.kind,
      state: 'confirmed',
      target: target.yes,
      failures: 0,
      createdAt: now,
      confirmedAt: now,
    }
    const proof: Proof = {
      factor: factor.kind,
      authenticator: authenticator.id,
      channel: channelOf(authenticator, parts.factors),
      at: journey.state.provedAt ?? now,
    }
    const next = finished(parts, caller)(standing.yes)
    return {
      result: yes(next),
      writes: [
        insert('authenticators', authenticator),
        put('tickets', { ...ticket.yes, proofs: [...ticket.yes.proofs, proof] }),
        putJourney(next),
        audit(parts, caller, 'factor.confirmed', {
          user: user.id,
          factor: factor.kind,
          authenticator: authenticator.id,
        }),
        ...notify(parts, caller.tenant, user, 'factor-added', factor.kind),
      ],
    }
  })
  if (outcome.yes !== undefined) parts.nudge()
  return outcome
}

/** Asks for the tokens of a flow whose enrolment is done. */
export async function finishEnrolled<R extends Refs, A>(
  parts: Parts,
  it: { readonly caller: Caller; readonly journey: Journey; readonly issue: Issue<R, A> },
): Promise<Outcome<Step<A>>> {
  const { caller, journey } = it
  const ticket = await ticketOf(parts, caller, journey)
  if (ticket.no !== undefined) return ticket
  const issue = ending(parts, journey, it.issue)
  const ended =
    journey.state.adds === true
      ? await admitAdded(parts, { caller, journey, issue })
      : await finish(parts, { caller, ticket: ticket.yes, handle: '', issue })
  if (ended.yes !== undefined) return yes({ admitted: ended.yes })
  if (ended.no !== 'more-proof') return ended
  // Policy has changed its mind, or found the proofs too old: the flow goes on by what it asks for now.
  const { require } = ended
  const successor = ended.ticket === '' ? journey.state.ticket : ticketId(ended.ticket)
  const next = await saveJourney(parts, journey, (now) =>
    passed(parts, caller, now, {
      phase: phaseOf(require),
      state: { ...now.state, ticket: successor, adds: false },
    }),
  )
  return next.no === undefined ? yes({ journey: next.yes }) : next
}

/** Freshness was demanded when the enrolment was opened; its tokens are ordinary ones, judged like any others. */
async function admitAdded<A>(
  parts: Parts,
  { caller, journey, issue }: { readonly caller: Caller; readonly journey: Journey; readonly issue: Issue<Refs, A> },
): Promise<Outcome<Admitted<A>>> {
  const ticket = await ticketOf(parts, caller, journey)
  if (ticket.no !== undefined) return ticket
  const { user, proofs, wish } = ticket.yes
  const refs = ticketRefs(caller, journey)
  return await admit(parts, {
    caller,
    user,
    proofs,
    wish: { ...wish, managesFactors: false },
    issue: {
      refs: { ...issue.refs, ticket: refs.ticket },
      decide(granted, found) {
        const { ticket: stored } = found as unknown as { readonly ticket?: typeof ticket.yes }
        const alive = checkTicket(stored, caller, parts.clock.now(), granted.user)
        if (alive.no !== undefined) return { refuse: alive, writes: [] }
        const made = issue.decide(granted, found)
        if (made.refuse) return made
        return { ...made, writes: [...made.writes, put('tickets', { ...alive.yes, usedAt: parts.clock.now() })] }
      },
    },
  })
}
