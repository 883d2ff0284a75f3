import { asId, type TenantId, type UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Tenant } from '#model/tenant.ts'
import type { Group, User } from '#model/user.ts'
import { type Decision, insert, row, rows, type Write } from '#ports/store.ts'
import { canonicalEmail, canonicalPhone } from '../addresses.ts'
import type { Parts } from '../parts.ts'
import { usernameKey } from './find.ts'

/** What a new account may come with; addresses in any spelling. */
export interface NewUser {
  readonly id?: string
  readonly email?: string
  readonly emailVerified?: boolean
  readonly phoneNumber?: string
  readonly phoneVerified?: boolean
  readonly username?: string
  readonly name?: string
  readonly givenName?: string
  readonly familyName?: string
  readonly nickname?: string
  readonly picture?: string
  readonly locale?: string
  readonly userMetadata?: Readonly<Record<string, unknown>>
  readonly passwordHash?: string
  readonly mfaEnabled?: boolean
  readonly mustChangePassword?: boolean
  readonly groups?: readonly Group[]
  readonly blocked?: boolean
}

/**
 * Creates an account with its audit row, and `also` in the same commit. Refuses a taken e-mail address or user name;
 * two who ask for one address at once are decided by the store.
 */
export async function createUser(
  parts: Pick<Parts, 'store' | 'clock' | 'random'>,
  tenant: Tenant,
  wanted: NewUser,
  also: (user: User) => readonly Write[],
): Promise<Outcome<User>> {
  const user = draftUser(parts, tenant, wanted)
  if (user.no !== undefined) return user
  const it = user.yes
  const refs = {
    byId: row('users', tenant.id, it.id),
    byEmail: rows('users', 'email', tenant.id, it.emailKey ?? ''),
    byUsername: rows('users', 'username', tenant.id, it.usernameKey ?? ''),
  }
  return await parts.store.change(refs, (found): Decision<Outcome<User>> => {
    if (found.byEmail.length > 0) return { result: { no: 'taken', what: 'email' } }
    if (found.byUsername.length > 0 || found.byId) return { result: { no: 'taken', what: 'username' } }
    return { result: yes(it), writes: [insert('users', it), ...also(it)] }
  })
}

/** A user row from what is known of them, with addresses in their one form. */
export function draftUser(parts: Pick<Parts, 'clock' | 'random'>, tenant: Tenant, wanted: NewUser): Outcome<User> {
  const now = parts.clock.now()
  const email = wanted.email === undefined ? undefined : canonicalEmail(wanted.email)
  if (email?.no !== undefined) return email
  const phone = wanted.phoneNumber === undefined ? undefined : canonicalPhone(tenant, wanted.phoneNumber)
  if (phone?.no !== undefined) return phone
  const { phoneNumber: _raw, id, ...rest } = wanted
  return yes({
    ...rest,
    tenant: tenant.id as TenantId,
    id: asId<UserId>(id ?? parts.random.id()),
    email: email?.yes.email,
    emailKey: email?.yes.key,
    emailVerified: wanted.emailVerified ?? false,
    phoneNumber: phone?.yes,
    phoneVerified: wanted.phoneVerified ?? false,
    usernameKey: wanted.username === undefined ? undefined : usernameKey(wanted.username),
    passwordChangedAt: wanted.passwordHash === undefined ? undefined : now,
    mfaEnabled: wanted.mfaEnabled ?? false,
    blocked: wanted.blocked ?? false,
    createdAt: now,
    updatedAt: now,
    loginCount: 0,
  })
}
