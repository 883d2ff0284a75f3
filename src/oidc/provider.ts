import type { Client, Context, Payload, Provider } from 'oidc-provider/lib/provider.js'
import { network } from '#engine/attempt-budgets.ts'
import type { Checked, CheckRequest } from '#engine/check.ts'
import { sessionIdFor } from '#engine/session-ends.ts'
import type { Application } from '#model/application.ts'
import { asId, type ClientId, type TenantId, type UserId } from '#model/ids.ts'
import type { Clock } from '#ports/clock.ts'
import type { Keyring } from '#ports/keyring.ts'
import type { Random } from '#ports/random.ts'
import type { Store } from '#ports/store.ts'
import { acrValues } from './acr.ts'
import { createAdapter } from './adapter.ts'
import { offlineScope, toAudience } from './audiences.ts'
import type { BrowserSessions, SignedInHere } from './browser-sessions.ts'
import { scopeClaims, userClaims } from './claims.ts'
import { matches } from './clients.ts'
import { cookieName, readCookie } from './cookies.ts'
import { enterDeviceCode } from './device-entry.ts'
import { dpopAlgorithms } from './dpop.ts'
import type { Flows } from './flows.ts'
import type { KeySnapshot, TenantKeys } from './keys.ts'
import { familyLifetime, idTokenLifetime } from './mint.ts'
import {
  renderDeviceCodePage,
  renderDeviceConfirmPage,
  renderDeviceDonePage,
  renderDeviceRefusal,
  renderErrorPage,
  renderLogoutPage,
  renderSignedOutPage,
} from './pages.ts'
import {
  exchangeOf,
  formOf,
  type PolicyParts,
  sameSubject,
  signInPolicy,
  verdictOf,
  wantedOf,
} from './sign-in-policy.ts'
import type { Spelling } from './spelling.ts'
import { lingering } from './web-message.ts'

/** What the library's instances are built from. */
export interface ProviderParts {
  readonly store: Store
  readonly keyring: Keyring
  readonly clock: Clock
  readonly random: Random
  readonly keys: TenantKeys
  readonly sessions: BrowserSessions
  readonly flows: Flows
  /** The engine's word on a standing session, asked each time something is issued on it (S-56). */
  readonly check: (request: CheckRequest) => Promise<Checked>
  /** Told of every fault inside the library that ended in a 500. */
  readonly onFault?: (error: Error) => void
}

type Library = typeof import('./library.ts')

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
/** Where a person enters the code of a device, unless the dialect has a place of its own. */
export const defaultVerification = '/activate'
const libraryGrants = ['authorization_code', 'refresh_token', deviceGrant]
/** Session: overall 24 h (security.md part 1). Interaction: a person has an hour to sign in. */
const sessionLifetime = 86_400
const interactionLifetime = 3600
/** Instances kept; each costs about as much as its parsed keys. */
const keptInstances = 200

interface Kept {
  readonly version: string
  readonly provider: Provider
}

/**
 * One library instance a tenant and issuer, built anew when the tenant's keys have changed. The library itself is loaded
 * at first use: it takes some 50 MB and 200 ms that a server without browser sign-in never needs.
 */
export function createProviders(parts: ProviderParts) {
  const kept = new Map<string, Kept>()
  return async function providerFor(tenant: TenantId, base: string, spelling: Spelling): Promise<Provider> {
    const keys = await parts.keys.snapshot(tenant, ['RS256'])
    const name = `${tenant} ${spelling.name} ${base}`
    const known = kept.get(name)
    if (known?.version === keys.version) return known.provider
    const provider = build(parts, { tenant, base, spelling, keys, library: await import('./library.ts') })
    kept.delete(name)
    kept.set(name, { version: keys.version, provider })
    const oldest = kept.keys().next().value
    if (kept.size > keptInstances && oldest !== undefined) kept.delete(oldest)
    return provider
  }
}

interface Site {
  readonly tenant: TenantId
  readonly base: string
  readonly spelling: Spelling
  readonly keys: KeySnapshot
  readonly library: Library
}

function build(parts: ProviderParts, site: Site): Provider {
  const provider: Provider = new site.library.Provider(
    site.spelling.issuer(site.base),
    configuration(parts, site, () => provider),
  )
  // The caller of the library writes the forwarded headers itself, from configuration; a client's never get here.
  provider.proxy = true
  provider.use(keepCors)
  provider.use(frontManners(parts, site, () => provider))
  provider.on('server_error', (_ctx: unknown, error: Error) => parts.onFault?.(error))
  // Only digests of secrets are kept (S-114), so the library's own comparison has nothing to compare with.
  Object.defineProperty(provider.Client.prototype, 'compareClientSecret', {
    value(this: Client & { secret_digests?: readonly string[] }, secret: string): boolean {
      return matches(secret, this.secret_digests ?? [])
    },
  })
  return provider
}

function configuration(parts: ProviderParts, site: Site, provider: () => Provider): Record<string, unknown> {
  const { store, keyring, clock } = parts
  const { library, tenant, spelling } = site
  const { paths } = spelling
  const policy: PolicyParts = { store, clock, spelling, sessions: parts.sessions, check: parts.check }
  const findClient = async (id: string): Promise<Payload | undefined> => {
    const application = await store.get('applications', tenant, id)
    return application === undefined ? undefined : clientMetadata(application, algorithms)
  }
  const alreadyUsed = (model: string): Error => {
    const { InvalidGrant, InvalidRequestUri } = library.errors
    return model === 'PushedAuthorizationRequest'
      ? new InvalidRequestUri('request_uri was already used')
      : new InvalidGrant(`${model} was already used`)
  }
  const algorithms = [...new Set(site.keys.keys.map((key) => key.alg))]
  return {
    acrValues: [...acrValues],
    adapter: createAdapter({
      store,
      keyring,
      clock,
      tenant,
      findClient,
      alreadyUsed,
      async sessionOf(uid, application) {
        const session = await parts.sessions.read(tenant, uid)
        if (session === undefined) return undefined
        const { proofs, device } = session
        return { proofs, sid: sessionIdFor(session, application), ...(device === undefined ? {} : { device }) }
      },
    }),
    jwks: { keys: privateKeys(site.keys) },
    scopes: ['openid', 'offline_access', 'profile', 'email', 'phone', offlineScope],
    claims: {
      openid: ['sub'],
      profile: [...scopeClaims.profile],
      email: [...scopeClaims.email],
      phone: [...scopeClaims.phone],
    },
    responseTypes: ['code'],
    subjectTypes: ['public'],
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    enabledJWA: {
      idTokenSigningAlgValues: algorithms,
      clientAuthSigningAlgValues: ['RS256', 'RS384', 'PS256', 'ES256', 'EdDSA'],
      dPoPSigningAlgValues: [...dpopAlgorithms],
    },
    extraClientMetadata: { properties: ['secret_digests'] },
    extraParams: ['audience', 'connection', 'organization', 'screen_hint', 'invitation'],
    pkce: { required: () => true },
    clockTolerance: 5,
    conformIdTokenClaims: false,
    cookies: cookieRules(site),
    expiresWithSession: () => false,
    issueRefreshToken: (_ctx: Context, client: Client, source: { readonly scopes: ReadonlySet<string> }) =>
      client.grantTypeAllowed('refresh_token') && source.scopes.has(offlineScope),
    findAccount: (_ctx: Context, id: string) => findAccount(parts, site, id),
    loadExistingGrant: async (ctx: Context) => {
      await keepSession(parts, ctx)
      await sayLevel(policy, ctx)
      return firstPartyGrant(ctx, provider())
    },
    interactions: {
      policy: signInPolicy(library, policy),
      async url(ctx: Context, interaction: { readonly uid: string; readonly returnTo: string }) {
        const { order } = await wantedOf(policy, ctx, new URL(interaction.returnTo).pathname)
        ctx.res.appendHeader('set-cookie', await parts.flows.begin(exchangeOf(ctx), interaction.uid, order))
        return `${site.base}${paths.interaction}/${interaction.uid}`
      },
    },
    renderError: renderErrorPage,
    // Cross-origin answers belong to the listener in front, which knows the tenant's origins.
    clientBasedCORS: () => false,
    routes: routesOf(spelling),
    features: featuresOf(parts, site),
    ttl: {
      AccessToken: 86_400,
      AuthorizationCode: 60,
      DeviceCode: 600,
      Grant: familyLifetime,
      IdToken: idTokenLifetime,
      Interaction: interactionLifetime,
      RefreshToken: familyLifetime,
      Session: sessionLifetime,
    },
  }
}

function featuresOf(parts: ProviderParts, site: Site): Record<string, unknown> {
  const { library, tenant, base, spelling } = site
  return {
    devInteractions: { enabled: false },
    claimsParameter: { enabled: true },
    dPoP: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    deviceFlow: {
      enabled: spelling.paths.deviceAuthorization !== undefined,
      charset: 'base-20',
      mask: '****-****',
      userCodeInputSource: renderDeviceCodePage,
      userCodeConfirmSource: renderDeviceConfirmPage,
      successSource: renderDeviceDonePage,
    },
    // Ours, since they must know both kinds of access token and every family (S-120).
    introspection: { enabled: false },
    revocation: { enabled: false },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx: Context, form: string) => logoutOrAsk(parts, site, ctx, form),
      postLogoutSuccessSource: renderSignedOutPage,
    },
    webMessageResponseMode: { enabled: true, ack: 'individual-draft-01' },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_ctx: Context, _client: Client, oneOf?: unknown) => oneOf,
      useGrantedResource: () => true,
      async getResourceServerInfo(_ctx: Context, resource: string) {
        const audience = toAudience(resource)
        const known = audience === undefined ? undefined : await spelling.findAudience(tenant, base, audience)
        if (known === undefined) throw new library.errors.InvalidTarget(`Service not found: ${audience ?? resource}`)
        return {
          scope: known.scopes.join(' '),
          audience,
          accessTokenTTL: known.accessTokenLifetime,
          accessTokenFormat: 'opaque',
        }
      },
    },
  }
}

function routesOf({ paths }: Spelling): Record<string, string> {
  return {
    authorization: paths.authorize,
    pushed_authorization_request: paths.par,
    token: paths.token,
    userinfo: paths.userinfo,
    jwks: paths.jwks,
    end_session: paths.endSession,
    ...(paths.deviceAuthorization === undefined
      ? {}
      : {
          device_authorization: paths.deviceAuthorization,
          code_verification: paths.deviceVerification ?? defaultVerification,
        }),
  }
}

/**
 * A hint that names the person of this session and was made by us for a client is proof enough that the application
 * means it (S-123); everybody else is asked.
 */
async function logoutOrAsk(parts: ProviderParts, site: Site, ctx: Context, form: string): Promise<void> {
  const subject = ctx.oidc.entities.IdTokenHint?.payload.sub
  const { accountId } = ctx.oidc.session
  const target = ctx.oidc.params.post_logout_redirect_uri
  const named = subject !== undefined && accountId !== undefined && sameSubject(site.spelling, subject, accountId)
  if (!named || target === undefined) {
    renderLogoutPage(ctx, form)
    return
  }
  const exchange = exchangeOf(ctx)
  const session = await parts.sessions.live(exchange)
  for (const line of await parts.sessions.endHere(exchange, session)) ctx.res.appendHeader('set-cookie', line)
  await ctx.oidc.session.destroy()
  const back = new URL(target)
  if (ctx.oidc.params.state !== undefined) back.searchParams.set('state', ctx.oidc.params.state)
  ctx.status = 303
  ctx.redirect(back.href)
}

/** The session's cookie is the library's to write, under the rules of cookies.ts; the two others never leave (see `frontManners`). */
function cookieRules({ base, tenant }: Site): Record<string, unknown> {
  const secure = base.startsWith('https://')
  const rule = { httpOnly: true, sameSite: secure ? 'none' : 'lax', secure, overwrite: true, signed: false, path: '/' }
  return {
    long: rule,
    short: { ...rule, sameSite: 'lax' },
    names: {
      session: cookieName({ base, tenant: { id: tenant } }, 'session'),
      interaction: 'interaction',
      resume: 'resume',
    },
  }
}

/**
 * Manners of the front channel: the library's own flow cookies stay here, since ours bind a flow and change with its
 * rights (S-125); its pages get a policy (S-131); and an answer for a frame or popup of a registered application may be
 * put in that frame and keep its opener (auth0.md §6.3).
 */
function frontManners(parts: ProviderParts, site: Site, provider: () => Provider) {
  return async (ctx: Context, next: () => Promise<void>): Promise<void> => {
    const { authorize } = site.spelling.paths
    const exchange = exchangeOf(ctx)
    const { path } = exchange
    const front = path === authorize || path.startsWith(`${authorize}/`)
    if (front) ctx.set('content-security-policy', bareCsp)
    if (path === (site.spelling.paths.deviceVerification ?? defaultVerification) && (await stopsDevice(parts, ctx)))
      return
    const leaving =
      path === `${site.spelling.paths.endSession}/confirm` ? await parts.sessions.live(exchange) : undefined
    await next()
    keepCookiesHome(ctx, provider())
    // After a POST it is 303 (S-136); where the browser came by GET, SDKs and their users know 302 (auth0.md §6.3).
    if (ctx.status === 303 && exchange.method === 'GET') ctx.status = 302
    if (leaving !== undefined && ctx.oidc?.session.destroyed === true) await parts.sessions.endHere(exchange, leaving)
    if (!front || ctx.oidc === undefined) return
    const { params, redirectUriCheckPerformed, entities } = ctx.oidc
    if (entities.AuthorizationCode !== undefined) {
      await noteApplication(parts, site, ctx)
    }
    const origin = URL.parse(params?.redirect_uri ?? '')?.origin
    if (redirectUriCheckPerformed !== true || origin === undefined || origin === 'null') return
    const csp = ctx.response.get('content-security-policy')
    if (params.response_mode === 'web_message') {
      // An error too is a message to the window that asked, and its page is fine (auth0.md §6.3).
      if (ctx.status >= 400) ctx.status = 200
      ctx.set('cross-origin-opener-policy', 'unsafe-none')
      ctx.set('cross-origin-resource-policy', 'cross-origin')
      const later = lingering(String(ctx.body ?? ''), csp)
      if (typeof ctx.body === 'string') ctx.body = later.body
      const open = later.policy.split(';').filter((it) => !it.includes('frame-ancestors'))
      ctx.set('content-security-policy', [...open, `frame-ancestors ${origin}`].join(';'))
    } else if (params.response_mode === 'form_post') {
      ctx.set('content-security-policy', csp.replace("form-action 'self'", `form-action 'self' ${origin}`))
    }
  }
}

/** Guesses at the codes of devices end here, before the library looks any of them up (S-59, S-60). */
async function stopsDevice(parts: ProviderParts, ctx: Context): Promise<boolean> {
  const exchange = exchangeOf(ctx)
  const userCode = formOf(ctx).get('user_code')
  const browser = readCookie(exchange, 'session')
  // Without a session the library refuses the form itself.
  if (exchange.method !== 'POST' || userCode === null || browser === undefined) return false
  const { tenant, address } = exchange
  const entered = await enterDeviceCode(parts, { tenant: tenant.id, userCode, browser, address: network(address) })
  if (entered === 'enter') return false
  renderDeviceRefusal(ctx, entered)
  return true
}

async function noteApplication(parts: ProviderParts, { tenant, base, spelling }: Site, ctx: Context): Promise<void> {
  const { session, client } = ctx.oidc
  if (session.accountId === undefined) return
  const subject = spelling.subject({ id: asId<UserId>(session.accountId) })
  const application = await parts.store.get('applications', tenant, asId<ClientId>(client.clientId))
  const told = application?.backchannelLogoutUri === undefined ? {} : { told: true as const }
  const as = { issuer: spelling.issuer(base), subject, ...told }
  await parts.sessions.noteApplication(tenant, session.uid, client.clientId, as)
}

/** `script-src` is empty and there, because the library puts the hash of its one script into it. */
const bareCsp =
  "default-src 'none';script-src;base-uri 'none';object-src 'none';form-action 'self';frame-ancestors 'none'"

function keepCookiesHome(ctx: Context, provider: Provider): void {
  const own = [provider.cookieName('interaction'), provider.cookieName('resume')]
  const lines = [ctx.res.getHeader('set-cookie') ?? []].flat().map(String)
  const kept = lines.filter((line) => !own.some((name) => line.startsWith(`${name}=`)))
  if (kept.length === lines.length) return
  if (kept.length === 0) ctx.res.removeHeader('set-cookie')
  else ctx.res.setHeader('set-cookie', kept)
}

/** A login or step-up that has just ended becomes what the session rests on, before anything is issued on it. */
async function keepSession(parts: ProviderParts, ctx: Context): Promise<void> {
  const signedIn = ctx.oidc.result?.signedIn as SignedInHere | undefined
  if (signedIn === undefined || ctx.oidc.result?.login === undefined) return
  const lines = await parts.sessions.keep(exchangeOf(ctx), ctx.oidc.session.uid, signedIn)
  for (const line of lines) ctx.res.appendHeader('set-cookie', line)
}

/** Codes say what the session amounts to now, in the client's word for it where it has asked for one (S-119). */
async function sayLevel(policy: PolicyParts, ctx: Context): Promise<void> {
  const verdict = await verdictOf(policy, ctx)
  if (verdict.is !== 'enough') return
  Object.defineProperty(ctx.oidc, 'acr', { value: verdict.acr, configurable: true })
  Object.defineProperty(ctx.oidc, 'amr', { value: verdict.amr, configurable: true })
}

/** What the listener has said about other origins stands; the library's own word on it is taken back. */
async function keepCors(ctx: Context, next: () => Promise<void>): Promise<void> {
  const names = ['access-control-allow-origin', 'access-control-expose-headers']
  const before = names.map((name) => ctx.res.getHeader(name))
  await next()
  for (const [at, name] of names.entries()) {
    const value = before[at]
    if (value === undefined) ctx.res.removeHeader(name)
    else ctx.res.setHeader(name, value)
  }
}

/** The key that signs comes first of its kind, since the library takes the first; retired ones still verify hints. */
function privateKeys(keys: KeySnapshot): readonly Record<string, unknown>[] {
  const order = { active: 0, next: 1, retired: 2 }
  return [...keys.keys]
    .sort((a, b) => order[a.state] - order[b.state])
    .map((key) => ({ ...key.privateJwk, kid: key.kid, alg: key.alg, use: 'sig' }))
}

/** An application in the words of client metadata (RFC 7591), with what the library has no part in left out. */
export function clientMetadata(application: Application, algorithms: readonly string[]): Payload {
  const grants = application.grantTypes.filter((name) => libraryGrants.includes(name))
  const usesCode = grants.includes('authorization_code') && application.redirectUris.length > 0
  const hasSecret = application.authMethod.startsWith('client_secret_')
  return {
    client_id: application.id,
    client_name: application.name,
    application_type: application.type === 'native' ? 'native' : 'web',
    token_endpoint_auth_method: application.authMethod,
    // The library wants a secret to be there; nothing compares with this one.
    ...(hasSecret ? { client_secret: 'kept-as-digest', secret_digests: [...application.secretDigests] } : {}),
    ...(application.jwks === undefined ? {} : { jwks: application.jwks }),
    redirect_uris: [...application.redirectUris],
    post_logout_redirect_uris: [...application.logoutUris],
    grant_types: usesCode ? grants : grants.filter((name) => name !== 'authorization_code'),
    response_types: usesCode ? ['code'] : [],
    // An algorithm without a key has signed nothing yet that could come back as a hint.
    ...(algorithms.includes(application.idTokenAlgorithm ?? '')
      ? { id_token_signed_response_alg: application.idTokenAlgorithm }
      : {}),
  }
}

async function findAccount({ store }: ProviderParts, { tenant, spelling }: Site, id: string) {
  const user = await store.get('users', tenant, asId<UserId>(id))
  if (user === undefined || user.blocked) return undefined
  return {
    accountId: user.id,
    claims: (_use: string, scope: string) => ({
      ...userClaims(user, scope.split(' '), spelling.dates),
      sub: spelling.subject(user),
    }),
  }
}

/** Applications of the tenant are its own: what they ask within its APIs is granted without asking the person. */
async function firstPartyGrant(ctx: Context, provider: Provider) {
  const { session, client, requestParamOIDCScopes, requestParamScopes, requestParamClaims, resourceServers, result } =
    ctx.oidc
  if (session.accountId === undefined) return undefined
  const id = result?.consent?.grantId ?? session.grantIdFor(client.clientId)
  const known = id === undefined ? undefined : await provider.Grant.find(id)
  const mine = known?.accountId === session.accountId ? known : undefined
  const grant = mine ?? new provider.Grant({ accountId: session.accountId, clientId: client.clientId })
  grant.addOIDCScope([...requestParamOIDCScopes].join(' '))
  grant.addOIDCClaims([...requestParamClaims])
  for (const [resource, server] of Object.entries(resourceServers)) {
    const scope = [...requestParamScopes].filter((name) => server.scopes.has(name))
    grant.addResourceScope(resource, scope.join(' '))
  }
  await grant.save()
  return grant
}
