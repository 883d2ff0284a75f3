import { tokenDigest } from '#crypto/digest.ts'
import type { Artifact } from '#model/artifact.ts'
import type { TenantId, UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Tenant } from '#model/tenant.ts'
import type { User } from '#model/user.ts'
import { type Decision, insert, remove, row, rows, type Write } from '#ports/store.ts'
import { audit } from './events.ts'
import { linkSaid } from './messages/compose.ts'
import { queueMessage } from './messages/queue.ts'
import type { Caller, Parts } from './parts.ts'
import { enrollable, held } from './policy/ways.ts'
import { newTicket } from './tickets.ts'

const model = 'EnrolmentTicket'

/** The row of a ticket: only its digest is stored (S-35). */
const rowId = (handle: string): string => `${model}:${tokenDigest(handle)}`

export interface EnrolmentTicketOrder {
  readonly tenant: Tenant
  readonly user: UserId
  /** Seconds. A ticket that follows a reset may live 24 h at most (S-69). */
  readonly lifetime: number
  /** Kinds the user may choose from; absent: every kind of the tenant. */
  readonly kinds?: readonly string[]
  /** Present: the user's stored address gets the link; its host comes from configuration (S-84). */
  readonly mailLink?: (handle: string) => string
  /** Language tags the administrator wants the mail in; absent: the user's own. */
  readonly locales?: readonly string[]
  readonly event: (user: User) => Write
}

/**
 * An administrator's invitation to enrol: the single-use handle of the page on which the user does it. Refuses unknown
 * users, and to mail a user without a stored address.
 */
export async function createEnrolmentTicket(parts: Parts, order: EnrolmentTicketOrder): Promise<Outcome<string>> {
  const { tenant, lifetime, mailLink } = order
  const handle = parts.random.token()
  const refs = { user: row('users', tenant.id, order.user) }
  const outcome = await parts.store.change(refs, ({ user }): Decision<Outcome<string>> => {
    if (user === undefined) return { result: { no: 'authenticator-unknown' } }
    if (mailLink && user.email === undefined) return { result: { no: 'bad-email' } }
    if (mailLink && !parts.channels.has('email')) return { result: { no: 'undeliverable', channel: 'email' } }
    const ticket: Artifact = {
      tenant: tenant.id,
      id: rowId(handle),
      model,
      payload: order.kinds === undefined ? {} : { kinds: order.kinds },
      user: user.id,
      expiresAt: parts.clock.now() + lifetime * 1_000,
    }
    const mail =
      mailLink && user.email !== undefined
        ? [
            queueMessage(parts, tenant, {
              channel: 'email',
              to: user.email,
              purpose: 'enrolment',
              said: linkSaid({ tenant, user, locales: order.locales }, 'invitation', mailLink(handle), lifetime),
            }),
          ]
        : []
    return { result: yes(handle), writes: [insert('artifacts', ticket), ...mail, order.event(user)] }
  })
  if (outcome.yes && mailLink) parts.nudge()
  return outcome
}

/** Whether a ticket may still be used; looking does not use it up (S-84). */
export async function isEnrolmentTicket(
  parts: Pick<Parts, 'store' | 'clock'>,
  tenant: TenantId,
  handle: string,
): Promise<boolean> {
  const found = await parts.store.get('artifacts', tenant, rowId(handle))
  return found !== undefined && (found.expiresAt ?? 0) > parts.clock.now()
}

/**
 * Spends a ticket for a flow in which its user enrols and does nothing else: the handle of the flow's own ticket, which
 * holds no proof, and so is no way to sign in. Whoever has a factor already is refused and keeps the ticket: beside one,
 * others are added after it was proved (S-61). An invitation counts for accounts that sleep (S-67).
 */
export async function redeemEnrolmentTicket(parts: Parts, caller: Caller, handle: string): Promise<Outcome<string>> {
  const tenant = caller.tenant.id
  const known = await parts.store.get('artifacts', tenant, rowId(handle))
  const refs = {
    ticket: row('artifacts', tenant, rowId(handle)),
    user: row('users', tenant, known?.user ?? ''),
    authenticators: rows('authenticators', 'user', tenant, known?.user ?? ''),
  }
  return await parts.store.change(refs, ({ ticket, user, authenticators }): Decision<Outcome<string>> => {
    const over = ticket === undefined || (ticket.expiresAt ?? 0) <= parts.clock.now()
    if (over || user === undefined || user.blocked) return { result: { no: 'ticket-unknown' } }
    if (held(authenticators, parts.factors).length > 0) return { result: { no: 'already-enrolled' } }
    const { kinds } = ticket.payload as { readonly kinds?: readonly string[] }
    const offered = enrollable(caller.tenant, parts.factors)
      .map((it) => it.kind)
      .filter((kind) => kinds === undefined || kinds.includes(kind))
    if (offered.length === 0) return { result: { no: 'no-factor-available' } }
    const made = newTicket(parts, caller, {
      user: user.id,
      wish: { dialect: caller.dialect, grantType: 'enrolment', scope: [] },
      proofs: [],
      requirement: { enrol: offered },
    })
    const event = audit(parts, caller, 'factor.enrolment-started', { user: user.id, details: { by: 'ticket' } })
    return { result: yes(made.handle), writes: [remove('artifacts', tenant, ticket.id), made.write, event] }
  })
}
