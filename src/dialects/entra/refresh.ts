import { audit } from '#engine/events.ts'
import type { Answer } from '#http/route.ts'
import { endFamily, readRefresh, refreshScope } from '#oidc/refresh.ts'
import type { Call } from './call.ts'
import { tokenIssue, wishOf } from './issue-tokens.ts'
import { readScope } from './scopes.ts'
import { contextsOf } from './steer.ts'
import { errors, fail, refuse } from './wire.ts'

/**
 * `refresh_token`: policy is asked again with what the family has proved. An SDK cannot go on from a refresh, so what is
 * missing is answered as a sign-in that is needed, and a method is never added from here (entra.md §4.3, §2.6).
 */
export async function refreshGrant(call: Call): Promise<Answer> {
  const { exchange, caller, ids } = call
  const { parts } = call.dialect.engine
  const { refresh_token: token, claims, scope: asked } = call.params
  if (token === undefined) return fail(ids, errors.missing('refresh_token'))
  const contexts = contextsOf(claims)
  if (contexts === undefined) return fail(ids, errors.badClaims)
  if (contexts.unmet || contexts.adds) return fail(ids, errors.interaction)
  const { application } = caller
  const looked = await readRefresh(parts.store, {
    tenant: exchange.tenant.id,
    application,
    token,
    now: parts.clock.now(),
  })
  if (looked.no === 'reused') {
    const { look } = looked
    const event = audit(parts, caller, 'refresh.reused', { user: look.user, outcome: 'failure', reason: 'reused' })
    await parts.store.change({}, () => ({ result: undefined, writes: [...endFamily(look), event] }))
    return fail(ids, errors.deadRefresh)
  }
  if (looked.no !== undefined) return fail(ids, errors.deadRefresh)
  const look = looked.yes
  const user = await parts.store.get('users', exchange.tenant.id, look.user)
  if (user === undefined) return fail(ids, errors.deadRefresh)
  const scope = await readScope(parts.store, exchange.tenant.id, asked)
  if (scope === undefined) return fail(ids, errors.badScope)
  const granted = refreshScope({
    look,
    scope: scope.names,
    audience: scope.api?.id,
    allowed: scope.api === undefined ? [] : scope.api.scopes,
  })
  if ('no' in granted) return fail(ids, errors.badScope)
  const wish = { ...wishOf('refresh_token', { api: scope.api, names: granted.yes }, asked), refreshToken: look.id }
  const issue = await tokenIssue(call, wish, look)
  if (issue.no !== undefined) return refuse(ids, issue)
  const { engine } = call.dialect
  const admitted = await engine.admit({ caller, user: user.id, proofs: look.proofs, wish, issue: issue.yes })
  if (admitted.yes !== undefined) return await admitted.yes.issued.answer()
  if (admitted.no === 'more-proof') return fail(ids, errors.interaction)
  return admitted.no === 'ticket-unknown' ? fail(ids, errors.deadRefresh) : refuse(ids, admitted)
}
