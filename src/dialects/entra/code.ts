import { assure } from '#engine/assurance.ts'
import { audit } from '#engine/events.ts'
import type { Answer } from '#http/route.ts'
import { type CodeOutcome, codeRefs, planCode, readCode } from '#oidc/codes.ts'
import type { Decision } from '#ports/store.ts'
import type { Call } from './call.ts'
import { type Issued, minterFor, wishOf } from './issue-tokens.ts'
import { askedBehind, readPreviewCode } from './preview/code.ts'
import { errors, fail, refuse } from './wire.ts'

/**
 * A code of the hosted pages, which are for applications with that grant; else one of the preview generation, whose
 * clients were let in for native authentication.
 */
async function lookAt(call: Call, code: string): Promise<CodeOutcome> {
  const { exchange, caller, params } = call
  const { parts } = call.dialect.engine
  const { application } = caller
  const ours = await readPreviewCode(call, code)
  if (ours.no !== 'unknown') return ours
  if (!application.grantTypes.includes('authorization_code')) return { no: 'other-client' }
  return await readCode(parts.store, {
    tenant: exchange.tenant.id,
    application,
    code,
    redirectUri: params.redirect_uri,
    verifier: params.code_verifier,
    now: parts.clock.now(),
  })
}

/**
 * `authorization_code`: what the hosted pages have earned, for apps that were answered with `redirect` (entra.md §8.2).
 * The code is the provider's own and bound to client, redirect URI and verifier; only the tokens are in this dialect's
 * words. Second factors were asked for on the pages.
 */
export async function codeGrant(call: Call): Promise<Answer> {
  const { exchange, caller, ids, params } = call
  const { parts } = call.dialect.engine
  const granted = caller.application.grantTypes.includes('authorization_code')
  if (!granted && exchange.tenant.nativePreview === undefined) return fail(ids, errors.badGrant)
  if (params.code === undefined) return fail(ids, errors.missing('code'))
  const looked = await lookAt(call, params.code)
  if (looked.no !== undefined) return fail(ids, errors.deadCode)
  const look = looked.yes
  const user = await parts.store.get('users', exchange.tenant.id, look.user)
  if (user === undefined || user.blocked) return fail(ids, errors.deadCode)
  const api = look.audience === undefined ? undefined : { id: look.audience }
  const names = [...new Set(['openid', 'profile', 'offline_access', ...look.scope])]
  const { asked = params.scope, acrs } = await askedBehind(call, look)
  const minter = await minterFor(call, wishOf('authorization_code', { api, names }, asked, acrs))
  if (minter.no !== undefined) return refuse(ids, minter)
  const { mint, issued } = minter.yes
  const proofs = look.proofs ?? []
  const assurance = look.assurance ?? assure(proofs, parts.factors)
  const done = await parts.store.change(codeRefs(look), (found): Decision<Issued | undefined> => {
    const { nonce, sid, device } = look
    const wish = { dialect: caller.dialect, grantType: 'authorization_code', scope: names }
    const minted = mint({ user, proofs, assurance, wish }, { nonce, sid, device, revocable: true })
    const plan = planCode(found, { look, minted })
    const failed = plan.yes ? {} : ({ outcome: 'failure', reason: plan.no } as const)
    const details = { grant: 'authorization_code' }
    const event = audit(parts, caller, 'login.granted', { user: user.id, details, ...failed })
    return { result: plan.yes && issued(user, plan.yes.respond), writes: [...plan.writes, event] }
  })
  return done === undefined ? fail(ids, errors.deadCode) : await done.answer()
}
