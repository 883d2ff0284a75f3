/** One thing that was proved in this flow, and when. Assurance is computed from these, never set. */
export interface Proof {
  /** The kind of factor. */
  readonly factor: string
  /** Absent for the password, which belongs to the user. */
  readonly authenticator?: string
  /** What carried the proof, such as `phone:+15550100`; one channel never counts twice. */
  readonly channel: string
  /** Epoch ms. */
  readonly at: number
  /** `amr` values of this very proof, where it tells more than its factor alone. */
  readonly amr?: readonly string[]
  /** The device made sure of its user (PIN, biometric): two factors in one proof. */
  readonly userVerified?: boolean
  /** By a key that cannot be copied, and attested to be such. */
  readonly hardware?: boolean
}

/** What the proofs of a flow amount to (assurance.md §2). */
export interface Assurance {
  readonly amr: readonly string[]
  readonly acr: string
  /** Epoch seconds of the oldest proof the `acr` rests on. */
  readonly authTime: number
  /** Whether two factors of different classes were proved. */
  readonly mfa: boolean
}
