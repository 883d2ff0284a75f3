import type { Requirement } from './ticket.ts'

/**
 * Every way the engine says no. A closed list: each dialect translates all of it, and a new word here makes the
 * compiler name the dialects that owe a translation. Waits are in seconds.
 */
export type Refusal =
  // first factor and account
  | { readonly no: 'wrong-password' }
  | { readonly no: 'too-many-attempts'; readonly of: 'password' | 'code' | 'recovery'; readonly retryAfter: number }
  | { readonly no: 'blocked-user' }
  | { readonly no: 'weak-password'; readonly reason: 'too-short' | 'too-long' | 'known-bad' }
  | { readonly no: 'taken'; readonly what: 'email' | 'username' }
  | { readonly no: 'bad-email' }
  | { readonly no: 'stale-proof' }
  // flow
  | {
      readonly no: 'more-proof'
      readonly ticket: string
      readonly require: Requirement
      /** The code that replaces a saved one which was right but not enough; shown to the user once. */
      readonly show?: { readonly codes?: readonly string[] }
    }
  | { readonly no: 'ticket-unknown' }
  | { readonly no: 'ticket-expired' }
  | { readonly no: 'ticket-of-other-client' }
  | { readonly no: 'no-factor-available' }
  | { readonly no: 'policy-unavailable' }
  | { readonly no: 'risk-too-high' }
  // challenge and proof
  | { readonly no: 'challenge-unknown' }
  | { readonly no: 'challenge-expired' }
  | { readonly no: 'challenge-of-other-flow' }
  | { readonly no: 'proof-missing' }
  | { readonly no: 'wrong-proof'; readonly factor: string }
  | { readonly no: 'waiting' }
  | { readonly no: 'slow-down' }
  | { readonly no: 'declined' }
  // authenticators
  | { readonly no: 'not-enrolled' }
  | { readonly no: 'not-enrolled-with'; readonly asked: readonly string[]; readonly has: readonly string[] }
  | { readonly no: 'already-enrolled' }
  | { readonly no: 'authenticator-unknown' }
  | { readonly no: 'authenticator-disabled' }
  | { readonly no: 'last-authenticator' }
  | { readonly no: 'factor-unknown'; readonly factor: string }
  | { readonly no: 'factor-off'; readonly factor: string }
  | { readonly no: 'bad-address'; readonly reach: 'phone' | 'email' }
  | { readonly no: 'bad-secret' }
  | { readonly no: 'blocked-by-admin'; readonly reach: 'phone' | 'email' }
  | { readonly no: 'blocked-by-reputation'; readonly reach: 'phone' | 'email' }
  | { readonly no: 'limit-reached'; readonly what: 'authenticators' }
  // messages and load
  | { readonly no: 'too-many-messages'; readonly channel: string; readonly retryAfter: number }
  | { readonly no: 'undeliverable'; readonly channel: string }
  | { readonly no: 'busy'; readonly retryAfter: number }

export type RefusalWord = Refusal['no']
export type Yes<T> = { readonly yes: T; readonly no?: undefined }
export type Outcome<T> = Yes<T> | (Refusal & { readonly yes?: undefined })

export function yes<T>(value: T): Yes<T> {
  return { yes: value }
}
