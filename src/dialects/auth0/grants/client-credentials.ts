import { audit } from '#engine/events.ts'
import { grantMachine, machineGty, machineSubject } from '#oidc/client-credentials.ts'
import { algorithmsOf, prepare, type TokenAudience } from '#oidc/mint.ts'
import { managementAudience } from '../audience.ts'
import { callerOf, issuerOf } from '../dialect.ts'
import type { Grant } from '../token-request.ts'
import { missing, noStore, oauthError } from '../wire.ts'

/** `client_credentials`: a machine's token for an API it was granted (auth0.md §1.4). Never meets MFA. */
export const clientCredentials: Grant = async (dialect, { exchange, application, params, dpopJkt }) => {
  const audience = params.audience
  if (audience === undefined) return missing('audience')
  const scope = params.scope?.split(/\s+/).filter((word) => word !== '')
  const granted = grantMachine(application, { audience, scope })
  if (granted.no === 'public-client' || granted.no === 'grant-type') {
    return oauthError(403, 'unauthorized_client', "Grant type 'client_credentials' not allowed for the client.")
  }
  const { parts } = dialect.engine
  const api = await parts.store.get('apis', exchange.tenant.id, audience)
  const own = audience === managementAudience(exchange.base)
  if (api === undefined && !own) return oauthError(403, 'access_denied', `Service not found: ${audience}`)
  if (granted.no === 'audience') {
    return oauthError(
      403,
      'access_denied',
      `Client is not authorized to access "${audience}". You need to create a client grant for it.`,
    )
  }
  if (granted.no !== undefined)
    return oauthError(403, 'access_denied', `Client has not been granted scopes: ${params.scope}`)
  const target: TokenAudience = api ?? {
    id: audience,
    accessTokenLifetime: 86_400,
    allowOfflineAccess: false,
    fixed: true,
  }
  const tenantAlgorithm = exchange.tenant.signingAlgorithm
  const keys = await dialect.keys.snapshot(
    exchange.tenant.id,
    algorithmsOf({ application, audience: target, tenantAlgorithm }),
  )
  const minted = prepare({
    tenant: exchange.tenant.id,
    issuer: issuerOf(exchange.base),
    application,
    subject: machineSubject(application),
    scope: granted.yes,
    audience: target,
    grantType: 'client_credentials',
    gty: machineGty,
    dpopJkt,
    tenantAlgorithm,
    now: parts.clock.now(),
    random: parts.random,
    keys,
  })
  const event = audit(parts, callerOf(exchange, application), 'login.granted', {
    actor: 'client',
    details: { grant: 'client_credentials' },
  })
  await parts.store.change({}, () => ({ result: undefined, writes: [...minted.writes, event] }))
  return { status: 200, body: await minted.respond(), headers: noStore }
}
