/** The longest password looked at, in bytes of UTF-8 as it was sent (S-39). */
export const maxPasswordBytes = 1024

/** The password is over `maxPasswordBytes`; nothing was hashed (S-39). */
export type PasswordTooLong = { readonly kind: 'too-long'; readonly maxBytes: number }

/** So many passwords wait to be hashed that this one was turned away; answer 503 with `Retry-After` (S-159). */
export type PasswordPoolFull = { readonly kind: 'pool-full'; readonly retryAfterSeconds: number }

export type PasswordHashed = { readonly kind: 'hashed'; readonly hash: string }

/**
 * The password was compared. `rehash` is true only for a right password whose stored hash was made in another way than
 * today's: store a fresh `hash` of the same password in its place (S-38).
 */
export type PasswordChecked = { readonly kind: 'checked'; readonly ok: boolean; readonly rehash: boolean }

export type HashOutcome = PasswordHashed | PasswordTooLong | PasswordPoolFull
export type CheckOutcome = PasswordChecked | PasswordTooLong | PasswordPoolFull

/** Slow hashes for passwords and other short secrets, in a bounded pool of their own. */
export interface PasswordHasher {
  /** A fresh salted hash, as text that names its own parameters. */
  hash(password: string): Promise<HashOutcome>
  /**
   * Whether the password belongs to a stored hash: ours, or one of the imported kinds. A stored text of unknown kind or
   * beyond sane cost is never right.
   */
  verify(password: string, stored: string): Promise<CheckOutcome>
  /** The cost of `verify` for a user who does not exist; never `ok` (S-103). */
  verifyDecoy(password: string): Promise<CheckOutcome>
  /** Whether a stored text is of a kind and cost that `verify` accepts; ask before importing it. */
  accepts(stored: string): boolean
}
