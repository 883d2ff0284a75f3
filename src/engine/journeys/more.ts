import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Ticket } from '#model/ticket.ts'
import type { Refs } from '#ports/store.ts'
import type { Admitted } from '../admit.ts'
import { answer } from '../answer.ts'
import { type Challenged, challenge } from '../challenge.ts'
import type { Issue } from '../issue.ts'
import type { Caller, Parts } from '../parts.ts'
import { checkTicket } from '../tickets.ts'
import type { Step } from './first-factor.ts'
import { advancing, challengeOf, ending, type Journey, passed, phaseOf, saveJourney, withChallenge } from './journey.ts'

/** The ticket a journey stands on, alive. */
export async function ticketOf(parts: Parts, caller: Caller, journey: Journey): Promise<Outcome<Ticket>> {
  const { ticket, user } = journey.state
  const tenant = caller.tenant.id
  if (ticket === undefined) return { no: 'ticket-unknown' }
  const found = await parts.store.get('tickets', tenant, ticket)
  const account = await parts.store.get('users', tenant, user ?? '')
  return account === undefined ? { no: 'ticket-unknown' } : checkTicket(found, caller, parts.clock.now(), account)
}

/** Asks an authenticator for a proof; from then on only this challenge's code counts in the journey. */
export async function askInJourney(
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
  const asked = await challenge(parts, { caller, ticket: ticket.yes, kinds: wanted, authenticator })
  if (asked.no !== undefined) return asked
  const saved = await saveJourney(parts, journey, (now) => withChallenge(parts, now, asked.yes.challenge))
  return saved.no === undefined ? asked : saved
}

/**
 * Judges the code of the newest challenge. The last proof missing earns tokens, or opens the enrolment the journey was
 * begun for; where policy wants an enrolment it leads there.
 */
export async function answerInJourney<R extends Refs, A>(
  parts: Parts,
  it: {
    readonly caller: Caller
    readonly journey: Journey
    readonly proof: unknown
    readonly issue: Issue<R, A>
    /** The last proof opens the enrolment of a method instead of earning tokens. */
    readonly opens: boolean
  },
): Promise<Outcome<Step<A>>> {
  const { caller, journey, proof } = it
  const ticket = await ticketOf(parts, caller, journey)
  if (ticket.no !== undefined) return ticket
  const handle = challengeOf(parts, journey)
  if (handle === undefined) return { no: 'ticket-unknown' }
  const flow = { by: 'ticket', ticket: ticket.yes } as const
  const to = { challenge: handle }
  const enrols = (now: Journey): Journey => passed(parts, caller, now, { phase: 'enrol', state: now.state })
  if (it.opens && journey.state.adds === true) {
    const issue = advancing(parts, journey, enrols)
    const opened = await answer(parts, { caller, flow, to, proof, issue, recordOnly: true })
    return opened.no === undefined ? yes({ journey: enrols(journey) }) : opened
  }
  const answered = await answer(parts, { caller, flow, to, proof, issue: ending(parts, journey, it.issue) })
  if (answered.yes !== undefined) return yes({ admitted: answered.yes satisfies Admitted<A> })
  if (answered.no !== 'more-proof') return answered
  const { require } = answered
  const next = await saveJourney(parts, journey, (now) =>
    passed(parts, caller, now, { phase: phaseOf(require), state: now.state }),
  )
  return next.no === undefined ? yes({ journey: next.yes }) : next
}
