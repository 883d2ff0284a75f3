import { audit } from '#engine/events.ts'
import type { Exchange } from '#http/route.ts'
import type { Outcome } from '#model/outcome.ts'
import { artifactId } from '#oidc/artifacts.ts'
import { codeRefs, planCode, readCode } from '#oidc/codes.ts'
import type { Minted } from '#oidc/mint.ts'
import type { Decision } from '#ports/store.ts'
import { callerOf, type Dialect, dialectName } from '../dialect.ts'
import { noStore, oauthError } from '../wire.ts'
import { answerOf, mint, orderFor } from './claims.ts'
import type { Grant } from './token.ts'

const invalid = oauthError(
  400,
  'invalid_grant',
  'The authorization grant is invalid: the code is invalid, expired, used or revoked.',
)

/**
 * `authorization_code`: what a login has earned. A code that was asked for with a challenge needs its verifier; where none
 * was asked for, the verifier the SDK sends anyway says nothing (cidaas.md §2.6).
 */
export const authorizationCode: Grant = async (dialect, { exchange, application, params }) => {
  const { code } = params
  if (code === undefined) return oauthError(400, 'invalid_request', 'Missing required parameter: code')
  const { parts } = dialect.engine
  const looked = await readCode(parts.store, {
    tenant: exchange.tenant.id,
    application,
    code,
    redirectUri: params.redirect_uri,
    verifier: params.code_verifier,
    dialect: dialectName,
    challengeOptional: true,
    now: parts.clock.now(),
  })
  if (looked.no !== undefined) return invalid
  const look = looked.yes
  const user = await parts.store.get('users', exchange.tenant.id, look.user)
  if (user === undefined || user.blocked) return invalid
  const order = await orderFor(dialect, exchange, application)
  const group = await groupOfCode(dialect, exchange, look.grantId)
  const { proofs, assurance, scope, nonce, sid } = look
  const { minted, writes } = mint(exchange, {
    ...order,
    group,
    user,
    subject: user.id,
    assurance,
    proofs,
    scope,
    grantType: 'authorization_code',
    nonce,
    sid,
    revocable: true,
  })
  const caller = callerOf(exchange, application)
  const outcome = await parts.store.change(codeRefs(look), (found): Decision<Outcome<Minted>> => {
    const plan = planCode(found, { look, minted: { ...minted, writes } })
    const fields = { user: user.id, details: { grant: 'authorization_code' } }
    const failed = plan.no === undefined ? {} : { outcome: 'failure' as const, reason: plan.no }
    const event = audit(parts, caller, 'login.granted', { ...fields, ...failed })
    return { result: plan.yes ? { yes: plan.yes } : { no: 'challenge-unknown' }, writes: [...plan.writes, event] }
  })
  if (outcome.no !== undefined) return invalid
  return { status: 200, headers: noStore, body: answerOf(await outcome.yes.respond(), user, sid) }
}

/** The group somebody came in, kept beside the code they were given. */
async function groupOfCode({ engine }: Dialect, { tenant }: Exchange, grant: string): Promise<string | undefined> {
  const found = await engine.parts.store.get('artifacts', tenant.id, artifactId('Grant', grant))
  return found?.payload.group as string | undefined
}
