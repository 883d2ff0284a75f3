import type { AuthenticatorId, UserId } from './ids.ts'
import type { Row } from './row.ts'

export type AuthenticatorState = 'pending' | 'confirmed' | 'disabled'

/** One thing a user can prove possession of. What the factor keeps is opaque to everyone else. */
export interface Authenticator extends Row {
  readonly id: AuthenticatorId
  readonly user: UserId
  /** The kind of factor that made it. */
  readonly factor: string
  readonly state: AuthenticatorState
  /** Where messages go (E.164 number, e-mail address); absent for factors without an address. */
  readonly target?: string
  /** What a proof of it names it by, unique in the tenant: the digest of a credential's id (S-92). */
  readonly key?: string
  /** What the factor must keep secret, sealed under (tenant, user, id) (S-36). */
  readonly sealed?: string
  /** What the factor remembers between uses in the clear, such as the last accepted time step. */
  readonly memory?: Readonly<Record<string, unknown>>
  readonly name?: string
  /** Digest of the ticket or id of the token that started the enrolment: only it may confirm (S-15). */
  readonly startedBy?: string
  /** Wrong proofs while pending (S-15: at most 5). */
  readonly pendingFailures?: number
  /** Consecutive wrong proofs since the last right one (S-18). */
  readonly failures: number
  /** Epoch ms before which no proof is looked at. */
  readonly waitUntil?: number
  /** Imported with a secret shorter than new ones have (operating.md §6.11). */
  readonly weak?: boolean
  readonly createdAt: number
  readonly confirmedAt?: number
  readonly lastUsedAt?: number
  /** Epoch ms of its last proof beside a first factor that is the owner's own (`User.ownedSince`): it is theirs too. */
  readonly ownedAt?: number
  /** Epoch ms, by its own clock, of the last change a device asked for: no older one is obeyed, so none is repeated. */
  readonly heardAt?: number
}
