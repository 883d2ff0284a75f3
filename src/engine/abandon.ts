import { type Decision, put, row, rows } from '#ports/store.ts'
import { voidChallenges } from './challenges.ts'
import type { Caller, Parts } from './parts.ts'
import { checkTicket, ticketId } from './tickets.ts'

/** Gives a flow up: its handle and all its challenges are dead from now on (S-58). A handle of nobody's is no matter. */
export async function abandon(parts: Parts, caller: Caller, handle: string): Promise<void> {
  const tenant = caller.tenant.id
  const id = ticketId(handle)
  const refs = { ticket: row('tickets', tenant, id), challenges: rows('challenges', 'flow', tenant, id) }
  await parts.store.change(refs, ({ ticket, challenges }): Decision<undefined> => {
    const now = parts.clock.now()
    const checked = checkTicket(ticket, caller, now)
    if (checked.no !== undefined) return { result: undefined }
    const ended = put('tickets', { ...checked.yes, usedAt: now })
    return { result: undefined, writes: [ended, ...voidChallenges(challenges, now)] }
  })
}
