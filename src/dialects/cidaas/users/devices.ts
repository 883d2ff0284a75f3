import { tokenDigest } from '#crypto/digest.ts'
import { audit } from '#engine/events.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Artifact } from '#model/artifact.ts'
import type { UserId } from '#model/ids.ts'
import type { Dialect } from '../dialect.ts'
import { endLogin } from '../front/end-session.ts'
import { sessionModel } from '../session.ts'
import { managerOf } from '../setup/manager.ts'
import { iso, nothing, ok } from '../wire.ts'

/** How a session is named in lists; its row id stays inside. */
const publicId = (it: Artifact): string => tokenDigest(`device ${it.id}`)

async function sessionsOf({ engine }: Dialect, { tenant }: Exchange, user: UserId): Promise<readonly Artifact[]> {
  const by = { index: 'user', value: user } as const
  const all = await engine.parts.store.list('artifacts', tenant.id, { by, limit: 1_000 })
  const now = engine.parts.clock.now()
  return all.filter((it) => it.model === sessionModel && (it.expiresAt ?? 0) > now)
}

/** `GET /device-srv/devices`: the browsers somebody is signed in to (cidaas.md §6.4). */
export async function devices(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const manager = await managerOf(dialect, exchange)
  if ('status' in manager) return manager
  const found = await sessionsOf(dialect, exchange, manager.user.id)
  return ok(
    found.map((it) => ({
      device_id: publicId(it),
      sub: manager.user.id,
      userAgent: String(it.payload.userAgent ?? ''),
      createdTime: iso(Number(it.payload.startedAt)),
      updatedTime: iso(Number(it.payload.seenAt)),
    })),
  )
}

/** `DELETE /device-srv/device/:device_id`: signs one of one's own browsers out, with the tokens it was given (S-128). */
export async function removeDevice(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const manager = await managerOf(dialect, exchange)
  if ('status' in manager) return manager
  const { user, caller } = manager
  const found = await sessionsOf(dialect, exchange, user.id)
  const gone = found.find((it) => publicId(it) === exchange.params.device_id)
  if (gone === undefined) return nothing
  await endLogin(dialect, exchange.tenant.id, user.id, String(gone.payload.sid))
  const { parts } = dialect.engine
  const event = audit(parts, caller, 'session.ended', { user: user.id })
  await parts.store.change({}, () => ({ result: undefined, writes: [event] }))
  return ok({ removed: true })
}
