import { z } from 'zod'
import { createUser, type NewUser } from '#engine/accounts/create.ts'
import { findByEmail } from '#engine/accounts/find.ts'
import { hashNewPassword } from '#engine/accounts/passwords.ts'
import { removeUser } from '#engine/accounts/remove.ts'
import { wordsOf } from '#engine/accounts/reset-password.ts'
import { setPassword } from '#engine/accounts/set-password.ts'
import { type UserChanges, updateUser } from '#engine/accounts/update.ts'
import { type AuthenticatorMaterial, importAuthenticator, isSameAuthenticator } from '#engine/import-authenticator.ts'
import type { Answer } from '#http/route.ts'
import type { Authenticator } from '#model/authenticator.ts'
import { asId, type UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { User } from '#model/user.ts'
import { insert } from '#ports/store.ts'
import { subjectOf } from '../words.ts'
import { bodyOf, type Call, type Handler, pageOf, type UserHandler } from './call.ts'
import { iso } from './method.ts'
import { invalidBody, managementError, noContent, noUser, ok, refused } from './wire.ts'

/** A user as this API shows them; never the hash of the password. */
function userView(call: Call, it: User): object {
  const id = subjectOf(it.id)
  const [provider, local] = [id.slice(0, id.indexOf('|')), id.slice(id.indexOf('|') + 1)]
  const members = {
    user_id: id,
    email: it.email,
    email_verified: it.emailVerified,
    phone_number: it.phoneNumber,
    phone_verified: it.phoneNumber === undefined ? undefined : it.phoneVerified,
    username: it.username,
    name: it.name,
    given_name: it.givenName,
    family_name: it.familyName,
    nickname: it.nickname,
    picture: it.picture,
    user_metadata: it.userMetadata,
    blocked: it.blocked || undefined,
    identities: [{ connection: call.exchange.tenant.defaultConnection, provider, user_id: local, isSocial: false }],
    created_at: iso(it.createdAt),
    updated_at: iso(it.updatedAt),
    last_login: it.lastLoginAt === undefined ? undefined : iso(it.lastLoginAt),
    last_password_reset: it.passwordChangedAt === undefined ? undefined : iso(it.passwordChangedAt),
    logins_count: it.loginCount,
  }
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

const text = z.string().min(1).max(300)
const profile = {
  email: z.string().optional(),
  email_verified: z.boolean().optional(),
  phone_number: z.string().optional(),
  phone_verified: z.boolean().optional(),
  username: z.string().min(1).max(128).optional(),
  name: text.optional(),
  given_name: text.optional(),
  family_name: text.optional(),
  nickname: text.optional(),
  picture: z.url({ protocol: /^https?$/ }).optional(),
  user_metadata: z.record(z.string(), z.json()).optional(),
  blocked: z.boolean().optional(),
  /** Nowhere to keep it: said, instead of lost. */
  app_metadata: z.undefined().optional(),
}

/** One factor an import brings along: exactly one key each, 1 to 10 of them (auth0.md §7.2). */
const mfaFactors = z
  .array(
    z.union([
      z.strictObject({ totp: z.object({ secret: z.string() }) }),
      z.strictObject({ phone: z.object({ value: z.string().regex(/^\+[0-9]{1,15}$/) }) }),
      z.strictObject({ email: z.object({ value: z.string() }) }),
    ]),
  )
  .min(1)
  .max(10)

const newUser = z.object({
  ...profile,
  connection: z.string(),
  user_id: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/)
    .optional(),
  password: z.string().optional(),
  mfa_factors: mfaFactors.optional(),
})
const changes = z.object({ ...profile, password: z.string().optional(), connection: z.string().optional() })
type Profile = Omit<z.output<typeof changes>, 'password' | 'connection'>

const fieldsOf = (it: Profile): NewUser => ({
  email: it.email,
  emailVerified: it.email_verified,
  phoneNumber: it.phone_number,
  phoneVerified: it.phone_verified,
  username: it.username,
  name: it.name,
  givenName: it.given_name,
  familyName: it.family_name,
  nickname: it.nickname,
  picture: it.picture,
  userMetadata: it.user_metadata,
  blocked: it.blocked,
})

/** `POST /users`: a user of the tenant's directory, with the factors an import brings along. */
export const postUser: Handler = async (call) => {
  const read = bodyOf(call, newUser)
  if ('status' in read) return read
  const { body } = read
  const { dialect, exchange } = call
  const { parts } = dialect.engine
  const { tenant } = exchange
  if (body.connection !== tenant.defaultConnection) return invalidBody('The connection does not exist.')
  if (body.email === undefined && body.username === undefined && body.phone_number === undefined) {
    return invalidBody('One of email, username and phone_number is required.')
  }
  const words = [tenant.name, body.email, body.email?.split('@')[0], body.username].filter((it) => it !== undefined)
  const hashed = body.password === undefined ? undefined : await hashNewPassword(parts.passwords, body.password, words)
  if (hashed?.no !== undefined) return refused(hashed, call.dialect.engine.parts)
  const id = asId<UserId>(body.user_id ?? parts.random.id())
  const brought = broughtAlong(call, id, body.mfa_factors ?? [])
  if (brought.no !== undefined) return managementError(400, 'MFA_FACTORS_FAILED', 'The mfa_factors cannot be imported.')
  const names = {
    name: body.name ?? body.email ?? body.username,
    nickname: body.nickname ?? body.email?.split('@')[0] ?? body.username,
  }
  const wanted = { ...fieldsOf(body), ...names, id, passwordHash: hashed?.yes }
  const made = await createUser(parts, tenant, wanted, (user) => [
    call.event('user.created', { user: user.id }),
    ...brought.yes.map((it) => insert('authenticators', it)),
    ...brought.yes.map((it) => call.event('factor.confirmed', { user: id, factor: it.factor, authenticator: it.id })),
  ])
  return made.no === undefined ? ok(userView(call, made.yes), 201) : refused(made, call.dialect.engine.parts)
}

/** Factors of an import, each once; secrets from 80 bits on, as other systems have them (operating.md §6.11). */
function broughtAlong(
  { dialect, exchange }: Call,
  user: UserId,
  list: z.output<typeof mfaFactors>,
): Outcome<readonly Authenticator[]> {
  const { parts } = dialect.engine
  const kept: Authenticator[] = []
  for (const it of list) {
    const imported = importAuthenticator(parts, exchange.tenant, user, materialOf(it))
    if (imported.no !== undefined) return imported
    if (!kept.some((one) => isSameAuthenticator(parts, imported.yes, one))) kept.push(imported.yes)
  }
  return yes(kept)
}

function materialOf(it: z.output<typeof mfaFactors>[number]): AuthenticatorMaterial {
  if ('totp' in it) return { factor: 'totp', secret: it.totp.secret }
  return 'phone' in it ? { factor: 'sms', phone_number: it.phone.value } : { factor: 'email', email: it.email.value }
}

/** `GET /users/{id}` */
export const getUser: UserHandler = async (call, user) => ok(userView(call, user))

/** `GET /users`: by id. Searches are not made here; one that is asked for is refused instead of answered wrongly. */
export const listUsers: Handler = async (call) => {
  const page = pageOf(call)
  if ('status' in page) return page
  if (call.exchange.query.q !== undefined) {
    return managementError(400, 'invalid_query_string', 'Searching by q is not supported; use /users-by-email.')
  }
  const { store } = call.dialect.engine.parts
  const tenant = call.exchange.tenant.id
  const start = page.page * page.perPage
  const found = page.perPage === 0 ? [] : await store.list('users', tenant, { offset: start, limit: page.perPage })
  const users = found.map((it) => userView(call, it))
  if (!page.totals) return ok(users)
  return ok({ users, start, limit: page.perPage, length: users.length, total: await store.count('users', tenant) })
}

/** `GET /users-by-email` */
export const usersByEmail: Handler = async (call) => {
  const { email } = call.exchange.query
  if (email === undefined) return managementError(400, 'invalid_query_string', 'The email is required.')
  const user = await findByEmail(call.dialect.engine.parts.store, call.exchange.tenant.id, email)
  return ok(user === undefined ? [] : [userView(call, user)])
}

/** `PATCH /users/{id}`: what is left out stays. A new password ends sessions and refresh tokens (S-68). */
export const patchUser: UserHandler = async (call, user) => {
  const read = bodyOf(call, changes)
  if ('status' in read) return read
  const { password, connection: _connection, ...rest } = read.body
  const { parts } = call.dialect.engine
  const { tenant } = call.exchange
  if (password !== undefined) {
    const failed = await changePassword(call, user, password)
    if (failed !== undefined) return failed
  }
  const wanted: UserChanges = fieldsOf(rest)
  const event = () => [call.event('user.updated', { user: user.id })]
  const done = await updateUser(parts, tenant, user.id, wanted, event)
  if (done === undefined) return noUser
  return done.no === undefined ? ok(userView(call, done.yes.user)) : refused(done, call.dialect.engine.parts)
}

async function changePassword(call: Call, user: User, password: string): Promise<Answer | undefined> {
  const { parts } = call.dialect.engine
  const { tenant } = call.exchange
  const hashed = await hashNewPassword(parts.passwords, password, wordsOf(tenant, user))
  if (hashed.no !== undefined) return refused(hashed, call.dialect.engine.parts)
  const event = call.event('password.changed', { user: user.id })
  const done = await setPassword(parts, { tenant, user: user.id, hash: hashed.yes, event })
  return done === undefined ? noUser : undefined
}

/** `DELETE /users/{id}`: with everything that could still act for them. */
export const deleteUser: UserHandler = async (call, user) => {
  const event = call.event('user.deleted', { user: user.id })
  await removeUser(call.dialect.engine.parts, call.exchange.tenant.id, user.id, event)
  return noContent
}
