/**
 * Chance, handed in like time, so that a test can say what comes up.
 * Everything drawn here is uniform: no modulo bias, leading zeros kept (security contract S-1).
 */
export interface Random {
  /** `n` fresh random bytes, in an array of the caller's own. */
  bytes(n: number): Uint8Array
  /** A string of `n` decimal digits; every one of the 10ⁿ values is equally likely. */
  digits(n: number): string
  /** A bearer secret: 256 random bits as 43 characters of base64url (S-35). */
  token(): string
  /** A version 4 UUID (RFC 9562 section 5.4). */
  id(): string
  /**
   * `length` characters drawn from `alphabet` (1 to 256 characters, each listed once).
   * @throws RangeError for an alphabet outside those bounds, which is a bug of the caller.
   */
  code(alphabet: string, length: number): string
  /**
   * An integer of 0 … `maxExclusive` − 1, with `maxExclusive` of 1 … 2⁴⁸.
   * @throws RangeError outside those bounds.
   */
  int(maxExclusive: number): number
}
