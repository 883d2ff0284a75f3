import type { Payload } from 'oidc-provider/lib/provider.js'
import { sameSecret, tokenDigest } from '#crypto/digest.ts'
import { audit } from '#engine/events.ts'
import type { Caller, Parts } from '#engine/parts.ts'
import { type KnownAs, logoutMessages } from '#engine/session-ends.ts'
import type { Exchange } from '#http/route.ts'
import type { Artifact } from '#model/artifact.ts'
import { asId, type TenantId, type UserId } from '#model/ids.ts'
import type { Assurance, Proof } from '#model/proof.ts'
import type { Clock } from '#ports/clock.ts'
import type { Keyring } from '#ports/keyring.ts'
import type { Random } from '#ports/random.ts'
import { type Decision, put, remove, row, rows, type Store, upsert } from '#ports/store.ts'
import { openPayload, sealPayload } from './adapter.ts'
import { artifactId } from './artifacts.ts'
import { readCookie, setCookie } from './cookies.ts'

const model = 'BrowserSession'
/** Session: 24 h from the login however much it is used, and an hour without use (security.md part 1). ms. */
export const sessionOverall = 24 * 3_600_000
export const sessionIdle = 3_600_000
/** Use is noted at most so often, ms. */
const noteEvery = 60_000

export interface SessionParts {
  readonly store: Store
  readonly keyring: Keyring
  readonly clock: Clock
  readonly random: Random
  /** Called after a commit that queued messages to applications. */
  readonly nudge?: () => void
}

/** A person signed in to one browser: what was proved, and from where. */
export interface BrowserSession {
  /** Row id; names the session in lists. Not a secret. */
  readonly id: string
  readonly user: UserId
  /** First factor first. */
  readonly proofs: readonly Proof[]
  /** Epoch ms. */
  readonly createdAt: number
  readonly seenAt: number
  readonly userAgent: string
  readonly address: string
  readonly amr: readonly string[]
  /** Row of the remembered device that spared the second factor at the login. */
  readonly device?: string
  /** Applications that were given codes on it. */
  readonly applications: readonly string[]
  /** What the session ids in tokens are made from; the same for as long as a person stays signed in. */
  readonly seed: string
  /** How each application knows issuer and person. */
  readonly known: Readonly<Record<string, KnownAs>>
}

interface SessionPayload extends Omit<BrowserSession, 'id' | 'user'> {
  /** ms without use after which it is over. */
  readonly idle: number
  /** Digest of the cookie that changes need beside the session's. */
  readonly account: string
}

/** What a login or step-up leaves for the session it happens in. */
export interface SignedInHere {
  readonly user: UserId
  readonly proofs: readonly Proof[]
  readonly assurance: Assurance
  readonly device?: string
  readonly userAgent: string
  readonly address: string
}

/** The session of a request, alive. */
export interface LiveSession extends BrowserSession {
  /** The library's name of it. */
  readonly uid: string
  /** Bearer value of the cookie. */
  readonly cookie: string
}

export interface BrowserSessions {
  /** The session the cookie names, if it is within its bounds; using it keeps it from going idle. */
  live(exchange: Exchange): Promise<LiveSession | undefined>
  /** Whether the cookie names a session of nobody, in which the library keeps the tokens of its own forms. */
  anonymous(exchange: Exchange): Promise<boolean>
  /** Whether the request also has the cookie no other site can make the browser send (S-130). */
  holdsAccount(exchange: Exchange, session: Pick<BrowserSession, 'id'>): Promise<boolean>
  /** Writes what a session rests on; answers the cookie that belongs beside it. */
  keep(exchange: Exchange, uid: string, it: SignedInHere): Promise<readonly string[]>
  /** Begins a session of its own; answers its cookies. `carried`: what it is known by already, if it is. */
  begin(exchange: Exchange, it: SignedInHere, carried?: Carried): Promise<readonly string[]>
  /** A session with more rights in the place of this one, under a new id (S-125). */
  renew(exchange: Exchange, session: LiveSession, it: SignedInHere): Promise<readonly string[]>
  read(tenant: TenantId, uid: string): Promise<BrowserSession | undefined>
  /** Notes that an application was given a code. */
  noteApplication(tenant: TenantId, uid: string, application: string, as: KnownAs): Promise<void>
  list(tenant: TenantId, user: UserId): Promise<readonly BrowserSession[]>
  /** Ends a session of this user at its next request (S-128); false when it is not theirs. */
  end(parts: Parts, caller: Caller, user: UserId, id: string): Promise<boolean>
  /** Ends the session of this browser; answers the lines that take its cookies back. */
  endHere(exchange: Exchange, session: LiveSession | undefined): Promise<readonly string[]>
}

/** What goes over from a session to the one in its place. */
export type Carried = Pick<BrowserSession, 'applications' | 'seed' | 'known'>

const rowId = (uid: string): string => `${model}:${tokenDigest(uid)}`

/** Sessions of browsers, beside the library's own rows: bounds, proofs, lists and revocation are ours. */
export function createSessions(parts: SessionParts): BrowserSessions {
  const { store, clock, random } = parts

  function alive(found: Artifact | undefined): BrowserSession | undefined {
    if (found === undefined || found.model !== model || found.user === undefined) return undefined
    const { account: _account, idle, ...payload } = payloadOf(found)
    const now = clock.now()
    if ((found.expiresAt ?? 0) <= now || now - payload.seenAt > idle) return undefined
    return { ...payload, id: found.id, user: asId<UserId>(found.user) }
  }

  /** What the library keeps under the cookie of a request. */
  async function libraryRow(
    exchange: Exchange,
  ): Promise<{ readonly cookie: string; readonly payload: Payload } | undefined> {
    const cookie = readCookie(exchange, 'session')
    if (cookie === undefined) return undefined
    const tenant = exchange.tenant.id
    const stored = await store.get('artifacts', tenant, artifactId('Session', cookie))
    if (stored === undefined || stored.model !== 'Session' || (stored.expiresAt ?? 0) <= clock.now()) return undefined
    return { cookie, payload: openPayload({ keyring: parts.keyring, tenant }, stored) }
  }

  async function read(tenant: TenantId, uid: string): Promise<BrowserSession | undefined> {
    return alive(await store.get('artifacts', tenant, rowId(uid)))
  }

  async function touch(tenant: TenantId, session: BrowserSession, address: string): Promise<void> {
    const now = clock.now()
    if (now - session.seenAt < noteEvery) return
    await store.change({ it: row('artifacts', tenant, session.id) }, ({ it }): Decision<undefined> => {
      if (it === undefined) return { result: undefined }
      const payload = { ...it.payload, seenAt: now, address }
      return { result: undefined, writes: [put('artifacts', { ...it, payload })] }
    })
  }

  async function keep(
    exchange: Exchange,
    uid: string,
    it: SignedInHere,
    carried?: Carried,
  ): Promise<readonly string[]> {
    const tenant = exchange.tenant.id
    const account = random.token()
    const seed = random.token()
    await store.change({ old: row('artifacts', tenant, rowId(uid)) }, ({ old }): Decision<undefined> => {
      const before = carried ?? (old !== undefined && old.user === it.user ? payloadOf(old) : undefined)
      const now = clock.now()
      // Counted from the first factor: a step-up adds to a login and does not lengthen its life.
      const createdAt = it.proofs[0]?.at ?? now
      const { sessionIdleSeconds, sessionSeconds } = exchange.tenant.limits ?? {}
      const overall = sessionSeconds === undefined ? sessionOverall : sessionSeconds * 1_000
      const payload: SessionPayload = {
        idle: sessionIdleSeconds === undefined ? sessionIdle : sessionIdleSeconds * 1_000,
        proofs: it.proofs,
        createdAt,
        seenAt: now,
        userAgent: it.userAgent.slice(0, 300),
        address: it.address,
        amr: it.assurance.amr,
        applications: before?.applications ?? [],
        seed: before?.seed ?? seed,
        known: before?.known ?? {},
        account: tokenDigest(account),
        ...(it.device === undefined ? {} : { device: it.device }),
      }
      const expiresAt = createdAt + overall
      const session: Artifact = { tenant, id: rowId(uid), model, user: it.user, payload: { ...payload }, expiresAt }
      return { result: undefined, writes: [upsert('artifacts', session)] }
    })
    return [setCookie(exchange, 'account', account, sessionOverall / 1_000)]
  }

  async function begin(exchange: Exchange, it: SignedInHere, carried?: Carried): Promise<readonly string[]> {
    const tenant = exchange.tenant.id
    const uid = random.token()
    const cookie = random.token()
    const id = artifactId('Session', cookie)
    const now = Math.floor(clock.now() / 1_000)
    const lifetime = sessionOverall / 1_000
    const { acr, amr, authTime } = it.assurance
    const payload: Payload = {
      kind: 'Session',
      iat: now,
      exp: now + lifetime,
      uid,
      jti: cookie,
      accountId: it.user,
      loginTs: authTime,
      acr,
      amr: [...amr],
    }
    const session: Artifact = {
      tenant,
      id,
      model: 'Session',
      uid,
      user: it.user,
      payload: sealPayload({ keyring: parts.keyring, tenant }, id, payload),
      expiresAt: (now + lifetime) * 1_000,
    }
    await store.change({}, () => ({ result: undefined, writes: [upsert('artifacts', session)] }))
    return [setCookie(exchange, 'session', cookie, lifetime), ...(await keep(exchange, uid, it, carried))]
  }

  /** Takes a session away, its applications told where it ends and does not go on under another id. */
  async function drop(exchange: Exchange, session: LiveSession | undefined, ends: boolean): Promise<readonly string[]> {
    const tenant = exchange.tenant.id
    const cookie = readCookie(exchange, 'session')
    const gone = [
      ...(cookie === undefined ? [] : [remove('artifacts', tenant, artifactId('Session', cookie))]),
      ...(session === undefined ? [] : [remove('artifacts', tenant, session.id)]),
    ]
    if (gone.length > 0) {
      const refs = {
        own: row('artifacts', tenant, session?.id ?? ''),
        by: rows('artifacts', 'uid', tenant, session?.uid ?? ''),
      }
      await store.change(refs, ({ own, by }) => ({
        result: undefined,
        writes: [
          ...gone,
          ...by.map((it) => remove('artifacts', tenant, it.id)),
          ...(ends && own ? logoutMessages(parts, [own]) : []),
        ],
      }))
      if (ends) parts.nudge?.()
    }
    return [setCookie(exchange, 'session', '', 0), setCookie(exchange, 'account', '', 0)]
  }

  return {
    read,
    keep: (exchange, uid, it) => keep(exchange, uid, it),
    async live(exchange) {
      const tenant = exchange.tenant.id
      const stored = await libraryRow(exchange)
      if (stored === undefined) return undefined
      const { uid, accountId } = stored.payload
      if (typeof uid !== 'string') return undefined
      const session = await read(tenant, uid)
      if (session === undefined || session.user !== accountId) return undefined
      await touch(tenant, session, exchange.address)
      return { ...session, uid, cookie: stored.cookie }
    },
    async anonymous(exchange) {
      const stored = await libraryRow(exchange)
      return stored !== undefined && stored.payload.accountId === undefined
    },
    async holdsAccount(exchange, session) {
      const cookie = readCookie(exchange, 'account')
      const found = await store.get('artifacts', exchange.tenant.id, session.id)
      return cookie !== undefined && found !== undefined && sameSecret(tokenDigest(cookie), payloadOf(found).account)
    },
    begin: (exchange, it, carried) => begin(exchange, it, carried),
    async renew(exchange, session, it) {
      await drop(exchange, session, false)
      return await begin(exchange, it, session)
    },
    async noteApplication(tenant, uid, application, as) {
      await store.change({ it: row('artifacts', tenant, rowId(uid)) }, ({ it }): Decision<undefined> => {
        const known = it && payloadOf(it).applications
        if (it === undefined || known === undefined || known.includes(application)) return { result: undefined }
        const all = { ...payloadOf(it).known, [application]: as }
        const payload = { ...it.payload, applications: [...known, application].slice(-50), known: all }
        return { result: undefined, writes: [put('artifacts', { ...it, payload })] }
      })
    },
    async list(tenant, user) {
      const all = await store.list('artifacts', tenant, { by: { index: 'user', value: user }, limit: 1_000 })
      return all
        .map(alive)
        .filter((it) => it !== undefined)
        .sort((a, b) => b.seenAt - a.seenAt)
    },
    async end(engine, caller, user, id) {
      const tenant = caller.tenant.id
      const refs = { it: row('artifacts', tenant, id) }
      const gone = await store.change(refs, ({ it }): Decision<boolean> => {
        if (it === undefined || it.model !== model || it.user !== user) return { result: false }
        return {
          result: true,
          writes: [
            remove('artifacts', tenant, id),
            audit(engine, caller, 'session.ended', { user }),
            ...logoutMessages(parts, [it]),
          ],
        }
      })
      if (gone) parts.nudge?.()
      return gone
    },
    async endHere(exchange, session) {
      return await drop(exchange, session, true)
    },
  }
}

const payloadOf = (found: Artifact): SessionPayload => found.payload as unknown as SessionPayload
