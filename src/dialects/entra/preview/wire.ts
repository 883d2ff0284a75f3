import type { Answer } from '#http/route.ts'
import type { Refusal, RefusalWord } from '#model/outcome.ts'
import { fail, type Ids } from '../wire.ts'

/** An error of an action (entra.md §12, 6): class, what narrows it, text; `details` where attributes are meant. */
export interface ActionError {
  readonly code: string
  readonly inner: string
  readonly text: string
  readonly status?: number
  readonly details?: readonly {
    readonly attributeIds: readonly string[]
    readonly code: string
    readonly message: string
  }[]
}

type Of<W extends RefusalWord> = Extract<Refusal, { readonly no: W }>
type Table = { readonly [W in RefusalWord]: ActionError | ((refusal: Of<W>) => ActionError) }

const error = (code: string, inner: string, text: string, status?: number): ActionError => ({
  code,
  inner,
  text,
  ...(status === undefined ? {} : { status }),
})

/** Errors that are no refusal of the engine's. */
export const actionErrors = {
  malformed: (detail: string) => error('invalidRequest', 'malformedRequest', `The request is not valid. ${detail}`),
  missing: (name: string) => error('invalidRequest', 'missingMember', `The request must contain the member: ${name}.`),
  badUsername: error('invalidRequest', 'invalidUserName', 'The username is empty or not valid.'),
  unknownUser: error('invalidRequest', 'userNotFound', 'The user account does not exist.'),
  noRecovery: error('invalidRequest', 'passwordResetNotSupported', 'This account has no password that can be reset.'),
  noSignUp: error('accessDenied', 'signUpDisabled', 'Accounts cannot be opened in this application.'),
  badToken: error('invalidRequest', 'invalidContinuationToken', 'The continuation token is not valid here.'),
  badMethod: error('invalidRequest', 'invalidMethod', 'The method is not one of those offered.'),
  notAllowed: error('invalidRequest', 'malformedRequest', 'The method is not allowed here.', 405),
  notFound: error('invalidRequest', 'notFound', 'There is nothing here.', 404),
  unavailable: error('temporarilyUnavailable', 'serviceUnavailable', 'The service is temporarily unavailable.', 503),
  crash: error('serverError', 'unexpectedError', 'An unexpected error occurred.', 500),
  attributes: (ids: readonly string[]): ActionError => ({
    ...error('invalidRequest', 'attributeValidationError', 'One or more attributes are not valid.'),
    details: ids.map((id) => ({ attributeIds: [id], code: 'attributeValidationFailed', message: 'Not valid.' })),
  }),
} as const

const wrong = error('invalidGrant', 'invalidOneTimeCode', 'The code is wrong, or its time is over.')
const locked = error('accessDenied', 'tooManyAttempts', 'Too many failed attempts. Wait and try again.', 429)
const noWay = error('accessDenied', 'noMethodAvailable', 'No usable authentication method is available.')
const { badMethod, badToken, unavailable } = actionErrors

const weak: Readonly<Record<Of<'weak-password'>['reason'], ActionError>> = {
  'too-short': error('invalidRequest', 'passwordTooShort', 'The password is too short.'),
  'too-long': error('invalidRequest', 'passwordTooLong', 'The password is too long.'),
  'known-bad': error('invalidRequest', 'passwordTooWeak', 'The password is too weak.'),
}

/** Every refusal of the engine in the words of this generation. */
export const actionTable: Table = {
  'wrong-password': error('invalidGrant', 'invalidUserNameOrPassword', 'The username or the password is wrong.'),
  'too-many-attempts': locked,
  'blocked-user': error('accessDenied', 'userBlocked', 'The user account is disabled.'),
  'weak-password': ({ reason }) => weak[reason],
  taken: error('invalidRequest', 'userAlreadyExists', 'There is an account with this address.'),
  'bad-email': actionErrors.badUsername,
  'stale-proof': error('invalidGrant', 'signInTooOld', 'A recent sign-in is needed for this.'),
  'more-proof': error('invalidGrant', 'moreProofRequired', 'More has to be proved first.'),
  'ticket-unknown': badToken,
  'ticket-expired': error('expiredToken', 'expiredContinuationToken', 'The continuation token has expired.'),
  'ticket-of-other-client': badToken,
  'no-factor-available': noWay,
  'policy-unavailable': noWay,
  'risk-too-high': error('accessDenied', 'riskTooHigh', 'Access is blocked: the sign-in looks too risky.'),
  'challenge-unknown': badToken,
  'challenge-expired': wrong,
  'challenge-of-other-flow': badToken,
  'proof-missing': actionErrors.missing('otp'),
  'wrong-proof': wrong,
  waiting: error('authorizationPending', 'ext_waiting', 'Not answered yet: ask again.'),
  'slow-down': error('authorizationPending', 'ext_slowDown', 'Not answered yet: ask less often.'),
  declined: error('accessDenied', 'ext_declined', 'The request was declined.'),
  'not-enrolled': badMethod,
  'not-enrolled-with': badMethod,
  'already-enrolled': error(
    'accessDenied',
    'methodRequired',
    'An existing method has to be proved before another is registered.',
  ),
  'authenticator-unknown': badMethod,
  'authenticator-disabled': locked,
  'last-authenticator': error('accessDenied', 'lastMethod', 'The last method cannot be removed while one is required.'),
  'factor-unknown': badMethod,
  'factor-off': error('accessDenied', 'providerBlockedByAdmin', 'This method is switched off.'),
  'bad-address': error('invalidRequest', 'invalidContact', 'The address or number is not valid.'),
  'bad-secret': badMethod,
  'blocked-by-admin': error('accessDenied', 'providerBlockedByAdmin', 'This country or channel is switched off.'),
  'blocked-by-reputation': error('accessDenied', 'providerBlockedByRep', 'This number cannot be used.'),
  'limit-reached': error('invalidRequest', 'methodLimitReached', 'There is a method of this kind already.'),
  'too-many-messages': error('accessDenied', 'tooManyMessages', 'No more codes can be sent for now.', 429),
  undeliverable: unavailable,
  busy: unavailable,
}

/** `yyyy-MM-ddTHH:mm:ssZ` */
const timestampOf = (now: number): string => `${new Date(now).toISOString().slice(0, 19)}Z`

/** Headers of every answer: the ids apps and SDKs read (entra.md §0.4). */
const headersOf = ({ correlation }: Ids): Readonly<Record<string, string>> => ({
  'cache-control': 'no-store',
  pragma: 'no-cache',
  'x-ms-request-id': correlation,
  'client-request-id': correlation,
})

export function failAction(ids: Ids, it: ActionError): Answer {
  const body = {
    error: {
      code: it.code,
      message: it.text,
      timestamp: timestampOf(ids.now),
      traceId: ids.trace,
      correlationId: ids.correlation,
      innerError: { code: it.inner, ...(it.details === undefined ? {} : { details: it.details }) },
    },
  }
  return { status: it.status ?? 400, headers: headersOf(ids), body }
}

/** A refusal of the engine as the answer to an action. */
export function refuseAction(ids: Ids, refusal: Refusal): Answer {
  const entry = actionTable[refusal.no] as ActionError | ((refusal: Refusal) => ActionError)
  const answer = failAction(ids, typeof entry === 'function' ? entry(refusal) : entry)
  if (!('retryAfter' in refusal)) return answer
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(refusal.retryAfter) } }
}

/** The way out to the hosted pages: the flat form, whose `suberror` SDKs look for wherever they are (entra.md §12, 6). */
export const toWeb = (ids: Ids): Answer =>
  fail(ids, {
    error: 'invalid_grant',
    codes: [],
    suberror: 'web_redirect_required',
    text: 'The sign-in has to go on in a browser.',
  })

export const done = (ids: Ids, body: Readonly<Record<string, unknown>>): Answer => ({
  status: 200,
  headers: headersOf(ids),
  body,
})
