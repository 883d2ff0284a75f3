import { lengthPrefixed, tokenDigest } from '#crypto/digest.ts'
import type { Challenge } from '#model/challenge.ts'
import { asId, type ChallengeId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Act, Ticket } from '#model/ticket.ts'
import type { User } from '#model/user.ts'
import { type Decision, put, type Refs, row, upsert } from '#ports/store.ts'
import { canonicalPhone } from '../addresses.ts'
import { codeLifetime } from '../challenges.ts'
import { audit } from '../events.ts'
import { limits } from '../limits.ts'
import { codeMessage } from '../messages/queue.ts'
import type { Caller, Parts } from '../parts.ts'
import { answeredRefs, answeredWrites } from '../phone-guard/answered.ts'
import { numberTrouble } from '../phone-guard/facts.ts'
import type { GuardRows } from '../phone-guard/rows.ts'
import { type Sending, sendRefs, spendMessage } from '../send-budget.ts'
import { checkTicket } from '../tickets.ts'
import { factorTools } from '../tools.ts'

interface InFlow {
  readonly caller: Caller
  readonly ticket: Ticket
}

/** The addresses an account may have to show are its own: the act, the way there, and what is noted. */
interface Kind {
  readonly act: Act
  readonly channel: 'email' | 'sms'
  readonly target: (user: User) => string | undefined
  readonly verified: Partial<User>
}

const kinds: readonly Kind[] = [
  { act: 'verify-email', channel: 'email', target: (it) => it.email, verified: { emailVerified: true } },
  { act: 'verify-phone', channel: 'sms', target: (it) => it.phoneNumber, verified: { phoneVerified: true } },
]

/** Which address a flow waits for; undefined: it waits for something else. */
export const addressOwed = ({ requirement }: Pick<Ticket, 'requirement'>): 'email' | 'sms' | undefined =>
  kindOf(requirement.act)?.channel

const kindOf = (act: Act | undefined): Kind | undefined => kinds.find((it) => it.act === act)

/** One running code a flow and act: the next one replaces it and keeps its count (S-5). It signs nobody in. */
const codeId = ({ tenant, id }: Ticket, { act }: Kind): ChallengeId =>
  asId(tokenDigest(lengthPrefixed([act, tenant, id]).toString('latin1')))

const macContext = (id: ChallengeId, { act, target }: Kind, user: User): readonly string[] => [
  act,
  id,
  user.id,
  (act === 'verify-email' ? user.emailKey : target(user)) ?? '',
]

const refsOf = ({ caller, ticket }: InFlow, kind: Kind) => ({
  ticket: row('tickets', caller.tenant.id, ticket.id),
  user: row('users', caller.tenant.id, ticket.user),
  code: row('challenges', caller.tenant.id, codeId(ticket, kind)),
})

/** The account a flow waits for an address of, while it does, and that address. */
function waiting(parts: Parts, { caller }: InFlow, kind: Kind, ticket: Ticket | undefined, user: User | undefined) {
  const checked = checkTicket(ticket, caller, parts.clock.now(), user)
  const to = user && kind.target(user)
  return checked.yes?.requirement.act === kind.act && user && to !== undefined ? { user, to } : undefined
}

/** Sends a code to the address of the account a flow belongs to, and to no other, whatever was typed. */
export async function sendOwnAddressCode(parts: Parts, flow: InFlow): Promise<Outcome<string>> {
  const { caller, ticket } = flow
  const kind = kindOf(ticket.requirement.act)
  const tenant = caller.tenant.id
  const known = kind && (await parts.store.get('users', tenant, ticket.user))
  const to = known && kind.target(known)
  if (kind === undefined || to === undefined) return { no: 'ticket-unknown' }
  const { channel } = kind
  if (!parts.channels.has(channel)) return { no: 'undeliverable', channel }
  // Rules about numbers hold for every message (S-75).
  const reachable = channel === 'sms' ? canonicalPhone(caller.tenant, to) : undefined
  if (reachable?.no !== undefined) return reachable
  const sending: Sending = { channel, to, user: ticket.user }
  const trouble = await numberTrouble(parts, caller, sending)
  if (trouble !== undefined) return trouble
  const refs = { ...refsOf(flow, kind), ...sendRefs(caller, sending) }
  const outcome = await parts.store.change(refs, (found): Decision<Outcome<string>> => {
    const waits = waiting(parts, flow, kind, found.ticket, found.user)
    if (waits?.to !== to) return { result: { no: 'ticket-unknown' } }
    const now = parts.clock.now()
    const spent = spendMessage(parts, caller, sending, found, now)
    if (spent.refuse) return { result: spent.refuse, writes: spent.writes }
    const id = codeId(ticket, kind)
    const code = parts.random.digits(limits.codeDigits)
    const lifetime = codeLifetime(caller)
    const challenge: Challenge = {
      tenant,
      id,
      user: ticket.user,
      client: caller.application.id,
      flow: `${kind.act}:${ticket.id}`,
      authenticator: asId(''),
      factor: channel,
      target: to,
      purpose: 'enrolment',
      state: { mac: factorTools(parts, macContext(id, kind, waits.user)).mac.make(code) },
      failures: found.code?.failures ?? 0,
      createdAt: now,
      codeExpiresAt: now + lifetime * 1_000,
      expiresAt: ticket.expiresAt,
    }
    const message = { channel, to, purpose: 'verify-address', code, lifetime, challenge: id } as const
    const event = { user: ticket.user, factor: channel, details: { verifies: 'address' } }
    return {
      result: yes(to),
      writes: [
        upsert('challenges', challenge),
        codeMessage(parts, caller, { ...message, user: waits.user }),
        ...spent.writes,
        audit(parts, caller, 'challenge.sent', event),
      ],
    }
  })
  if (outcome.yes) parts.nudge()
  return outcome
}

/** Judges the code; a right one marks the address as the account's own (S-17: five wrong ones end it for this flow). */
export async function verifyOwnAddress(
  parts: Parts,
  flow: InFlow & { readonly code: unknown },
): Promise<Outcome<string>> {
  const { caller, ticket } = flow
  const kind = kindOf(ticket.requirement.act)
  if (kind === undefined) return { no: 'ticket-unknown' }
  const known = await parts.store.get('users', caller.tenant.id, ticket.user)
  const phone = kind.channel === 'sms' ? known && kind.target(known) : undefined
  const refs: Refs = { ...refsOf(flow, kind), ...answeredRefs(caller, phone) }
  return await parts.store.change(refs, (raw): Decision<Outcome<string>> => {
    const found = raw as { readonly ticket?: Ticket; readonly user?: User; readonly code?: Challenge } & GuardRows
    const waits = waiting(parts, flow, kind, found.ticket, found.user)
    const { code } = found
    const now = parts.clock.now()
    const wrong: Outcome<string> = { no: 'wrong-proof', factor: kind.channel }
    if (waits === undefined) return { result: { no: 'ticket-unknown' } }
    if (code === undefined || code.wonAt !== undefined || code.target !== waits.to) return { result: wrong }
    if (code.codeExpiresAt <= now) return { result: { no: 'challenge-expired' } }
    const tools = factorTools(parts, macContext(codeId(ticket, kind), kind, waits.user))
    const material = { challenge: code.state, proof: flow.code }
    const dead = code.failures >= limits.failuresPerChallenge
    const fields = { user: waits.user.id, factor: kind.channel }
    if (dead || parts.factors.get(kind.channel)?.check(material, tools).is !== 'right') {
      const failed = put('challenges', { ...code, failures: code.failures + 1 })
      const event = audit(parts, caller, 'proof.checked', { ...fields, outcome: 'failure', reason: 'wrong' })
      return { result: wrong, writes: [failed, event] }
    }
    return {
      result: yes(waits.user.id),
      writes: [
        put('challenges', { ...code, wonAt: now }),
        put('users', { ...waits.user, ...kind.verified, updatedAt: now }),
        ...(phone === waits.to ? answeredWrites(caller, phone, code.createdAt, found, now) : []),
        audit(parts, caller, 'user.updated', { ...fields, details: { what: `${kind.channel} address verified` } }),
      ],
    }
  })
}
