import type { Answer, Exchange } from '#http/route.ts'
import type { AccessClaims } from '#oidc/tokens.ts'
import type { Dialect } from '../dialect.ts'
import { bearerOf } from '../token/resource.ts'
import { denied } from '../wire.ts'

/** A machine's token with this scope; people's tokens never carry it (scopes.ts). */
export async function machineOf(dialect: Dialect, exchange: Exchange, scope: string): Promise<AccessClaims | Answer> {
  const claims = await bearerOf(dialect, exchange)
  if (claims === undefined || claims.user !== undefined || claims.subject !== claims.client) return denied(dialect)
  return claims.scope.includes(scope) ? claims : denied(dialect, 403)
}
