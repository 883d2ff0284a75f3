import { createUser, type NewUser } from '#engine/accounts/create.ts'
import { hashNewPassword } from '#engine/accounts/passwords.ts'
import { type AuthenticatorMaterial, importAuthenticator, isSameAuthenticator } from '#engine/import-authenticator.ts'
import type { Authenticator } from '#model/authenticator.ts'
import { asId, type UserId } from '#model/ids.ts'
import type { Group, User } from '#model/user.ts'
import { insert, type Write } from '#ports/store.ts'
import type { TenantCall } from './operation.ts'
import { conflict, invalid, ofRefusal, type Problem } from './problems.ts'

type AnyCall = Pick<TenantCall<unknown, unknown, unknown>, 'admin' | 'tenant' | 'audit'>

/** The members of a user in the words of the API, as create and import take them. */
export interface AccountWords {
  readonly id?: string
  readonly email?: string | null
  readonly email_verified?: boolean
  readonly phone_number?: string | null
  readonly phone_number_verified?: boolean
  readonly username?: string | null
  readonly name?: string | null
  readonly given_name?: string | null
  readonly family_name?: string | null
  readonly nickname?: string | null
  readonly picture?: string | null
  readonly locale?: string | null
  readonly user_metadata?: Readonly<Record<string, unknown>> | null
  readonly mfa_enabled?: boolean
  readonly blocked?: boolean
  readonly must_change_password?: boolean
  readonly groups?: readonly Group[] | null
  readonly password?: string
  readonly password_hash?: string
}

/** The same in the words of the model, passwords aside. Null stays null. */
export function modelWords<T extends AccountWords>(it: T) {
  return {
    email: it.email,
    emailVerified: it.email_verified,
    phoneNumber: it.phone_number,
    phoneVerified: it.phone_number_verified,
    username: it.username,
    name: it.name,
    givenName: it.given_name,
    familyName: it.family_name,
    nickname: it.nickname,
    picture: it.picture,
    locale: it.locale,
    userMetadata: it.user_metadata,
    mfaEnabled: it.mfa_enabled,
    blocked: it.blocked,
    groups: it.groups,
    // Off is absent, as it is in the rows of everybody else.
    mustChangePassword: it.must_change_password === false ? null : it.must_change_password,
  }
}

/** The hash of what came as `password` or `password_hash`; undefined when neither came. */
export async function hashFor(
  call: AnyCall,
  it: AccountWords,
): Promise<{ readonly hash: string | undefined; readonly problem?: undefined } | Problem> {
  const { passwords } = call.admin.parts
  if (it.password_hash !== undefined) {
    if (passwords.accepts(it.password_hash)) return { hash: it.password_hash }
    return invalid('The request was refused', [
      { path: 'password_hash', message: 'is of no kind and cost this server can check' },
    ])
  }
  if (it.password === undefined) return { hash: undefined }
  const words = [call.tenant.name, it.email, it.username, it.name, it.given_name, it.family_name]
  const hashed = await hashNewPassword(
    passwords,
    it.password,
    words.filter((word) => typeof word === 'string'),
  )
  return hashed.yes === undefined ? ofRefusal(hashed) : { hash: hashed.yes }
}

/**
 * Creates an account with the authenticators that come along, all in one commit or nothing. `weak`: secrets from 80
 * bits on are taken and marked; else 128 bits are the least (operating.md §6.11). `source` is where the account comes
 * from, for the audit.
 */
export async function createAccount(
  call: AnyCall,
  it: AccountWords,
  materials: readonly AuthenticatorMaterial[],
  options: { readonly weak: boolean; readonly source: string },
): Promise<{ readonly user: User; readonly problem?: undefined } | Problem> {
  const { admin, tenant } = call
  const id = asId<UserId>(it.id ?? admin.parts.random.id())
  if (it.id !== undefined && (await admin.parts.store.get('users', tenant.id, id)) !== undefined) {
    return conflict('The id belongs to another user', 'id')
  }
  const password = await hashFor(call, it)
  if (password.problem) return password
  const imported = importAll(call, id, materials, options.weak)
  if ('problem' in imported) return imported
  const words = modelWords(it)
  const mustChangePassword = words.mustChangePassword ?? undefined
  const wanted = { ...words, mustChangePassword, id, passwordHash: password.hash } as NewUser
  const details = { source: options.source }
  const outcome = await createUser(admin.parts, tenant, wanted, (user) => [
    call.audit(tenant.id, 'user.created', { user: user.id, details }),
    ...imported.flatMap((one): readonly Write[] => [
      insert('authenticators', one),
      call.audit(tenant.id, 'factor.confirmed', { user: user.id, factor: one.factor, authenticator: one.id, details }),
    ]),
  ])
  return outcome.no === undefined ? { user: outcome.yes } : ofRefusal(outcome)
}

function importAll(
  call: AnyCall,
  user: UserId,
  materials: readonly AuthenticatorMaterial[],
  weak: boolean,
): readonly Authenticator[] | Problem {
  const all: Authenticator[] = []
  for (const [index, material] of materials.entries()) {
    const it = importOne(call, user, material, weak, `authenticators[${index}]`)
    if ('problem' in it) return it
    if (all.some((other) => isSameAuthenticator(call.admin.parts, it, other))) {
      return invalid('The request was refused', [{ path: `authenticators[${index}]`, message: 'stands there twice' }])
    }
    all.push(it)
  }
  return all
}

/** One authenticator as a row; see `createAccount` for `weak`. */
export function importOne(
  call: AnyCall,
  user: UserId,
  material: AuthenticatorMaterial,
  weak: boolean,
  path = '',
): Authenticator | Problem {
  const imported = importAuthenticator(call.admin.parts, call.tenant, user, material)
  if (imported.no !== undefined) return ofRefusal(imported, path)
  return imported.yes.weak && !weak ? ofRefusal({ no: 'bad-secret' }, path) : imported.yes
}
