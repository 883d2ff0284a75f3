import type { Answer, Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import { authenticateClient } from '#oidc/clients.ts'
import { type Dialect, issuerOf } from '../dialect.ts'
import { inputOf, isRecord, textOf } from '../input.ts'
import { oauthError } from '../wire.ts'
import { authorizationCode } from './code.ts'
import { deviceGrant, deviceGrantType } from './device.ts'
import { clientCredentials } from './machine.ts'
import { passwordGrant } from './password.ts'
import { refreshGrant } from './refresh.ts'

export interface TokenRequest {
  readonly exchange: Exchange
  readonly application: Application
  readonly params: Readonly<Record<string, string | undefined>>
}
export type Grant = (dialect: Dialect, request: TokenRequest) => Promise<Answer>

/** The grants of the token endpoint (cidaas.md §2.6); implicit and internal grants are off (S-112). */
export const grants: Readonly<Record<string, Grant>> = {
  authorization_code: authorizationCode,
  refresh_token: refreshGrant,
  client_credentials: clientCredentials,
  password: passwordGrant,
  [deviceGrantType]: deviceGrant,
}

/** `POST /token-srv/token`, JSON or form. */
export async function token(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  if (exchange.repeated.length > 0) return oauthError(400, 'invalid_request', 'A parameter was sent more than once.')
  const grantType = inputOf(exchange).text('grant_type')
  if (grantType === undefined) return oauthError(400, 'invalid_request', 'Missing required parameter: grant_type')
  const grant = Object.hasOwn(grants, grantType) ? grants[grantType] : undefined
  if (grant === undefined) return oauthError(400, 'unsupported_grant_type', 'The grant type is not supported.')
  const client = await clientOf(dialect, exchange)
  if ('answer' in client) return client.answer
  if (!client.application.grantTypes.includes(grantType)) {
    return oauthError(400, 'unauthorized_client', 'The client may not use this grant type.')
  }
  return await grant(dialect, { exchange, ...client })
}

/** The client of a request to one of the token services, or the answer that refuses it. */
export async function clientOf(
  dialect: Dialect,
  exchange: Exchange,
): Promise<
  { readonly application: Application; readonly params: TokenRequest['params'] } | { readonly answer: Answer }
> {
  const params = paramsOf(exchange)
  const { authorization } = exchange.headers
  const found = await authenticateClient(dialect.engine.parts.store, {
    tenant: exchange.tenant.id,
    params,
    // Callers that hold a user's token send it along; only Basic says who the client is.
    authorization: authorization !== undefined && /^basic /i.test(authorization) ? authorization : undefined,
    audiences: [issuerOf(exchange.base), `${exchange.base}${exchange.path}`],
    now: dialect.engine.parts.clock.now(),
  })
  if (found.yes) return { application: found.yes, params }
  if (found.no === 'missing') {
    return { answer: oauthError(400, 'invalid_request', 'Missing required parameter: client_id') }
  }
  return { answer: oauthError(401, 'invalid_client', 'Client authentication failed.') }
}

function paramsOf(exchange: Exchange): TokenRequest['params'] {
  const body = isRecord(exchange.body) ? exchange.body : {}
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, textOf(value)]))
}
