import type { Exchange } from '#http/route.ts'
import type { Clock } from '#ports/clock.ts'
import type { Store } from '#ports/store.ts'
import { proveDpop } from './dpop.ts'
import type { AccessClaims, Bearer } from './tokens.ts'

/**
 * Whether who shows an access token may: one bound to a key comes in the DPoP scheme with a proof of that key, made for
 * this request and this token and never used before; one bound to none comes as Bearer (RFC 9449 section 7).
 * To be asked at every resource after `verifyAccessToken`, or a stolen bound token would be as good as any.
 */
export async function provesPossession(
  parts: { readonly store: Store; readonly clock: Clock },
  exchange: Pick<Exchange, 'tenant' | 'headers' | 'method' | 'base' | 'path'>,
  claims: Pick<AccessClaims, 'jkt'>,
  bearer: Bearer,
): Promise<boolean> {
  if (claims.jkt === undefined) return bearer.scheme === 'Bearer'
  const proof = exchange.headers.dpop
  if (bearer.scheme !== 'DPoP' || proof === undefined) return false
  const outcome = await proveDpop(parts.store, {
    tenant: exchange.tenant.id,
    proof,
    method: exchange.method,
    url: `${exchange.base}${exchange.path}`,
    accessToken: bearer.token,
    jkt: claims.jkt,
    now: parts.clock.now(),
  })
  return outcome.yes !== undefined
}
