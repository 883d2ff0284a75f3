import type { Branding } from './branding.ts'
import type { TenantId } from './ids.ts'
import type { MessageTexts } from './message-texts.ts'
import type { PhoneGuardRule } from './phone-guard.ts'
import type { MfaRule } from './policy.ts'
import type { RiskRule } from './risk.ts'
import type { Row } from './row.ts'

export type SigningAlgorithm = 'RS256' | 'ES256' | 'EdDSA'

/** Where codes may be sent (operating.md §3 `phone`). */
export interface PhoneRule {
  /** ISO 3166 codes; absent: every country. An empty list sends nowhere. */
  readonly countries?: readonly string[]
  /** E.164 prefixes refused for their reputation. */
  readonly blockedPrefixes: readonly string[]
  /** true: only valid numbers; false: every possible number. */
  readonly strict: boolean
  /** Whether numbers a provider calls VoIP get codes; absent: they do not (S-79). */
  readonly allowVoip?: boolean
  /** A telephone may be enrolled only beside a factor that does not hang on one (S-72). */
  readonly needsAlternative?: boolean
  /** Budgets of messages; absent: on, with the figures of the engine. */
  readonly guard?: PhoneGuardRule
}

/** Figures a tenant may tighten; defaults stand in engine/limits.ts. */
export interface LimitOverrides {
  readonly codeLifetimeSeconds?: number
  readonly ticketLifetimeSeconds?: number
  /** A session of a browser ends so long after its last use, and so long after its login. */
  readonly sessionIdleSeconds?: number
  readonly sessionSeconds?: number
  /** How long a remembered device lasts; 0: none is remembered. */
  readonly trustedDeviceSeconds?: number
}

/** Whether people sign up by themselves, and what they have to say of themselves. */
export interface SignUpRule {
  /** Absent: they may. An application may say otherwise. */
  readonly enabled?: boolean
  readonly attributes: readonly {
    readonly name: string
    readonly required: boolean
    /** The whole value has to match. */
    readonly pattern?: string
  }[]
}

/** What keys of users may be registered (S-93). Judged on the server, whatever a page has asked for. */
export interface KeyRule {
  /** The name keys are bound to, where it is not the host of the public address itself but a domain above it. */
  readonly rpId?: string
  /** Origins besides the public address from which keys may be used, such as those of native applications. */
  readonly origins: readonly string[]
  /** The maker has to vouch for the key, by a chain that ends at one of `roots`. */
  readonly attestation: 'none' | 'required'
  /** Certificates of makers, PEM. */
  readonly roots: readonly string[]
  /** Models that may be registered, as AAGUIDs in lower case; absent: every one. */
  readonly models?: readonly string[]
  /** The key has to make sure of its user each time. */
  readonly userVerification: 'preferred' | 'required'
}

/** How long audit events are kept; absent: for ever. */
export interface AuditRule {
  readonly retentionDays?: number
}

export interface Tenant extends Row {
  readonly id: TenantId
  readonly name: string
  readonly domains: readonly string[]
  /** Kinds of factor switched on, `recovery_code` included. */
  readonly factors: readonly string[]
  /** Questions users may choose from where they set none of their own. */
  readonly securityQuestions?: readonly string[]
  readonly mfa?: MfaRule
  /** How SMART rates logins; absent: with the defaults. */
  readonly risk?: RiskRule
  readonly phone: PhoneRule
  readonly pages: Readonly<Record<string, string>>
  /** Name of the password directory as dialects call it. */
  readonly defaultConnection: string
  readonly signingAlgorithm: SigningAlgorithm
  /** Name of the dialect whose discovery document stands at the root of the tenant's hosts; absent: the first one's. */
  readonly discovery?: string
  readonly limits?: LimitOverrides
  readonly signUp?: SignUpRule
  /** Wires whose vendors tell whether a login is known do not; the others never do (S-102). */
  readonly hideUnknownUsers?: boolean
  /**
   * The headless API that leads a client step by step to an authorization code. Absent: it is not there. `pkce`: only for
   * requests with a challenge of RFC 7636; `sdk`: also for those without, as the vendor's unmodified SDKs send them.
   */
  readonly nativePreview?: 'sdk' | 'pkce'
  readonly keys?: KeyRule
  readonly audit?: AuditRule
  readonly branding?: Branding
  readonly messages?: MessageTexts
}
