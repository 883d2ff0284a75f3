import assert from 'node:assert/strict'
import { pino } from 'pino'
import { base32Decode } from '#crypto/base32.ts'
import { tokenDigest } from '#crypto/digest.ts'
import { hotp, totpStep } from '#crypto/totp.ts'
import { auth0Groups } from '#dialects/auth0/routes.ts'
import { hostedGroups } from '#dialects/hosted/routes.ts'
import { createServer, type Server } from '#http/server.ts'
import type { Api, Application } from '#model/application.ts'
import { asId, type ClientId } from '#model/ids.ts'
import type { Tenant } from '#model/tenant.ts'
import { createTenantKeys, type TenantKeys } from '#oidc/keys.ts'
import { createOidc } from '#oidc/routes.ts'
import { upsert } from '#ports/store.ts'
import { openWorld, type World, type WorldOptions } from './world.ts'

export const base = 'https://localhost:3443'
const mfaGrants = ['mfa-otp', 'mfa-oob', 'mfa-recovery-code'].map((it) => `http://auth0.com/oauth/grant-type/${it}`)
const passwordGrants = ['password', 'http://auth0.com/oauth/grant-type/password-realm']

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape, looked at member by member in tests
  readonly body: any
  readonly text: string
}

/** The Auth0 dialect behind the real edge, without a socket. */
export interface Auth0World extends World {
  readonly server: Server
  readonly keys: TenantKeys
  setTenant(over: Partial<Tenant>): Promise<void>
  post(path: string, body: object, headers?: Record<string, string>): Promise<Reply>
  form(path: string, body: Record<string, string>, headers?: Record<string, string>): Promise<Reply>
  get(path: string, headers?: Record<string, string>): Promise<Reply>
  send(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    more?: { headers?: Record<string, string>; payload?: string },
  ): Promise<Reply>
  /** `/oauth/token` as the confidential client `web`. */
  token(body: Record<string, string>): Promise<Reply>
  password(name: string, more?: Record<string, string>): Promise<Reply>
  /** Password login that is answered with `mfa_required`: the mfa_token. */
  mfaToken(name: string, more?: Record<string, string>): Promise<string>
  /** Enrols a first SMS number through the wire and confirms it; the saved code that came along. */
  enrolSms(name: string, phone?: string): Promise<{ id: string; recoveryCode: string }>
  /** An access token of the MFA API, after the second factor by SMS where one is enrolled. */
  mfaApiToken(name: string, scope?: string): Promise<string>
  totpCode(secret: string, stepsFromNow?: number): string
}

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

function application(id: string, over: Partial<Application> = {}): Application {
  return {
    tenant: asId('demo'),
    id: asId<ClientId>(id),
    name: id,
    type: 'web',
    secretDigests: [tokenDigest(`${id}-secret`)],
    authMethod: 'client_secret_post',
    redirectUris: ['http://localhost:5173/callback'],
    logoutUris: [],
    allowedOrigins: ['http://localhost:5173'],
    grantTypes: [
      ...passwordGrants,
      ...mfaGrants,
      'refresh_token',
      'client_credentials',
      'authorization_code',
      'http://auth0.com/oauth/grant-type/passwordless/otp',
      'urn:okta:params:oauth:grant-type:webauthn',
    ],
    nativeAuth: false,
    clientGrants: [],
    ...over,
  }
}

/** Opens the world of auth0.md §8.0: clients web, spa, nomfa, m2m, an API, policy ALWAYS. */
export async function openAuth0World(options: WorldOptions = {}): Promise<Auth0World> {
  const world = await openWorld({ ...options, tenant: { mfa: { mode: 'ALWAYS' }, ...options.tenant } })
  const { store, parts } = world
  const keys = createTenantKeys({ store, keyring: parts.keyring, clock: world.clock })
  const clients = [
    application('web'),
    application('other'),
    application('spa', { type: 'spa', authMethod: 'none', secretDigests: [] }),
    application('nomfa', { grantTypes: passwordGrants }),
    application('m2m', {
      type: 'machine',
      grantTypes: ['client_credentials'],
      clientGrants: [{ audience: `${base}/api/v2/`, scopes: ['read:users', 'update:users'] }],
    }),
  ]
  const api: Api = {
    tenant: asId('demo'),
    id: 'https://api.example',
    name: 'API',
    scopes: ['read:things'],
    accessTokenLifetime: 86_400,
    allowOfflineAccess: true,
    signingAlgorithm: 'ES256',
  }
  await store.change({}, () => ({
    result: undefined,
    writes: [...clients.map((it) => upsert('applications', it)), upsert('apis', api)],
  }))
  const { random } = parts
  const { engine, clock } = world
  const oidc = createOidc({ store, keyring: parts.keyring, clock, keys, random, check: engine.check })
  const server = await createServer({
    groups: [...auth0Groups({ engine, keys, oidc }), ...hostedGroups({ engine, oidc })],
    resolveTenant: () => store.get('tenants', world.tenant.id, world.tenant.id),
    baseOf: () => base,
    originAllowed: async (_tenant, origin) => origin === 'http://localhost:5173',
    trustedProxies: [],
    log: pino({ level: 'silent' }),
  })
  return { ...world, server, keys, ...verbs(world, server) }
}

function verbs(world: World, server: Server) {
  const send: Auth0World['send'] = async (method, path, more = {}) => {
    const reply = await server.app.inject({ method, url: path, ...more })
    const json = String(reply.headers['content-type'] ?? '').includes('json')
    return {
      status: reply.statusCode,
      headers: reply.headers,
      text: reply.payload,
      body: json && reply.payload !== '' ? JSON.parse(reply.payload) : undefined,
    }
  }
  const post: Auth0World['post'] = (path, body, headers = {}) =>
    send('POST', path, { headers: { 'content-type': 'application/json', ...headers }, payload: JSON.stringify(body) })
  const form: Auth0World['form'] = (path, body, headers = {}) =>
    send('POST', path, {
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: new URLSearchParams(body).toString(),
    })
  const token: Auth0World['token'] = (body) =>
    form('/oauth/token', { client_id: 'web', client_secret: 'web-secret', ...body })
  const password: Auth0World['password'] = (name, more = {}) =>
    token({
      grant_type: 'password',
      username: `${name}@example.com`,
      password: `the quite long password of ${name}`,
      audience: 'https://api.example',
      scope: 'openid profile offline_access',
      ...more,
    })
  const mfaToken: Auth0World['mfaToken'] = async (name, more) => {
    const reply = await password(name, more)
    assert.equal(reply.body.error, 'mfa_required', reply.text)
    return reply.body.mfa_token
  }
  const oob = (mfa_token: string, oob_code: string, binding_code: string) =>
    token({ grant_type: mfaGrants[1] as string, mfa_token, oob_code, binding_code })
  return {
    send,
    post,
    form,
    token,
    password,
    mfaToken,
    get: (path: string, headers: Record<string, string> = {}) => send('GET', path, { headers }),
    async setTenant(over: Partial<Tenant>) {
      const now = await world.store.get('tenants', world.tenant.id, world.tenant.id)
      await world.put('tenants', { ...(now as Tenant), ...over })
    },
    async enrolSms(name: string, phone = '+15551234567') {
      const mfa_token = await mfaToken(name)
      const asked = await post(
        '/mfa/associate',
        { authenticator_types: ['oob'], oob_channels: ['sms'], phone_number: phone },
        bearer(mfa_token),
      )
      assert.equal(asked.status, 200, asked.text)
      const done = await oob(mfa_token, asked.body.oob_code, await world.lastCode())
      assert.equal(done.status, 200, done.text)
      return { id: asked.body.id as string, recoveryCode: asked.body.recovery_codes?.[0] as string }
    },
    async mfaApiToken(name: string, scope = 'enroll read:authenticators remove:authenticators') {
      const first = await password(name, { audience: `${base}/mfa/`, scope })
      if (first.status === 200) return first.body.access_token as string
      const { mfa_token } = first.body
      const asked = await post('/mfa/challenge', {
        mfa_token,
        client_id: 'web',
        client_secret: 'web-secret',
        challenge_type: 'oob',
      })
      assert.equal(asked.status, 200, asked.text)
      const done = await oob(mfa_token, asked.body.oob_code, await world.lastCode())
      assert.equal(done.status, 200, done.text)
      return done.body.access_token as string
    },
    totpCode: (secret: string, stepsFromNow = 0) =>
      hotp(base32Decode(secret) as Uint8Array, totpStep(world.clock.now()) + stepsFromNow),
  }
}
