import type { Application } from '#model/application.ts'
import type { Tenant } from '#model/tenant.ts'
import { identityScopes } from '#oidc/claims.ts'
import type { TokenAudience } from '#oidc/mint.ts'
import type { Store } from '#ports/store.ts'

/** Scopes of the MFA API (auth0.md §3.4). */
export const mfaScopes = ['enroll', 'read:authenticators', 'remove:authenticators'] as const
/** Scopes of the My Account API (auth0.md §5.1). */
export const accountScopes = [
  'read:me:factors',
  'read:me:authentication_methods',
  'create:me:authentication_methods',
  'update:me:authentication_methods',
  'delete:me:authentication_methods',
] as const

/** An API a token may be for, with what a user may ask of it. */
export interface Target {
  /** Absent: no API, an opaque token for user info. */
  readonly audience?: TokenAudience
  readonly scopes: readonly string[]
  /** Whether a token with these scopes may change authenticators (S-63). */
  readonly managesFactors: (scope: readonly string[]) => boolean
}

export const mfaAudience = (base: string): string => `${base}/mfa/`
export const accountAudience = (base: string): string => `${base}/me/`
export const managementAudience = (base: string): string => `${base}/api/v2/`

const never = () => false

const noApi: Target = { scopes: [], managesFactors: never }

/**
 * The API behind an audience; undefined: there is none. User info is what every token of a user is good for: older SDKs
 * and samples name it where they want no API. The server's own are found with and without the final slash,
 * under the public address and under every domain of the tenant (auth0.md §2.5, §9.3).
 */
export async function findTarget(
  store: Store,
  tenant: Tenant,
  base: string,
  audience: string | undefined,
): Promise<Target | undefined> {
  if (audience === undefined || audience === '') return noApi
  const own = ownPath(tenant, base, audience)
  if (own === '/userinfo') return noApi
  if (own === '/mfa') return ownTarget(mfaAudience(base), 600, mfaScopes, () => true)
  if (own === '/me') return ownTarget(accountAudience(base), 600, accountScopes, changesAccount)
  const api = await store.get('apis', tenant.id, audience)
  if (api === undefined) return undefined
  return { audience: api, scopes: api.scopes, managesFactors: never }
}

const changesAccount = (scope: readonly string[]): boolean =>
  scope.some((name) => accountScopes.includes(name as never) && !name.startsWith('read:'))

function ownTarget(
  id: string,
  accessTokenLifetime: number,
  scopes: readonly string[],
  managesFactors: Target['managesFactors'],
): Target {
  return { audience: { id, accessTokenLifetime, allowOfflineAccess: true }, scopes, managesFactors }
}

function ownPath(tenant: Tenant, base: string, audience: string): string | undefined {
  // Most audiences are somebody else's, and reading an address costs more than looking.
  if (!audience.includes('/mfa') && !audience.includes('/me') && !audience.includes('/userinfo')) return undefined
  const url = URL.canParse(audience) ? new URL(audience) : undefined
  if (url?.protocol !== 'https:' && !audience.startsWith(base)) return undefined
  const hosts = [new URL(base).host, ...tenant.domains]
  return url && (hosts.includes(url.host) || hosts.includes(url.hostname)) ? url.pathname.replace(/\/$/, '') : undefined
}

/**
 * The scope a user's request is granted: what it asked for and the API knows; without a word, all of the API's
 * (auth0.md §1.4), or the person's own where there is no API.
 */
export function grantScope(target: Target, asked: string | undefined): readonly string[] {
  if (asked === undefined || asked.trim() === '') {
    return target.audience ? target.scopes : ['openid', 'profile', 'email']
  }
  const words = [...new Set(asked.split(/\s+/).filter((word) => word !== ''))]
  return words.filter((word) => identityScopes.includes(word) || target.scopes.includes(word))
}

/** Whether a grant type is switched on for the application. */
export const allowsGrant = (application: Application, grantType: string): boolean =>
  application.grantTypes.includes(grantType)
