import type { Application } from '#model/application.ts'
import type { UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Ticket } from '#model/ticket.ts'
import { type Decision, put, row } from '#ports/store.ts'
import { audit } from '../events.ts'
import type { Caller, Parts } from '../parts.ts'
import { missingShares, type Shared, sharedKey, sharedWith } from '../policy/acts/share.ts'
import { checkTicket } from '../tickets.ts'

const acts = { scopes: 'share-scopes', claims: 'share-claims' } as const

/** What a flow asks its user to share, and has not been agreed to. */
export const sharesAsked = (
  { wish, requirement }: Pick<Ticket, 'wish' | 'requirement'>,
  application: Application,
  user: Parameters<typeof missingShares>[3],
): readonly string[] => {
  if (requirement.act === 'share-scopes') return missingShares('scopes', wish.scope, application, user)
  return requirement.act === 'share-claims' ? missingShares('claims', wish.claims ?? [], application, user) : []
}

/** Notes what the user of a flow shares with its application: of what the flow asks for, and nothing else. */
export async function agreeToShare(
  parts: Parts,
  it: { readonly caller: Caller; readonly ticket: Ticket; readonly what: Shared; readonly names: readonly string[] },
): Promise<Outcome<readonly string[]>> {
  const { caller, ticket, what } = it
  const tenant = caller.tenant.id
  const refs = { ticket: row('tickets', tenant, ticket.id), user: row('users', tenant, ticket.user) }
  return await parts.store.change(refs, (found): Decision<Outcome<readonly string[]>> => {
    const checked = checkTicket(found.ticket, caller, parts.clock.now(), found.user)
    if (checked.no !== undefined) return { result: checked }
    if (checked.yes.requirement.act !== acts[what] || found.user === undefined)
      return { result: { no: 'ticket-unknown' } }
    const asked = sharesAsked(checked.yes, caller.application, found.user)
    const agreed = asked.filter((name) => it.names.includes(name))
    const all = [...sharedWith(what, caller.application, found.user), ...agreed].sort().join(' ')
    const user = { ...found.user, consents: { ...found.user.consents, [sharedKey(what, caller.application)]: all } }
    const details = { [what]: agreed.join(' ') }
    return {
      result: yes(agreed),
      writes: [put('users', user), audit(parts, caller, 'consent.given', { user: user.id, details })],
    }
  })
}

/** Takes back what a user shares with an application; the next login asks again. Undefined: there is no such user. */
export async function stopSharing(
  parts: Parts,
  it: { readonly caller: Caller; readonly user: UserId; readonly what: Shared; readonly names: readonly string[] },
): Promise<readonly string[] | undefined> {
  const { caller, what, names } = it
  return await parts.store.change({ user: row('users', caller.tenant.id, it.user) }, ({ user }) => {
    if (user === undefined) return { result: undefined }
    const before = sharedWith(what, caller.application, user)
    const left = before.filter((name) => !names.includes(name))
    if (left.length === before.length) return { result: [] }
    const consents = { ...user.consents, [sharedKey(what, caller.application)]: left.join(' ') }
    const gone = before.filter((name) => names.includes(name))
    const details = { [what]: gone.join(' ') }
    return {
      result: gone,
      writes: [
        put('users', { ...user, consents }),
        audit(parts, caller, 'consent.withdrawn', { user: user.id, details }),
      ],
    }
  })
}
