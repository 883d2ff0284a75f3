import { audit } from '#engine/events.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import { grantMachine, machineGty } from '#oidc/client-credentials.ts'
import { authenticateClient } from '#oidc/clients.ts'
import { algorithmsOf, prepare } from '#oidc/mint.ts'
import { idsOf } from './call.ts'
import { authorityOf, callerOf, type Dialect, issuerOf } from './dialect.ts'
import { errors, fail, type Ids, succeed } from './wire.ts'

/** Whether a token request is a machine's, which no native client is. */
export const isMachine = ({ body }: Exchange): boolean =>
  (body as Readonly<Record<string, unknown>> | undefined)?.grant_type === 'client_credentials'

const wholeApi = '/.default'

/**
 * `client_credentials` (RFC 6749 section 4.4) for scripts and services: `scope` is `{audience}/.default`, and the token
 * has what the application's own grants for that API say, as `roles`. Never meets MFA, and has no refresh token.
 */
export const machineGrant =
  (dialect: Dialect) =>
  async (exchange: Exchange): Promise<Answer> => {
    const { parts } = dialect.engine
    const ids = idsOf(exchange, parts)
    if (exchange.repeated.length > 0) return fail(ids, errors.repeated)
    const params = exchange.body as Readonly<Record<string, unknown>>
    const known = await authenticateClient(parts.store, {
      tenant: exchange.tenant.id,
      params,
      authorization: exchange.headers.authorization,
      audiences: [issuerOf(exchange), `${authorityOf(exchange)}/oauth2/v2.0/token`],
      now: parts.clock.now(),
    })
    if (known.no === 'missing') return fail(ids, errors.missing('client_id'))
    if (known.no !== undefined) return fail(ids, errors.badClient)
    const scope = typeof params.scope === 'string' ? params.scope.trim() : ''
    if (!scope.endsWith(wholeApi) || /\s/.test(scope)) return fail(ids, errors.badMachineScope)
    return await issue(dialect, exchange, ids, known.yes, scope.slice(0, -wholeApi.length))
  }

async function issue(
  dialect: Dialect,
  exchange: Exchange,
  ids: Ids,
  application: Application,
  named: string,
): Promise<Answer> {
  const { parts } = dialect.engine
  const { tenant } = exchange
  // An audience that ends with a slash is written with two.
  const apis = await Promise.all([named, `${named}/`].map((id) => parts.store.get('apis', tenant.id, id)))
  const api = apis.find((it) => it !== undefined)
  const granted = grantMachine(application, { audience: api?.id ?? named })
  if (granted.no === 'public-client' || granted.no === 'grant-type') return fail(ids, errors.notForMachines)
  if (api === undefined || granted.no !== undefined) return fail(ids, errors.badScope)
  const audience = { ...api, allowOfflineAccess: false, fixed: true }
  const tenantAlgorithm = tenant.signingAlgorithm
  const minted = prepare({
    tenant: tenant.id,
    issuer: issuerOf(exchange),
    application,
    subject: application.id,
    scope: granted.yes,
    audience,
    grantType: 'client_credentials',
    gty: machineGty,
    claims: { accessToken: { ver: '2.0', tid: tenant.id, roles: granted.yes }, idToken: {} },
    tenantAlgorithm,
    now: parts.clock.now(),
    random: parts.random,
    keys: await dialect.keys.snapshot(tenant.id, algorithmsOf({ application, audience, tenantAlgorithm })),
  })
  const event = audit(parts, callerOf(exchange, application, ids.correlation), 'login.granted', {
    actor: 'client',
    details: { grant: 'client_credentials' },
  })
  await parts.store.change({}, () => ({ result: undefined, writes: [...minted.writes, event] }))
  const { access_token, expires_in } = await minted.respond()
  return succeed(ids, { token_type: 'Bearer', expires_in, ext_expires_in: expires_in, access_token })
}
