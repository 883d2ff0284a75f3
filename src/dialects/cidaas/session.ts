import { tokenDigest } from '#crypto/digest.ts'
import type { Exchange } from '#http/route.ts'
import type { Artifact } from '#model/artifact.ts'
import { asId, type UserId } from '#model/ids.ts'
import type { Proof } from '#model/proof.ts'
import { insert, type Write } from '#ports/store.ts'
import { cookie, readCookie } from './cookies.ts'
import type { Dialect } from './dialect.ts'
import type { Identifier } from './words.ts'

/** A browser that is signed in: single sign-on for the tenant's applications. */
export interface Session {
  /** Row id; the cookie's value is nowhere kept (S-35). */
  readonly id: string
  readonly user: UserId
  readonly proofs: readonly Proof[]
  readonly identifier: Identifier
  /** `sid` of the tokens it gives. */
  readonly sid: string
  /** Epoch ms of the login. */
  readonly startedAt: number
}

const model = 'CidaasSession'
/** Overall life of a session, s (security contract part 1). */
export const sessionLifetime = 86_400

const rowId = (value: string): string => `${model}:${tokenDigest(value)}`

/** The row id of the session a browser shows, alive or not. */
export function sessionId(exchange: Exchange): string | undefined {
  const value = readCookie(exchange, 'cidaas_sso')
  return value === undefined ? undefined : rowId(value)
}

export async function readSession({ engine }: Dialect, exchange: Exchange): Promise<Session | undefined> {
  const id = sessionId(exchange)
  const found = id && (await engine.parts.store.get('artifacts', exchange.tenant.id, id))
  if (!found || (found.expiresAt ?? 0) <= engine.parts.clock.now() || found.user === undefined) return undefined
  const payload = found.payload as unknown as Omit<Session, 'id' | 'user'>
  return { ...payload, id: found.id, user: asId<UserId>(found.user) }
}

/** A new session under a new value: the state before is another object (S-125). */
export function newSession(
  { engine }: Dialect,
  exchange: Exchange,
  it: Omit<Session, 'id'>,
): { readonly write: Write; readonly cookie: string } {
  const { random, clock } = engine.parts
  const value = random.token()
  const { user, ...payload } = it
  const kept: Artifact = {
    tenant: exchange.tenant.id,
    id: rowId(value),
    model,
    payload,
    user,
    expiresAt: clock.now() + sessionLifetime * 1_000,
  }
  return { write: insert('artifacts', kept), cookie: cookie(exchange, 'cidaas_sso', value, sessionLifetime) }
}
