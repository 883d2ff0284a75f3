import type { TicketId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Requirement } from '#model/ticket.ts'
import { type Decision, put, type Refs, row } from '#ports/store.ts'
import { answer } from '../answer.ts'
import { askable, type Challenged, type ChallengeRequest, challenge } from '../challenge.ts'
import { finish } from '../finish.ts'
import type { Issue } from '../issue.ts'
import type { Caller, Parts } from '../parts.ts'
import { ticketId } from '../tickets.ts'
import { finishEnrolled } from './enrol.ts'
import type { Step } from './first-factor.ts'
import {
  advancing,
  challengeOf,
  ending,
  type Journey,
  journeyRef,
  type Phase,
  passed,
  phaseOf,
  putJourney,
  saveJourney,
  stillAt,
  withAsked,
} from './journey.ts'
import { ticketOf } from './more.ts'

/*
 * Journeys whose wire shows one step at a time and tokens only at the very end: each proof is recorded in the ticket,
 * the answer says what is missing, and policy is asked once more when tokens are asked for (`finishRecorded`).
 */

/** Asks an authenticator for a proof of one of these kinds, also of kinds for which nothing is sent or made. */
export async function askRecorded(
  parts: Parts,
  it: {
    readonly caller: Caller
    readonly journey: Journey
    readonly kinds: readonly string[]
    readonly authenticator: string
  },
): Promise<Outcome<Challenged>> {
  const { caller, journey, kinds, authenticator } = it
  const ticket = await ticketOf(parts, caller, journey)
  if (ticket.no !== undefined) return ticket
  const wanted = ticket.yes.requirement.challenge?.filter((kind) => kinds.includes(kind)) ?? []
  const request = { caller, ticket: ticket.yes, kinds: wanted, authenticator }
  const saved = await savedCode(parts, request)
  const asked = saved === undefined ? await challenge(parts, request) : yes(saved)
  if (asked.no !== undefined) return asked
  const { factor, challenge: handle } = asked.yes
  const kept = await saveJourney(parts, journey, (now) => withAsked(parts, now, { kind: factor.kind }, handle))
  return kept.no === undefined ? asked : kept
}

type Ask = ChallengeRequest & { readonly kinds: readonly string[]; readonly authenticator: string }

/** A saved code stands beside other factors and is never asked for as one of them; it needs nothing made. */
async function savedCode(parts: Parts, request: Ask): Promise<Challenged | undefined> {
  const { caller, ticket, kinds, authenticator } = request
  const by = { index: 'user', value: ticket.user } as const
  const known = await parts.store.list('authenticators', caller.tenant.id, { by, limit: 1_000 })
  return askable(parts, request, known).find(
    (it) =>
      it.authenticator.id === authenticator && it.factor.traits.proof === 'lookup' && kinds.includes(it.factor.kind),
  )
}

export interface Recorded {
  readonly journey: Journey
  /** Shown to the user once: the code that replaces a spent one. */
  readonly show?: { readonly codes?: readonly string[] }
}

/**
 * Judges a proof of what was asked or begun last, and records it: the journey goes on to what policy misses after it, or
 * to its end. The older tokens die with the proof; what comes next is written by a second commit, since only the first one
 * knows it, and a crash between the two leaves a journey nobody has a token of.
 */
export async function recordInJourney(
  parts: Parts,
  it: { readonly caller: Caller; readonly journey: Journey; readonly proof: unknown },
): Promise<Outcome<Recorded>> {
  const { caller, journey, proof } = it
  const ticket = await ticketOf(parts, caller, journey)
  if (ticket.no !== undefined) return ticket
  const { asked } = journey.state
  const handle = challengeOf(parts, journey)
  if (asked === undefined) return { no: 'ticket-unknown' }
  const next = (now: Journey): Journey =>
    passed(parts, caller, now, { phase: 'finish', state: { ...now.state, challenge: undefined, asked: undefined } })
  const answered = await answer(parts, {
    caller,
    flow: { by: 'ticket', ticket: ticket.yes },
    to: handle === undefined ? { kind: asked.kind } : { challenge: handle },
    proof,
    issue: advancing(parts, journey, next),
    recordOnly: true,
  })
  if (answered.no !== undefined) return answered
  const { missing, show } = answered.yes
  const phase = phaseAfter(journey, missing)
  const there = next(journey)
  const shown = show === undefined ? {} : { show }
  if (phase === 'finish') return yes({ journey: there, ...shown })
  const moved = await moveTo(parts, there, phase, missing)
  return moved.no === undefined ? yes({ journey: moved.yes, ...shown }) : moved
}

/** A journey that adds a method has come for the enrolment, whatever policy would be content with. */
function phaseAfter({ phase, state }: Journey, missing: Requirement | undefined): Phase {
  if (state.adds !== true) return missing === undefined ? 'finish' : phaseOf(missing)
  if (phase === 'enrol') return 'finish'
  return missing?.challenge === undefined ? 'enrol' : 'more'
}

/** Takes a journey to a phase of its stage, and its ticket to the requirement of that phase. */
async function moveTo(
  parts: Parts,
  journey: Journey,
  phase: Phase,
  requirement: Requirement | undefined,
  ticket: TicketId | undefined = journey.state.ticket,
): Promise<Outcome<Journey>> {
  const refs = { it: journeyRef(journey), ticket: row('tickets', journey.tenant, ticket ?? '') }
  return await parts.store.change(refs, (found): Decision<Outcome<Journey>> => {
    const now = stillAt(found.it, journey, parts.clock.now())
    if (now.no !== undefined) return { result: now }
    const moved: Journey = { ...now.yes, phase, state: { ...now.yes.state, ticket } }
    const asks = found.ticket && requirement && journey.state.adds !== true
    return {
      result: yes(moved),
      writes: [putJourney(moved), ...(asks ? [put('tickets', { ...found.ticket, requirement })] : [])],
    }
  })
}

/** Asks for what a journey has earned. Where policy wants more by now, the journey goes on to that. */
export async function finishRecorded<A>(
  parts: Parts,
  it: { readonly caller: Caller; readonly journey: Journey; readonly issue: Issue<Refs, A> },
): Promise<Outcome<Step<A>>> {
  const { caller, journey } = it
  if (journey.phase !== 'finish') return { no: 'ticket-unknown' }
  if (journey.state.adds === true) return await finishEnrolled(parts, it)
  const ticket = await ticketOf(parts, caller, journey)
  if (ticket.no !== undefined) return ticket
  const issue = ending(parts, journey, it.issue)
  const ended = await finish(parts, { caller, ticket: ticket.yes, handle: '', issue })
  if (ended.yes !== undefined) return yes({ admitted: ended.yes })
  if (ended.no !== 'more-proof') return ended
  const { require } = ended
  const successor = ended.ticket === '' ? journey.state.ticket : ticketId(ended.ticket)
  const moved = await moveTo(parts, journey, phaseOf(require), require, successor)
  return moved.no === undefined ? yes({ journey: moved.yes }) : moved
}
