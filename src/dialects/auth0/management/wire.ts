import type { Parts } from '#engine/parts.ts'
import type { Answer, Trouble } from '#http/route.ts'
import type { Refusal, RefusalWord } from '#model/outcome.ts'
import { statusNames } from '../status-names.ts'
import { noStore, withRetry } from '../wire.ts'

type Row = readonly [status: number, errorCode: string, message: string]

/** An error as the Management API answers it (auth0.md §7). */
export function managementError(statusCode: number, errorCode: string, message: string): Answer {
  return {
    status: statusCode,
    body: { statusCode, error: statusNames[statusCode] ?? 'Error', message, errorCode },
    headers: noStore,
  }
}

/** 200 with a JSON body, or the status given. */
export const ok = (body: unknown, status = 200): Answer => ({ status, body, headers: noStore })
export const noContent: Answer = { status: 204, headers: noStore }

export const invalidBody = (message: string): Answer => managementError(400, 'invalid_body', message)
export const noUser = managementError(404, 'inexistent_user', 'The user does not exist.')
export const noMethod = managementError(
  404,
  'authentication_method_not_found',
  'The authentication method does not exist.',
)
export const noEnrollment = managementError(404, 'enrollment_not_found', 'Enrollment not found')

/**
 * What the engine may refuse here, in the words of this API. Words that are about flows and proofs cannot come up: no
 * one proves anything to an administrator; they are answered like any body that cannot be accepted.
 */
const table: { readonly [W in RefusalWord]?: Row } = {
  'wrong-password': [404, 'inexistent_user', 'The user does not exist.'],
  'weak-password': [400, 'invalid_body', 'PasswordStrengthError: Password is too weak'],
  taken: [409, 'auth0_idp_error', 'The user already exists.'],
  'bad-email': [400, 'invalid_body', 'The email address is invalid.'],
  'already-enrolled': [409, 'authentication_method_already_exists', 'The user has this authentication method already.'],
  'authenticator-unknown': [404, 'authentication_method_not_found', 'The authentication method does not exist.'],
  'last-authenticator': [409, 'operation_not_supported', 'The last authentication method cannot be removed.'],
  'factor-unknown': [400, 'invalid_body', 'This type of authentication method cannot be created here.'],
  'factor-off': [400, 'invalid_body', 'This factor is not enabled for the tenant.'],
  'bad-address': [400, 'invalid_phone_number', 'The phone number is invalid.'],
  'bad-secret': [400, 'invalid_body', 'The secret is invalid: send 26 or more characters of base32 (128 bits).'],
  'blocked-by-admin': [400, 'invalid_phone_number', 'The phone number is in a region that is not enabled.'],
  'blocked-by-reputation': [400, 'invalid_phone_number', 'The phone number is blocked.'],
  'limit-reached': [400, 'invalid_body', 'The user has the maximum number of authentication methods.'],
  'too-many-messages': [429, 'too_many_requests', 'Too many messages were sent to the user.'],
  undeliverable: [400, 'operation_not_supported', 'No message can be sent: no provider is configured.'],
  busy: [503, 'temporarily_unavailable', 'The service is busy. Please retry in a few seconds.'],
}

/** A refusal of the engine on the wire. */
export function refused(refusal: Refusal, { clock }: Pick<Parts, 'clock'>): Answer {
  const row = refusal.no === 'bad-address' && refusal.reach === 'email' ? table['bad-email'] : table[refusal.no]
  const answer = managementError(...(row ?? [400, 'invalid_body', 'The request cannot be accepted.']))
  return withRetry(answer, refusal, clock.now())
}

/** Trouble before a handler, in the words of this API. */
export function refuseTrouble(trouble: Trouble): Answer {
  switch (trouble.trouble) {
    case 'malformed':
      return invalidBody(`The request is malformed: ${trouble.detail}`)
    case 'too-large':
      return managementError(413, 'payload_too_large', 'The request body is too large.')
    case 'wrong-type':
      return managementError(415, 'unsupported_media_type', 'Send the body as application/json.')
    case 'wrong-method':
      return managementError(405, 'method_not_allowed', 'Method not allowed')
    case 'not-found':
      return managementError(404, 'not_found', 'Not Found')
    case 'unavailable':
      return managementError(503, 'temporarily_unavailable', 'The service is temporarily unavailable.')
    case 'crash':
      return managementError(500, 'internal_error', 'An unexpected error occurred.')
  }
}
