import type { UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Proof } from '#model/proof.ts'
import type { Requirement, Wish } from '#model/ticket.ts'
import { type Decision, type Found, type Refs, row, rows, type Write } from '#ports/store.ts'
import { accountRefs, judgeNow, outcomeOf, requirementDetails, type Spend } from '../admit.ts'
import { audit } from '../events.ts'
import { limits } from '../limits.ts'
import { lastMfaHere } from '../marks.ts'
import type { Caller, Parts } from '../parts.ts'
import { enrollable, held } from '../policy/ways.ts'
import { type Assessed, assess, levelOf } from '../risk/assess.ts'
import { decisionWrites } from '../risk/decisions.ts'
import { carriedRisk } from '../risk/flow.ts'
import { newTicket, ticketId } from '../tickets.ts'
import { together } from '../together.ts'
import { type Journey, journeyRef, passed, phaseOf, putJourney, stillAt } from './journey.ts'

export interface EnrolmentOpening {
  readonly caller: Caller
  readonly journey: Journey
  readonly user: UserId
  readonly proofs: readonly Proof[]
  readonly wish: Wish
  /** The first proof, where it is spent in the same commit. */
  readonly spend?: Spend
}

/**
 * Opens a ticket for what is left to prove after the first factor, and where nothing is, a ticket that stands at its
 * end: callers whose wire hands out one step at a time record every proof in it, and ask for what it earns with `finish`.
 */
export const openTicket = (parts: Parts, it: EnrolmentOpening): Promise<Outcome<Journey>> => open(parts, it, false)

/**
 * Lets a user add a method beside what there is already. It takes a proof of the last 300 s, and of the second factor
 * where one exists (S-63): what is missing comes first, as the journey's phase `more`. A session's older proofs count
 * for what they are; refreshing made them no younger.
 */
export const openEnrolment = (parts: Parts, it: EnrolmentOpening): Promise<Outcome<Journey>> => open(parts, it, true)

async function open(parts: Parts, it: EnrolmentOpening, adds: boolean): Promise<Outcome<Journey>> {
  const { caller, journey, user, spend } = it
  const assessed = await assess(parts, caller, user, it.proofs)
  const refs = together({ ...accountRefs(caller, user), journey: journeyRef(journey) }, spend?.refs)
  return await parts.store.change(refs, (found): Decision<Outcome<Journey>> => {
    const standing = stillAt(found.journey, journey, parts.clock.now())
    if (standing.no !== undefined) return { result: standing }
    const spent = spend?.decide(found as unknown as Found<Refs>)
    if (spent?.refuse) return { result: spent.refuse, writes: spent.writes }
    const account = found as unknown as Found<ReturnType<typeof accountRefs>>
    const decided = decide(parts, { ...it, adds }, standing.yes, account, assessed)
    return { ...decided, writes: [...(spent?.writes ?? []), ...(decided.writes ?? [])] }
  })
}

function decide(
  parts: Parts,
  { caller, proofs, wish: asked, adds }: EnrolmentOpening & { readonly adds: boolean },
  journey: Journey,
  account: Found<ReturnType<typeof accountRefs>>,
  assessed: Assessed | undefined,
): Decision<Outcome<Journey>> {
  const { user, authenticators, device } = account
  if (user === undefined || user.blocked) {
    return { result: adds || user === undefined ? { no: 'ticket-unknown' } : { no: 'blocked-user' } }
  }
  const wish: Wish = adds ? { ...asked, managesFactors: true } : asked
  const it = { caller, user, authenticators, proofs, wish, device, risk: levelOf(assessed) }
  const judged = judgeNow(parts, it, lastMfaHere(account.mark))
  const decision = assessed && decisionWrites(parts, caller, user.id, assessed, outcomeOf(judged))
  const rated = decision?.writes ?? []
  if (!judged.met && 'refuse' in judged) {
    const fields = { user: user.id, outcome: 'failure', reason: judged.refuse.no } as const
    const event = adds ? [] : [audit(parts, caller, 'login.granted', fields)]
    return { result: judged.refuse, writes: [...rated, ...event] }
  }
  if (adds && judged.met && held(authenticators, parts.factors).length === 0 && !isFresh(proofs, parts.clock.now())) {
    return { result: { no: 'stale-proof' } }
  }
  const open = adds ? enrollable(caller.tenant, parts.factors).map((kind) => kind.kind) : []
  const require: Requirement = judged.met ? { enrol: open } : judged.require
  const risk = assessed && decision && carriedRisk(caller, assessed, decision.id)
  const { handle, write } = newTicket(parts, caller, {
    user: user.id,
    wish,
    proofs,
    requirement: require,
    ...(risk && { risk }),
  })
  const events: readonly Write[] = judged.met
    ? []
    : [audit(parts, caller, 'mfa.required', { user: user.id, details: requirementDetails(require) })]
  const next = passed(parts, caller, journey, {
    phase: judged.met && !adds ? 'finish' : phaseOf(require),
    state: { ...journey.state, user: user.id, ticket: ticketId(handle), adds, proofs: undefined, challenge: undefined },
  })
  return { result: yes(next), writes: [write, putJourney(next), ...rated, ...events] }
}

/** Whether something was proved just now, as changes to authenticators need it (S-63). `now` in epoch ms. */
export const isFresh = (proofs: readonly Proof[], now: number): boolean =>
  proofs.some((it) => now - it.at <= limits.freshProof * 1_000)

/** What finishing a journey that adds a method has to load beside it. */
export const ticketRefs = (caller: Caller, journey: Journey) => ({
  ticket: row('tickets', caller.tenant.id, journey.state.ticket ?? ''),
  siblings: rows('challenges', 'flow', caller.tenant.id, journey.state.ticket ?? ''),
})
