import { listAuthenticators, removeAuthenticator } from '#engine/authenticators.ts'
import { flowUser } from '#engine/flow.ts'
import { waysOf } from '#engine/policy/ways.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { Factor } from '#ports/factor.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { bearerTable, noStore, oauthError, refuse } from '../wire.ts'
import { authenticatorType, channelWord, deviceId, maskedName, parseDeviceId, typeWord } from '../words.ts'
import { readBearerOf } from './bearer.ts'

/** `GET /mfa/authenticators`: a bare array, pending ones too, a phone once for each way to reach it (auth0.md §3.2). */
export async function list(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const { parts } = dialect.engine
  const bearer = await readBearerOf(dialect, exchange)
  if (bearer.no !== undefined) return refuse(bearerTable, bearer, parts)
  const { flow, scope } = bearer.yes
  if (flow.by === 'token' && !scope.includes('read:authenticators')) {
    return oauthError(403, 'insufficient_scope', 'Insufficient scope, expected: read:authenticators')
  }
  const own = await listAuthenticators(parts, exchange.tenant.id, flowUser(flow))
  const body = own.flatMap((it) => waysOf(it, exchange.tenant, parts.factors).map((factor) => entry(it, factor)))
  return { status: 200, body, headers: noStore }
}

function entry(it: Authenticator, factor: Factor): object {
  const { traits } = factor
  const type = authenticatorType(traits)
  const channel = type === 'oob' ? { oob_channel: channelWord(traits), oob_channels: [channelWord(traits)] } : {}
  const name = it.target === undefined ? it.name : maskedName(traits, it.target)
  return {
    id: deviceId(factor, it),
    authenticator_type: type,
    active: it.state === 'confirmed',
    ...channel,
    ...(name === undefined ? {} : { name }),
    type: typeWord(traits),
    created_at: new Date(it.createdAt).toISOString(),
    ...(it.lastUsedAt === undefined ? {} : { last_auth: new Date(it.lastUsedAt).toISOString() }),
  }
}

/** `DELETE /mfa/authenticators/{id}`: only by an access token that says so; twins go together (auth0.md §3.3). */
export async function remove(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const { parts } = dialect.engine
  const bearer = await readBearerOf(dialect, exchange)
  if (bearer.no !== undefined) return refuse(bearerTable, bearer, parts)
  const { flow, scope, application } = bearer.yes
  if (flow.by !== 'token') return refuse(bearerTable, { no: 'ticket-unknown' }, parts)
  if (!scope.includes('remove:authenticators')) {
    return oauthError(403, 'insufficient_scope', 'Insufficient scope, expected: remove:authenticators')
  }
  const device = parseDeviceId(exchange.params.id ?? '')
  const own = await listAuthenticators(parts, exchange.tenant.id, flow.user)
  const it = own.find((one) => one.id === device?.id)
  const listed = it && waysOf(it, exchange.tenant, parts.factors).some((factor) => factor.kind === device?.kind)
  if (it === undefined || !listed) return refuse(bearerTable, { no: 'authenticator-unknown' }, parts)
  const removed = await removeAuthenticator(parts, callerOf(exchange, application), flow.user, it.id)
  return removed.no === undefined ? { status: 204, headers: noStore } : refuse(bearerTable, removed, parts)
}
