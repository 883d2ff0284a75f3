import type { Answer, Exchange } from '#http/route.ts'
import { proveDpop } from '#oidc/dpop.ts'
import { allowsGrant } from './audience.ts'
import type { Dialect } from './dialect.ts'
import { authorizationCode } from './grants/authorization-code.ts'
import { clientCredentials } from './grants/client-credentials.ts'
import { deviceCode } from './grants/device-code.ts'
import { mfaOob, mfaOtp, mfaRecoveryCode } from './grants/mfa.ts'
import { passkeyGrant } from './grants/passkey.ts'
import { passwordGrant } from './grants/password.ts'
import { passwordlessOtp } from './grants/passwordless.ts'
import { refreshGrant } from './grants/refresh.ts'
import { passkeyGrantType } from './passkey.ts'
import { clientOf, type Grant, stringsOf } from './token-request.ts'
import { missing, oauthError } from './wire.ts'

const own = 'http://auth0.com/oauth/grant-type/'

/** The grants of the token endpoint, a row each (auth0.md §1.4). */
export const grants: Readonly<Record<string, Grant>> = {
  password: passwordGrant,
  [`${own}password-realm`]: passwordGrant,
  [`${own}passwordless/otp`]: passwordlessOtp,
  [`${own}mfa-otp`]: mfaOtp,
  [`${own}mfa-oob`]: mfaOob,
  [`${own}mfa-recovery-code`]: mfaRecoveryCode,
  [passkeyGrantType]: passkeyGrant,
  authorization_code: authorizationCode,
  'urn:ietf:params:oauth:grant-type:device_code': deviceCode,
  refresh_token: refreshGrant,
  client_credentials: clientCredentials,
}

/** `POST /oauth/token`: client, then grant, each step only if the one before was good. */
export async function token(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const params = stringsOf(exchange.body)
  const grantType = params.grant_type
  if (grantType === undefined) return missing('grant_type')
  const grant = Object.hasOwn(grants, grantType) ? grants[grantType] : undefined
  if (grant === undefined) return oauthError(400, 'unsupported_grant_type', 'Grant type not supported')
  const client = await clientOf(dialect, exchange, params)
  if ('answer' in client) return client.answer
  if (!allowsGrant(client.application, grantType)) {
    return oauthError(403, 'unauthorized_client', `Grant type '${grantType}' not allowed for the client.`)
  }
  const proof = await dpopKey(dialect, exchange)
  if (proof !== undefined && 'answer' in proof) return proof.answer
  const body = (exchange.body ?? {}) as Readonly<Record<string, unknown>>
  const dpopJkt = proof?.jkt
  return await grant(dialect, { exchange, application: client.application, grantType, params, body, dpopJkt })
}

/** The key of a DPoP proof that came along, or the answer to a bad one; undefined without a proof (RFC 9449 §5). */
async function dpopKey(
  { engine }: Dialect,
  exchange: Exchange,
): Promise<{ readonly jkt: string } | { readonly answer: Answer } | undefined> {
  const proof = exchange.headers.dpop
  if (proof === undefined) return undefined
  const checked = await proveDpop(engine.parts.store, {
    tenant: exchange.tenant.id,
    proof,
    method: exchange.method,
    url: `${exchange.base}${exchange.path}`,
    now: engine.parts.clock.now(),
  })
  return checked.yes
    ? { jkt: checked.yes.jkt }
    : { answer: oauthError(400, 'invalid_dpop_proof', `The DPoP proof was refused: ${checked.no}.`) }
}
