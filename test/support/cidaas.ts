import assert from 'node:assert/strict'
import { pino } from 'pino'
import { auth0Groups } from '#dialects/auth0/routes.ts'
import { cidaasGroups } from '#dialects/cidaas/routes.ts'
import { createServer, type Server } from '#http/server.ts'
import type { Application } from '#model/application.ts'
import type { Tenant } from '#model/tenant.ts'
import { createTenantKeys } from '#oidc/keys.ts'
import { createOidc, type OidcRoom } from '#oidc/routes.ts'
import { upsert } from '#ports/store.ts'
import { openWorld, someApplication, type World, type WorldOptions } from './world.ts'

export const base = 'https://localhost:3443'
export const callback = 'http://localhost:5173/callback'
export const mfaPage = 'https://pages.example/mfa?theme=dark'

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape, looked at member by member in tests
  readonly body: any
  readonly text: string
  /** Where a redirect points. */
  readonly location: URL
  /** The members of the redirect's query, or of its fragment. */
  readonly to: Readonly<Record<string, string>>
}

/** A browser: it keeps cookies and sends them with navigations; its XHR has none, as the SDK's has (cidaas.md §1.5). */
export interface Browser {
  readonly jar: Map<string, string>
  get(path: string): Promise<Reply>
  /** Submits a form. */
  form(path: string, fields?: Record<string, string>): Promise<Reply>
  xhr(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>
}

export interface Pending {
  readonly browser: Browser
  readonly requestId: string
  readonly track: string
  readonly sub: string
}

export interface CidaasWorld extends World {
  readonly server: Server
  readonly oidc: OidcRoom
  setTenant(over: Partial<Tenant>): Promise<void>
  setApplication(id: string, over: Partial<Application>): Promise<void>
  browser(headers?: Record<string, string>): Browser
  /** What the SDK's getRequestId does. */
  requestId(over?: Record<string, string>): Promise<string>
  signIn(browser: Browser, name: string, requestId: string, over?: Record<string, string>): Promise<Reply>
  /** Signs in up to the page of the second factor. */
  pending(name: string, over?: { browser?: Browser; client?: string }): Promise<Pending>
  initiate(it: Pending, method: string, over?: Record<string, unknown>): Promise<Reply>
  verify(method: string, exchange: string, code: string, over?: Record<string, unknown>): Promise<Reply>
  /** Redeems the code of a redirect as the SDK does, with a verifier that belongs to nothing. */
  /** Goes on in the browser that logged in. */
  goOn(it: Pending): Promise<Reply>
  /** The whole way with an authenticator app: the tokens. */
  tokens(name: string, code: string, over?: { client?: string; browser?: Browser }): Promise<Reply>
  redeem(reply: Reply, over?: Record<string, string>): Promise<Reply>
}

const spa: Partial<Application> = {
  type: 'spa',
  authMethod: 'none',
  secretDigests: [],
  redirectUris: [callback],
  logoutUris: ['http://localhost:5173'],
  allowedOrigins: ['http://localhost:5173'],
  grantTypes: ['authorization_code', 'refresh_token'],
}

/** TESTS ONLY: this dialect behind the real edge, without a socket: clients app (ALWAYS), plain (OFF), native. */
export async function openCidaasWorld(
  options: WorldOptions & { readonly trustedProxies?: readonly string[] } = {},
): Promise<CidaasWorld> {
  const world = await openWorld({
    ...options,
    tenant: { mfa: { mode: 'OFF' }, pages: { mfa_required: mfaPage }, discovery: 'cidaas', ...options.tenant },
  })
  const { store, parts, clock } = world
  const keys = createTenantKeys({ store, keyring: parts.keyring, clock })
  const clients = [
    someApplication('app', { ...spa, mfa: { mode: 'ALWAYS' } }),
    someApplication('plain', spa),
    someApplication('trusted', {
      ...spa,
      grantTypes: [
        'password',
        'refresh_token',
        'http://auth0.com/oauth/grant-type/mfa-otp',
        'http://auth0.com/oauth/grant-type/mfa-recovery-code',
      ],
      mfa: { mode: 'ALWAYS' },
    }),
    someApplication('tv', {
      ...spa,
      type: 'native',
      grantTypes: ['urn:ietf:params:oauth:grant-type:device_code'],
      mfa: { mode: 'ALWAYS' },
    }),
    someApplication('backend', {
      redirectUris: [callback],
      grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
      clientGrants: [{ audience: 'x', scopes: ['cidaas:verification_read'] }],
    }),
  ]
  await store.change({}, () => ({ result: undefined, writes: clients.map((it) => upsert('applications', it)) }))
  const oidc = createOidc({
    store,
    keyring: parts.keyring,
    clock,
    keys,
    random: parts.random,
    check: world.engine.check,
  })
  const server = await createServer({
    groups: [
      ...auth0Groups({ engine: world.engine, keys, oidc }),
      ...cidaasGroups({ engine: world.engine, keys, oidc }),
    ],
    resolveTenant: () => store.get('tenants', world.tenant.id, world.tenant.id),
    baseOf: () => base,
    originAllowed: async (_tenant, origin) => origin === 'http://localhost:5173',
    trustedProxies: options.trustedProxies ?? [],
    log: pino({ level: 'silent' }),
  })
  return { ...world, server, oidc, ...verbs(world, server) }
}

/** What carries a request to a server, wherever that is. */
export type Ask = (
  method: string,
  path: string,
  headers: Record<string, string>,
  payload?: string,
) => Promise<{
  readonly statusCode: number
  readonly headers: Reply['headers']
  readonly payload: string
}>

function verbs(world: World, server: Server) {
  return {
    ...cidaasVerbs((method, url, headers, payload) =>
      server.app.inject({ method: method as 'GET', url, headers, payload }),
    ),
    async setTenant(over: Partial<Tenant>) {
      const now = await world.store.get('tenants', world.tenant.id, world.tenant.id)
      await world.put('tenants', { ...(now as Tenant), ...over })
    },
    async setApplication(id: string, over: Partial<Application>) {
      const now = await world.store.get('applications', world.tenant.id, id)
      await world.put('applications', { ...(now as Application), ...over })
    },
  }
}

export type CidaasVerbs = Omit<CidaasWorld, keyof World | 'server' | 'oidc' | 'setTenant' | 'setApplication'>

/** What a client of this dialect does, and its browser. */
export function cidaasVerbs(ask: Ask): CidaasVerbs {
  const send = async (
    method: string,
    path: string,
    headers: Record<string, string>,
    payload?: string,
  ): Promise<Reply> => {
    const reply = await ask(method, path, headers, payload)
    const json = String(reply.headers['content-type'] ?? '').includes('json')
    const location = new URL(String(reply.headers.location ?? 'about:blank'), base)
    const params = location.hash === '' ? location.searchParams : new URLSearchParams(location.hash.slice(1))
    return {
      status: reply.statusCode,
      headers: reply.headers,
      text: reply.payload,
      body: json && reply.payload !== '' ? JSON.parse(reply.payload) : undefined,
      location,
      to: Object.fromEntries(params),
    }
  }

  const browser: CidaasWorld['browser'] = (always = {}) => {
    const jar = new Map<string, string>()
    const navigate = async (method: string, path: string, headers: Record<string, string>, payload?: string) => {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const shown = { 'sec-fetch-mode': 'navigate', ...(cookie === '' ? {} : { cookie }), ...always, ...headers }
      const reply = await send(method, path, shown, payload)
      for (const line of [reply.headers['set-cookie'] ?? []].flat()) {
        const [pair = '', ...attributes] = String(line).split('; ')
        const at = pair.indexOf('=')
        if (attributes.includes('Max-Age=0')) jar.delete(pair.slice(0, at))
        else jar.set(pair.slice(0, at), pair.slice(at + 1))
      }
      return reply
    }
    return {
      jar,
      get: (path) => navigate('GET', path, {}),
      form: (path, fields = {}) =>
        navigate(
          'POST',
          path,
          { 'content-type': 'application/x-www-form-urlencoded' },
          new URLSearchParams(fields).toString(),
        ),
      xhr: (method, path, body, headers = {}) =>
        send(
          method,
          path,
          { 'content-type': 'application/json', origin: 'http://localhost:5173', ...always, ...headers },
          body === undefined ? undefined : JSON.stringify(body),
        ),
    }
  }

  const cookieless = browser()
  const requestId: CidaasWorld['requestId'] = async (over = {}) => {
    const asked = await cookieless.xhr('POST', '/authz-srv/authrequest/authz/generate', {
      client_id: 'app',
      redirect_uri: callback,
      response_type: 'code',
      response_mode: 'fragment',
      scope: 'openid profile email',
      nonce: '1795295955974',
      ...over,
    })
    assert.equal(asked.status, 200, asked.text)
    return asked.body.data.requestId
  }
  const signIn: CidaasWorld['signIn'] = (from, name, id, over = {}) =>
    from.form('/login-srv/login', {
      username: `${name}@example.com`,
      username_type: 'email',
      password: `the quite long password of ${name}`,
      requestId: id,
      remember_me: 'undefined',
      ...over,
    })
  const verify: CidaasWorld['verify'] = (method, exchange, code, over = {}) =>
    cookieless.xhr('POST', `/verification-srv/authentication/${method}/verification`, {
      exchange_id: exchange,
      pass_code: code,
      ...over,
    })
  const pending: CidaasWorld['pending'] = async (name, over = {}) => {
    const from = over.browser ?? browser()
    const id = await requestId(over.client === undefined ? {} : { client_id: over.client })
    const reply = await signIn(from, name, id)
    assert.equal(reply.status, 302, reply.text)
    assert.equal(reply.to.requestId, id, reply.location.href)
    return { browser: from, requestId: id, track: reply.to.track_id ?? '', sub: reply.to.sub ?? '' }
  }
  const initiate: CidaasWorld['initiate'] = (it, method, over = {}) =>
    cookieless.xhr('POST', `/verification-srv/authentication/${method}/initiation`, {
      request_id: it.requestId,
      sub: it.sub,
      usage_type: 'MULTIFACTOR_AUTHENTICATION',
      ...over,
    })
  const goOn: CidaasWorld['goOn'] = (it) =>
    it.browser.form(`/login-srv/precheck/continue/${it.track}`, { track_id: it.track })
  const redeem: CidaasWorld['redeem'] = (reply, over = {}) =>
    cookieless.xhr('POST', '/token-srv/token', {
      code: reply.to.code,
      client_id: 'app',
      redirect_uri: callback,
      grant_type: 'authorization_code',
      code_verifier: 'f'.repeat(96),
      ...over,
    })
  const tokens: CidaasWorld['tokens'] = async (name, code, over = {}) => {
    const it = await pending(name, over)
    const asked = await initiate(it, 'TOTP')
    assert.equal(asked.status, 200, asked.text)
    const proved = await verify('TOTP', asked.body.data.exchange_id.exchange_id, code)
    assert.equal(proved.status, 200, proved.text)
    return await redeem(await goOn(it), over.client === undefined ? {} : { client_id: over.client })
  }
  return {
    browser,
    pending,
    initiate,
    goOn,
    redeem,
    tokens,
    requestId,
    signIn,
    verify,
  }
}
