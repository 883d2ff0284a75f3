import type { Engine } from '#engine/engine.ts'
import type { Caller } from '#engine/parts.ts'
import type { Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import type { TenantKeys } from '#oidc/keys.ts'
import { userinfoAudience } from '#oidc/mint.ts'

/** The name under which this dialect's flows are kept; no other dialect may go on with them. */
export const dialectName = 'entra'

/** What this dialect is handed. */
export interface Dialect {
  readonly engine: Engine
  readonly keys: TenantKeys
}

/** The address of a tenant's endpoints, with the tenant in its path (operating.md §4). */
export const authorityOf = ({ base, tenant }: Pick<Exchange, 'base' | 'tenant'>): string => `${base}/${tenant.id}`

/** The issuer of this dialect: version 2 of the tenant's (entra.md §4.2). */
export const issuerOf = (exchange: Pick<Exchange, 'base' | 'tenant'>): string => `${authorityOf(exchange)}/v2.0`

/** The audience of tokens that are for no API: the server's own, and the only one that may add methods. */
export const ownAudience = (exchange: Pick<Exchange, 'base' | 'tenant'>): string => userinfoAudience(issuerOf(exchange))

/** Who is calling, in the engine's terms. */
export function callerOf(exchange: Exchange, application: Application, correlation: string): Caller {
  return {
    tenant: exchange.tenant,
    application,
    dialect: dialectName,
    address: exchange.address,
    userAgent: exchange.userAgent,
    speaks: exchange.headers['accept-language'],
    correlation,
  }
}
