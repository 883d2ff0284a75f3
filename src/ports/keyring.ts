/**
 * What needs a server key: secrets sealed for storage, and codes stored as keyed hashes.
 *
 * Every result names the key that made it, so that keys can be rotated: the first key of the ring seals, all open (S-37).
 * A `context` is the list of names the value belongs to, such as tenant, user, record and purpose. It is not stored; the
 * same list has to be given again, so a value moved to another row no longer opens (S-34, S-36).
 */
export interface Keyring {
  /** Encrypts a secret for storage; the text is `v1.<key id>.<base64url>`. Sealing twice gives different texts. */
  seal(plain: string | Uint8Array, context: readonly string[]): string
  /** The bytes of a sealed secret. @throws SealError when it was altered, moved, or its key is not in the ring. */
  open(sealed: string, context: readonly string[]): Uint8Array
  /** As `open`, for a secret that is text. @throws SealError likewise. */
  openText(sealed: string, context: readonly string[]): string
  /** Whether a sealed secret names another key than the one that seals now. */
  needsReseal(sealed: string): boolean
  /**
   * The keyed hash under which a short code is stored, with its key id: `h1.<key id>.<base64url>`. By the key that seals
   * now, or by another one of the ring. @throws SealError when that is not in the ring.
   */
  mac(code: string, context: readonly string[], keyId?: string): string
  /** Whether `stored` is the keyed hash of this code in this context. Constant time; false for anything else. */
  macMatches(code: string, context: readonly string[], stored: string): boolean
  /** The id of the key that seals now; safe to log. */
  readonly activeKeyId: string
  /** The ids of all keys that open, the active one first; safe to log. */
  readonly keyIds: readonly string[]
}

/** Why a sealed secret did not open. */
export type SealFailure = 'malformed' | 'unknown-key' | 'not-authentic'

/**
 * A sealed secret that cannot be opened: the store was altered, a key was taken away, or the caller named the wrong
 * record. It is a fault of the installation, never of a request, and its text holds nothing secret.
 */
export class SealError extends Error {
  override readonly name = 'SealError'
  readonly failure: SealFailure

  constructor(failure: SealFailure, keyId?: string) {
    super(
      failure === 'unknown-key'
        ? `sealed with key ${keyId}, which is not in the key ring`
        : failure === 'malformed'
          ? 'not a sealed secret'
          : 'sealed secret was altered or belongs to another record',
    )
    this.failure = failure
  }
}
