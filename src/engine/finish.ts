import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Requirement, Ticket } from '#model/ticket.ts'
import { type Decision, type Found, put, type Refs, row, rows } from '#ports/store.ts'
import { type Admitted, accountRefs, judgeNow, loginWrites, outcomeOf, requirementDetails } from './admit.ts'
import { assure, withRisk } from './assurance.ts'
import { voidChallenges } from './challenges.ts'
import { audit } from './events.ts'
import type { Granted, Issue } from './issue.ts'
import { lastMfaHere } from './marks.ts'
import type { Caller, Parts } from './parts.ts'
import { type FlowRisk, riskOfFlow } from './risk/flow.ts'
import { checkTicket, flowStart, newTicket } from './tickets.ts'
import { together } from './together.ts'

export interface FinishRequest<R extends Refs, A> {
  readonly caller: Caller
  /** The ticket as it was read, and the handle the client holds. */
  readonly ticket: Ticket
  readonly handle: string
  readonly issue: Issue<R, A>
}

/**
 * Ends a flow whose proofs were recorded one by one (`answer` with `recordOnly`): policy is asked again from the top, at
 * the moment of issuing (S-56), and ticket, challenges and what is issued commit together (S-27, S-58).
 *
 * While the step the ticket stands at is still open, the refusal `more-proof` names the handle the client has. When that
 * step is done and another is left, the ticket is spent and the refusal names the handle of its successor (S-52).
 */
export async function finish<R extends Refs, A>(
  parts: Parts,
  request: FinishRequest<R, A>,
): Promise<Outcome<Admitted<A>>> {
  const { caller, issue } = request
  const risk = await riskOfFlow(parts, caller, request.ticket)
  const refs = together(ownRefs(caller, request.ticket), issue.refs, risk.lesson.refs)
  const outcome = await parts.store.change(refs, (found): Decision<Outcome<Admitted<A>>> => {
    const own = found as unknown as Found<ReturnType<typeof ownRefs>>
    const now = parts.clock.now()
    const { user, authenticators } = own
    if (user === undefined || user.blocked) return { result: { no: 'ticket-unknown' } }
    const checked = checkTicket(own.ticket, caller, now, user)
    if (checked.no !== undefined) return { result: checked }
    const ticket = checked.yes
    const { proofs, wish } = ticket
    const judged = judgeNow(
      parts,
      { caller, user, authenticators, proofs, wish, device: own.device, risk: risk.level },
      lastMfaHere(own.mark),
    )
    const rated = risk.writes(outcomeOf(judged))
    if (!judged.met && 'refuse' in judged) return { result: judged.refuse, writes: rated }
    const ended = [put('tickets', { ...ticket, usedAt: now }), ...voidChallenges(own.siblings, now)]
    if (!judged.met) return goOn(parts, request, ticket, judged.require, ended, rated)
    const assurance = withRisk(assure(proofs, parts.factors), risk.level !== undefined)
    const granted: Granted = { user, proofs, wish, assurance }
    const issued = issue.decide(granted, found as unknown as Found<R>)
    if (issued.refuse) return { result: issued.refuse, writes: issued.writes }
    // A proof made in this flow, as against the ones a session brought along.
    const provedSecond = proofs.some((it, at) => (at > 0 || it.userVerified) && it.at >= flowStart(caller, ticket))
    return {
      result: yes({ granted, issued: issued.issued }),
      writes: [
        ...ended,
        ...issued.writes,
        ...rated,
        ...loginWrites(parts, caller, granted, { isNew: false, provedSecond }),
        ...(provedSecond ? risk.lesson.writes(found) : []),
      ],
      ...(issued.meanwhile && { meanwhile: issued.meanwhile }),
    }
  })
  if (outcome.yes !== undefined) await risk.lesson.spread()
  return outcome
}

const ownRefs = (caller: Caller, ticket: Ticket) => ({
  ...accountRefs(caller, ticket.user),
  ticket: row('tickets', caller.tenant.id, ticket.id),
  siblings: rows('challenges', 'flow', caller.tenant.id, ticket.id),
})

function goOn<R extends Refs, A>(
  parts: Parts,
  { caller, handle }: FinishRequest<R, A>,
  ticket: Ticket,
  require: Requirement,
  ended: Decision<unknown>['writes'] = [],
  rated: ReturnType<FlowRisk['writes']> = [],
): Decision<Outcome<Admitted<A>>> {
  if (stepOf(require) === stepOf(ticket.requirement)) {
    return { result: { no: 'more-proof', ticket: handle, require }, writes: rated }
  }
  const { user, wish, proofs, risk } = ticket
  const it = { user, wish, proofs, requirement: require, endsAt: ticket.endsAt }
  const next = newTicket(parts, caller, { ...it, ...(risk && { risk }) })
  const event = audit(parts, caller, 'mfa.required', { user, details: requirementDetails(require) })
  return {
    result: { no: 'more-proof', ticket: next.handle, require },
    writes: [...ended, ...rated, next.write, event],
  }
}

/** The step a requirement belongs to: whether a factor is proved or enrolled, it is the second factor that is asked for. */
const stepOf = ({ act }: Requirement): string => act ?? 'second-factor'
