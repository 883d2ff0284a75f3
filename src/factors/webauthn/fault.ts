/** Why an answer of a key is refused (W3C Web Authentication Level 3, sections 7.1 and 7.2). Never told to its sender. */
export type Fault =
  /** Not what a browser sends, or beyond the bounds of S-95. */
  | 'unreadable'
  /** Made in the other ceremony. */
  | 'type'
  | 'challenge'
  | 'origin'
  /** Made in a frame of another site. */
  | 'framed'
  /** Made for another domain. */
  | 'site'
  | 'presence'
  | 'verification'
  /** It says it is backed up and cannot be, or can now be and could not at its registration. */
  | 'backup'
  | 'algorithm'
  /** Not one of those that were asked. */
  | 'credential'
  | 'owner'
  | 'signature'
  | 'attestation'
  | 'model'

export interface Faulty {
  readonly fault: Fault
}
