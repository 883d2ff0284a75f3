import type { Authenticator } from '#model/authenticator.ts'
import type { UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Tenant } from '#model/tenant.ts'
import { type Decision, insert, put, remove, row, rows, type Write } from '#ports/store.ts'
import { isSameAuthenticator } from './import-authenticator.ts'
import { limits } from './limits.ts'
import { notify } from './messages/queue.ts'
import type { Parts } from './parts.ts'
import { standing, waysOf } from './policy/ways.ts'

const refsOf = (tenant: Tenant, user: UserId) => ({
  user: row('users', tenant.id, user),
  held: rows('authenticators', 'user', tenant.id, user),
})

/**
 * Removes authenticators by an administrator's word: unlike the user's own removal it may take the last one, since that
 * is how somebody without the device gets in again (S-69). With the last one the saved codes go too. Answers how many
 * were removed; none is `authenticator-unknown`.
 */
export async function dropAuthenticators(
  parts: Parts,
  tenant: Tenant,
  user: UserId,
  which: (it: Authenticator) => boolean,
  event: Write,
): Promise<Outcome<number>> {
  const outcome = await parts.store.change(refsOf(tenant, user), (found): Decision<Outcome<number>> => {
    const gone = found.held.filter(which)
    if (found.user === undefined || gone.length === 0) return { result: { no: 'authenticator-unknown' } }
    const left = found.held.filter((it) => !gone.includes(it))
    const lastGone = standing(gone, parts.factors).length > 0 && standing(left, parts.factors).length === 0
    const orphans = lastGone ? left.filter((it) => parts.factors.get(it.factor)?.traits.independent !== true) : []
    const told = [...new Set(gone.filter((it) => it.state !== 'pending').map((it) => it.factor))]
    const person = found.user
    return {
      result: yes(gone.length),
      writes: [
        ...[...gone, ...orphans].map((it) => remove('authenticators', tenant.id, it.id)),
        event,
        ...told.flatMap((factor) => notify(parts, tenant, person, 'factor-removed', factor)),
      ],
    }
  })
  if (outcome.yes) parts.nudge()
  return outcome
}

/**
 * Puts these confirmed authenticators in the place of all a user has, in one commit; saved codes stay while some other
 * authenticator does. Refuses two that are the same, and more than 20.
 */
export async function replaceAuthenticators(
  parts: Parts,
  tenant: Tenant,
  user: UserId,
  imported: readonly Authenticator[],
  event: Write,
): Promise<Outcome<readonly Authenticator[]>> {
  if (imported.length > limits.authenticatorsPerUser) return { no: 'limit-reached', what: 'authenticators' }
  const twice = imported.some((it, at) => imported.slice(0, at).some((one) => isSameAuthenticator(parts, it, one)))
  if (twice) return { no: 'already-enrolled' }
  const outcome = await parts.store.change(
    refsOf(tenant, user),
    (found): Decision<Outcome<readonly Authenticator[]>> => {
      if (found.user === undefined) return { result: { no: 'authenticator-unknown' } }
      const isSaved = (it: Authenticator) => parts.factors.get(it.factor)?.traits.proof === 'lookup'
      const gone = found.held.filter((it) => imported.length === 0 || it.state === 'pending' || !isSaved(it))
      const cause = imported.length === 0 ? 'factors-reset' : 'factor-changed'
      return {
        result: yes(imported),
        writes: [
          ...gone.map((it) => remove('authenticators', tenant.id, it.id)),
          ...imported.map((it) => insert('authenticators', it)),
          event,
          ...notify(parts, tenant, found.user, cause),
        ],
      }
    },
  )
  if (outcome.yes) parts.nudge()
  return outcome
}

/**
 * Puts an authenticator in the place of another of the same user, by an administrator's word and in one commit: a new
 * number or address is a new authenticator, so that nothing sent to the old one counts any more (AC-7).
 */
export async function exchangeAuthenticator(
  parts: Parts,
  tenant: Tenant,
  user: UserId,
  id: string,
  imported: Authenticator,
  event: Write,
): Promise<Outcome<Authenticator>> {
  const outcome = await parts.store.change(refsOf(tenant, user), (found): Decision<Outcome<Authenticator>> => {
    const old = found.held.find((it) => it.id === id)
    if (found.user === undefined || old === undefined) return { result: { no: 'authenticator-unknown' } }
    const others = found.held.filter((it) => it.id !== id)
    if (others.some((it) => isSameAuthenticator(parts, imported, it))) return { result: { no: 'already-enrolled' } }
    const told = notify(parts, tenant, found.user, 'factor-changed', imported.factor)
    const writes = [remove('authenticators', tenant.id, id), insert('authenticators', imported), event, ...told]
    return { result: yes(imported), writes }
  })
  if (outcome.yes) parts.nudge()
  return outcome
}

export interface AuthenticatorEdit {
  readonly name?: string
  /** Another kind of the same reach: how a telephone is to be reached first. */
  readonly kind?: string
}

/**
 * Renames an authenticator, or lets another kind of the same reach come first; the user is told (S-64). Refuses a kind
 * that cannot reach it. An edit that changes nothing writes nothing.
 */
export async function editAuthenticator(
  parts: Parts,
  tenant: Tenant,
  user: UserId,
  id: string,
  edit: AuthenticatorEdit,
  event: Write,
): Promise<Outcome<Authenticator>> {
  const refs = { user: row('users', tenant.id, user), it: row('authenticators', tenant.id, id) }
  const outcome = await parts.store.change(refs, (found): Decision<Outcome<Authenticator>> => {
    const { it } = found
    if (it === undefined || it.user !== user || found.user === undefined) {
      return { result: { no: 'authenticator-unknown' } }
    }
    const kind = edit.kind ?? it.factor
    if (kind !== it.factor && !waysOf(it, tenant, parts.factors).some((way) => way.kind === kind)) {
      return { result: { no: 'factor-off', factor: kind } }
    }
    const edited: Authenticator = { ...it, factor: kind, name: edit.name ?? it.name }
    if (edited.factor === it.factor && edited.name === it.name) return { result: yes(it) }
    const told = it.state === 'pending' ? [] : notify(parts, tenant, found.user, 'factor-changed', it.factor)
    return { result: yes(edited), writes: [put('authenticators', edited), event, ...told] }
  })
  if (outcome.yes) parts.nudge()
  return outcome
}
