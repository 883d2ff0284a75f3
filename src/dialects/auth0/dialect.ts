import type { Engine } from '#engine/engine.ts'
import type { Caller } from '#engine/parts.ts'
import type { Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import type { TenantKeys } from '#oidc/keys.ts'
import type { OidcRoom } from '#oidc/routes.ts'

/** The name under which tickets of this dialect are kept; no other dialect may go on with them. */
export const dialectName = 'auth0'

/** What this dialect is handed. */
export interface Dialect {
  readonly engine: Engine
  readonly keys: TenantKeys
  readonly oidc: OidcRoom
}

/** The issuer as Auth0's SDKs insist on it: with the final slash (auth0.md §0.3 rule 5). */
export const issuerOf = (base: string): string => `${base}/`

/** Who is calling, in the engine's terms. */
export function callerOf(exchange: Exchange, application: Application): Caller {
  return {
    tenant: exchange.tenant,
    application,
    dialect: dialectName,
    home: exchange.base,
    address: exchange.address,
    userAgent: exchange.userAgent,
    speaks: exchange.headers['accept-language'],
    correlation: exchange.requestId,
  }
}
