import type { Application } from '#model/application.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { Proof } from '#model/proof.ts'
import type { RiskLevel } from '#model/risk.ts'
import type { Tenant } from '#model/tenant.ts'
import type { Wish } from '#model/ticket.ts'
import type { User } from '#model/user.ts'
import type { Factor } from '#ports/factor.ts'

/** All a condition may look at, at the moment tokens would be issued (S-56). */
export interface Situation {
  readonly tenant: Tenant
  readonly application: Application
  readonly user: User
  /** Confirmed and pending ones of the user. */
  readonly authenticators: readonly Authenticator[]
  readonly proofs: readonly Proof[]
  readonly wish: Wish
  /** Epoch ms. */
  readonly now: number
  /** Epoch ms of the last second factor this user proved from this device; undefined: never. */
  readonly lastMfaHere?: number
  /** The browser has proved to be one this user has told to be remembered; an ease for the user, never a proof (S-48). */
  readonly trustedDevice?: boolean
  /** How this login was rated; undefined: nobody asked, or the proofs settle it anyway. */
  readonly risk?: RiskLevel
  readonly factors: ReadonlyMap<string, Factor>
}

/** What a condition still wants. */
export interface Need {
  /** A second factor, proved at most so many seconds ago; absent: any time in this flow. */
  readonly within?: number
  /** Kinds that satisfy it; absent: all of the tenant. */
  readonly kinds?: readonly string[]
  /** A saved code does not satisfy it (S-46). */
  readonly notByLookup?: boolean
  /** Answers to questions do not satisfy it. */
  readonly notByKnowledge?: boolean
  /** Only a proof of the best class the account has satisfies it (S-62). */
  readonly best?: boolean
  /** Only an authenticator the account has already will do; without one it is refused. */
  readonly onlyHeld?: boolean
  /** Without a confirmed factor the need is void instead of leading to an enrolment. */
  readonly onlyIfEnrolled?: boolean
}

/** A condition a token must meet: undefined when it is met. One small file each, listed in index.ts. */
export type Condition = (situation: Situation) => Need | undefined
