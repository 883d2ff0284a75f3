import type { Engine } from '#engine/engine.ts'
import type { Caller } from '#engine/parts.ts'
import type { Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import type { TenantKeys } from '#oidc/keys.ts'
import type { OidcRoom } from '#oidc/routes.ts'
import { deviceOf } from './cookies.ts'
import { hintsOf } from './hints.ts'

/** The name under which tickets and codes of this dialect are kept; no other dialect may go on with them. */
export const dialectName = 'cidaas'

/** What this dialect is handed. */
export interface Dialect {
  readonly engine: Engine
  readonly keys: TenantKeys
  readonly oidc: OidcRoom
}

/** The issuer as cidaas' SDK compares it: the authority without a final slash (cidaas.md §2.6). */
export const issuerOf = (base: string): string => base

/** Who is calling, in the engine's terms. A browser is known by its device cookie, where it sends one. */
export function callerOf(exchange: Exchange, application: Application): Caller {
  return {
    tenant: exchange.tenant,
    application,
    dialect: dialectName,
    address: exchange.address,
    userAgent: exchange.userAgent,
    device: deviceOf(exchange),
    speaks: exchange.headers['accept-language'],
    hints: hintsOf(exchange),
    correlation: exchange.requestId,
    base: exchange.base,
    home: exchange.base,
    handles: 'uuid',
  }
}
