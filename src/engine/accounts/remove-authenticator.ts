import type { Authenticator } from '#model/authenticator.ts'
import type { UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Tenant } from '#model/tenant.ts'
import { type Decision, remove, row, rows, type Write } from '#ports/store.ts'
import { notify } from '../messages/queue.ts'
import type { Parts } from '../parts.ts'
import { standing } from '../policy/ways.ts'

/**
 * Removes one authenticator of a user by an administrator's word, with its audit row and the notice to the user. The
 * last one stays while the user or the tenant requires one (S-66): that is what a reset is for. With the last one the
 * saved codes go too. `event` is given the authenticator that goes.
 */
export async function removeAuthenticatorOf(
  parts: Parts,
  tenant: Tenant,
  user: UserId,
  id: string,
  event: (gone: Authenticator) => Write,
): Promise<Outcome<Authenticator>> {
  const refs = { user: row('users', tenant.id, user), held: rows('authenticators', 'user', tenant.id, user) }
  const outcome = await parts.store.change(refs, (found): Decision<Outcome<Authenticator>> => {
    const it = found.held.find((one) => one.id === id)
    if (it === undefined || found.user === undefined) return { result: { no: 'authenticator-unknown' } }
    const left = found.held.filter((one) => one.id !== id)
    const last = standing([it], parts.factors).length > 0 && standing(left, parts.factors).length === 0
    if (last && (found.user.mfaEnabled || tenant.mfa?.mode === 'ALWAYS'))
      return { result: { no: 'last-authenticator' } }
    const orphans = last ? left.filter((one) => parts.factors.get(one.factor)?.traits.independent !== true) : []
    return {
      result: yes(it),
      writes: [
        ...[it, ...orphans].map((one) => remove('authenticators', tenant.id, one.id)),
        event(it),
        ...(it.state === 'pending' ? [] : notify(parts, tenant, found.user, 'factor-removed', it.factor)),
      ],
    }
  })
  if (outcome.yes) parts.nudge()
  return outcome
}
