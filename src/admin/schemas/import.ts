import * as z from 'zod'
import type { AuthenticatorMaterial } from '#engine/import-authenticator.ts'
import { hasName, noName, userCreateMembers } from './users.ts'
import { authenticatorWord } from './words.ts'

const phone = z
  .string()
  .regex(/^\+[0-9]{1,15}$/)
  .meta({ description: 'E.164.' })

/** Base32 of 80 bits and more: what other products have handed out (operating.md §6.11). The factor itself reads it. */
const exportedSecret = z.string().min(16).max(256)

/** `mfa_factors` of auth0.md §7.2: one key each. */
const mfaFactor = z.union([
  z.strictObject({ totp: z.strictObject({ secret: exportedSecret }) }),
  z.strictObject({ phone: z.strictObject({ value: phone }) }),
  z.strictObject({ email: z.strictObject({ value: z.string().min(3).max(254) }) }),
])

/** As in the configuration file, but for the length of secrets. */
const [totp, ...others] = authenticatorWord.options
const authenticator = z.discriminatedUnion('factor', [totp.extend({ secret: exportedSecret }), ...others])

const oneKey = (it: { readonly password?: unknown; readonly password_hash?: unknown }) =>
  it.password === undefined || it.password_hash === undefined

/** One user of an import: as in `createUser`, and with the factors of an Auth0 export. */
export const importRow = z
  .strictObject({
    ...userCreateMembers,
    authenticators: z.array(authenticator).max(20).default([]).meta({
      description: 'As in the configuration; secrets under 128 bits are taken and marked as weak.',
    }),
    mfa_factors: z.array(mfaFactor).min(1).max(10).optional().meta({
      description: 'As in Auth0’s exports; secrets under 128 bits are taken and marked as weak.',
    }),
  })
  .refine(hasName, { error: noName })
  .refine(oneKey, { error: 'stands beside password: keep one of the two', path: ['password_hash'] })

export type ImportRow = z.output<typeof importRow>

/** Rows are checked one by one, so that a bad one fails alone; what they look like is told all the same. */
const { $schema: _dialect, ...rowShape } = z.toJSONSchema(importRow, { io: 'input', unrepresentable: 'any' })

export const importBody = z.strictObject({
  users: z
    .array(z.unknown().meta(rowShape as Record<string, unknown>))
    .min(1)
    .max(100),
})

export const importErrors = ['invalid', 'taken', 'mfa_factors_failed', 'busy'] as const
export type ImportError = (typeof importErrors)[number]

const result = z.strictObject({
  index: z.int().meta({ description: 'Place in `users`, from 0.' }),
  status: z.enum(['created', 'failed']),
  id: z.string().optional(),
  weak: z.boolean().optional().meta({ description: 'An authenticator has a secret under 128 bits.' }),
  error: z.enum(importErrors).optional(),
  details: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
})
export type ImportResult = z.output<typeof result>

export const importAnswer = z
  .strictObject({ created: z.int(), failed: z.int(), results: z.array(result) })
  .meta({ id: 'ImportAnswer' })

/** A factor of an Auth0 export in the words of this product. */
export function materialOf(it: z.output<typeof mfaFactor>): AuthenticatorMaterial {
  if ('totp' in it) return { factor: 'totp', secret: it.totp.secret }
  if ('phone' in it) return { factor: 'sms', phone_number: it.phone.value }
  return { factor: 'email', email: it.email.value }
}
