import { openEnrolment } from '#engine/journeys/add-method.ts'
import { type Journey, openJourney } from '#engine/journeys/journey.ts'
import type { Answer, Exchange } from '#http/route.ts'
import { asId, type TenantId, type UserId } from '#model/ids.ts'
import type { Proof } from '#model/proof.ts'
import type { User } from '#model/user.ts'
import type { RefreshPayload } from '#oidc/artifacts.ts'
import { type AccessClaims, readBearer, verifyAccessToken } from '#oidc/tokens.ts'
import type { Store } from '#ports/store.ts'
import type { Call } from './call.ts'
import { type Dialect, issuerOf, ownAudience } from './dialect.ts'
import { wishOf } from './issue-tokens.ts'
import { errors, fail, refuse } from './wire.ts'

/** Whom an access token signs in, and what it says. */
export interface Known {
  readonly user: User
  readonly claims: AccessClaims
}

/**
 * Reads the access token of a call to this server itself: no API's token, since that is also in the API's hands, and none
 * that is bound to a key. Undefined: there is none, or nobody stands behind it.
 */
export async function bearerOf({ engine, keys }: Dialect, exchange: Exchange): Promise<Known | undefined> {
  const { store, clock } = engine.parts
  const header = readBearer(exchange.headers.authorization)
  if (header?.scheme !== 'Bearer') return undefined
  const tenant = exchange.tenant.id
  const audience = ownAudience(exchange)
  const question = { tenant, issuer: issuerOf(exchange), token: header.token, audience, now: clock.now() }
  const claims = await verifyAccessToken({ store, keys }, question)
  if (claims === undefined || claims.audience.length !== 1 || claims.jkt !== undefined) return undefined
  const user = await store.get('users', tenant, claims.user ?? claims.subject)
  return user === undefined || user.blocked ? undefined : { user, claims }
}

/**
 * Starts to add a method for whoever the access token signs in: a token of this client. What its session proved, and when, decides whether more is asked first
 * (operating.md §6.5); a refresh has made none of it younger.
 */
export async function bearerStart(call: Call): Promise<{ readonly journey: Journey } | Answer> {
  const { exchange, caller, ids } = call
  const { parts } = call.dialect.engine
  const known = await bearerOf(call.dialect, exchange)
  if (known === undefined || known.claims.client !== caller.application.id) return fail(ids, errors.badBearer)
  const { user, claims } = known
  const proofs = await proofsOf(parts.store, exchange.tenant.id, claims.grantId)
  const state = { user: user.id, login: user.email, adds: true }
  const begun = await openJourney(parts, caller, { kind: 'add-method', phase: 'first', state })
  const wish = wishOf('continuation_token', { names: ['openid', 'profile', 'offline_access'] }, undefined)
  const opened = await openEnrolment(parts, { caller, journey: begun, user: asId<UserId>(user.id), proofs, wish })
  return opened.no === undefined ? { journey: opened.yes } : refuse(ids, opened)
}

/** What the session behind a family of tokens has proved. */
async function proofsOf(store: Store, tenant: TenantId, family: string | undefined): Promise<readonly Proof[]> {
  if (family === undefined) return []
  const rows = await store.list('artifacts', tenant, { by: { index: 'grant', value: family }, limit: 1_000 })
  const tokens = rows.filter((it) => it.model === 'RefreshToken').map((it) => it.payload as unknown as RefreshPayload)
  const newest = tokens.sort((a, b) => (b.rotations ?? 0) - (a.rotations ?? 0))[0]
  return (newest?.proofs ?? []) as readonly Proof[]
}
