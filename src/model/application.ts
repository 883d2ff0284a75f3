import type { ClientId } from './ids.ts'
import type { MfaRule } from './policy.ts'
import type { Row } from './row.ts'
import type { SigningAlgorithm } from './tenant.ts'

export type ApplicationType = 'spa' | 'native' | 'web' | 'machine'
export type ClientAuthMethod = 'none' | 'client_secret_post' | 'client_secret_basic' | 'private_key_jwt'

/** What a machine client may ask of an API. */
export interface ClientGrant {
  readonly audience: string
  readonly scopes: readonly string[]
}

/** Terms users agree to. A new version asks everybody again. */
export interface ConsentTerms {
  readonly id: string
  readonly version: string
  readonly name: string
  /** Where the text is to be read. */
  readonly url?: string
}

/** Which groups of a user can be chosen at a login; neither list: all of them. */
export interface GroupSelection {
  /** true: also who is in one only. */
  readonly always?: boolean
  readonly groups?: readonly string[]
  readonly types?: readonly string[]
}

export interface Application extends Row {
  readonly id: ClientId
  readonly name: string
  readonly type: ApplicationType
  /** SHA-256 digests of the secrets that work (S-114); empty for public clients. */
  readonly secretDigests: readonly string[]
  readonly authMethod: ClientAuthMethod
  /** Public keys for `private_key_jwt`. */
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] }
  readonly redirectUris: readonly string[]
  readonly logoutUris: readonly string[]
  /** Told when a session ends in which it was given a code (OpenID Connect Back-Channel Logout). */
  readonly backchannelLogoutUri?: string
  readonly allowedOrigins: readonly string[]
  /** Full grant type names. */
  readonly grantTypes: readonly string[]
  readonly nativeAuth: boolean
  readonly mfa?: MfaRule
  /** Whether people may open accounts by themselves here; absent: what the tenant says. */
  readonly signUp?: boolean
  /** How long a remembered device lasts here; 0: none does. Absent: what the tenant says. */
  readonly trustedDeviceSeconds?: number
  /** Users need an address that is known to be theirs. */
  readonly needsVerifiedEmail?: boolean
  /** Users need a telephone number that is known to be theirs. */
  readonly needsVerifiedPhone?: boolean
  /** Users are asked before the application is told what its scopes say. */
  readonly asksForScopes?: boolean
  /** Users in several of these groups choose in which they come. */
  readonly groupSelection?: GroupSelection
  /** Name of the group of pages its logins are led over; absent: the tenant's own. */
  readonly pageGroup?: string
  /** What users have to agree to, in this order, in the version that counts now. */
  readonly consents?: readonly ConsentTerms[]
  readonly clientGrants: readonly ClientGrant[]
  readonly idTokenAlgorithm?: SigningAlgorithm
}

export interface Api extends Row {
  /** The audience. */
  readonly id: string
  readonly name: string
  readonly scopes: readonly string[]
  /** Seconds. */
  readonly accessTokenLifetime: number
  readonly allowOfflineAccess: boolean
  readonly signingAlgorithm?: SigningAlgorithm
}
