import { findTarget, grantScope } from '../audience.ts'
import { callerOf, dialectName } from '../dialect.ts'
import { tokenIssue } from '../issue-tokens.ts'
import { otherRealm } from '../passkey.ts'
import type { Grant } from '../token-request.ts'
import { missing, noStore, oauthError, refuse, tokenTable } from '../wire.ts'

/** `password` and `password-realm`: the password of a user of the tenant's directory (auth0.md §1.4). */
export const passwordGrant: Grant = async (dialect, request) => {
  const { exchange, application, params, grantType } = request
  const { username, password, realm } = params
  if (username === undefined) return missing('username')
  if (password === undefined) return missing('password')
  const directory = exchange.tenant.defaultConnection
  if (grantType.endsWith('password-realm') && realm === undefined) return missing('realm')
  if (directory === '' && realm === undefined) {
    return oauthError(403, 'server_error', 'Authorization server not configured with default connection.')
  }
  const { parts } = dialect.engine
  const target = await findTarget(parts.store, exchange.tenant, exchange.base, params.audience)
  if (target === undefined) return oauthError(403, 'access_denied', `Service not found: ${params.audience}`)
  const elsewhere = otherRealm(exchange, realm)
  if (elsewhere !== undefined) return elsewhere
  const caller = callerOf(exchange, application)
  const signedIn = await dialect.engine.signIn({ caller, login: username, password })
  if (signedIn.no !== undefined) return refuse(tokenTable, signedIn, parts)
  const scope = grantScope(target, params.scope)
  const wish = {
    dialect: dialectName,
    grantType,
    audience: target.audience?.id,
    scope,
    managesFactors: target.managesFactors(scope),
  }
  const issue = await tokenIssue(dialect, { exchange, application, wish, dpopJkt: request.dpopJkt })
  if ('no' in issue) return refuse(tokenTable, issue, parts)
  const { user, proofs } = signedIn.yes
  const admitted = await dialect.engine.admit({ caller, user: user.id, proofs, wish, issue })
  if (admitted.no !== undefined) return refuse(tokenTable, admitted, parts)
  return { status: 200, body: await admitted.yes.issued.respond(), headers: noStore }
}
