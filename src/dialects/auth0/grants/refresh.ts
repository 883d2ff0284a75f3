import { audit } from '#engine/events.ts'
import type { Answer } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import { endFamily, type RefreshLook, readRefresh, refreshScope } from '#oidc/refresh.ts'
import { findTarget } from '../audience.ts'
import { callerOf, type Dialect, dialectName } from '../dialect.ts'
import { tokenIssue } from '../issue-tokens.ts'
import type { Grant, TokenRequest } from '../token-request.ts'
import { missing, noStore, oauthError, refuse, tokenTable } from '../wire.ts'

const invalid = oauthError(403, 'invalid_grant', 'Unknown or invalid refresh token.')
const userGone = oauthError(
  403,
  'invalid_grant',
  "The refresh_token was generated for a user who doesn't exist anymore.",
)

/**
 * `refresh_token`: policy is asked again with what the family has proved; when more is needed the answer is
 * `mfa_required` and the refresh token stays as it was (auth0.md §9.13).
 */
export const refreshGrant: Grant = async (dialect, request) => {
  const { exchange, application, params } = request
  if (params.refresh_token === undefined) return missing('refresh_token')
  const { parts } = dialect.engine
  const caller = callerOf(exchange, application)
  const looked = await readRefresh(parts.store, {
    tenant: exchange.tenant.id,
    application,
    token: params.refresh_token,
    dpopJkt: request.dpopJkt,
    now: parts.clock.now(),
  })
  if (looked.no === 'reused') {
    const { look } = looked
    const event = audit(parts, caller, 'refresh.reused', { user: look.user, outcome: 'failure', reason: 'reused' })
    await parts.store.change({}, () => ({ result: undefined, writes: [...endFamily(look), event] }))
    return invalid
  }
  if (looked.no === 'orphaned') return userGone
  if (looked.no !== undefined) return invalid
  const look = looked.yes
  const user = await parts.store.get('users', exchange.tenant.id, look.user)
  if (user === undefined) return userGone
  const wish = await wishOf(dialect, request, application, look)
  if ('status' in wish) return wish
  const issue = await tokenIssue(dialect, { exchange, application, wish, dpopJkt: request.dpopJkt, refresh: look })
  if ('no' in issue) return refuse(tokenTable, issue, parts)
  // Which device spared the second factor is remembered; whether it still does is the engine's to say (S-47).
  const from = look.device === undefined ? caller : { ...caller, trustedDevice: look.device }
  const admitted = await dialect.engine.admit({ caller: from, user: user.id, proofs: look.proofs, wish, issue })
  if (admitted.no === 'ticket-unknown') return invalid
  if (admitted.no !== undefined) return refuse(tokenTable, admitted, parts)
  return { status: 200, body: await admitted.yes.issued.respond(), headers: noStore }
}

async function wishOf(
  dialect: Dialect,
  { exchange, params }: TokenRequest,
  _application: Application,
  look: RefreshLook,
) {
  const { store } = dialect.engine.parts
  const audience = params.audience ?? look.family.audience
  const target = await findTarget(store, exchange.tenant, exchange.base, audience)
  const refused = (): Answer => oauthError(403, 'access_denied', `Service not found: ${audience}`)
  if (target === undefined) return refused()
  const asked = params.scope?.split(/\s+/).filter((word) => word !== '')
  const scope = refreshScope({ look, scope: asked, audience: target.audience?.id, allowed: target.scopes })
  if ('no' in scope) return refused()
  return {
    dialect: dialectName,
    grantType: 'refresh_token',
    audience: target.audience?.id,
    scope: scope.yes,
    managesFactors: target.managesFactors(scope.yes),
    refreshToken: look.id,
  }
}
