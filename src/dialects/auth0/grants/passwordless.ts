import { answerPasswordless } from '#engine/passwordless.ts'
import { findTarget, grantScope } from '../audience.ts'
import { callerOf, dialectName } from '../dialect.ts'
import { tokenIssue } from '../issue-tokens.ts'
import type { Grant } from '../token-request.ts'
import { missing, noStore, oauthError, refuse, tokenTable } from '../wire.ts'

const wrong = {
  email: oauthError(403, 'invalid_grant', 'Wrong email or verification code.'),
  sms: oauthError(403, 'invalid_grant', 'Wrong phone number or verification code.'),
} as const

const burnt = oauthError(
  403,
  'invalid_grant',
  "You've reached the maximum number of attempts. Please try to login again.",
)

/** `passwordless/otp`: the code `/passwordless/start` has sent, as the first factor (auth0.md §1.4). */
export const passwordlessOtp: Grant = async (dialect, { exchange, application, grantType, params, dpopJkt }) => {
  const { username, otp, realm } = params
  if (username === undefined) return missing('username')
  if (otp === undefined) return missing('otp')
  if (realm !== 'email' && realm !== 'sms') {
    return realm === undefined ? missing('realm') : oauthError(400, 'invalid_request', 'realm must be email or sms')
  }
  const { parts } = dialect.engine
  const target = await findTarget(parts.store, exchange.tenant, exchange.base, params.audience)
  if (target === undefined) return oauthError(403, 'access_denied', `Service not found: ${params.audience}`)
  const scope = grantScope(target, params.scope)
  const managesFactors = target.managesFactors(scope)
  const wish = { dialect: dialectName, grantType, audience: target.audience?.id, scope, managesFactors }
  const issue = await tokenIssue(dialect, { exchange, application, wish, dpopJkt })
  if ('no' in issue) return refuse(tokenTable, issue, parts)
  const caller = callerOf(exchange, application)
  const answered = await answerPasswordless(parts, { caller, channel: realm, to: username, code: otp, wish, issue })
  if (answered.no === 'wrong-proof') return wrong[realm]
  if (answered.no === 'challenge-expired') return burnt
  if (answered.no !== undefined) return refuse(tokenTable, answered, parts)
  return { status: 200, body: await answered.yes.issued.respond(), headers: noStore }
}
