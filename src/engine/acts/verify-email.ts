import { lengthPrefixed, tokenDigest } from '#crypto/digest.ts'
import type { Challenge } from '#model/challenge.ts'
import { asId, type ChallengeId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Ticket } from '#model/ticket.ts'
import type { User } from '#model/user.ts'
import { type Decision, put, row, upsert } from '#ports/store.ts'
import { codeLifetime } from '../challenges.ts'
import { audit } from '../events.ts'
import { limits } from '../limits.ts'
import { codeMessage } from '../messages/queue.ts'
import type { Caller, Parts } from '../parts.ts'
import { sendBudgetRef, spendSend } from '../send-budget.ts'
import { checkTicket } from '../tickets.ts'
import { factorTools } from '../tools.ts'

interface InFlow {
  readonly caller: Caller
  readonly ticket: Ticket
}

/** One running code a flow: the next one replaces it and keeps its count (S-5). It signs nobody in. */
const codeId = (ticket: Ticket): ChallengeId =>
  asId(tokenDigest(lengthPrefixed(['verify-email', ticket.tenant, ticket.id]).toString('latin1')))

const macContext = (id: ChallengeId, user: User): readonly string[] => [
  'verify-email',
  id,
  user.id,
  user.emailKey ?? '',
]

const refsOf = ({ caller, ticket }: InFlow) => ({
  ticket: row('tickets', caller.tenant.id, ticket.id),
  user: row('users', caller.tenant.id, ticket.user),
  code: row('challenges', caller.tenant.id, codeId(ticket)),
})

/** The account a flow waits for an address of, while it does. */
function waiting(
  parts: Parts,
  { caller }: InFlow,
  ticket: Ticket | undefined,
  user: User | undefined,
): User | undefined {
  const checked = checkTicket(ticket, caller, parts.clock.now(), user)
  return checked.yes?.requirement.act === 'verify-email' && user?.email !== undefined ? user : undefined
}

/** Sends a code to the address of the account a flow belongs to, and to no other, whatever was typed. */
export async function sendEmailCode(parts: Parts, flow: InFlow): Promise<Outcome<string>> {
  const { caller, ticket } = flow
  const tenant = caller.tenant.id
  if (!parts.channels.has('email')) return { no: 'undeliverable', channel: 'email' }
  const refs = { ...refsOf(flow), budget: sendBudgetRef(caller, 'email', ticket.user) }
  const outcome = await parts.store.change(refs, (found): Decision<Outcome<string>> => {
    const user = waiting(parts, flow, found.ticket, found.user)
    if (user?.email === undefined) return { result: { no: 'ticket-unknown' } }
    const now = parts.clock.now()
    const spent = spendSend(caller, 'email', user.id, found.budget, now)
    if ('no' in spent) return { result: spent }
    const id = codeId(ticket)
    const code = parts.random.digits(limits.codeDigits)
    const lifetime = codeLifetime(caller)
    const challenge: Challenge = {
      tenant,
      id,
      user: user.id,
      client: caller.application.id,
      flow: `verify-email:${ticket.id}`,
      authenticator: asId(''),
      factor: 'email',
      target: user.email,
      purpose: 'enrolment',
      state: { mac: factorTools(parts, macContext(id, user)).mac.make(code) },
      failures: found.code?.failures ?? 0,
      createdAt: now,
      codeExpiresAt: now + lifetime * 1_000,
      expiresAt: ticket.expiresAt,
    }
    const message = { channel: 'email', to: user.email, purpose: 'enrolment', code, lifetime, challenge: id, user } as const
    return {
      result: yes(user.email),
      writes: [
        upsert('challenges', challenge),
        codeMessage(parts, caller, message),
        spent.write,
        audit(parts, caller, 'challenge.sent', { user: user.id, factor: 'email', details: { verifies: 'address' } }),
      ],
    }
  })
  if (outcome.yes) parts.nudge()
  return outcome
}

/** Judges the code; a right one marks the address as the account's own (S-17: five wrong ones end it for this flow). */
export async function verifyEmailInFlow(
  parts: Parts,
  flow: InFlow & { readonly code: unknown },
): Promise<Outcome<string>> {
  const { caller, ticket } = flow
  return await parts.store.change(refsOf(flow), (found): Decision<Outcome<string>> => {
    const user = waiting(parts, flow, found.ticket, found.user)
    const { code } = found
    const now = parts.clock.now()
    if (user === undefined) return { result: { no: 'ticket-unknown' } }
    if (code === undefined || code.wonAt !== undefined) return { result: { no: 'wrong-proof', factor: 'email' } }
    if (code.codeExpiresAt <= now) return { result: { no: 'challenge-expired' } }
    const tools = factorTools(parts, macContext(codeId(ticket), user))
    const material = { challenge: code.state, proof: flow.code }
    const dead = code.failures >= limits.failuresPerChallenge
    if (dead || parts.factors.get('email')?.check(material, tools).is !== 'right') {
      const fields = { user: user.id, factor: 'email', outcome: 'failure', reason: 'wrong' } as const
      const failed = put('challenges', { ...code, failures: code.failures + 1 })
      return {
        result: { no: 'wrong-proof', factor: 'email' },
        writes: [failed, audit(parts, caller, 'proof.checked', fields)],
      }
    }
    return {
      result: yes(user.id),
      writes: [
        put('challenges', { ...code, wonAt: now }),
        put('users', { ...user, emailVerified: true, updatedAt: now }),
        audit(parts, caller, 'user.updated', { user: user.id, details: { what: 'email verified' } }),
      ],
    }
  })
}
