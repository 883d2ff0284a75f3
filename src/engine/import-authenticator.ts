import type { Authenticator } from '#model/authenticator.ts'
import type { UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Tenant } from '#model/tenant.ts'
import type { User } from '#model/user.ts'
import type { Factor } from '#ports/factor.ts'
import { type Decision, insert, row, rows, type Write } from '#ports/store.ts'
import { canonicalEmail, canonicalPhone } from './addresses.ts'
import { newAuthenticatorId } from './enrol.ts'
import { limits } from './limits.ts'
import { notify } from './messages/queue.ts'
import type { Parts } from './parts.ts'
import { confirmed } from './policy/ways.ts'
import { factorTools, openSecret, sealContext } from './tools.ts'

/** Secrets shorter than this, in bytes, make an authenticator weak (S-9, operating.md §6.11). */
export const leastSecretBytes = 16

/**
 * An authenticator made elsewhere: its kind, and what the kind needs to know. Factors with a reach read
 * `phone_number` or `email`; the others read what their `adopt` names, such as `secret` or `code`.
 */
export interface AuthenticatorMaterial {
  readonly factor: string
  readonly name?: string
  readonly [member: string]: unknown
}

/**
 * A confirmed authenticator from configuration, import or an administrator, as a row to be inserted; nothing is
 * written. Its secret is sealed under its own record, a saved code is kept as a keyed hash only.
 *
 * A secret under 128 bits gives a row marked `weak`. Callers that must not take one (configuration, admin API) refuse
 * `weak` rows; the importer takes them from 80 bits on (operating.md §6.11). `now` in epoch ms.
 */
export function importAuthenticator(
  parts: Parts,
  tenant: Tenant,
  user: UserId,
  material: AuthenticatorMaterial,
  now: number = parts.clock.now(),
): Outcome<Authenticator> {
  const factor = parts.factors.get(material.factor)
  if (factor?.adopt === undefined) return { no: 'factor-unknown', factor: material.factor }
  const target = targetOf(tenant, factor, material)
  if (target.no !== undefined) return target
  const key = { tenant: tenant.id, id: newAuthenticatorId(parts), user }
  const adopted = factor.adopt(material, factorTools(parts, sealContext(key)))
  if (adopted === undefined) return { no: 'bad-secret' }
  const { secret, memory } = adopted
  return yes({
    ...key,
    factor: factor.kind,
    state: 'confirmed',
    target: target.yes,
    sealed: secret && parts.keyring.seal(secret, sealContext(key)),
    memory,
    name: material.name,
    failures: 0,
    weak: secret !== undefined && secret.length < leastSecretBytes ? true : undefined,
    createdAt: now,
    confirmedAt: now,
  })
}

function targetOf(tenant: Tenant, factor: Factor, material: AuthenticatorMaterial): Outcome<string | undefined> {
  switch (factor.traits.reach) {
    case 'phone':
      return canonicalPhone(tenant, material.phone_number)
    case 'email': {
      const email = canonicalEmail(material.email)
      return email.yes ? yes(email.yes.email) : { no: 'bad-address', reach: 'email' }
    }
    case undefined:
      return yes(undefined)
  }
}

/**
 * Whether a user has an imported authenticator already: one of the same kind with the same address or secret. Of saved
 * codes any counts, since a spent one has been replaced and must not come back.
 */
export function isSameAuthenticator(parts: Parts, imported: Authenticator, held: Authenticator): boolean {
  if (held.state === 'pending' || held.factor !== imported.factor) return false
  if (parts.factors.get(held.factor)?.traits.proof === 'lookup') return true
  if (imported.target !== undefined || held.target !== undefined) return imported.target === held.target
  const [mine, theirs] = [openSecret(parts, imported), openSecret(parts, held)]
  return mine !== undefined && theirs !== undefined && Buffer.compare(mine, theirs) === 0
}

/**
 * Gives a user a confirmed authenticator, with its audit row and the notice to the user in one commit (S-64, S-146).
 * Undefined: there is no such user. Refuses one the user has already, and more than 20.
 */
export async function addAuthenticator(
  parts: Parts,
  tenant: Tenant,
  user: UserId,
  imported: Authenticator,
  event: Write,
): Promise<Outcome<Authenticator> | undefined> {
  const refs = { user: row('users', tenant.id, user), held: rows('authenticators', 'user', tenant.id, user) }
  const outcome = await parts.store.change(refs, (found): Decision<Outcome<Authenticator> | undefined> => {
    if (found.user === undefined) return { result: undefined }
    if (found.held.some((it) => isSameAuthenticator(parts, imported, it))) return { result: { no: 'already-enrolled' } }
    if (confirmed(found.held).length >= limits.authenticatorsPerUser) {
      return { result: { no: 'limit-reached', what: 'authenticators' } }
    }
    return { result: yes(imported), writes: addWrites(parts, tenant, found.user, imported, event) }
  })
  if (outcome?.yes) parts.nudge()
  return outcome
}

function addWrites(parts: Parts, tenant: Tenant, user: User, imported: Authenticator, event: Write): readonly Write[] {
  return [insert('authenticators', imported), event, ...notify(parts, tenant, user, 'factor-added', imported.factor)]
}
