import type { AuthenticatorConfig, UserConfig } from '#config/schema.ts'
import { tokenDigest } from '#crypto/digest.ts'
import { createUser, type NewUser } from '#engine/accounts/create.ts'
import { findByEmail, usernameKey } from '#engine/accounts/find.ts'
import { type UserChanges, updateUser } from '#engine/accounts/update.ts'
import { systemAudit } from '#engine/events.ts'
import { addAuthenticator, importAuthenticator } from '#engine/import-authenticator.ts'
import type { Parts } from '#engine/parts.ts'
import type { Artifact } from '#model/artifact.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { TenantId, UserId } from '#model/ids.ts'
import type { Refusal } from '#model/outcome.ts'
import type { Tenant } from '#model/tenant.ts'
import type { User } from '#model/user.ts'
import { insert, type Store, upsert, type Write } from '#ports/store.ts'
import { ConfigRefused } from './config-refused.ts'

type Count = (change: 'created' | 'updated' | 'unchanged') => void

const source = { source: 'configuration' }

/**
 * Creates or updates one user of a configuration file and the authenticators named with them. `key` is the place in
 * the file. The user is found by e-mail address, else user name, else telephone number.
 * @throws ConfigRefused
 */
export async function applyUser(
  parts: Parts,
  tenant: Tenant,
  wanted: UserConfig,
  key: string,
  count: Count,
): Promise<void> {
  const there = await findNamed(parts.store, tenant.id, wanted)
  const refusal = there === undefined ? await addUser(parts, tenant, wanted, key, count) : undefined
  if (there === undefined && refusal === undefined) return
  // Another process may apply the same file at the same time; then the user is there now.
  const before = there ?? (await findNamed(parts.store, tenant.id, wanted))
  if (before === undefined) throw refusedUser(refusal ?? { no: 'authenticator-unknown' }, key)
  const outcome = await updateUser(
    parts,
    tenant,
    before.id,
    await changesTo(parts, before, wanted, key),
    (after, was) => [
      systemAudit(parts, tenant.id, 'user.updated', { user: after.id, details: source }),
      ...passwordWrites(parts, tenant, after, was, wanted),
    ],
  )
  if (outcome === undefined) throw new ConfigRefused(key, 'was deleted while it was applied', 'Apply the file again')
  if (outcome.no !== undefined) throw refusedUser(outcome, key)
  count(outcome.yes.changed ? 'updated' : 'unchanged')
  for (const [index, one] of wanted.authenticators.entries()) {
    const at = `${key}.authenticators[${index}]`
    const it = imported(parts, tenant, before.id, one, at)
    const of = { user: before.id, factor: it.factor, authenticator: it.id }
    const event = systemAudit(parts, tenant.id, 'factor.confirmed', { ...of, details: source })
    const added = await addAuthenticator(parts, tenant, before.id, it, event)
    if (added?.no !== undefined && added.no !== 'already-enrolled') throw refusedAuthenticator(added, at)
    count(added?.yes ? 'created' : 'unchanged')
  }
}

async function addUser(
  parts: Parts,
  tenant: Tenant,
  wanted: UserConfig,
  key: string,
  count: Count,
): Promise<Refusal | undefined> {
  const passwordHash = await newHash(parts, wanted, key)
  const outcome = await createUser(
    parts,
    tenant,
    { ...fieldsOf(wanted), mustChangePassword: on(wanted.must_change_password), passwordHash },
    (user) => [
      systemAudit(parts, tenant.id, 'user.created', { user: user.id, details: source }),
      ...(wanted.password_hash === undefined ? [] : [hashMark(tenant.id, user.id, wanted.password_hash)]),
      ...wanted.authenticators.flatMap((one, index) => {
        const it = imported(parts, tenant, user.id, one, `${key}.authenticators[${index}]`)
        const { factor, id: authenticator } = it
        return [
          insert('authenticators', it),
          systemAudit(parts, tenant.id, 'factor.confirmed', { user: user.id, factor, authenticator, details: source }),
        ]
      }),
    ],
  )
  if (outcome.no !== undefined) return outcome
  count('created')
  for (const _one of wanted.authenticators) count('created')
  return undefined
}

async function findNamed(store: Store, tenant: TenantId, wanted: UserConfig): Promise<User | undefined> {
  if (wanted.email !== undefined) return await findByEmail(store, tenant, wanted.email)
  const by =
    wanted.username === undefined
      ? ({ index: 'phone', value: wanted.phone_number ?? '' } as const)
      : ({ index: 'username', value: usernameKey(wanted.username) } as const)
  const [user] = await store.list('users', tenant, { by, limit: 1 })
  return user
}

function fieldsOf(wanted: UserConfig): NewUser {
  return {
    email: wanted.email,
    emailVerified: wanted.email_verified,
    phoneNumber: wanted.phone_number,
    phoneVerified: wanted.phone_number_verified,
    username: wanted.username,
    name: wanted.name,
    givenName: wanted.given_name,
    familyName: wanted.family_name,
    nickname: wanted.nickname,
    picture: wanted.picture,
    locale: wanted.locale,
    userMetadata: wanted.user_metadata,
    mfaEnabled: wanted.mfa_enabled,
    blocked: wanted.blocked,
    groups: wanted.groups,
  }
}

/** False stands for "not mentioned" here, since the checked file cannot tell the two apart. */
const on = (value: boolean): true | undefined => (value ? true : undefined)

async function changesTo(parts: Parts, before: User, wanted: UserConfig, key: string): Promise<UserChanges> {
  return {
    ...fieldsOf(wanted),
    emailVerified: on(wanted.email_verified),
    phoneVerified: on(wanted.phone_number_verified),
    mfaEnabled: on(wanted.mfa_enabled),
    blocked: on(wanted.blocked),
    passwordHash: await changedHash(parts, before, wanted, key),
  }
}

/** The hash to store, when the one that is stored does not belong to the password of the file. */
async function changedHash(parts: Parts, before: User, wanted: UserConfig, key: string): Promise<string | undefined> {
  if (wanted.password_hash !== undefined) {
    // An imported hash is replaced by our own at the first login: what counts is whether this one was taken over.
    const mark = await parts.store.get('artifacts', before.tenant, markId(before.id))
    const known = mark?.payload.digest === tokenDigest(wanted.password_hash)
    return known ? undefined : await newHash(parts, wanted, key)
  }
  if (wanted.password === undefined) return undefined
  if (before.passwordHash !== undefined) {
    const checked = await parts.passwords.verify(wanted.password, before.passwordHash)
    if (checked.kind === 'checked' && checked.ok) return undefined
    if (checked.kind === 'pool-full') throw new Error('the password pool is full')
  }
  return await newHash(parts, wanted, key)
}

async function newHash(parts: Parts, wanted: UserConfig, key: string): Promise<string | undefined> {
  const { password, password_hash: hash } = wanted
  if (hash !== undefined) {
    if (parts.passwords.accepts(hash)) return hash
    const mend = 'Give a bcrypt, scrypt, PBKDF2 or Argon2id hash of reasonable cost, or use "password"'
    throw new ConfigRefused(`${key}.password_hash`, 'is no password hash this server can check', mend)
  }
  if (password === undefined) return undefined
  const made = await parts.passwords.hash(password)
  if (made.kind === 'hashed') return made.hash
  if (made.kind === 'pool-full') throw new Error('the password pool is full')
  throw new ConfigRefused(`${key}.password`, `is over ${made.maxBytes} bytes`, 'Shorten it')
}

const markId = (user: UserId): string => `ImportedHash:${user}`

/** Remembers which hash of the file was taken over; the digest of a salted hash tells nobody anything. */
function hashMark(tenant: TenantId, user: UserId, hash: string): Write {
  const mark: Artifact = {
    tenant,
    id: markId(user),
    model: 'ImportedHash',
    payload: { digest: tokenDigest(hash) },
    user,
  }
  return upsert('artifacts', mark)
}

function passwordWrites(parts: Parts, tenant: Tenant, after: User, was: User, wanted: UserConfig): readonly Write[] {
  if (after.passwordHash === was.passwordHash) return []
  return [
    ...(wanted.password_hash === undefined ? [] : [hashMark(tenant.id, after.id, wanted.password_hash)]),
    systemAudit(parts, tenant.id, 'password.changed', { user: after.id, details: source }),
  ]
}

function imported(parts: Parts, tenant: Tenant, user: UserId, it: AuthenticatorConfig, key: string): Authenticator {
  const outcome = importAuthenticator(parts, tenant, user, { ...it })
  if (outcome.no !== undefined) throw refusedAuthenticator(outcome, key)
  if (outcome.yes.weak) throw refusedAuthenticator({ no: 'bad-secret' }, key)
  return outcome.yes
}

function refusedUser(refusal: Refusal, key: string): ConfigRefused {
  switch (refusal.no) {
    case 'taken':
      return new ConfigRefused(
        `${key}.${refusal.what}`,
        'belongs to another user already',
        'Use another, or correct it',
      )
    case 'bad-email':
      return new ConfigRefused(`${key}.email`, 'is no e-mail address', 'Write name@host')
    default:
      return refusedAddress(refusal, key, 'phone_number')
  }
}

function refusedAddress(refusal: Refusal, key: string, member: string): ConfigRefused {
  const at = `${key}.${member}`
  switch (refusal.no) {
    case 'bad-address': {
      const mend = 'Write it whole: "+", country code and number, or name@host'
      return new ConfigRefused(at, 'is no address that can exist', mend)
    }
    case 'blocked-by-admin':
      return new ConfigRefused(at, 'is in a country the tenant sends nothing to', 'Add it to phone.countries')
    case 'blocked-by-reputation':
      return new ConfigRefused(at, 'is in a range that gets no messages', 'Change it, or phone.blocked_prefixes')
    default:
      return new ConfigRefused(key, `cannot be applied (${refusal.no})`, 'Correct the entry')
  }
}

function refusedAuthenticator(refusal: Refusal, key: string): ConfigRefused {
  switch (refusal.no) {
    case 'factor-unknown':
      return new ConfigRefused(`${key}.factor`, `"${refusal.factor}" cannot be brought along`, 'Let the user enrol it')
    case 'bad-secret':
      return new ConfigRefused(key, 'holds a secret that cannot be used', 'Use base32 of 26 characters or more')
    case 'limit-reached':
      return new ConfigRefused(key, 'is one authenticator too many for this user', 'Remove some')
    default:
      return refusedAddress(refusal, key, 'reach' in refusal && refusal.reach === 'email' ? 'email' : 'phone_number')
  }
}
