import type { Authenticator } from '#model/authenticator.ts'
import type { Outcome, Refusal } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Ticket } from '#model/ticket.ts'
import type { Factor } from '#ports/factor.ts'
import { type Decision, row, rows, seen } from '#ports/store.ts'
import { canonicalPhone } from './addresses.ts'
import { type ApprovalRows, approvalRefs, openRequests, spendApproval } from './approvals/fatigue.ts'
import { occasionOf } from './approvals/occasion.ts'
import {
  challengeWrites,
  codeLifetime,
  macContext,
  messageChannel,
  reserveChallenge,
  voidChallenges,
} from './challenges.ts'
import { audit } from './events.ts'
import { waitSeconds } from './ladder.ts'
import { limits } from './limits.ts'
import type { Caller, Parts } from './parts.ts'
import { numberTrouble } from './phone-guard/facts.ts'
import { channelOf, confirmed, held, waysOf } from './policy/ways.ts'
import { sendRefs, spendMessage } from './send-budget.ts'
import { checkTicket, flowStart } from './tickets.ts'
import { canAskHere, factorTools, openSecret } from './tools.ts'

export interface ChallengeRequest {
  readonly caller: Caller
  readonly ticket: Ticket
  /** Kinds the caller can express or asked for; absent: all. */
  readonly kinds?: readonly string[]
  /** A certain authenticator; must be the user's and confirmed. */
  readonly authenticator?: string
  /** A mailbox gets this link, with the code in it, instead of the code: for what a page of the caller does (S-84). */
  readonly link?: (handle: string, code: string) => string
}

export interface Challenged {
  readonly authenticator: Authenticator
  readonly factor: Factor
  /** Handle of the challenge; absent for factors proved without one. */
  readonly challenge?: string
  /** Seconds the code lives. */
  readonly expiresIn?: number
  readonly show?: Readonly<Record<string, unknown>>
}

/**
 * Asks a confirmed authenticator for a proof. For message factors a fresh code leaves after the commit, an older code
 * of the same authenticator in this flow dies, and its count of wrong codes goes on (S-5). Once that count is full,
 * nothing is sent any more: the code could not work in this flow.
 */
export async function challenge(parts: Parts, request: ChallengeRequest): Promise<Outcome<Challenged>> {
  const { caller, ticket } = request
  const tenant = caller.tenant.id
  const [user, known] = await Promise.all([
    parts.store.get('users', tenant, ticket.user),
    parts.store.list('authenticators', tenant, { by: { index: 'user', value: ticket.user } }),
  ])
  if (user === undefined) return { no: 'ticket-unknown' }
  const alive = checkTicket(ticket, caller, parts.clock.now(), user)
  if (alive.no !== undefined) return alive
  const chosen = choose(parts, request, known)
  if (chosen.no !== undefined) return chosen
  const { factor, authenticator: asked } = chosen.yes
  // Rules about numbers may have changed since this one was enrolled, and hold for every message (S-75).
  const reachable = factor.traits.reach === 'phone' ? canonicalPhone(caller.tenant, asked.target) : undefined
  if (reachable?.no !== undefined) return reachable
  const channel = messageChannel(factor)
  if (channel !== undefined && !parts.channels.has(channel)) return { no: 'undeliverable', channel }
  if (factor.ask === undefined) return yes(chosen.yes)
  const sending = { channel, to: asked.target, user: ticket.user }
  const trouble = await numberTrouble(parts, caller, sending)
  if (trouble !== undefined) return trouble
  const others = confirmed(known)
    .filter((it) => it.factor === factor.kind && it.id !== asked.id)
    .flatMap((it) => (it.memory === undefined ? [] : [it.memory]))

  const outcome = await parts.store.change(
    {
      ticket: seen('tickets', ticket),
      authenticator: row('authenticators', tenant, chosen.yes.authenticator.id),
      challenges: rows('challenges', 'flow', tenant, ticket.id),
      ...sendRefs(caller, sending),
      ...approvalRefs(caller, ticket.user, factor),
    },
    (found): Decision<Outcome<Challenged>> => {
      const now = parts.clock.now()
      const checked = checkTicket(found.ticket, caller, now)
      if (checked.no !== undefined) return { result: checked }
      const { authenticator } = found
      const same = authenticator?.state === 'confirmed' && authenticator.target === sending.to
      if (!same) return { result: { no: 'authenticator-unknown' } }
      const wait = waitSeconds(authenticator, now)
      if (wait > 0) return { result: { no: 'too-many-attempts', of: 'code', retryAfter: wait } }
      const older = found.challenges.filter((it) => it.authenticator === authenticator.id && it.purpose === 'login')
      const failures = Math.max(0, ...older.map((it) => it.failures))
      if (failures >= limits.failuresPerChallenge) return { result: spentInFlow(checked.yes, now) }
      const approvals = found as ApprovalRows
      const tired = spendApproval(caller, authenticator, factor, approvals, now)
      if (tired.refuse) return { result: tired.refuse }
      const spent = spendMessage(parts, caller, sending, found, now)
      if (spent.refuse) return { result: spent.refuse, writes: spent.writes }
      const reserved = reserveChallenge(parts, caller)
      const context = macContext({
        ...authenticator,
        id: reserved.id,
        authenticator: authenticator.id,
        purpose: 'login',
      })
      const asked = factor.ask?.(
        {
          secret: openSecret(parts, authenticator),
          memory: authenticator.memory,
          others,
          occasion: occasionOf(parts, caller, now),
        },
        factorTools(parts, context, caller),
      )
      return {
        result: yes({
          authenticator,
          factor,
          challenge: reserved.handle,
          expiresIn: codeLifetime(caller),
          show: asked?.show,
        }),
        writes: [
          // A device is asked one thing at a time, whichever flow it is for: the newest.
          ...voidChallenges([...older, ...openRequests(authenticator, approvals, older)], now),
          ...challengeWrites(parts, caller, {
            reserved,
            flow: ticket.id,
            authenticator,
            factor,
            purpose: 'login',
            state: asked?.challenge ?? {},
            dispatch: asked?.dispatch,
            alert: asked?.alert,
            link: request.link,
            failures,
            user,
          }),
          ...spent.writes,
          ...tired.writes,
          audit(parts, caller, 'challenge.sent', {
            user: ticket.user,
            factor: factor.kind,
            authenticator: authenticator.id,
          }),
        ],
      }
    },
  )
  if (outcome.yes) parts.nudge()
  return outcome
}

/** The authenticator has no attempt left in this flow; the next flow begins anew. */
const spentInFlow = ({ endsAt }: Ticket, now: number): Refusal => ({
  no: 'too-many-attempts',
  of: 'code',
  retryAfter: Math.ceil((endsAt - now) / 1_000),
})

/** An authenticator and a way to reach it. */
export interface Way {
  readonly authenticator: Authenticator
  readonly factor: Factor
}

/**
 * Confirmed authenticators that may be asked in a flow, by each way to them: not over a channel that has been proved in
 * it already.
 */
export function askable(
  parts: Pick<Parts, 'factors'>,
  { caller, ticket }: Pick<ChallengeRequest, 'caller' | 'ticket'>,
  known: readonly Authenticator[],
): readonly Way[] {
  // Proofs older than the flow (of a refreshed session) are no reason not to ask again: policy found them stale.
  const [first, ...later] = ticket.proofs
  const here = later.filter((it) => it.at >= flowStart(caller, ticket))
  const used = new Set([first, ...here].map((it) => it?.channel))
  return confirmed(known)
    .filter((it) => !used.has(channelOf(it, parts.factors)))
    .flatMap((authenticator) =>
      waysOf(authenticator, caller.tenant, parts.factors)
        .filter((factor) => canAskHere(factor, caller))
        .map((factor) => ({ authenticator, factor })),
    )
}

/** The authenticator and the way to it: the one asked for, else the most recently used of the best kind. */
function choose(parts: Parts, request: ChallengeRequest, known: readonly Authenticator[]): Outcome<Way> {
  const own = confirmed(known)
  const enrolled = own.filter((it) => parts.factors.get(it.factor)?.traits.independent === true)
  if (enrolled.length === 0) {
    return { no: held(known, parts.factors).length > 0 ? 'authenticator-disabled' : 'not-enrolled' }
  }
  const ways = askable(parts, request, enrolled).filter(
    (it) => request.authenticator === undefined || it.authenticator.id === request.authenticator,
  )
  if (request.authenticator !== undefined && ways.length === 0) return { no: 'authenticator-unknown' }
  const wanted = ways.filter((it) => request.kinds?.includes(it.factor.kind) ?? true)
  const best = wanted.sort(byPreference)[0]
  return best ? yes(best) : notWith(request, ways)
}

/** Last used first; without history by the factor's rank. An authenticator's own kind goes before its twin. */
function byPreference(a: Way, b: Way): number {
  return (
    (b.authenticator.lastUsedAt ?? 0) - (a.authenticator.lastUsedAt ?? 0) ||
    Number(b.factor.kind === b.authenticator.factor) - Number(a.factor.kind === a.authenticator.factor) ||
    a.factor.traits.rank - b.factor.traits.rank
  )
}

function notWith(request: ChallengeRequest, ways: readonly Way[]): Refusal {
  return { no: 'not-enrolled-with', asked: request.kinds ?? [], has: [...new Set(ways.map((it) => it.factor.kind))] }
}
