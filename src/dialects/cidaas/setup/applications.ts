import { tokenDigest } from '#crypto/digest.ts'
import { systemAudit } from '#engine/events.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import { asId, type ClientId } from '#model/ids.ts'
import type { AccessClaims } from '#oidc/tokens.ts'
import { insert, put, remove, row } from '#ports/store.ts'
import type { Dialect } from '../dialect.ts'
import { inputOf } from '../input.ts'
import { action, nothing, ok, type Row } from '../wire.ts'
import { settingsOf, typeOf, view } from './application-words.ts'
import { machineOf } from './machine.ts'

const unknown: Row = [404, 'VER_0006', 'not_found', 'There is no such application.']
const malformed = (name: string): Row => [400, 'VER_0004', 'invalid_request_payload', `${name} could not be read.`]
const taken: Row = [409, 'VER_0029', 'already_exists', 'There is such an application already.']

const read = (dialect: Dialect, { tenant }: Exchange, id: string | undefined) =>
  dialect.engine.parts.store.get('applications', tenant.id, asId<ClientId>(id ?? ''))

function changed({ engine }: Dialect, exchange: Exchange, claims: AccessClaims, id: string, details: object) {
  const by = { actor: 'client', client: claims.client, ip: exchange.address } as const
  const all = { what: 'applications', id, source: 'cidaas', ...details }
  return systemAudit(engine.parts, exchange.tenant.id, 'admin.change', { ...by, details: all })
}

/** `GET /apps-srv/clients/:client_id`: the members of an application that this server has (cidaas.md §7.4). */
export async function showApplication(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const claims = await machineOf(dialect, exchange, 'cidaas:apps_read')
  if ('status' in claims) return claims
  const application = await read(dialect, exchange, exchange.params.client_id)
  return application ? ok(view(dialect, application)) : action(unknown)
}

/** `POST /apps-srv/clients`: a new application. Its secret, where it has one, is in this answer and in no other (S-114). */
export async function createApplication(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const claims = await machineOf(dialect, exchange, 'cidaas:apps_write')
  if ('status' in claims) return claims
  const input = inputOf(exchange)
  const type = typeOf(input.text('client_type'))
  const name = input.text('client_name')
  if (type === undefined) return action(malformed('client_type'))
  if (name === undefined) return action(malformed('client_name'))
  const sent = settingsOf(dialect, input)
  if (sent.bad !== undefined) return action(malformed(sent.bad))
  const { random, store } = dialect.engine.parts
  const id = input.text('client_id') ?? random.id()
  if (!/^[\w.-]{1,100}$/.test(id)) return action(malformed('client_id'))
  const secret = type === 'web' || type === 'machine' ? random.token() : undefined
  const it: Application = {
    tenant: exchange.tenant.id,
    id: asId<ClientId>(id),
    name,
    type,
    secretDigests: secret === undefined ? [] : [tokenDigest(secret)],
    authMethod: secret === undefined ? 'none' : 'client_secret_post',
    redirectUris: [],
    logoutUris: [],
    allowedOrigins: [],
    grantTypes: type === 'machine' ? ['client_credentials'] : ['authorization_code', 'refresh_token'],
    nativeAuth: false,
    clientGrants: [],
    ...sent.settings,
  }
  const event = changed(dialect, exchange, claims, id, { change: 'created' })
  const made = await store.change({ there: row('applications', it.tenant, it.id) }, ({ there }) =>
    there ? { result: false } : { result: true, writes: [insert('applications', it), event] },
  )
  if (!made) return action(taken)
  return ok({ ...view(dialect, it), ...(secret === undefined ? {} : { client_secret: secret }) })
}

/** `PUT /apps-srv/clients`: the settings that are named are replaced; nothing else is touched (cidaas.md §7.4). */
export async function changeApplication(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const claims = await machineOf(dialect, exchange, 'cidaas:apps_write')
  if ('status' in claims) return claims
  const input = inputOf(exchange)
  const application = await read(dialect, exchange, input.text('client_id'))
  if (application === undefined) return action(unknown)
  const sent = settingsOf(dialect, input)
  if (sent.bad !== undefined) return action(malformed(sent.bad))
  if (Object.keys(sent.settings).length === 0) return action(malformed('The body'))
  const mode = sent.settings.mfa === undefined ? {} : { mode: sent.settings.mfa.mode }
  const event = changed(dialect, exchange, claims, application.id, { change: 'updated', ...mode })
  const ref = { it: row('applications', exchange.tenant.id, application.id) }
  const after = await dialect.engine.parts.store.change(ref, ({ it }) => {
    if (it === undefined) return { result: undefined }
    const next: Application = { ...it, ...sent.settings }
    return { result: next, writes: [put('applications', next), event] }
  })
  return after ? ok(view(dialect, after)) : action(unknown)
}

/** `DELETE /apps-srv/clients/:client_id`: it is gone, and with it whatever it was given, at the next use. */
export async function deleteApplication(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const claims = await machineOf(dialect, exchange, 'cidaas:apps_delete')
  if ('status' in claims) return claims
  const application = await read(dialect, exchange, exchange.params.client_id)
  if (application === undefined) return nothing
  const { tenant, id } = application
  const event = changed(dialect, exchange, claims, id, { change: 'deleted' })
  await dialect.engine.parts.store.change({}, () => ({
    result: undefined,
    writes: [remove('applications', tenant, id), event],
  }))
  return ok({ deleted: true })
}
