import * as z from 'zod'
import type { Authenticator } from '#model/authenticator.ts'
import type { User } from '#model/user.ts'
import { moment, paging, toMoment, userParams } from './common.ts'
import { authenticatorWord, userWords } from './words.ts'

const group = z.strictObject({ id: z.string(), type: z.string().optional(), roles: z.array(z.string()) })

/** As answered. A password is only ever said to be there. */
export const user = z
  .strictObject({
    id: z.string(),
    email: z.string().optional(),
    email_verified: z.boolean(),
    phone_number: z.string().optional(),
    phone_number_verified: z.boolean(),
    username: z.string().optional(),
    name: z.string().optional(),
    given_name: z.string().optional(),
    family_name: z.string().optional(),
    nickname: z.string().optional(),
    picture: z.string().optional(),
    locale: z.string().optional(),
    user_metadata: z.record(z.string(), z.json()).optional(),
    mfa_enabled: z.boolean(),
    blocked: z.boolean(),
    must_change_password: z.boolean(),
    groups: z.array(group).optional(),
    has_password: z.boolean(),
    password_changed_at: moment.optional(),
    created_at: moment,
    updated_at: moment,
    last_login_at: moment.optional(),
    last_mfa_at: moment.optional(),
    login_count: z.int(),
  })
  .meta({ id: 'User' })

const id = z
  .string()
  .regex(/^(?!import$)[A-Za-z0-9][A-Za-z0-9_.|:@-]{0,127}$/)
  .optional()
  .meta({ description: 'Absent: one is made. Give it to keep the ids of another system.' })

/** What may be said of a new user: the words of the configuration, and an id. */
export const userCreateMembers = {
  id,
  email: userWords.email,
  email_verified: userWords.email_verified,
  phone_number: userWords.phone_number,
  phone_number_verified: userWords.phone_number_verified,
  username: userWords.username,
  name: userWords.name,
  given_name: userWords.given_name,
  family_name: userWords.family_name,
  nickname: userWords.nickname,
  picture: userWords.picture,
  locale: userWords.locale,
  user_metadata: userWords.user_metadata,
  mfa_enabled: userWords.mfa_enabled,
  blocked: userWords.blocked,
  must_change_password: z.boolean().optional().meta({
    description: 'true: the next login gives the account a new password.',
  }),
  groups: userWords.groups,
  password: userWords.password,
  password_hash: userWords.password_hash,
  authenticators: userWords.authenticators.unwrap().max(20).default([]),
}

type Named = { readonly email?: unknown; readonly phone_number?: unknown; readonly username?: unknown }
type Keyed = { readonly password?: unknown; readonly password_hash?: unknown }
export const hasName = (it: Named): boolean => [it.email, it.phone_number, it.username].some((name) => name != null)
const oneKey = (it: Keyed): boolean => it.password === undefined || it.password_hash === undefined

export const noName = 'has no name to sign in with: set email, phone_number or username'
const twoKeys = { error: 'stands beside password: keep one of the two', path: ['password_hash'] }

export const userCreate = z.strictObject(userCreateMembers).refine(hasName, { error: noName }).refine(oneKey, twoKeys)

const nullable = { description: 'null: removed.' }

export const userPatch = z
  .strictObject({
    email: userWords.email.nullable().meta(nullable),
    email_verified: z.boolean().optional(),
    phone_number: userWords.phone_number.nullable().meta(nullable),
    phone_number_verified: z.boolean().optional(),
    username: userWords.username.nullable().meta(nullable),
    name: userWords.name.nullable().meta(nullable),
    given_name: userWords.given_name.nullable().meta(nullable),
    family_name: userWords.family_name.nullable().meta(nullable),
    nickname: userWords.nickname.nullable().meta(nullable),
    picture: userWords.picture.nullable().meta(nullable),
    locale: userWords.locale.nullable().meta(nullable),
    user_metadata: userWords.user_metadata.nullable().meta({ description: 'Replaced as a whole. null: removed.' }),
    mfa_enabled: z.boolean().optional(),
    blocked: z.boolean().optional(),
    must_change_password: z.boolean().optional().meta({
      description: 'true: the next login gives the account a new password.',
    }),
    groups: userWords.groups.nullable().meta({ description: 'Replaced as a whole. null: in none.' }),
    password: userWords.password,
    password_hash: userWords.password_hash,
  })
  .refine(oneKey, twoKeys)

export const userQuery = z.strictObject({
  ...paging,
  email: z.string().min(1).max(320).optional().meta({ description: 'Any spelling of the address.' }),
  username: z.string().min(1).max(128).optional(),
  phone_number: z.string().min(1).max(32).optional().meta({ description: 'E.164; the plus sign as %2B.' }),
})

const when = <K extends string>(key: K, ms: number | undefined) =>
  (ms === undefined ? {} : { [key]: toMoment(ms) }) as { readonly [P in K]?: string }

export function userView(it: User): z.input<typeof user> {
  return {
    id: it.id,
    email: it.email,
    email_verified: it.emailVerified,
    phone_number: it.phoneNumber,
    phone_number_verified: it.phoneVerified,
    username: it.username,
    name: it.name,
    given_name: it.givenName,
    family_name: it.familyName,
    nickname: it.nickname,
    picture: it.picture,
    locale: it.locale,
    user_metadata: it.userMetadata as never,
    mfa_enabled: it.mfaEnabled,
    blocked: it.blocked,
    must_change_password: it.mustChangePassword ?? false,
    ...(it.groups ? { groups: it.groups.map((one) => ({ ...one, roles: [...one.roles] })) } : {}),
    has_password: it.passwordHash !== undefined,
    ...when('password_changed_at', it.passwordChangedAt),
    created_at: toMoment(it.createdAt),
    updated_at: toMoment(it.updatedAt),
    ...when('last_login_at', it.lastLoginAt),
    ...when('last_mfa_at', it.lastMfaAt),
    login_count: it.loginCount,
  }
}

export const authenticator = z
  .strictObject({
    id: z.string(),
    factor: z.string(),
    state: z.enum(['pending', 'confirmed', 'disabled']),
    target: z.string().optional().meta({ description: 'Where its messages go.' }),
    name: z.string().optional(),
    weak: z.boolean().meta({ description: 'Imported with a secret under 128 bits; the user should enrol anew.' }),
    failures: z.int().meta({ description: 'Consecutive wrong proofs.' }),
    wait_until: moment.optional().meta({ description: 'No proof is looked at before.' }),
    created_at: moment,
    confirmed_at: moment.optional(),
    last_used_at: moment.optional(),
  })
  .meta({ id: 'Authenticator' })

const label = { name: z.string().min(1).max(64).optional().meta({ description: 'A name for people.' }) }
const [totp, phone, mailbox, savedCode] = authenticatorWord.options

/** As in the configuration, with a name for people. */
export const authenticatorCreate = z.discriminatedUnion('factor', [
  totp.extend(label),
  phone.extend(label),
  mailbox.extend(label),
  savedCode.extend(label),
])

export const authenticatorParams = userParams.extend({
  authenticator: z.string().min(1).max(256).meta({ description: 'Id of the authenticator.' }),
})

/** No secret of any kind leaves here (S-140). */
export function authenticatorView(it: Authenticator): z.input<typeof authenticator> {
  return {
    id: it.id,
    factor: it.factor,
    state: it.state,
    target: it.target,
    name: it.name,
    weak: it.weak ?? false,
    failures: it.failures,
    ...when('wait_until', it.waitUntil),
    created_at: toMoment(it.createdAt),
    ...when('confirmed_at', it.confirmedAt),
    ...when('last_used_at', it.lastUsedAt),
  }
}

/** Why an administrator does what a user will wonder about (S-69). */
export const reason = z.string().trim().min(3).max(500).meta({ description: 'Why; it is written into the audit.' })
