import { createUser } from '#engine/accounts/create.ts'
import { maySignUp } from '#engine/accounts/may-sign-up.ts'
import { hashNewPassword } from '#engine/accounts/passwords.ts'
import { audit } from '#engine/events.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Refusal } from '#model/outcome.ts'
import { callerOf, type Dialect } from './dialect.ts'
import { clientOf, stringsOf } from './token-request.ts'
import { noStore } from './wire.ts'
import { subjectOf } from './words.ts'

/** The error style of the directory endpoints (auth0.md §6.5). */
export function directoryError(
  statusCode: number,
  name: string,
  code: string,
  description: string,
  more: object = {},
): Answer {
  return { status: statusCode, body: { name, code, description, statusCode, ...more }, headers: noStore }
}

const invalid = (description: string) => directoryError(400, 'BadRequestError', 'invalid_body', description)
const weak = {
  'too-short': 'Password is too short: use at least 8 characters.',
  'too-long': 'Password is too long: use at most 1,024 bytes.',
  'known-bad': 'Password is too common.',
} as const

/** `POST /dbconnections/signup`: a new user of the tenant's directory (auth0.md §6.5). */
export async function signup(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const params = stringsOf(exchange.body)
  const { email, password, connection, username } = params
  if (params.client_id === undefined) return invalid('client_id is required')
  const { client_secret: _secret, ...named } = params
  const client = await clientOf(dialect, exchange, params.client_secret === undefined ? named : params)
  const { parts } = dialect.engine
  const application =
    'application' in client
      ? client.application
      : await parts.store.get('applications', exchange.tenant.id, params.client_id)
  if (application === undefined) return invalid('unknown client')
  if (email === undefined) return invalid('email is required')
  if (password === undefined) return invalid('password is required')
  if (connection === undefined) return invalid('connection is required')
  if (connection !== exchange.tenant.defaultConnection) return invalid('connection does not exist')
  const caller = callerOf(exchange, application)
  if (!maySignUp(caller)) return directoryError(400, 'BadRequestError', 'unauthorized', 'Public signup is disabled')
  const words = [exchange.tenant.name, email, email.split('@')[0] ?? '', username ?? ''].filter((it) => it !== '')
  const hashed = await hashNewPassword(parts.passwords, password, words)
  if (hashed.no !== undefined) return refusedPassword(hashed)
  const body = (exchange.body ?? {}) as Readonly<Record<string, unknown>>
  const wanted = {
    email,
    username,
    name: params.name ?? email,
    givenName: params.given_name,
    familyName: params.family_name,
    nickname: params.nickname ?? email.split('@')[0],
    picture: params.picture,
    phoneNumber: params.phone_number,
    userMetadata: recordOf(body.user_metadata),
    passwordHash: hashed.yes,
  }
  const made = await createUser(parts, exchange.tenant, wanted, (user) => [
    audit(parts, caller, 'user.created', { user: user.id }),
  ])
  if (made.no !== undefined) return refusedAccount(made)
  const { id, email: stored } = made.yes
  const more = username === undefined ? {} : { username }
  const answered = { _id: subjectOf(id).replace(/^auth0\|/, ''), email: stored, email_verified: false, ...more }
  return { status: 200, body: answered, headers: noStore }
}

function refusedPassword(refusal: Refusal): Answer {
  if (refusal.no !== 'weak-password')
    return directoryError(503, 'ServiceUnavailable', 'temporarily_unavailable', 'Please retry.')
  const description = {
    rules: [{ message: weak[refusal.reason], code: refusal.reason, verified: false }],
    verified: false,
  }
  const body = {
    name: 'PasswordStrengthError',
    code: 'invalid_password',
    description,
    message: weak[refusal.reason],
    policy: weak[refusal.reason],
    statusCode: 400,
  }
  return { status: 400, body, headers: noStore }
}

function refusedAccount(refusal: Refusal): Answer {
  if (refusal.no === 'taken') return directoryError(400, 'BadRequestError', 'invalid_signup', 'Invalid sign up')
  if (refusal.no === 'bad-email') return invalid('email is not valid')
  return invalid('phone_number is not valid')
}

const recordOf = (input: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof input === 'object' && input !== null && !Array.isArray(input) ? { ...input } : undefined
