import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Ticket } from '#model/ticket.ts'
import { type Decision, put, row } from '#ports/store.ts'
import type { Caller, Parts } from '../parts.ts'
import { selectableGroups } from '../policy/acts/choose-group.ts'
import { checkTicket } from '../tickets.ts'

/** Notes in which of their groups the user of a flow comes; for this flow only. Answers the flow as it is then. */
export async function chooseGroupInFlow(
  parts: Parts,
  it: { readonly caller: Caller; readonly ticket: Ticket; readonly group: string },
): Promise<Outcome<Ticket>> {
  const { caller, ticket } = it
  const tenant = caller.tenant.id
  const refs = { ticket: row('tickets', tenant, ticket.id), user: row('users', tenant, ticket.user) }
  return await parts.store.change(refs, (found): Decision<Outcome<Ticket>> => {
    const checked = checkTicket(found.ticket, caller, parts.clock.now(), found.user)
    if (checked.no !== undefined) return { result: checked }
    const open = found.user ? selectableGroups(caller.application, found.user) : []
    if (checked.yes.requirement.act !== 'choose-group' || !open.some((one) => one.id === it.group)) {
      return { result: { no: 'ticket-unknown' } }
    }
    const next: Ticket = { ...checked.yes, wish: { ...checked.yes.wish, group: it.group } }
    return { result: yes(next), writes: [put('tickets', next)] }
  })
}
