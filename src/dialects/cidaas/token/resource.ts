import type { Exchange } from '#http/route.ts'
import { asId, type UserId } from '#model/ids.ts'
import type { User } from '#model/user.ts'
import { type AccessClaims, readBearer, verifyAccessToken } from '#oidc/tokens.ts'
import { type Dialect, issuerOf } from '../dialect.ts'

/**
 * An access token of this dialect for its own services: made for the application that got it, under this issuer. A token
 * for an API, of another dialect or bound to a key is none (S-115).
 */
export async function bearerOf(
  dialect: Dialect,
  exchange: Exchange,
  inForm?: string,
): Promise<AccessClaims | undefined> {
  const header = readBearer(exchange.headers.authorization)
  const token = header?.scheme === 'Bearer' ? header.token : inForm
  return token === undefined ? undefined : await accessToken(dialect, exchange, token)
}

export async function accessToken(
  { engine, keys }: Dialect,
  exchange: Exchange,
  token: string,
): Promise<AccessClaims | undefined> {
  const { store, clock } = engine.parts
  const claims = await verifyAccessToken(
    { store, keys },
    {
      tenant: exchange.tenant.id,
      token,
      issuer: issuerOf(exchange.base),
      // Judged below: the audience of such a token is its own application.
      audience: undefined,
      now: clock.now(),
    },
  )
  const own = claims?.kind === 'jwt' && claims.audience.length === 1 && claims.audience[0] === claims.client
  return own && claims.jkt === undefined ? claims : undefined
}

/** The user a token speaks for, as they are now. */
export async function userOf({ engine }: Dialect, exchange: Exchange, claims: AccessClaims): Promise<User | undefined> {
  const id = asId<UserId>(claims.user ?? claims.subject)
  const user = await engine.parts.store.get('users', exchange.tenant.id, id)
  return user?.blocked === false && (user.passwordChangedAt ?? 0) <= (claims.issuedAt + 1) * 1_000 ? user : undefined
}
