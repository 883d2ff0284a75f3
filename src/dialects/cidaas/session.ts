import { tokenDigest } from '#crypto/digest.ts'
import type { Exchange } from '#http/route.ts'
import type { Artifact } from '#model/artifact.ts'
import { asId, type UserId } from '#model/ids.ts'
import type { Proof } from '#model/proof.ts'
import type { LiveSession } from '#oidc/browser-sessions.ts'
import { insert, put, row, type Write } from '#ports/store.ts'
import { cookie, readCookie } from './cookies.ts'
import type { Dialect } from './dialect.ts'
import { sharedSid } from './shared-session.ts'
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
  /** Epoch ms of the last use. */
  readonly seenAt: number
  /** Present: it is shared with our hosted pages, and over when that session is. */
  readonly seed?: string
}

/** A session of a request, alive. */
export interface Here extends Session {
  /** The shared session behind it. */
  readonly live?: LiveSession
}

export const sessionModel = 'CidaasSession'
const model = sessionModel
/** Overall life of a session, s (security contract part 1). */
export const sessionLifetime = 86_400
/** Without use it ends after an hour; use is noted at most once a minute (S-127). ms. */
const idle = 3_600_000
const noteEvery = 60_000

const rowId = (value: string): string => `${model}:${tokenDigest(value)}`

/** The row id of the session a browser shows, alive or not. */
export function sessionId(exchange: Exchange): string | undefined {
  const value = readCookie(exchange, 'cidaas_sso')
  return value === undefined ? undefined : rowId(value)
}

/**
 * The session of this browser: this dialect's own, else the one of our hosted pages. `client`: for whom, since `sid` names
 * a shared session to one application alone.
 */
export async function sessionHere(dialect: Dialect, exchange: Exchange, client: string): Promise<Here | undefined> {
  const own = await readSession(dialect, exchange)
  if (own?.seed === undefined && own !== undefined) return own
  const live = own?.live ?? (await dialect.oidc.sessions.live(exchange))
  if (live === undefined) return undefined
  const { id, user, proofs, createdAt, seenAt, seed } = live
  const shared = { id: own?.id ?? id, user, proofs, startedAt: createdAt, seenAt, seed, live }
  return { ...shared, identifier: own?.identifier ?? 'email', sid: sharedSid(seed, client) }
}

/** The session this dialect's own cookie names. One that is shared ends with the one it is shared with. */
export async function readSession(dialect: Dialect, exchange: Exchange): Promise<Here | undefined> {
  const own = await readOwn(dialect, exchange)
  if (own?.seed === undefined) return own
  const live = await dialect.oidc.sessions.live(exchange)
  if (live === undefined || live.seed !== own.seed || live.user !== own.user) return undefined
  return { ...own, proofs: live.proofs, live }
}

async function readOwn({ engine }: Dialect, exchange: Exchange): Promise<Session | undefined> {
  const id = sessionId(exchange)
  const found = id && (await engine.parts.store.get('artifacts', exchange.tenant.id, id))
  if (!found || (found.expiresAt ?? 0) <= engine.parts.clock.now() || found.user === undefined) return undefined
  const payload = found.payload as unknown as Omit<Session, 'id' | 'user'>
  const unused = engine.parts.clock.now() - payload.seenAt
  if (unused > idle) return undefined
  if (unused >= noteEvery) await noteUse(engine, exchange, found.id)
  return { ...payload, id: found.id, user: asId<UserId>(found.user) }
}

async function noteUse({ parts }: Dialect['engine'], { tenant }: Exchange, id: string): Promise<void> {
  await parts.store.change({ it: row('artifacts', tenant.id, id) }, ({ it }) => ({
    result: undefined,
    writes: it ? [put('artifacts', { ...it, payload: { ...it.payload, seenAt: parts.clock.now() } })] : [],
  }))
}

/** A new session under a new value: the state before is another object (S-125). */
export function newSession(
  { engine }: Dialect,
  exchange: Exchange,
  it: Omit<Session, 'id' | 'seenAt'>,
): { readonly write: Write; readonly cookie: string } {
  const { random, clock } = engine.parts
  const value = random.token()
  const { user, ...rest } = it
  const payload = { ...rest, seenAt: clock.now(), userAgent: exchange.userAgent.slice(0, 300) }
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
