import { findByLogin } from '#engine/accounts/find.ts'
import { listAuthenticators } from '#engine/authenticators.ts'
import { type EventFields, type EventType, systemAudit } from '#engine/events.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { Outcome } from '#model/outcome.ts'
import type { User } from '#model/user.ts'
import type { Write } from '#ports/store.ts'
import { bearerOf } from '../bearer.ts'
import { type Dialect, dialectName } from '../dialect.ts'
import { administratorOf } from './access.ts'

/** Native authentication beside its administration. */
export interface GraphOptions extends Dialect {
  /** Digest of the token that may do everything here, as in the admin API. */
  readonly adminTokenDigest: string
}

/** An operator's call about one user's methods. */
export interface GraphCall {
  readonly dialect: GraphOptions
  readonly exchange: Exchange
  readonly user: User
  /** Confirmed and disabled ones, oldest first. */
  readonly held: readonly Authenticator[]
  event(type: EventType, fields?: EventFields): Write
}

export type GraphHandler = (call: GraphCall) => Promise<Answer>

/** An error as Graph writes it. */
export function graphError(
  exchange: Pick<Exchange, 'requestId'>,
  status: number,
  code: string,
  message: string,
): Answer {
  const innerError = { 'request-id': exchange.requestId, 'client-request-id': exchange.requestId }
  return { status, body: { error: { code, message, innerError } } }
}

export const notFound = ({ exchange }: Pick<GraphCall, 'exchange'>): Answer =>
  graphError(exchange, 404, 'itemNotFound', 'The method or the user was not found.')

/** A refusal of the engine in Graph's words; only what an administrator can cause has a text of its own. */
export function refused({ exchange }: GraphCall, outcome: Outcome<unknown>): Answer {
  const text = texts[outcome.no ?? ''] ?? 'The request cannot be carried out.'
  if (outcome.no === 'authenticator-unknown') return notFound({ exchange })
  return graphError(exchange, 400, 'badRequest', text)
}

const texts: Readonly<Record<string, string>> = {
  'bad-address': 'The number or address is not valid.',
  'bad-secret': 'The secret is no base32 text, or shorter than 128 bits.',
  'blocked-by-admin': 'Numbers of this region are not enabled in the tenant.',
  'blocked-by-reputation': 'The number is blocked.',
  'already-enrolled': 'The user has this method already.',
  'limit-reached': 'The user has too many methods.',
  'factor-unknown': 'Methods of this kind are not available.',
}

/** Confirmed and disabled methods of a user, oldest first. */
async function heldBy({ engine }: Dialect, { tenant }: Exchange, user: User): Promise<readonly Authenticator[]> {
  const all = await listAuthenticators(engine.parts, tenant.id, user.id)
  return all.filter((it) => it.state !== 'pending')
}

const unauthorised = (exchange: Exchange): Answer => ({
  ...graphError(exchange, 401, 'InvalidAuthenticationToken', 'The access token is missing or not valid.'),
  headers: { 'www-authenticate': 'Bearer' },
})

/** A call about whoever the access token signs in. */
export type OwnCall = Pick<GraphCall, 'dialect' | 'user' | 'held'>

/** Lets a signed-in user in, with an access token of this dialect that is for no API. */
export const ownOnly =
  (dialect: GraphOptions, handle: (call: OwnCall) => Answer) =>
  async (exchange: Exchange): Promise<Answer> => {
    const known = await bearerOf(dialect, exchange)
    if (known === undefined) return unauthorised(exchange)
    const answer = handle({ dialect, user: known.user, held: await heldBy(dialect, exchange, known.user) })
    return { ...answer, headers: { 'cache-control': 'no-store' } }
  }

/** Lets administrators in, by the admin token or one of these permissions, and finds the user by id, e-mail address or user name. */
export const guarded =
  (dialect: GraphOptions, permissions: readonly string[], handle: GraphHandler) =>
  async (exchange: Exchange): Promise<Answer> => {
    const administrator = await administratorOf(dialect, exchange, permissions)
    if (administrator === 'nobody') return unauthorised(exchange)
    if (administrator === 'not-allowed') {
      const text = 'Insufficient privileges to complete the operation.'
      return graphError(exchange, 403, 'Authorization_RequestDenied', text)
    }
    const { parts } = dialect.engine
    const { tenant, params } = exchange
    const name = params.user ?? ''
    const user = (await parts.store.get('users', tenant.id, name)) ?? (await findByLogin(parts.store, tenant.id, name))
    if (user === undefined) return notFound({ exchange })
    const held = await heldBy(dialect, exchange, user)
    const fixed = {
      ...administrator,
      dialect: dialectName,
      ip: exchange.address,
      correlation: exchange.requestId,
    } as const
    const event = (type: EventType, fields: EventFields = {}) =>
      systemAudit(parts, tenant.id, type, { ...fixed, user: user.id, ...fields })
    return await handle({ dialect, exchange, user, held, event })
  }
