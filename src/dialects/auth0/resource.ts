import type { Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import { asId, type ClientId } from '#model/ids.ts'
import type { User } from '#model/user.ts'
import { proveDpop } from '#oidc/dpop.ts'
import { type AccessClaims, readBearer, verifyAccessToken } from '#oidc/tokens.ts'
import { type Dialect, issuerOf } from './dialect.ts'
import { usersOf } from './words.ts'

/** A good access token at one of the server's own APIs. */
export interface Access {
  readonly claims: AccessClaims
  readonly application: Application
}

export interface UserAccess extends Access {
  readonly user: User
}

/** `absent`: no token came; `invalid`: no good one for this API; `proof`: the key it is bound to was not shown. */
export type NoAccess = { readonly no: 'absent' | 'invalid' | 'proof' }

/**
 * The access token of a request to an API of the server itself: for this audience, unexpired, of an application that
 * still exists, and with the DPoP proof its key demands (RFC 9449 section 7.1).
 */
export async function readAccess(dialect: Dialect, exchange: Exchange, audience: string): Promise<Access | NoAccess> {
  const { store, clock } = dialect.engine.parts
  const header = readBearer(exchange.headers.authorization)
  if (header === undefined) return { no: 'absent' }
  const tenant = exchange.tenant.id
  const question = { tenant, issuer: issuerOf(exchange.base), token: header.token, audience, now: clock.now() }
  const claims = await verifyAccessToken({ store, keys: dialect.keys }, question)
  const application = claims && (await store.get('applications', tenant, asId<ClientId>(claims.client)))
  if (claims === undefined || application === undefined) return { no: 'invalid' }
  return (await holdsKey(dialect, exchange, header.token, claims)) ? { claims, application } : { no: 'proof' }
}

/** The same for a user's token: theirs, as long as they are neither gone nor blocked and have kept their password. */
export async function readUserAccess(
  dialect: Dialect,
  exchange: Exchange,
  audience: string,
): Promise<UserAccess | NoAccess> {
  const access = await readAccess(dialect, exchange, audience)
  if ('no' in access) return access
  const user = await userOf(dialect, exchange, access.claims.subject)
  const changedAt = Math.floor((user?.passwordChangedAt ?? 0) / 1_000)
  // A password change ends what was issued before it, also tokens that belong to no family (S-68).
  if (user === undefined || user.blocked || access.claims.issuedAt < changedAt) return { no: 'invalid' }
  return { ...access, user }
}

/** The user a `sub` or a `user_id` in a path names, in this tenant (S-139). */
export async function userOf({ engine }: Dialect, exchange: Exchange, subject: string): Promise<User | undefined> {
  for (const id of usersOf(subject)) {
    const user = await engine.parts.store.get('users', exchange.tenant.id, id)
    if (user !== undefined) return user
  }
  return undefined
}

async function holdsKey(
  { engine }: Dialect,
  exchange: Exchange,
  token: string,
  { jkt }: AccessClaims,
): Promise<boolean> {
  if (jkt === undefined) return true
  const proof = exchange.headers.dpop
  if (proof === undefined) return false
  const checked = await proveDpop(engine.parts.store, {
    tenant: exchange.tenant.id,
    proof,
    method: exchange.method,
    url: `${exchange.base}${exchange.path}`,
    accessToken: token,
    jkt,
    now: engine.parts.clock.now(),
  })
  return checked.yes !== undefined
}
