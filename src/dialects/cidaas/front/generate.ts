import type { Answer, Exchange } from '#http/route.ts'
import { type Dialect, issuerOf } from '../dialect.ts'
import { inputOf } from '../input.ts'
import { toPage } from '../redirect.ts'
import { groupName, openRequest, readRequest } from '../requests.ts'
import { classic, nothing, ok, type Row, said } from '../wire.ts'
import { askedOf, modeOf, readTarget } from './authz.ts'

/**
 * `POST /authz-srv/authrequest/authz/generate`: a request id for pages that sign in without a redirect first (§2.4).
 * Its callers have no PKCE; where they send a challenge it binds as everywhere (docs/decisions/0004).
 */
export async function generate(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange)
  const target = await readTarget(dialect, exchange, input)
  if ('broken' in target) return classic(dialect, [400, target.broken[0], 'invalid_request', target.broken[1]])
  const { application, redirectUri } = target
  const responseType = input.text('response_type')
  if (responseType === undefined) return refused(dialect, 'AUTH10002', 'response_type is missing')
  if (responseType !== 'code' || !application.grantTypes.includes('authorization_code')) {
    return refused(dialect, 'AUTH10004', 'only response_type=code is supported')
  }
  const challenge = input.text('code_challenge')
  if (challenge !== undefined && input.text('code_challenge_method') !== 'S256') {
    return refused(dialect, 'AUTH10004', 'code_challenge_method must be S256')
  }
  const asked = askedOf(input, application, redirectUri, modeOf(input, 'fragment'))
  const whole = { ...asked, state: input.text('state'), challenge }
  const request = await openRequest(dialect, exchange.tenant.id, whole, application.pageGroup)
  return ok({
    groupname: groupName(request),
    lang: request.lang,
    view_type: 'login',
    requestId: request.id,
  })
}

function refused(dialect: Dialect, code: string, text: string): Answer {
  const row: Row = [400, code, 'invalid_request', `invalid_request: ${text}`]
  return classic(dialect, row)
}

/** `GET /authz-srv/authrequest/:request_id`: the request as it is kept, without what only the application may know. */
export async function showRequest(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const found = await readRequest(dialect, exchange, exchange.params.request_id)
  if (found === undefined) return nothing
  const { client, redirectUri, responseMode, scope, lang, id } = found.request
  const names = { client_id: client, redirect_uri: redirectUri, response_type: 'code', response_mode: responseMode }
  return ok({ ...names, requestId: id, scope: scope.join(' '), ui_locales: lang, issuer: issuerOf(exchange.base) })
}

/** `GET /authz-srv/authz/resolve_redirect/:request_id`: back to the login page with the request it had. */
export async function resolveRedirect(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const found = await readRequest(dialect, exchange, exchange.params.request_id)
  if (found === undefined) return classic(dialect, said.badRequestId)
  const { id, lang, pages } = found.request
  const query = { requestId: id, view_type: 'login', groupname: groupName(found.request), lang }
  return toPage(exchange, 'login', query, [], pages)
}
