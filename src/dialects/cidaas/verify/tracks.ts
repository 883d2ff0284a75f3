import { checkTicket, ticketId } from '#engine/tickets.ts'
import type { Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import { asId, type TicketId } from '#model/ids.ts'
import type { Ticket } from '#model/ticket.ts'
import { type Dialect, dialectName } from '../dialect.ts'
import { isUuid } from '../input.ts'
import type { TrackNotes } from '../login/outcome.ts'
import type { LoginRequest } from '../requests.ts'

/** A login that waits for something: cidaas' track is the engine's ticket (docs/decisions/0004). */
export interface Track {
  readonly ticket: Ticket
  readonly application: Application
  readonly notes: TrackNotes
}

/** A pending track by the handle a client holds. Undefined: unknown, expired, used, or none of this dialect. */
export async function readTrack(
  dialect: Dialect,
  exchange: Pick<Exchange, 'tenant'>,
  handle: string | undefined,
): Promise<Track | undefined> {
  return isUuid(handle) ? await readTrackById(dialect, exchange, ticketId(handle.toLowerCase())) : undefined
}

/** The same by its digest, which is what exchanges keep. */
export async function readTrackById(
  { engine }: Dialect,
  { tenant }: Pick<Exchange, 'tenant'>,
  id: string,
): Promise<Track | undefined> {
  const { store, clock } = engine.parts
  const found = await store.get('tickets', tenant.id, asId<TicketId>(id))
  const application = found && (await store.get('applications', tenant.id, found.client))
  const user = found && (await store.get('users', tenant.id, found.user))
  if (application === undefined || user === undefined) return undefined
  const ticket = checkTicket(found, { dialect: dialectName, application }, clock.now(), user)
  return ticket.yes && { ticket: ticket.yes, application, notes: notesOf(ticket.yes) }
}

const notesOf = (ticket: Ticket): TrackNotes => (ticket.wish.extra ?? { identifier: 'email' }) as TrackNotes

const pageSize = 1_000

/** The newest pending track of this user in this request: SDKs that know no track id mean this one (cidaas.md §4.11). */
export async function findTrack(
  dialect: Dialect,
  exchange: Exchange,
  request: LoginRequest,
  user: string,
): Promise<Track | undefined> {
  const { store, clock } = dialect.engine.parts
  const now = clock.now()
  let newest: Ticket | undefined
  // A page at a time: those that are over lie there as well, until they are swept.
  for (let after: string | undefined, more = true; more; ) {
    const page = await store.list('tickets', exchange.tenant.id, {
      by: { index: 'user', value: user },
      after,
      limit: pageSize,
    })
    for (const it of page) {
      const waits = it.wish.dialect === dialectName && it.usedAt === undefined && it.endsAt > now
      const older = newest !== undefined && newest.createdAt >= it.createdAt
      if (waits && !older && notesOf(it).request === request.id) newest = it
    }
    after = page.at(-1)?.id
    more = page.length === pageSize
  }
  return newest && (await readTrackById(dialect, exchange, newest.id))
}
