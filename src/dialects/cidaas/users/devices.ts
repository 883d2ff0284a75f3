import { tokenDigest } from '#crypto/digest.ts'
import { audit } from '#engine/events.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { UserId } from '#model/ids.ts'
import { remove } from '#ports/store.ts'
import type { Dialect } from '../dialect.ts'
import { endLogin } from '../front/end-session.ts'
import { sessionModel } from '../session.ts'
import { managerOf } from '../setup/manager.ts'
import { sharedSid } from '../shared-session.ts'
import { iso, nothing, ok } from '../wire.ts'

/** A browser somebody is signed in to. */
interface SignedIn {
  /** How it is named in lists; row ids stay inside. */
  readonly id: string
  readonly row: string
  readonly userAgent: string
  readonly startedAt: number
  readonly seenAt: number
  /** The ids its tokens carry. */
  readonly sids: readonly string[]
  /** The session of our hosted pages, where it is that or is shared with it. */
  readonly hosted?: string
}

const publicId = (row: string): string => tokenDigest(`device ${row}`)

async function sessionsOf({ engine, oidc }: Dialect, { tenant }: Exchange, user: UserId): Promise<readonly SignedIn[]> {
  const by = { index: 'user', value: user } as const
  const all = await engine.parts.store.list('artifacts', tenant.id, { by, limit: 1_000 })
  const now = engine.parts.clock.now()
  const hosted = (await oidc.sessions.list(tenant.id, user)).map((it) => ({
    id: publicId(it.id),
    row: it.id,
    userAgent: it.userAgent,
    startedAt: it.createdAt,
    seenAt: it.seenAt,
    sids: it.applications.map((application) => sharedSid(it.seed, application)),
    hosted: it.id,
  }))
  const own = all
    .filter((it) => it.model === sessionModel && (it.expiresAt ?? 0) > now && it.payload.seed === undefined)
    .map((it) => ({
      id: publicId(it.id),
      row: it.id,
      userAgent: String(it.payload.userAgent ?? ''),
      startedAt: Number(it.payload.startedAt),
      seenAt: Number(it.payload.seenAt),
      sids: [String(it.payload.sid)],
    }))
  return [...own, ...hosted]
}

/** `GET /device-srv/devices`: the browsers somebody is signed in to (cidaas.md §6.4). */
export async function devices(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const manager = await managerOf(dialect, exchange)
  if ('status' in manager) return manager
  const found = await sessionsOf(dialect, exchange, manager.user.id)
  return ok(
    found.map(({ id, userAgent, startedAt, seenAt }) => ({
      device_id: id,
      sub: manager.user.id,
      userAgent,
      createdTime: iso(startedAt),
      updatedTime: iso(seenAt),
    })),
  )
}

/** `DELETE /device-srv/device/:device_id`: signs one of one's own browsers out, with the tokens it was given (S-128). */
export async function removeDevice(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const manager = await managerOf(dialect, exchange)
  if ('status' in manager) return manager
  const { user, caller } = manager
  const found = await sessionsOf(dialect, exchange, user.id)
  const gone = found.find((it) => it.id === exchange.params.device_id)
  if (gone === undefined) return nothing
  const { parts } = dialect.engine
  for (const sid of gone.sids) await endLogin(dialect, exchange.tenant.id, user.id, sid)
  if (gone.hosted !== undefined) {
    await dialect.oidc.sessions.end(parts, caller, user.id, gone.hosted)
    return ok({ removed: true })
  }
  const event = audit(parts, caller, 'session.ended', { user: user.id })
  await parts.store.change({}, () => ({
    result: undefined,
    writes: [remove('artifacts', exchange.tenant.id, gone.row), event],
  }))
  return ok({ removed: true })
}
