import type { ClientId, TicketId, UserId } from './ids.ts'
import type { Proof } from './proof.ts'
import type { RiskLevel } from './risk.ts'
import type { Row } from './row.ts'

/** What an interrupted request asked for. The engine keeps it for the dialect and reads only what it names here. */
export interface Wish {
  /** The dialect whose endpoint was interrupted; no other dialect may continue (S-51). */
  readonly dialect: string
  readonly grantType: string
  readonly audience?: string
  readonly scope: readonly string[]
  /** Its token may change authenticators, so the proof must be fresh (S-63). */
  readonly managesFactors?: boolean
  /** The request itself asks for a second factor, whatever policy says (step-up). */
  readonly secondFactor?: boolean | 'phishing-resistant'
  /** What this caller can lead a user through besides proofs; absent: nothing, and whoever owes something is refused. */
  readonly acts?: readonly Act[]
  /** Claims asked for one by one, which the user has to agree to. */
  readonly claims?: readonly string[]
  /** The group the user has chosen to come in. */
  readonly group?: string
  /** Id of the refresh token whose exchange was interrupted. */
  readonly refreshToken?: string
  /** Whatever else the dialect needs to go on; JSON. */
  readonly extra?: Readonly<Record<string, unknown>>
}

/** Something a user has to do before tokens are issued that is no proof. */
export type Act =
  | 'change-password'
  | 'verify-email'
  | 'verify-phone'
  | 'consent'
  | 'share-scopes'
  | 'share-claims'
  | 'choose-group'

/** What is still to be proved: one of these kinds, or an enrolment of one of these; or, with nothing to prove, an act. */
export type Requirement =
  | { readonly challenge: readonly string[]; readonly enrol?: undefined; readonly act?: undefined }
  | { readonly enrol: readonly string[]; readonly challenge?: undefined; readonly act?: Act }

/** A flow on its way from the first proof to tokens (`mfa_token`, continuation token, track). */
export interface Ticket extends Row {
  readonly id: TicketId
  readonly user: UserId
  readonly client: ClientId
  readonly wish: Wish
  readonly proofs: readonly Proof[]
  readonly requirement: Requirement
  /**
   * How the login was rated that opened the flow, the row of that decision, and a digest of who it was; absent: nobody
   * asked. Without a level: it was recorded, and no rule looks at it.
   */
  readonly risk?: { readonly level?: RiskLevel; readonly decision: string; readonly from: string }
  /** Wrong proofs without a challenge of their own, per factor kind (S-17). */
  readonly failures: Readonly<Record<string, number>>
  readonly createdAt: number
  /** Absolute end of the flow. The row outlives it, so that an expired ticket can be told from an unknown one. */
  readonly endsAt: number
  readonly expiresAt: number
  readonly usedAt?: number
}
