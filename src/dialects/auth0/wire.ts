import { limits } from '#engine/limits.ts'
import type { Parts } from '#engine/parts.ts'
import type { Answer } from '#http/route.ts'
import type { Refusal, RefusalWord } from '#model/outcome.ts'
import type { Requirement } from '#model/ticket.ts'
import type { Factor } from '#ports/factor.ts'
import { keyWord, knowledgeWord, typeWord } from './words.ts'

type Row = readonly [status: number, error: string, description: string]
type Of<W extends RefusalWord> = Extract<Refusal, { readonly no: W }>
type Table = { readonly [W in RefusalWord]: Row | ((refusal: Of<W>) => Row) }

const enrolFirst = 'User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator.'
const tooManyCodes = 'Too many failed codes. Wait for some minutes before retrying.'
const tooManyMessages = 'Too many SMS sent by the user. Wait for some minutes before retrying.'
const malformedToken: Row = [403, 'invalid_grant', 'Malformed mfa_token']
const otherClient: Row = [400, 'invalid_request', 'mfa_token not issued to this client']

/** Every refusal in Auth0's words, as `/oauth/token` says it (auth0.md §1.8). */
export const tokenTable: Table = {
  'wrong-password': [403, 'invalid_grant', 'Wrong email or password.'],
  'too-many-attempts': ({ of }) =>
    of === 'password'
      ? [429, 'too_many_attempts', 'Your account has been blocked after multiple consecutive login attempts.']
      : [429, 'invalid_request', tooManyCodes],
  'blocked-user': [401, 'unauthorized', 'user is blocked'],
  'weak-password': [400, 'invalid_password', 'The password is too weak.'],
  taken: [400, 'invalid_signup', 'Invalid sign up'],
  'bad-email': [400, 'invalid_request', 'The email address is invalid.'],
  'stale-proof': [403, 'unmet_authentication_requirements', 'A recent authentication is required.'],
  'more-proof': [403, 'mfa_required', 'Multifactor authentication required'],
  'ticket-unknown': malformedToken,
  'ticket-expired': [401, 'expired_token', 'mfa_token is expired'],
  'ticket-of-other-client': otherClient,
  'no-factor-available': [403, 'access_denied', 'No multifactor authentication factor is available for this user.'],
  'policy-unavailable': [403, 'access_denied', 'Multifactor authentication policy could not be evaluated.'],
  'risk-too-high': [403, 'access_denied', 'This login attempt has been blocked because it looks suspicious.'],
  'challenge-unknown': [403, 'invalid_grant', 'Malformed oob_code'],
  'challenge-expired': [401, 'expired_token', 'oob_code is expired'],
  'challenge-of-other-flow': [400, 'invalid_request', "The oob_code doesn't match the mfa_token"],
  'proof-missing': [400, 'invalid_request', 'Missing required parameter: binding_code'],
  'wrong-proof': ({ factor }) => [403, 'invalid_grant', wrongProof[factor] ?? 'Invalid binding_code.'],
  waiting: [400, 'authorization_pending', 'Authorization pending: please repeat the request in a few seconds.'],
  'slow-down': [400, 'slow_down', 'You are polling faster than allowed. Wait a few seconds longer between requests.'],
  declined: [400, 'access_denied', 'MFA Authorization rejected.'],
  'not-enrolled': [401, 'unsupported_challenge_type', enrolFirst],
  'not-enrolled-with': [401, 'unsupported_challenge_type', enrolFirst],
  'already-enrolled': [403, 'access_denied', 'User is already enrolled.'],
  'authenticator-unknown': [400, 'invalid_authenticator', 'Invalid authenticator ID'],
  'authenticator-disabled': [429, 'invalid_request', tooManyCodes],
  'last-authenticator': [403, 'access_denied', 'The last authenticator cannot be removed while a policy requires one.'],
  'factor-unknown': [400, 'unsupported_authenticator_type', 'Unsupported type'],
  'factor-off': ({ factor }) => [400, 'unsupported_challenge_type', `The ${factor} factor is not enabled.`],
  'bad-address': ({ reach }) => [
    400,
    'invalid_request',
    reach === 'phone' ? 'The phone number is invalid.' : 'The email address is invalid.',
  ],
  'bad-secret': [400, 'invalid_request', 'The secret is invalid.'],
  'blocked-by-admin': [400, 'invalid_request', 'The phone number is in a region that is not enabled.'],
  'blocked-by-reputation': [400, 'invalid_request', 'The phone number is blocked.'],
  'limit-reached': [400, 'invalid_request', 'The user has reached the maximum number of authenticators.'],
  'too-many-messages': [429, 'invalid_request', tooManyMessages],
  undeliverable: ({ channel }) => [502, 'bad_gateway', `No ${channel} message can be sent at the moment.`],
  busy: [503, 'temporarily_unavailable', 'The service is busy. Please retry in a few seconds.'],
}

/** Wrong proofs that are not `binding_code`s, by kind. */
const wrongProof: Readonly<Record<string, string>> = {
  totp: 'Invalid otp_code.',
  recovery_code: 'MFA Authorization rejected.',
}

/** What the endpoints under `/mfa/` say differently when a bearer is not good (auth0.md §2.7). */
export const bearerTable: Table = {
  ...tokenTable,
  'ticket-unknown': [401, 'invalid_grant', 'The mfa_token provided is invalid. Try getting a new token.'],
  'authenticator-unknown': [404, 'invalid_authenticator', 'Authenticator not found'],
}

/** What `/mfa/challenge` says differently (auth0.md §3.1). */
export const challengeTable: Table = {
  ...tokenTable,
  'not-enrolled': [401, 'association_required', enrolFirst],
  'not-enrolled-with': ({ asked, has }) => [401, 'unsupported_challenge_type', unsupported(asked, has)],
}

/** What the saved code's grant says differently. */
export const recoveryTable: Table = {
  ...tokenTable,
  'not-enrolled': [403, 'unsupported_challenge_type', 'User does not have a recovery-code.'],
  'wrong-proof': [403, 'invalid_grant', 'MFA Authorization rejected.'],
}

/** What passkeys are refused with, before there is an account to speak of. */
export const passkeyTable: Table = {
  ...tokenTable,
  'factor-off': [403, 'unauthorized_client', 'Passkeys are not enabled.'],
  'challenge-unknown': [403, 'invalid_grant', 'Unknown or invalid auth_session.'],
  'challenge-expired': [403, 'invalid_grant', 'The auth_session is expired.'],
  'challenge-of-other-flow': [400, 'invalid_request', 'auth_session not issued to this client'],
  'wrong-proof': [403, 'invalid_grant', 'The passkey could not be verified.'],
}

function unsupported(asked: readonly string[], has: readonly string[]): string {
  const wanted =
    asked.length === 1
      ? `the requested challenge type (${asked[0]})`
      : `any of the requested challenge types (${asked.join(' ')})`
  // The type may be fine and the channel not: then it would be nonsense to name the type as what is supported.
  const others = has.filter((it) => !asked.includes(it))
  const instead =
    others.length === 0
      ? 'Currently there is no supported challenge available.'
      : `Supported type${others.length === 1 ? '' : 's'}: ${others.join(' ')}.`
  return `The user does not support ${wanted}. ${instead}`
}

/** An error as OAuth answers it; never with `WWW-Authenticate`, which would cost SDKs the body (auth0.md §0.3). */
export function oauthError(status: number, error: string, description: string, more: object = {}): Answer {
  return { status, body: { error, error_description: description, ...more }, headers: noStore }
}

export const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' } as const

export const missing = (name: string): Answer =>
  oauthError(400, 'invalid_request', `Missing required parameter: ${name}`)

/** A refusal on the wire. */
export function refuse(table: Table, refusal: Refusal, { factors, clock }: Pick<Parts, 'factors' | 'clock'>): Answer {
  const entry = table[refusal.no] as Row | ((refusal: Refusal) => Row)
  const [status, error, description] = typeof entry === 'function' ? entry(refusal) : entry
  const more =
    refusal.no === 'more-proof'
      ? {
          mfa_token: refusal.ticket,
          mfa_requirements: requirements(refusal.require, factors),
          ...replacement(refusal.show?.codes),
        }
      : {}
  return withRetry(oauthError(status, error, description, more), refusal, clock.now())
}

/** A saved code that was right is spent even where it was not enough; its successor is shown here or never (S-45). */
const replacement = (codes: readonly string[] | undefined) =>
  codes?.[0] === undefined ? {} : { recovery_code: codes[0] }

/**
 * When to come back, in seconds, and as the three headers of a limited endpoint (auth0.md §4); an answer to a refusal
 * that names no time stays as it is. `now` in epoch ms.
 */
export function withRetry(answer: Answer, refusal: Refusal, now: number): Answer {
  if (!('retryAfter' in refusal)) return answer
  const limit = limitOf(refusal)
  const bucket: Readonly<Record<string, string>> = limit === undefined ? {} : { 'x-ratelimit-limit': String(limit) }
  const headers = {
    'retry-after': String(refusal.retryAfter),
    ...bucket,
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(Math.ceil(now / 1_000) + refusal.retryAfter),
  }
  return { ...answer, headers: { ...answer.headers, ...headers } }
}

/** The size of the bucket that is empty; undefined where there is none, only too much to do at the moment. */
function limitOf(refusal: Extract<Refusal, { retryAfter: number }>): number | undefined {
  if (refusal.no === 'busy') return undefined
  if (refusal.no === 'too-many-messages') {
    const { channel } = refusal
    return Object.entries(limits.sendBuckets).find(([name]) => name === channel)?.[1].capacity
  }
  if (refusal.of === 'password') return limits.failuresBeforeWait
  return (refusal.of === 'code' ? limits.codeBucket : limits.recoveryBucket).capacity
}

/**
 * `mfa_requirements`: exactly one of `challenge` and `enroll`; e-mail is never asked to be enrolled (auth0.md §1.5), nor
 * is a key, which this API cannot enrol (§2.7). A key that is held is named, after all that can be asked here; security
 * questions only where there is nothing else.
 */
function requirements(require: Requirement, factors: ReadonlyMap<string, Factor>): object {
  const words = (kinds: readonly string[]) => {
    const isKey = ({ traits }: Factor) => Number(traits.proof === 'assertion')
    const known = kinds.flatMap((kind) => factors.get(kind) ?? []).sort((a, b) => isKey(a) - isKey(b))
    return [...new Set(known.map((factor) => typeWord(factor.traits)))].map((type) => ({ type }))
  }
  if (require.challenge) {
    const all = words(require.challenge)
    const asked = all.filter((it) => it.type !== knowledgeWord)
    return { challenge: asked.length > 0 ? asked : all }
  }
  const enroll = words(require.enrol)
  const others = enroll.filter((it) => it.type !== 'email' && it.type !== keyWord)
  return { enroll: others.length > 0 ? others : enroll }
}
