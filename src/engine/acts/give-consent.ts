import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Ticket } from '#model/ticket.ts'
import { type Decision, put, row } from '#ports/store.ts'
import { audit } from '../events.ts'
import type { Caller, Parts } from '../parts.ts'
import { checkTicket } from '../tickets.ts'

/** Notes that the user of a flow agrees to terms of the application, in the version that counts now and no other. */
export async function giveConsent(
  parts: Parts,
  it: { readonly caller: Caller; readonly ticket: Ticket; readonly id: string; readonly version: string },
): Promise<Outcome<string>> {
  const { caller, ticket } = it
  const tenant = caller.tenant.id
  const terms = caller.application.consents?.find((one) => one.id === it.id && one.version === it.version)
  if (terms === undefined) return { no: 'challenge-unknown' }
  const refs = { ticket: row('tickets', tenant, ticket.id), user: row('users', tenant, ticket.user) }
  return await parts.store.change(refs, (found): Decision<Outcome<string>> => {
    const checked = checkTicket(found.ticket, caller, parts.clock.now(), found.user)
    if (checked.no !== undefined) return { result: checked }
    if (checked.yes.requirement.act !== 'consent' || found.user === undefined)
      return { result: { no: 'ticket-unknown' } }
    const user = { ...found.user, consents: { ...found.user.consents, [terms.id]: terms.version } }
    const details = { consent: terms.id, version: terms.version }
    return {
      result: yes(terms.id),
      writes: [put('users', user), audit(parts, caller, 'consent.given', { user: user.id, details })],
    }
  })
}
