import type { Answer } from '#http/route.ts'
import type { Refusal, RefusalWord } from '#model/outcome.ts'

/** The three ids of an answer, and its time. */
export interface Ids {
  /** The caller's `client-request-id` where it is a UUID, else our own. */
  readonly correlation: string
  /** Of this request. */
  readonly trace: string
  /** Epoch ms. */
  readonly now: number
}

/** An error of this wire: class, number, text, and what narrows it (entra.md §6). */
export interface WireError {
  readonly error: string
  readonly codes: readonly number[]
  readonly text: string
  readonly suberror?: string
  /** 400 for everything of the protocol: Android reads no other (entra.md §0.7). */
  readonly status?: number
}

type Of<W extends RefusalWord> = Extract<Refusal, { readonly no: W }>
type Table = { readonly [W in RefusalWord]: WireError | ((refusal: Of<W>) => WireError) }

const error = (name: string, code: number, text: string, suberror?: string): WireError => ({
  error: name,
  codes: [code],
  text,
  ...(suberror === undefined ? {} : { suberror }),
})

/** Errors that are no refusal of the engine's, by what they are about. */
export const errors = {
  missing: (name: string) => error('invalid_request', 900144, `The request must contain the parameter: '${name}'.`),
  repeated: error('invalid_request', 900144, 'A parameter was sent more than once.'),
  malformed: (detail: string) => error('invalid_request', 9002313, `Invalid request. ${detail}`),
  unknownTenant: error('invalid_request', 90002, 'The tenant was not found.'),
  unknownClient: error('unauthorized_client', 700016, 'The application was not found in the tenant.'),
  confidentialClient: error('invalid_client', 7000218, 'The application is not a public client.'),
  badClient: { ...error('invalid_client', 7000215, 'Invalid client secret or assertion provided.'), status: 401 },
  badMachineScope: error(
    'invalid_scope',
    1002012,
    "The scope of a client credentials request is '{audience}/.default'.",
  ),
  notForMachines: error('unauthorized_client', 700025, 'The application may not ask for tokens for itself.'),
  notNative: {
    error: 'invalid_client',
    codes: [],
    suberror: 'nativeauthapi_disabled',
    text: 'The application is not enabled for native authentication.',
  },
  noSignUp: {
    error: 'unauthorized_client',
    codes: [],
    text: 'Sign-up is not enabled for this application.',
  },
  noRedirect: error(
    'unsupported_challenge_type',
    901007,
    "The challenge_type list parameter does not include the 'redirect' type.",
  ),
  unknownChallenge: error(
    'unsupported_challenge_type',
    901007,
    'The challenge_type list parameter contains an unsupported challenge type.',
  ),
  badUsername: error('invalid_request', 90100, 'username parameter is empty or not valid.'),
  unknownUser: error('user_not_found', 50034, 'The user account does not exist in the directory.'),
  goneUser: error('invalid_grant', 50034, 'The user account does not exist in the directory.'),
  noPasswordHere: error('invalid_grant', 400002, 'The account is not signed in to with a password.'),
  badToken: error('invalid_request', 55200, 'The continuation_token is invalid.'),
  badScope: error('invalid_scope', 70011, 'The provided value for the input parameter scope is not valid.'),
  badGrant: error('unsupported_grant_type', 70003, 'The grant type is not supported.'),
  /** A grant the continue calls do not know; only the token endpoint has a class of its own for it (entra.md §2.4, §6.1). */
  badStep: error('invalid_grant', 70003, 'The grant type is not supported.'),
  badClaims: error('invalid_request', 9002313, 'Invalid request. The claims parameter is not valid.'),
  badMethod: error('invalid_request', 901001, 'The method or its contact is not valid.'),
  introspectFirst: error(
    'invalid_request',
    901001,
    'The id of a method is needed: introspect first.',
    'introspect_required',
  ),
  mfa: error('invalid_grant', 50076, 'Multi-factor authentication is required.', 'mfa_required'),
  registration: error(
    'invalid_grant',
    50079,
    'The user has to register a strong authentication method.',
    'registration_required',
  ),
  credential: error('credential_required', 55103, 'Credential required.'),
  attributes: error('attributes_required', 55106, 'User attributes required'),
  badAttributes: error(
    'invalid_grant',
    399247,
    'One or more user attributes are not valid.',
    'attribute_validation_failed',
  ),
  resetRequired: error('invalid_request', 50142, 'Password change is required.'),
  noRecovery: error('invalid_request', 500222, 'The tenant or user does not support native credential recovery.'),
  deadRefresh: error('invalid_grant', 700082, 'The refresh token is unknown, has ended or was revoked.', 'bad_token'),
  deadCode: error('invalid_grant', 54005, 'The authorization code is unknown, over, or has been redeemed.'),
  interaction: error('interaction_required', 50076, 'The user has to sign in again with a second factor.'),
  unmetContext: error('access_denied', 53003, 'The requested authentication context cannot be met.'),
  badBearer: error('invalid_grant', 50173, 'The access token is not valid here; a fresh one is needed.'),
  unavailable: { ...error('temporarily_unavailable', 90033, 'The service is temporarily unavailable.'), status: 503 },
  crash: { ...error('server_error', 90055, 'An unexpected error occurred.'), status: 500 },
} as const

const wrongCode = error('invalid_grant', 50181, 'Unable to validate the otp.', 'invalid_oob_value')
const locked = error('invalid_grant', 50053, 'Too many failed attempts. The account is locked for some time.')
const noMoreCodes = error('invalid_request', 701014, 'No more one-time passcodes can be generated for now.')
const expired = error('expired_token', 552003, 'The continuation_token is expired.')
const blockedText = 'Configuring multi-factor authentication method is blocked.'
const tooRisky = error('access_denied', 53003, 'Access has been blocked: the sign-in looks too risky.')
const noWay = error('access_denied', 53003, 'Access is blocked: no usable authentication method is available.')

const weak: Readonly<Record<Of<'weak-password'>['reason'], WireError>> = {
  'too-short': error('invalid_grant', 399246, 'New password is too short', 'password_too_short'),
  'too-long': error('invalid_grant', 399246, 'New password is too long', 'password_too_long'),
  'known-bad': error('invalid_grant', 399246, 'New password is too weak', 'password_too_weak'),
}

/** Every refusal of the engine in this dialect's words (entra.md §6.4). */
export const table: Table = {
  'wrong-password': error('invalid_grant', 50126, 'Error validating credentials due to invalid username or password.'),
  'too-many-attempts': locked,
  'blocked-user': error('invalid_grant', 50057, 'The user account is disabled.'),
  'weak-password': ({ reason }) => weak[reason],
  taken: error('user_already_exists', 1003037, 'It looks like you may already have an account.'),
  'bad-email': errors.badUsername,
  'stale-proof': error('interaction_required', 50078, 'A recent sign-in is needed for this.'),
  'more-proof': errors.mfa,
  'ticket-unknown': errors.badToken,
  'ticket-expired': expired,
  'ticket-of-other-client': errors.badToken,
  'no-factor-available': noWay,
  'policy-unavailable': noWay,
  'risk-too-high': tooRisky,
  'challenge-unknown': errors.badToken,
  'challenge-expired': wrongCode,
  'challenge-of-other-flow': errors.badToken,
  'proof-missing': errors.missing('oob'),
  'wrong-proof': wrongCode,
  waiting: error('authorization_pending', 70016, 'Not answered yet.'),
  'slow-down': error('slow_down', 70019, 'Ask less often.'),
  declined: error('access_denied', 50131, 'The request was declined.'),
  'not-enrolled': errors.badMethod,
  'not-enrolled-with': errors.badMethod,
  'already-enrolled': error(
    'access_denied',
    53010,
    'An existing method has to be proved before another is registered.',
  ),
  'authenticator-unknown': errors.badMethod,
  'authenticator-disabled': locked,
  'last-authenticator': error('access_denied', 53003, 'The last method cannot be removed while one is required.'),
  'factor-unknown': errors.badMethod,
  'factor-off': error('access_denied', 550024, blockedText, 'provider_blocked_by_admin'),
  'bad-address': errors.badMethod,
  'bad-secret': errors.badMethod,
  'blocked-by-admin': error('access_denied', 550024, blockedText, 'provider_blocked_by_admin'),
  'blocked-by-reputation': error('access_denied', 550024, blockedText, 'provider_blocked_by_rep'),
  'limit-reached': errors.badMethod,
  'too-many-messages': noMoreCodes,
  undeliverable: errors.unavailable,
  busy: errors.unavailable,
}

/** Headers of every answer: the ids apps and SDKs read (entra.md §0.4). */
const idHeaders = ({ correlation }: Ids): Readonly<Record<string, string>> => ({
  'cache-control': 'no-store',
  pragma: 'no-cache',
  'x-ms-request-id': correlation,
  'client-request-id': correlation,
})

/** `yyyy-MM-dd HH:mm:ssZ` */
const timestampOf = (now: number): string => `${new Date(now).toISOString().slice(0, 19).replace('T', ' ')}Z`

/** An error as this wire has it: numbers as numbers, the ids inside the text too. `more`: what the flow needs to go on. */
export function fail(ids: Ids, it: WireError, more: Readonly<Record<string, unknown>> = {}): Answer {
  const timestamp = timestampOf(ids.now)
  const number = it.codes[0] === undefined ? '' : `AADSTS${it.codes[0]}: `
  const text = `${number}${it.text} Trace ID: ${ids.trace} Correlation ID: ${ids.correlation} Timestamp: ${timestamp}`
  const body = {
    error: it.error,
    error_description: text,
    error_codes: it.codes,
    timestamp,
    trace_id: ids.trace,
    correlation_id: ids.correlation,
    ...(it.suberror === undefined ? {} : { suberror: it.suberror }),
    ...more,
  }
  return { status: it.status ?? 400, headers: idHeaders(ids), body }
}

/** A refusal of the engine on the wire. */
export function refuse(ids: Ids, refusal: Refusal): Answer {
  const entry = table[refusal.no] as WireError | ((refusal: Refusal) => WireError)
  const answer = fail(ids, typeof entry === 'function' ? entry(refusal) : entry)
  if (!('retryAfter' in refusal)) return answer
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(refusal.retryAfter) } }
}

/**
 * A refusal on the wire of the calls that send a code. After too many wrong ones no more are sent, which has a number of
 * its own there; a lock is told at the token endpoint alone (entra.md §5.2).
 */
export function refuseSend(ids: Ids, refusal: Refusal): Answer {
  if (refusal.no !== 'too-many-attempts') return refuse(ids, refusal)
  const { headers, ...answer } = fail(ids, noMoreCodes)
  return { ...answer, headers: { ...headers, 'retry-after': String(refusal.retryAfter) } }
}

export const succeed = (ids: Ids, body: Readonly<Record<string, unknown>>): Answer => ({
  status: 200,
  headers: idHeaders(ids),
  body,
})

/** The way out to the hosted pages, for what these endpoints cannot do (entra.md §0.7). */
export const redirect = (ids: Ids, reason?: string): Answer =>
  succeed(ids, { challenge_type: 'redirect', ...(reason === undefined ? {} : { redirect_reason: reason }) })
