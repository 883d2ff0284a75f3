import { provePasskey } from '#engine/passkey-sign-up.ts'
import { findTarget, grantScope } from '../audience.ts'
import { callerOf, dialectName } from '../dialect.ts'
import { tokenIssue } from '../issue-tokens.ts'
import { atHome, otherRealm } from '../passkey.ts'
import type { Grant } from '../token-request.ts'
import { missing, noStore, oauthError, passkeyTable, refuse, tokenTable } from '../wire.ts'

/**
 * The passkey grant: what the passkey signed for the question of `/passkey/challenge`, or the new one `/passkey/register`
 * has asked for, whose account it opens (auth0.md §1.4). What it has made sure of is for policy to weigh.
 */
export const passkeyGrant: Grant = async (dialect, { exchange, application, grantType, params, body, dpopJkt }) => {
  const { auth_session: challenge } = params
  // An object; in a form it is the same as text.
  const { authn_response: proof } = body
  if (challenge === undefined) return missing('auth_session')
  if (proof === undefined || proof === null || proof === '') return missing('authn_response')
  const elsewhere = otherRealm(exchange, params.realm)
  if (elsewhere !== undefined) return elsewhere
  const { parts } = dialect.engine
  const target = await findTarget(parts.store, exchange.tenant, exchange.base, params.audience)
  if (target === undefined) return oauthError(403, 'access_denied', `Service not found: ${params.audience}`)
  const scope = grantScope(target, params.scope)
  const managesFactors = target.managesFactors(scope)
  const wish = { dialect: dialectName, grantType, audience: target.audience?.id, scope, managesFactors }
  const issue = await tokenIssue(dialect, { exchange, application, wish, dpopJkt })
  if ('no' in issue) return refuse(tokenTable, issue, parts)
  const caller = callerOf(exchange, application)
  const proved = await provePasskey(parts, { caller: atHome(caller), challenge, proof })
  if (proved.no !== undefined) return refuse(passkeyTable, proved, parts)
  const { user, proofs } = proved.yes
  const admitted = await dialect.engine.admit({ caller, user: user.id, proofs, wish, issue })
  if (admitted.no !== undefined) return refuse(tokenTable, admitted, parts)
  return { status: 200, body: await admitted.yes.issued.respond(), headers: noStore }
}
