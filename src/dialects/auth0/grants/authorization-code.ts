import { audit } from '#engine/events.ts'
import type { Outcome } from '#model/outcome.ts'
import { type CodeRefusal, codeRefs, planCode, readCode } from '#oidc/codes.ts'
import { algorithmsOf, type Minted, prepare } from '#oidc/mint.ts'
import type { Decision } from '#ports/store.ts'
import { findTarget } from '../audience.ts'
import { callerOf, issuerOf } from '../dialect.ts'
import type { Grant } from '../token-request.ts'
import { missing, noStore, oauthError } from '../wire.ts'
import { subjectOf } from '../words.ts'

const invalid = oauthError(403, 'invalid_grant', 'Invalid authorization code')
const refusals: Partial<Record<CodeRefusal, ReturnType<typeof oauthError>>> = {
  verifier: oauthError(403, 'invalid_grant', 'Failed to verify code verifier'),
}

/** `authorization_code`: what the hosted login has earned; second factors were asked for there (auth0.md §1.4). */
export const authorizationCode: Grant = async (dialect, { exchange, application, grantType, params, dpopJkt }) => {
  if (params.code === undefined) return missing('code')
  const { parts } = dialect.engine
  const { store } = parts
  const now = parts.clock.now()
  const looked = await readCode(store, {
    tenant: exchange.tenant.id,
    application,
    code: params.code,
    redirectUri: params.redirect_uri,
    verifier: params.code_verifier,
    dpopJkt,
    now,
  })
  if (looked.no !== undefined) return refusals[looked.no] ?? invalid
  const look = looked.yes
  const user = await store.get('users', exchange.tenant.id, look.user)
  const target = await findTarget(store, exchange.tenant, exchange.base, look.audience)
  if (user === undefined || user.blocked || target === undefined) return invalid
  const tenantAlgorithm = exchange.tenant.signingAlgorithm
  const algorithms = algorithmsOf({ application, audience: target.audience, tenantAlgorithm })
  const keys = await dialect.keys.snapshot(exchange.tenant.id, algorithms)
  const caller = callerOf(exchange, application)
  const outcome = await store.change(codeRefs(look), (found): Decision<Outcome<Minted>> => {
    const minted = prepare({
      tenant: exchange.tenant.id,
      issuer: issuerOf(exchange.base),
      application,
      user,
      subject: subjectOf(user.id),
      assurance: look.assurance,
      scope: look.scope,
      audience: target.audience,
      grantType,
      dpopJkt,
      nonce: look.nonce,
      sid: look.sid,
      revocable: true,
      dates: 'iso',
      tenantAlgorithm,
      now,
      random: parts.random,
      keys,
    })
    const plan = planCode(found, { look, minted })
    const fields = { user: user.id, details: { grant: grantType } }
    const event = plan.yes
      ? audit(parts, caller, 'login.granted', fields)
      : audit(parts, caller, 'login.granted', { ...fields, outcome: 'failure', reason: plan.no })
    const result: Outcome<Minted> = plan.yes ? { yes: plan.yes } : { no: 'challenge-unknown' }
    return { result, writes: [...plan.writes, event] }
  })
  return outcome.yes ? { status: 200, body: await outcome.yes.respond(), headers: noStore } : invalid
}
