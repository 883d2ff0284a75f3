import type { Authenticator } from '#model/authenticator.ts'
import type { TenantId, UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import { type Decision, insert, put, remove, row, rows, type Write } from '#ports/store.ts'
import { newRecoveryCode } from './enrol.ts'
import { audit } from './events.ts'
import { notify } from './messages/queue.ts'
import type { Caller, Parts } from './parts.ts'
import { confirmed, enabled, standing } from './policy/ways.ts'

/** All authenticators of a user that are alive: confirmed, disabled, and enrolments still open; oldest first. */
export async function listAuthenticators(
  parts: Pick<Parts, 'store' | 'clock'>,
  tenant: TenantId,
  user: UserId,
): Promise<readonly Authenticator[]> {
  const all = await parts.store.list('authenticators', tenant, { by: { index: 'user', value: user }, limit: 1_000 })
  const now = parts.clock.now()
  return all.filter((it) => it.expiresAt === undefined || it.expiresAt > now).sort((a, b) => a.createdAt - b.createdAt)
}

/**
 * Removes an authenticator. The last one stays while policy requires one (S-66); with the last one the saved codes
 * go too. Two removals at once are decided one after the other.
 */
export async function removeAuthenticator(
  parts: Parts,
  caller: Caller,
  user: UserId,
  id: string,
): Promise<Outcome<Authenticator>> {
  const tenant = caller.tenant.id
  const refs = { user: row('users', tenant, user), authenticators: rows('authenticators', 'user', tenant, user) }
  const outcome = await parts.store.change(refs, (found): Decision<Outcome<Authenticator>> => {
    const it = found.authenticators.find((one) => one.id === id)
    if (it === undefined || found.user === undefined) return { result: { no: 'authenticator-unknown' } }
    const left = found.authenticators.filter((one) => one.id !== id)
    const last = it.state === 'confirmed' && standing(left, parts.factors).length === 0
    if (last && standing([it], parts.factors).length > 0 && requiresOne(caller, found.user.mfaEnabled)) {
      return { result: { no: 'last-authenticator' } }
    }
    const orphans = last ? left.filter((one) => parts.factors.get(one.factor)?.traits.independent !== true) : []
    return {
      result: yes(it),
      writes: [
        ...[it, ...orphans].map((one) => remove('authenticators', tenant, one.id)),
        audit(parts, caller, 'factor.removed', { user, factor: it.factor, authenticator: it.id }),
        ...(it.state === 'pending' ? [] : notify(parts, caller.tenant, found.user, 'factor-removed', it.factor)),
      ],
    }
  })
  if (outcome.yes) parts.nudge()
  return outcome
}

/**
 * Whether policy demands that the user keeps at least one authenticator: the user's switch, tenant, application. Every
 * mode but OFF asks for one now and then.
 */
const requiresOne = ({ tenant, application }: Caller, mfaEnabled: boolean): boolean =>
  mfaEnabled || tenant.mfa?.mode === 'ALWAYS' || ((application.mfa ?? tenant.mfa)?.mode ?? 'OFF') !== 'OFF'

export async function renameAuthenticator(
  parts: Parts,
  caller: Caller,
  user: UserId,
  id: string,
  name: string,
): Promise<Outcome<Authenticator>> {
  const ref = { it: row('authenticators', caller.tenant.id, id) }
  return await parts.store.change(ref, ({ it }): Decision<Outcome<Authenticator>> => {
    if (it === undefined || it.user !== user) return { result: { no: 'authenticator-unknown' } }
    const renamed = { ...it, name }
    return {
      result: yes(renamed),
      writes: [put('authenticators', renamed), audit(parts, caller, 'factor.renamed', { user, authenticator: id })],
    }
  })
}

/** Replaces all saved codes of a user by a new one or by `count`, shown now and never again; the old are dead (S-45). */
export async function replaceRecoveryCode(
  parts: Parts,
  caller: Pick<Caller, 'tenant'>,
  user: UserId,
  event: Write,
  count = 1,
): Promise<Outcome<{ readonly codes: readonly string[]; readonly authenticator: Authenticator }>> {
  const factor = enabled(caller.tenant, parts.factors, 'recovery_code') ?? parts.factors.get('recovery_code')
  if (factor === undefined) return { no: 'factor-unknown', factor: 'recovery_code' }
  const tenant = caller.tenant.id
  const refs = { user: row('users', tenant, user), authenticators: rows('authenticators', 'user', tenant, user) }
  const outcome = await parts.store.change(
    refs,
    (found): Decision<Outcome<{ codes: readonly string[]; authenticator: Authenticator }>> => {
      if (found.user === undefined) return { result: { no: 'authenticator-unknown' } }
      const made = newRecoveryCode(parts, caller, user, factor, count)
      const old = found.authenticators.filter((it) => it.factor === factor.kind)
      return {
        result: yes(made),
        writes: [
          ...old.map((it) => remove('authenticators', tenant, it.id)),
          insert('authenticators', made.authenticator),
          event,
          ...notify(parts, caller.tenant, found.user, 'recovery-replaced'),
        ],
      }
    },
  )
  if (outcome.yes) parts.nudge()
  return outcome
}

/** Removes every authenticator of a user, by an administrator's word; answers how many confirmed ones there were. */
export async function resetAuthenticators(
  parts: Parts,
  caller: Pick<Caller, 'tenant'>,
  user: UserId,
  event: Write,
): Promise<Outcome<number>> {
  const tenant = caller.tenant.id
  const refs = { user: row('users', tenant, user), authenticators: rows('authenticators', 'user', tenant, user) }
  const outcome = await parts.store.change(refs, (found): Decision<Outcome<number>> => {
    if (found.user === undefined) return { result: { no: 'authenticator-unknown' } }
    const gone = confirmed(found.authenticators).length
    return {
      result: yes(gone),
      writes: [
        ...found.authenticators.map((it) => remove('authenticators', tenant, it.id)),
        event,
        ...(gone > 0 ? notify(parts, caller.tenant, found.user, 'factors-reset') : []),
      ],
    }
  })
  if (outcome.yes) parts.nudge()
  return outcome
}
