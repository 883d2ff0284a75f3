import type { TenantId, UserId } from '#model/ids.ts'
import type { User } from '#model/user.ts'
import type { ClaimDates } from './claims.ts'
import type { TokenAudience } from './mint.ts'

/** An audience as an authorization request may name it. */
export interface KnownAudience extends TokenAudience {
  readonly scopes: readonly string[]
  /** Whether a token for it with these scopes may change authenticators, so that its login must be fresh (S-63). */
  readonly managesFactors?: (scope: readonly string[]) => boolean
}

/** Where a dialect's endpoints lie, relative to its base. */
export interface OidcPaths {
  readonly authorize: string
  readonly par: string
  readonly token: string
  readonly deviceAuthorization?: string
  /** Where a person enters the code of a device. */
  readonly deviceVerification?: string
  readonly userinfo: string
  readonly jwks: string
  readonly revoke: string
  readonly introspect: string
  readonly endSession: string
  /** Where a person is sent to sign in; `/` and the id of the interaction are appended. */
  readonly interaction: string
}

/** How one dialect spells what all dialects of a tenant share (operating.md §6.9). */
export interface Spelling {
  readonly name: string
  /** `iss`; `base` is `https://host[:port]` without slash. */
  readonly issuer: (base: string) => string
  readonly subject: (user: Pick<User, 'id'>) => string
  /** The user of a `sub`; undefined when it is no such text. */
  readonly userOf: (subject: string) => UserId | undefined
  readonly dates: ClaimDates
  readonly paths: OidcPaths
  /** The API an authorization request names, the server's own included; undefined: unknown. */
  readonly findAudience: (tenant: TenantId, base: string, audience: string) => Promise<KnownAudience | undefined>
  /** Grant types beyond those of this room, for discovery. */
  readonly grantTypes: readonly string[]
  /** Further discovery members; they win over ours. */
  readonly discovery?: (base: string) => Readonly<Record<string, unknown>>
}
