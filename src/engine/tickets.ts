import { tokenDigest } from '#crypto/digest.ts'
import { asId, type TicketId, type UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Proof } from '#model/proof.ts'
import type { Requirement, Ticket, Wish } from '#model/ticket.ts'
import type { User } from '#model/user.ts'
import { insert, type Write } from '#ports/store.ts'
import { limits } from './limits.ts'
import { type Caller, newHandle, type Parts } from './parts.ts'

/** How long the row of a finished or expired ticket is kept, to answer `expired` instead of `unknown`; seconds. */
const graveyard = 3_600

/** How long a flow lasts from its beginning, ms. */
const flowLifetime = ({ tenant }: Pick<Caller, 'tenant'>): number =>
  (tenant.limits?.ticketLifetimeSeconds ?? limits.ticketLifetime) * 1_000

/** When the flow of a ticket began; a ticket that follows another goes on with its flow. Epoch ms. */
export const flowStart = (caller: Pick<Caller, 'tenant'>, ticket: Pick<Ticket, 'endsAt'>): number =>
  ticket.endsAt - flowLifetime(caller)

/** The stored name of a handle. */
export const ticketId = (handle: string): TicketId => asId<TicketId>(tokenDigest(handle))

/** A new ticket: the handle for the client, and the row to be committed. */
export function newTicket(
  parts: Parts,
  caller: Caller,
  it: {
    readonly user: UserId
    readonly wish: Wish
    readonly proofs: readonly Proof[]
    readonly requirement: Requirement
    readonly risk?: Ticket['risk']
    /** End of the flow it goes on; absent: a flow begins. */
    readonly endsAt?: number
  },
): { readonly handle: string; readonly write: Write } {
  const handle = newHandle(parts, caller)
  const now = parts.clock.now()
  const endsAt = it.endsAt ?? now + flowLifetime(caller)
  const write = insert('tickets', {
    tenant: caller.tenant.id,
    id: ticketId(handle),
    client: caller.application.id,
    failures: {},
    createdAt: now,
    ...it,
    endsAt,
    expiresAt: endsAt + graveyard * 1_000,
  })
  return { handle, write }
}

/**
 * Whether the caller may go on with a ticket: it exists, is unspent and alive, and was made for this client and dialect
 * (S-49 to S-51). A ticket of another dialect does not exist here, nor does one older than the user's password.
 */
export function checkTicket(
  ticket: Ticket | undefined,
  caller: Pick<Caller, 'dialect' | 'application'>,
  now: number,
  user?: User,
): Outcome<Ticket> {
  if (ticket === undefined || ticket.usedAt !== undefined || ticket.wish.dialect !== caller.dialect) {
    return { no: 'ticket-unknown' }
  }
  if (user !== undefined && (user.blocked || (user.passwordChangedAt ?? 0) > ticket.createdAt))
    return { no: 'ticket-unknown' }
  if (ticket.endsAt <= now) return { no: 'ticket-expired' }
  if (ticket.client !== caller.application.id) return { no: 'ticket-of-other-client' }
  return yes(ticket)
}
