import type { AuthenticatorId, ChallengeId, ClientId, UserId } from './ids.ts'
import type { Row } from './row.ts'

export type ChallengePurpose = 'login' | 'enrolment' | 'passwordless' | 'sign-up'

/** One request to prove one factor. */
export interface Challenge extends Row {
  readonly id: ChallengeId
  readonly user: UserId
  readonly client: ClientId
  /** The ticket, or the id of the access token, it was made under. */
  readonly flow: string
  readonly authenticator: AuthenticatorId
  /** The kind that carries it; a phone may be reached by more than one. */
  readonly factor: string
  /** Address at the time of asking: a changed number voids the code (AC-7). */
  readonly target?: string
  readonly purpose: ChallengePurpose
  /** What the factor needs to check the proof; never the proof itself. */
  readonly state: Readonly<Record<string, unknown>>
  readonly failures: number
  readonly createdAt: number
  /** End of the code. The row outlives it so that a late answer can be told apart from an unknown one. */
  readonly codeExpiresAt: number
  readonly expiresAt: number
  readonly wonAt?: number
  /** A newer message to the same authenticator in this flow, or the end of the flow, killed it (S-5, S-58). */
  readonly voidedAt?: number
  /** Epoch ms of the last poll, for approvals. */
  readonly polledAt?: number
  /** Seconds between polls, once somebody has polled too fast. */
  readonly pollEvery?: number
  /** Epoch ms at which the device fetched it, for approvals. */
  readonly seenAt?: number
  /** What the device has said, for approvals: once, and before whoever signs in asks for it. */
  readonly answered?: { readonly is: 'right' | 'declined'; readonly at: number }
}
