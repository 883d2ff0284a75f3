import { listAuthenticators } from '#engine/authenticators.ts'
import { limits } from '#engine/limits.ts'
import { listTrustedDevices } from '#engine/trusted-devices.ts'
import type { Answer } from '#http/route.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { AuditEvent } from '#model/event.ts'
import { csrfToken } from '../guard.ts'
import { portalId } from '../hosted.ts'
import type { Account } from '../schemas.ts'
import { maskedTarget, offersOf, shownTraits } from '../shown.ts'
import { noStore } from '../wire.ts'
import { type Call, csrfFor, isFresh } from './call.ts'

/** How many rows of recent activity are shown. */
const recent = 50

/** `GET /u/api/account`: everything the portal shows, in one answer. */
export async function overview(call: Call): Promise<Answer> {
  const { hosted, exchange, user, session, cookie } = call
  const { parts } = hosted.engine
  const tenant = exchange.tenant.id
  const by = { index: 'user', value: user.id } as const
  const [authenticators, devices, sessions, events, fresh, names] = await Promise.all([
    listAuthenticators(parts, tenant, user.id),
    listTrustedDevices(parts, tenant, user.id),
    hosted.oidc.sessions.list(tenant, user.id),
    parts.store.list('events', tenant, { by, limit: recent, descending: true }),
    isFresh(call),
    applicationNames(call),
  ])
  const saved = authenticators.find((it) => it.state === 'confirmed' && isSaved(call, it))
  const body: Account = {
    csrf: csrfToken(parts.keyring, exchange, cookie, csrfFor),
    tenant: { id: tenant, name: exchange.tenant.name },
    user: {
      id: user.id,
      emailVerified: user.emailVerified,
      hasPassword: user.passwordHash !== undefined,
      ...defined({ name: user.name, email: user.email, phoneNumber: user.phoneNumber }),
    },
    ...(fresh ? { freshUntil: freshUntil(call) } : {}),
    factors: authenticators.filter((it) => !isSaved(call, it)).flatMap((it) => shownFactor(call, it)),
    offers: [...offersOf(exchange.tenant, parts.factors, parts.channels)],
    recovery: { available: saved !== undefined, ...defined({ createdAt: saved?.confirmedAt ?? saved?.createdAt }) },
    devices: devices.map(({ id, createdAt, lastUsedAt, expiresAt, userAgent, address, client, name }) => ({
      id,
      createdAt,
      lastUsedAt,
      expiresAt,
      userAgent,
      address,
      application: names(client),
      ...defined({ name }),
    })),
    sessions: sessions.map(({ id, createdAt, seenAt, userAgent, address, amr, applications }) => ({
      id,
      current: id === session.id,
      createdAt,
      seenAt,
      userAgent,
      address,
      amr: [...amr],
      applications: applications.map(names),
    })),
    activity: events.filter((it) => it.actor !== 'system').map((it) => shownEvent(it, names)),
  }
  return { status: 200, headers: noStore, body }
}

const isSaved = ({ hosted }: Call, it: Authenticator): boolean =>
  hosted.engine.parts.factors.get(it.factor)?.traits.proof === 'lookup'

function shownFactor({ hosted }: Call, it: Authenticator): Account['factors'] {
  const factor = hosted.engine.parts.factors.get(it.factor)
  if (factor === undefined) return []
  const { id, state, createdAt, lastUsedAt, name, target } = it
  return [
    {
      id,
      factor: it.factor,
      traits: shownTraits(factor.traits),
      state,
      weak: it.weak === true,
      createdAt,
      ...defined({ lastUsedAt, name }),
      ...(target === undefined ? {} : { target: maskedTarget(factor.traits, target) }),
    },
  ]
}

/** Until when the proofs of the session are fresh, at least: the oldest of those that are. */
function freshUntil({ hosted, session }: Call): number {
  const life = limits.freshProof * 1_000
  const now = hosted.engine.parts.clock.now()
  return Math.min(...session.proofs.map((it) => it.at).filter((at) => now - at <= life)) + life
}

async function applicationNames({ hosted, exchange }: Call): Promise<(id: string) => string> {
  const all = await hosted.engine.parts.store.list('applications', exchange.tenant.id, { limit: 1_000 })
  const names = new Map(all.map((it) => [it.id as string, it.name]))
  return (id) => (id === portalId ? exchange.tenant.name : (names.get(id) ?? id))
}

function shownEvent(it: AuditEvent, names: (id: string) => string): Account['activity'][number] {
  const { id, at, type, outcome, factor, ip, client } = it
  const rules = type === 'login.risk' ? it.details?.rules : undefined
  return {
    id,
    at,
    type,
    outcome,
    ...defined({ factor, address: ip }),
    ...(client === undefined ? {} : { application: names(client) }),
    ...(typeof rules === 'string' ? { reasons: rules.split(' ') } : {}),
  }
}

/** The members that have a value. */
function defined<T extends Readonly<Record<string, unknown>>>(it: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(it).filter(([, value]) => value !== undefined)) as never
}
