import { type CodeRefusal, codeRefs, planCode, readCode } from '#oidc/codes.ts'
import { redeem } from '../redeem.ts'
import type { Grant } from '../token-request.ts'
import { missing, noStore, oauthError } from '../wire.ts'

const invalid = oauthError(403, 'invalid_grant', 'Invalid authorization code')
const refusals: Partial<Record<CodeRefusal, ReturnType<typeof oauthError>>> = {
  verifier: oauthError(403, 'invalid_grant', 'Failed to verify code verifier'),
}

/** `authorization_code`: what the hosted login has earned; second factors were asked for there (auth0.md §1.4). */
export const authorizationCode: Grant = async (dialect, { exchange, application, grantType, params, dpopJkt }) => {
  if (params.code === undefined) return missing('code')
  const { store, clock } = dialect.engine.parts
  const looked = await readCode(store, {
    tenant: exchange.tenant.id,
    application,
    code: params.code,
    redirectUri: params.redirect_uri,
    verifier: params.code_verifier,
    dpopJkt,
    now: clock.now(),
  })
  if (looked.no !== undefined) return refusals[looked.no] ?? invalid
  const look = looked.yes
  const refs = codeRefs(look)
  const minted = await redeem(dialect, {
    exchange,
    application,
    grantType,
    dpopJkt,
    look,
    refs,
    plan: (found, minted) => planCode(found, { look, minted }),
  })
  return minted ? { status: 200, body: await minted.respond(), headers: noStore } : invalid
}
