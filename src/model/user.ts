import type { UserId } from './ids.ts'
import type { Row } from './row.ts'

/** A group somebody is in, with the roles they have there. */
export interface Group {
  readonly id: string
  readonly type?: string
  readonly roles: readonly string[]
}

export interface User extends Row {
  readonly id: UserId
  /** As the user wrote it, normalised; mail goes here and nowhere else (S-158). */
  readonly email?: string
  readonly emailVerified: boolean
  /**
   * Epoch ms at which whoever gets the mail of the address has proved it for the first time, after the account was used
   * without that: keys from before are a second factor and sign nobody in by themselves (AC-14).
   */
  readonly ownedSince?: number
  /** Comparison form of `email`, unique in the tenant. */
  readonly emailKey?: string
  /** E.164. */
  readonly phoneNumber?: string
  readonly phoneVerified: boolean
  readonly username?: string
  /** Comparison form of `username`, unique in the tenant. */
  readonly usernameKey?: string
  readonly name?: string
  readonly givenName?: string
  readonly familyName?: string
  readonly nickname?: string
  readonly picture?: string
  readonly locale?: string
  readonly userMetadata?: Readonly<Record<string, unknown>>
  /** PHC or imported hash string; absent for passwordless users. */
  readonly passwordHash?: string
  /** Epoch ms. */
  readonly passwordChangedAt?: number
  /** The user-level switch: a second factor whatever the application says. */
  readonly mfaEnabled: boolean
  readonly blocked: boolean
  /** Set by an administrator: the next login gives the account a new password. */
  readonly mustChangePassword?: boolean
  /** Consents given: id and the version that was shown; and what is shared with applications (policy/acts/share.ts). */
  readonly consents?: Readonly<Record<string, string>>
  readonly groups?: readonly Group[]
  readonly createdAt: number
  readonly updatedAt: number
  readonly lastLoginAt?: number
  readonly loginCount: number
  /** Epoch ms of the last completed second factor, whole account. */
  readonly lastMfaAt?: number
  /** Epoch ms at which the password alone was shown after 90 days without use; it enrols nothing from then on (S-67). */
  readonly dormantAt?: number
}
