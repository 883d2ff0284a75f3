import { systemAudit } from '#engine/events.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import { asId, type ClientId } from '#model/ids.ts'
import type { MfaMode, MfaRule } from '#model/policy.ts'
import type { AccessClaims } from '#oidc/tokens.ts'
import { put, row } from '#ports/store.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { inputOf, isRecord } from '../input.ts'
import { bearerOf } from '../token/resource.ts'
import { action, denied, ok, type Row } from '../wire.ts'
import { factorOf, methodWord, wordOf } from '../words.ts'

const modes: readonly string[] = ['OFF', 'ALWAYS', 'SMART', 'TIME_BASED', 'SMART_PLUS_TIME_BASED']
const unknown: Row = [404, 'VER_0006', 'not_found', 'There is no such application.']
const malformed: Row = [400, 'VER_0004', 'invalid_request_payload', 'The mfa object could not be read.']

/** A machine's token with this scope; people's tokens never carry it (scopes.ts). */
async function machine(dialect: Dialect, exchange: Exchange, scope: string): Promise<AccessClaims | Answer> {
  const claims = await bearerOf(dialect, exchange)
  if (claims === undefined || claims.user !== undefined || claims.subject !== claims.client) return denied(dialect)
  return claims.scope.includes(scope) ? claims : denied(dialect, 403)
}

const read = (dialect: Dialect, { tenant }: Exchange, id: string | undefined) =>
  dialect.engine.parts.store.get('applications', tenant.id, asId<ClientId>(id ?? ''))

/** `GET /apps-srv/clients/:client_id`: the members of an application that this server has (cidaas.md §7.4). */
export async function showApplication(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const claims = await machine(dialect, exchange, 'cidaas:apps_read')
  if ('status' in claims) return claims
  const application = await read(dialect, exchange, exchange.params.client_id)
  return application ? ok(view(dialect, application)) : action(unknown)
}

/** `PUT /apps-srv/clients`: the `mfa` object of an application is replaced; nothing else is touched (cidaas.md §7.4). */
export async function changeApplication(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const claims = await machine(dialect, exchange, 'cidaas:apps_write')
  if ('status' in claims) return claims
  const application = await read(dialect, exchange, inputOf(exchange).text('client_id'))
  if (application === undefined) return action(unknown)
  const rule = ruleOf(dialect, inputOf(exchange).raw('mfa'))
  if (rule === undefined) return action(malformed)
  const { store } = dialect.engine.parts
  const details = { what: 'applications', id: application.id, change: 'updated', source: 'cidaas', mode: rule.mode }
  const by = { actor: 'client', client: claims.client, ip: callerOf(exchange, application).address } as const
  const event = systemAudit(dialect.engine.parts, exchange.tenant.id, 'admin.change', { ...by, details })
  const changed = await store.change({ it: row('applications', exchange.tenant.id, application.id) }, ({ it }) => {
    if (it === undefined) return { result: undefined }
    const next: Application = { ...it, mfa: rule }
    return { result: next, writes: [put('applications', next), event] }
  })
  return changed ? ok(view(dialect, changed)) : action(unknown)
}

/** The rule an `mfa` object stands for; undefined when it is none. Methods this server does not have allow nothing. */
function ruleOf({ engine }: Dialect, mfa: unknown): MfaRule | undefined {
  if (!isRecord(mfa) || typeof mfa.setting !== 'string' || !modes.includes(mfa.setting)) return undefined
  const { setting, time_interval_in_seconds: seconds, allowed_methods: methods } = mfa
  const timed = setting.includes('TIME_BASED')
  if (timed && (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < 1)) return undefined
  if (methods !== undefined && !Array.isArray(methods)) return undefined
  const words = (methods ?? []).map((it: unknown) => methodWord(typeof it === 'string' ? it : undefined))
  if (words.includes(undefined)) return undefined
  const allowedFactors = words.flatMap((word) => factorOf(word as string, engine.parts.factors)?.kind ?? [])
  if (words.length > 0 && allowedFactors.length === 0) return undefined
  return {
    mode: setting as MfaMode,
    ...(timed ? { timeBasedSeconds: seconds as number } : {}),
    ...(words.length > 0 ? { allowedFactors } : {}),
  }
}

function view(
  { engine }: Dialect,
  { id, name, type, redirectUris, logoutUris, allowedOrigins, grantTypes, mfa }: Application,
) {
  const words = mfa?.allowedFactors?.flatMap((kind) => {
    const factor = engine.parts.factors.get(kind)
    return factor ? [wordOf(factor.traits)] : []
  })
  return {
    client_id: id,
    client_name: name,
    client_type:
      type === 'spa'
        ? 'SINGLE_PAGE'
        : type === 'machine'
          ? 'NON_INTERACTIVE'
          : type === 'native'
            ? 'NATIVE'
            : 'REGULAR_WEB',
    redirect_uris: redirectUris,
    allowed_logout_urls: logoutUris,
    allowed_origins: allowedOrigins,
    grant_types: grantTypes,
    mfa: {
      setting: mfa?.mode ?? 'OFF',
      ...(mfa?.timeBasedSeconds === undefined ? {} : { time_interval_in_seconds: mfa.timeBasedSeconds }),
      ...(words === undefined ? {} : { allowed_methods: words }),
    },
  }
}
