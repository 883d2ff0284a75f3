import type { Wish } from '#model/ticket.ts'
import { callerOf, dialectName } from '../dialect.ts'
import { maskUser, openRequest } from '../requests.ts'
import { grantable } from '../scopes.ts'
import { noStore, oauthError, rowOf } from '../wire.ts'
import { identifierKind } from '../words.ts'
import { passwordIssue } from './password-issue.ts'
import type { Grant } from './token.ts'

/**
 * `password`, for applications it is switched on for (S-112). It meets MFA like every other way in: the answer then
 * names the track, which `/login-srv/precheck/continue/sdk/` turns into tokens.
 */
export const passwordGrant: Grant = async (dialect, { exchange, application, params }) => {
  const { username, password } = params
  if (username === undefined || password === undefined) {
    return oauthError(400, 'invalid_request', 'Missing required parameter: username or password')
  }
  const identifier = identifierKind(params.username_type, username)
  const caller = callerOf(exchange, application)
  const byPhone = identifier === 'mobile'
  const signedIn = await dialect.engine.signIn({ caller, login: username, password, byPhone })
  if (signedIn.no !== undefined) return refusedGrant(rowOf(signedIn))
  const { user, proofs } = signedIn.yes
  const scope = grantable(params.scope)
  const managesFactors = scope.includes('cidaas:verification_write')
  // The request its verifications belong to; it leads nowhere but to the answer of continue.
  const request = await openRequest(dialect, exchange.tenant.id, {
    client: application.id,
    redirectUri: '',
    responseMode: 'query',
    scope,
    lang: '',
  })
  const extra = { request: request.id, identifier }
  const wish: Wish = { dialect: dialectName, grantType: 'password', scope, managesFactors, extra }
  const issue = await passwordIssue(dialect, exchange, application, wish, identifier)
  const admitted = await dialect.engine.admit({ caller, user: user.id, proofs, wish, issue })
  if (admitted.no === 'more-proof') {
    const sub = await maskUser(dialect, exchange.tenant.id, request, user.id)
    const more = { track_id: admitted.ticket, requestId: request.id, sub }
    return oauthError(400, 'mfa_required', 'A second factor is required.', more)
  }
  if (admitted.no !== undefined) return refusedGrant(rowOf(admitted))
  return { status: 200, headers: noStore, body: await admitted.yes.issued.respond() }
}

const refusedGrant = ([, , , description]: ReturnType<typeof rowOf>) => oauthError(400, 'invalid_grant', description)
