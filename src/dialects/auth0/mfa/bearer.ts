import type { Flow } from '#engine/flow.ts'
import { checkTicket, ticketId } from '#engine/tickets.ts'
import type { Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import { asId, type ClientId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Proof } from '#model/proof.ts'
import { provesPossession } from '#oidc/possession.ts'
import { type AccessClaims, readBearer, verifyAccessToken } from '#oidc/tokens.ts'
import { mfaAudience } from '../audience.ts'
import { type Dialect, dialectName, issuerOf } from '../dialect.ts'
import { usersOf } from '../words.ts'

/** Who bears a token at `/mfa/*`, with what it allows. The two kinds differ in rights (auth0.md §2.5). */
export interface Bearer {
  readonly flow: Flow
  readonly application: Application
  /** Scopes of an access token; a ticket has none. */
  readonly scope: readonly string[]
}

/** Our access tokens have two dots, tickets have none. */
const isJwt = (token: string): boolean => token.split('.').length === 3

/** Whether who shows a token bound to a key may show it; one bound to none is good as it is (RFC 9449 section 7). */
type MayShow = (claims: AccessClaims) => boolean | Promise<boolean>

/**
 * A token of either kind as `mfa_token`: the ticket of a flow, or an access token of the MFA API. `dpopJkt`: the key
 * of the proof that came with the request. `caller`: the application that shows it, if it has been read; then the user is
 * left to whoever answers with it, who looks at the account anyway, in the change that decides.
 */
export async function readMfaToken(
  dialect: Dialect,
  exchange: Exchange,
  token: string,
  dpopJkt?: string,
  caller?: Application,
): Promise<Outcome<Bearer>> {
  return await readEither(dialect, exchange, token, ({ jkt }) => jkt === undefined || jkt === dpopJkt, caller)
}

/**
 * The bearer of a request to `/mfa/*`: the `Authorization` header, split at its first space because opaque values may
 * hold any character, else the body member a sample uses (auth0.md §2.1).
 */
export async function readBearerOf(dialect: Dialect, exchange: Exchange, inBody?: string): Promise<Outcome<Bearer>> {
  const { authorization } = exchange.headers
  if (authorization === undefined) {
    return inBody === undefined ? { no: 'ticket-unknown' } : await readMfaToken(dialect, exchange, inBody)
  }
  const bearer = readBearer(authorization)
  if (bearer === undefined) return { no: 'ticket-unknown' }
  const mayShow = (claims: AccessClaims) => provesPossession(dialect.engine.parts, exchange, claims, bearer)
  return await readEither(dialect, exchange, bearer.token, mayShow)
}

async function readEither(
  dialect: Dialect,
  exchange: Exchange,
  token: string,
  mayShow: MayShow,
  caller?: Application,
): Promise<Outcome<Bearer>> {
  return isJwt(token)
    ? await readAccessToken(dialect, exchange, token, mayShow)
    : await readTicket(dialect, exchange, token, caller, caller !== undefined)
}

/**
 * A ticket by its handle, alive and of this dialect; which client it belongs to is for the caller to compare. `caller`:
 * the application that shows it, if it has been read: most of the time the ticket is its own. `userLater`: whether it
 * still counts for its user is asked by the change it is used in.
 */
export async function readTicket(
  dialect: Dialect,
  exchange: Exchange,
  handle: string,
  caller?: Application,
  userLater = false,
): Promise<Outcome<Bearer>> {
  const { store, clock } = dialect.engine.parts
  const found = await store.get('tickets', exchange.tenant.id, ticketId(handle))
  const own = caller !== undefined && caller.id === found?.client ? caller : undefined
  const application = own ?? (found && (await store.get('applications', exchange.tenant.id, found.client)))
  if (application === undefined) return { no: 'ticket-unknown' }
  const user = found && !userLater ? await store.get('users', exchange.tenant.id, found.user) : undefined
  if (user === undefined && !userLater) return { no: 'ticket-unknown' }
  const ticket = checkTicket(found, { dialect: dialectName, application }, clock.now(), user)
  if (ticket.no !== undefined) return ticket
  return yes({ flow: { by: 'ticket', ticket: ticket.yes, handle }, application, scope: [] })
}

async function readAccessToken(
  dialect: Dialect,
  exchange: Exchange,
  token: string,
  mayShow: MayShow,
): Promise<Outcome<Bearer>> {
  const { store, clock } = dialect.engine.parts
  const audience = mfaAudience(exchange.base)
  const question = { tenant: exchange.tenant.id, issuer: issuerOf(exchange.base), token, audience, now: clock.now() }
  const claims = await verifyAccessToken({ store, keys: dialect.keys }, question)
  if (claims === undefined || !(await mayShow(claims))) return { no: 'ticket-unknown' }
  const client = asId<ClientId>(claims.client)
  const application = await store.get('applications', exchange.tenant.id, client)
  const user = await firstUser(dialect, exchange, claims)
  if (application === undefined || user === undefined) return { no: 'ticket-unknown' }
  const proofs: readonly Proof[] = claims.amr.includes('pwd')
    ? [{ factor: 'password', channel: 'password', at: (claims.authTime ?? 0) * 1_000 }]
    : []
  const wish = { dialect: dialectName, grantType: 'mfa', audience, scope: claims.scope }
  return yes({ flow: { by: 'token', id: claims.id, user, client, proofs, wish }, application, scope: claims.scope })
}

/** Whose token it is: somebody who is neither gone nor blocked, and has kept their password since it was made (S-68). */
async function firstUser({ engine }: Dialect, exchange: Exchange, { subject, issuedAt }: AccessClaims) {
  for (const id of usersOf(subject)) {
    const user = await engine.parts.store.get('users', exchange.tenant.id, id)
    if (user === undefined || user.blocked) continue
    return issuedAt < Math.floor((user.passwordChangedAt ?? 0) / 1_000) ? undefined : user.id
  }
  return undefined
}
