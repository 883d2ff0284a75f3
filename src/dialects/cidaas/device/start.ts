import { addressBudgetRef, addressFailure, addressWait } from '#engine/attempt-budgets.ts'
import type { Answer, Exchange } from '#http/route.ts'
import { asId, type ClientId } from '#model/ids.ts'
import { deviceFor } from '../cookies.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { inputOf } from '../input.ts'
import { toErrorPage, toPage } from '../redirect.ts'
import { type Asked, groupName, openRequest } from '../requests.ts'
import { grantable } from '../scopes.ts'
import { noStore, oauthError } from '../wire.ts'
import { findDevice, openDevice } from './codes.ts'

export const deviceGrantType = 'urn:ietf:params:oauth:grant-type:device_code'

/** `GET /authz-srv/device/authz?client_id=`: a device begins (cidaas.md §2.10; RFC 8628 section 3.2). */
export async function startDevice(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange)
  const client = input.text('client_id')
  if (client === undefined) return oauthError(400, 'invalid_request', 'Missing required parameter: client_id')
  const application = await dialect.engine.parts.store.get('applications', exchange.tenant.id, asId<ClientId>(client))
  if (application === undefined) return oauthError(401, 'invalid_client', 'The client is unknown.')
  if (!application.grantTypes.includes(deviceGrantType)) {
    return oauthError(400, 'unauthorized_client', 'The client may not use the device flow.')
  }
  const { address, userAgent } = exchange
  const scope = grantable(input.text('scope')).join(' ')
  const asked = { clientId: application.id, scope, address, userAgent: userAgent.slice(0, 100) }
  const opened = await openDevice(dialect, exchange.tenant.id, asked)
  const verification_uri = `${exchange.base}/token-srv/device/verify`
  return {
    status: 200,
    headers: noStore,
    body: {
      device_code: opened.deviceCode,
      user_code: opened.userCode,
      verification_uri,
      verification_uri_complete: `${verification_uri}?user_code=${opened.userCode}`,
      interval: opened.interval,
      expires_in: opened.expiresIn,
    },
  }
}

/** `/token-srv/device/verify`: a person enters the code, and signs in for the device that shows it. */
export async function enterCode(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const typed = inputOf(exchange).text('user_code')
  if (typed === undefined) return toPage(exchange, 'device_init_code', {})
  const { parts } = dialect.engine
  const tenant = exchange.tenant.id
  const device = await findDevice(dialect, tenant, typed)
  const application = device && (await parts.store.get('applications', tenant, device.clientId))
  const late = await tooMany(dialect, exchange, device === undefined)
  if (late || device === undefined || application === undefined) {
    return toPage(exchange, 'device_init_code', { error: late ? 'too_many_attempts' : 'invalid_user_code' })
  }
  const browser = deviceFor(exchange, parts.random)
  const asked: Asked = {
    client: application.id,
    redirectUri: exchange.base,
    responseMode: 'query',
    scope: grantable(device.scope),
    lang: '',
    device: { row: device.rowId, browser: browser.id },
  }
  const request = await openRequest(dialect, tenant, asked, application.pageGroup)
  const query = { requestId: request.id, view_type: 'login', groupname: groupName(request), lang: '' }
  return toPage(exchange, 'login', query, browser.cookies, request.pages)
}

/** Guesses at user codes count against the address they come from (S-23, S-59). */
async function tooMany(dialect: Dialect, exchange: Exchange, wrong: boolean): Promise<boolean> {
  const { parts } = dialect.engine
  // No application is known yet: the address is all that counts.
  const caller = callerOf(exchange, { id: asId<ClientId>('') } as Parameters<typeof callerOf>[1])
  return await parts.store.change({ address: addressBudgetRef(caller) }, ({ address }) => {
    if (addressWait(parts, caller, address) > 0) return { result: true }
    return { result: false, writes: wrong ? addressFailure(parts, caller, address) : [] }
  })
}

/** Where a sign-in for a device leads: to the page that asks whether it is really meant. */
export const approvalPath = (requestId: string): string => `/token-srv/device/approve?requestId=${requestId}`

export const notThis = (exchange: Exchange): Answer =>
  toErrorPage(exchange, '404', 'The device does not wait any more. Start again on the device.')
