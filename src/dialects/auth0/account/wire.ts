import type { Parts } from '#engine/parts.ts'
import type { Answer, Trouble } from '#http/route.ts'
import type { Refusal, RefusalWord } from '#model/outcome.ts'
import { statusNames } from '../status-names.ts'
import { noStore, withRetry } from '../wire.ts'

type Row = readonly [status: number, code: string, detail: string]

export interface ValidationError {
  readonly detail: string
  readonly field?: string
  readonly pointer?: string
}

/** An error as the My Account API answers it: problem style as plain `application/json` (auth0.md §5.3). */
export function problem(status: number, code: string, detail: string, errors?: readonly ValidationError[]): Answer {
  const type = `urn:polyfactor:problem:${code}`
  const body = { type, status, title: statusNames[status] ?? 'Error', detail }
  return { status, body: errors ? { ...body, validation_errors: errors } : body, headers: noStore }
}

/** 400 for one member of the body. */
export const invalidField = (field: string, detail: string): Answer =>
  problem(400, 'invalid_body', 'The request body is invalid.', [{ detail, field, pointer: `/${field}` }])

export const notFound = problem(404, 'invalid_enrollment', 'The authentication method does not exist.')
export const unsupportedType = problem(
  400,
  'auth_method_disabled',
  'This type of authentication method is not available.',
)

/** What the engine may refuse here, in Guardian's codes (auth0.md §4); whatever else comes up is a 400. */
const table: { readonly [W in RefusalWord]?: Row } = {
  'too-many-attempts': [429, 'too_many_requests', 'Too many failed codes. Wait for some minutes before retrying.'],
  'ticket-unknown': [401, 'invalid_token', 'The access token is invalid.'],
  'challenge-unknown': [400, 'enrollment_transaction_not_found', 'The auth_session is not known, or has been used.'],
  'challenge-of-other-flow': [400, 'enrollment_transaction_not_found', 'The auth_session is of another enrollment.'],
  'challenge-expired': [
    400,
    'transaction_expired',
    'Your enrollment transaction expired, you will need to start again.',
  ],
  'not-enrolled': [400, 'transaction_expired', 'Your enrollment transaction expired, you will need to start again.'],
  'proof-missing': [400, 'field_required', 'The otp_code is required.'],
  'wrong-proof': [400, 'invalid_otp', 'The otp_code is invalid.'],
  waiting: [400, 'authorization_pending', 'The enrollment has not been approved yet.'],
  'slow-down': [429, 'too_many_requests', 'You are polling faster than allowed.'],
  declined: [403, 'access_denied', 'The enrollment was rejected.'],
  'already-enrolled': [409, 'already_enrolled', 'You are already enrolled on MFA.'],
  'authenticator-unknown': [404, 'invalid_enrollment', 'The authentication method does not exist.'],
  'last-authenticator': [
    409,
    'enrollment_conflict',
    'The last authentication method cannot be removed while one is required.',
  ],
  'factor-unknown': [400, 'auth_method_disabled', 'This type of authentication method is not available.'],
  'factor-off': [400, 'auth_method_disabled', 'This authentication method is not enabled.'],
  'bad-email': [400, 'invalid_body', 'The email address is invalid.'],
  'bad-address': [400, 'invalid_phone_number', 'The phone number is invalid.'],
  'blocked-by-admin': [400, 'invalid_phone_number', 'The phone number is in a region that is not enabled.'],
  'blocked-by-reputation': [400, 'invalid_phone_number', 'The phone number is blocked.'],
  'limit-reached': [409, 'enrollment_conflict', 'You have the maximum number of authentication methods.'],
  'too-many-messages': [
    429,
    'too_many_sms',
    'Too many messages sent by the user. Wait for some minutes before retrying.',
  ],
  undeliverable: [502, 'error_sending_sms', 'No message can be sent at the moment.'],
  'weak-password': [400, 'invalid_body', 'The password is too weak.'],
  busy: [503, 'temporarily_unavailable', 'The service is busy. Please retry in a few seconds.'],
}

/** A refusal of the engine on the wire. */
export function refused(refusal: Refusal, { clock }: Pick<Parts, 'clock'>): Answer {
  const row = refusal.no === 'bad-address' && refusal.reach === 'email' ? table['bad-email'] : table[refusal.no]
  const answer = problem(...(row ?? [400, 'invalid_body', 'The request cannot be accepted.']))
  return withRetry(answer, refusal, clock.now())
}

/** Trouble before a handler, in the words of this API. */
export function refuseTrouble(trouble: Trouble): Answer {
  switch (trouble.trouble) {
    case 'malformed':
      return problem(400, 'invalid_body', `The request is malformed: ${trouble.detail}`)
    case 'too-large':
      return problem(413, 'payload_too_large', 'The request body is too large.')
    case 'wrong-type':
      return problem(415, 'unsupported_media_type', 'Send the body as application/json.')
    case 'wrong-method':
      return problem(405, 'method_not_allowed', 'The method is not allowed here.')
    case 'not-found':
      return problem(404, 'not_found', 'There is nothing at this address.')
    case 'unavailable':
      return problem(503, 'temporarily_unavailable', 'The service is temporarily unavailable.')
    case 'crash':
      return problem(500, 'internal_error', 'An unexpected error occurred.')
  }
}
