import type { Trouble } from '#http/route.ts'
import type { Refusal } from '#model/outcome.ts'
import type { Detail, ProblemWord } from './schemas/common.ts'

/** A refusal on its way out; the group adds the id of the request. */
export interface Problem {
  readonly problem: ProblemWord
  readonly message: string
  readonly details?: readonly Detail[]
  /** Seconds. */
  readonly retryAfter?: number
}

/** The status behind each word of `error`. */
export const statusOf: Readonly<Record<ProblemWord, number>> = {
  invalid_request: 400,
  unauthorized: 401,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  server_error: 500,
  unavailable: 503,
}

export const invalid = (message: string, details: readonly Detail[] = []): Problem => ({
  problem: 'invalid_request',
  message,
  details,
})

/** The same words whether it never existed, is gone, or belongs to another tenant (S-139). */
export const notFound: Problem = { problem: 'not_found', message: 'There is nothing at this address' }

export const conflict = (message: string, path = ''): Problem => ({
  problem: 'conflict',
  message,
  details: path === '' ? [] : [{ path, message }],
})

/** What the edge refuses, in the words of this API. */
export function ofTrouble(trouble: Trouble): Problem {
  switch (trouble.trouble) {
    case 'malformed':
      return invalid(`The request cannot be read: ${trouble.detail}`)
    case 'too-large':
      return { problem: 'too_large', message: 'The request is too large: 64 KiB at most' }
    case 'wrong-type':
      return { problem: 'unsupported_media_type', message: 'Send the body as application/json' }
    case 'wrong-method':
      return { problem: 'method_not_allowed', message: `Allowed here: ${trouble.allow.join(', ')}` }
    case 'not-found':
      return notFound
    case 'unavailable':
      return { problem: 'unavailable', message: 'Try again later', retryAfter: trouble.retryAfter }
    case 'crash':
      return { problem: 'server_error', message: 'Something went wrong; the log has the details' }
  }
}

/** What the engine refuses, in the words of this API. `path` is where in the body the cause stands. */
export function ofRefusal(refusal: Refusal, path = ''): Problem {
  const at = (member: string): string => (path === '' ? member : `${path}.${member}`)
  const one = (member: string, message: string): Problem =>
    invalid('The request was refused', [{ path: at(member), message }])
  switch (refusal.no) {
    case 'taken':
      return conflict(`The ${refusal.what} belongs to another user`, at(refusal.what))
    case 'already-enrolled':
      return conflict('The user has this authenticator already')
    case 'limit-reached':
      return conflict('The user has as many authenticators as a user can have')
    case 'last-authenticator':
      return conflict('It is the last one, and policy requires one: reset the user instead')
    case 'bad-email':
      return one('email', 'is no e-mail address')
    case 'bad-address':
      return one(refusal.reach === 'email' ? 'email' : 'phone_number', 'is no address that can exist')
    case 'blocked-by-admin':
      return one('phone_number', 'is in a country this tenant sends nothing to: see phone.countries')
    case 'blocked-by-reputation':
      return one('phone_number', 'is in a range that gets no messages: see phone.blocked_prefixes')
    case 'weak-password':
      return one('password', weakness[refusal.reason])
    case 'bad-secret':
      return one('secret', 'cannot be used: at least 128 bits are needed')
    case 'factor-unknown':
      return one('factor', 'cannot be brought along')
    case 'authenticator-unknown':
      return notFound
    case 'busy':
      return { problem: 'unavailable', message: 'Try again later', retryAfter: refusal.retryAfter }
    default:
      return conflict(`The request was refused (${refusal.no})`)
  }
}

const weakness = {
  'too-short': 'is too short: 8 characters at least',
  'too-long': 'is too long: 1,024 bytes at most',
  'known-bad': 'is among the passwords attackers try first',
} as const
