import type { Engine } from '#engine/engine.ts'
import type { Caller } from '#engine/parts.ts'
import type { Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import type { TenantKeys } from '#oidc/keys.ts'
import type { OidcRoom } from '#oidc/routes.ts'
import { deviceOf } from './cookies.ts'
import { hintsOf } from './hints.ts'
import { inputOf, textOf } from './input.ts'

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

/** Language tags a call names (cidaas.md §1.4), then those its request began with; `accept-language` stands beside them. */
function localesOf(exchange: Exchange, lang: string): readonly string[] {
  const named = [textOf(exchange.headers.acceptlanguage), inputOf(exchange).any('language'), lang]
  return named.flatMap((it) => it?.split(/[\s,;]+/) ?? []).filter((tag) => /^[a-z]{2,3}(?:[-_]|$)/i.test(tag))
}

/**
 * Who is calling, in the engine's terms. A browser is known by its device cookie, where it sends one.
 * @param lang the language of the login request, where there is one
 */
export function callerOf(exchange: Exchange, application: Application, lang = ''): Caller {
  return {
    tenant: exchange.tenant,
    application,
    dialect: dialectName,
    address: exchange.address,
    userAgent: exchange.userAgent,
    device: deviceOf(exchange),
    locales: localesOf(exchange, lang).map((tag) => tag.replace('_', '-')),
    speaks: exchange.headers['accept-language'],
    hints: hintsOf(exchange),
    correlation: exchange.requestId,
    base: exchange.base,
    home: exchange.base,
    handles: 'uuid',
  }
}
