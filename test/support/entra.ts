import assert from 'node:assert/strict'
import { pino } from 'pino'
import { tokenDigest } from '#crypto/digest.ts'
import { auth0Group } from '#dialects/auth0/routes.ts'
import { tenantInPath } from '#dialects/entra/paths.ts'
import { entraGroups } from '#dialects/entra/routes.ts'
import { hostedGroups } from '#dialects/hosted/routes.ts'
import { createDirectory } from '#engine/directory.ts'
import { createServer, type Server } from '#http/server.ts'
import type { Api, Application } from '#model/application.ts'
import { asId } from '#model/ids.ts'
import type { Tenant } from '#model/tenant.ts'
import { createTenantKeys, type TenantKeys } from '#oidc/keys.ts'
import { createOidc } from '#oidc/routes.ts'
import { upsert } from '#ports/store.ts'
import { openWorld, passwordOf, someApplication, type World, type WorldOptions } from './world.ts'

export const base = 'https://localhost:3443'
export const clientId = '6d1f7c4e-0b1f-4f0a-9c3d-2f6f5c1b7a10'
export const otherClientId = '6d1f7c4e-0b1f-4f0a-9c3d-2f6f5c1b7a11'
export const allTypes = 'password oob redirect'
export const allCapabilities = 'mfa_required registration_required'
export const api = 'https://api.example'
export const adminToken = 'a-token-for-tests-with-enough-letters'

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape, looked at member by member in tests
  readonly body: any
  readonly text: string
}

type Params = Readonly<Record<string, string | undefined>>

/** The native endpoints behind the real edge, without a socket. */
export interface EntraWorld extends World {
  readonly server: Server
  readonly keys: TenantKeys
  setTenant(over: Partial<Tenant>): Promise<void>
  send(
    method: 'GET' | 'POST' | 'OPTIONS' | 'PATCH' | 'DELETE' | 'PUT',
    path: string,
    more?: { headers?: Record<string, string>; payload?: string },
  ): Promise<Reply>
  /** A native POST under `/demo`, as the public client unless told. */
  post(path: string, params: Params, headers?: Record<string, string>): Promise<Reply>
  initiate(name: string, more?: Params): Promise<Reply>
  /** Initiate, challenge and the password: the answer of the token call. */
  password(name: string, more?: Params, start?: Params): Promise<Reply>
  /** Signs in to the error that carries the next continuation token. */
  until(
    suberror: 'mfa_required' | 'registration_required',
    name: string,
    more?: Params,
    start?: Params,
  ): Promise<string>
  /** Goes from `registration_required` to tokens with this contact. */
  register(continuationToken: string, channel: 'sms' | 'email', target: string): Promise<Reply>
  /** Goes from `mfa_required` to tokens by the method of this channel. */
  mfa(continuationToken: string, channel: 'sms' | 'email', more?: Params): Promise<Reply>
}

const tenantKey = asId<Tenant['id']>('demo')

/** Opens the world: two native clients, one that is not, a confidential one, an API, and the Auth0 dialect beside. */
export async function openEntraWorld(options: WorldOptions = {}): Promise<EntraWorld> {
  return await entraOn(await openWorld(options))
}

/** The same on a world that is there already, another dialect's for instance. */
export async function entraOn<W extends World>(world: W): Promise<W & EntraWorld> {
  const { store, parts } = world
  const keys = createTenantKeys({ store, keyring: parts.keyring, clock: world.clock })
  const native: Partial<Application> = {
    type: 'spa',
    authMethod: 'none',
    secretDigests: [],
    nativeAuth: true,
    allowedOrigins: ['https://app.example'],
    redirectUris: ['https://app.example/'],
    grantTypes: ['authorization_code', 'refresh_token'],
  }
  const clients = [
    someApplication(clientId, native),
    someApplication(otherClientId, native),
    someApplication('plain', { ...native, nativeAuth: false }),
    someApplication('web', {
      grantTypes: ['password', 'refresh_token', 'http://auth0.com/oauth/grant-type/mfa-oob'],
      nativeAuth: true,
    }),
  ]
  const thing: Api = {
    tenant: asId('demo'),
    id: api,
    name: 'API',
    scopes: ['read:things', 'write:things'],
    accessTokenLifetime: 600,
    allowOfflineAccess: true,
  }
  const other: Tenant = { ...world.tenant, tenant: asId('Other'), id: asId('Other'), domains: ['other.example'] }
  await store.change({}, () => ({
    result: undefined,
    writes: [...clients.map((it) => upsert('applications', it)), upsert('apis', thing), upsert('tenants', other)],
  }))
  await world.put('applications', { ...someApplication(clientId, native), tenant: other.id })
  const directory = createDirectory(store, world.clock, tenantKey, tenantInPath)
  const { engine, clock } = world
  const { random } = parts
  const oidc = createOidc({ store, keyring: parts.keyring, clock, keys, random, check: engine.check })
  const server = await createServer({
    groups: [
      ...entraGroups({ engine, keys, adminTokenDigest: tokenDigest(adminToken) }),
      auth0Group({ engine, keys, oidc }),
      ...hostedGroups({ engine, oidc }),
    ],
    resolveTenant: directory.tenantOf,
    baseOf: () => base,
    originAllowed: directory.originAllowed,
    trustedProxies: [],
    log: pino({ level: 'silent' }),
  })
  return { ...world, server, keys, ...verbs(world, server) }
}

function verbs(world: World, server: Server) {
  const send: EntraWorld['send'] = async (method, path, more = {}) => {
    const reply = await server.app.inject({ method, url: path, ...more })
    const json = String(reply.headers['content-type'] ?? '').includes('json')
    return {
      status: reply.statusCode,
      headers: reply.headers,
      text: reply.payload,
      body: json && reply.payload !== '' ? JSON.parse(reply.payload) : undefined,
    }
  }
  const post: EntraWorld['post'] = (path, params, headers = {}) => {
    const given = Object.entries({ client_id: clientId, ...params }).filter((it): it is [string, string] => {
      return it[1] !== undefined
    })
    return send('POST', /^\/(oauth2|register|signup|resetpassword)\//.test(path) ? `/demo${path}` : path, {
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: new URLSearchParams(given).toString(),
    })
  }
  const initiate: EntraWorld['initiate'] = (name, more = {}) =>
    post('/oauth2/v2.0/initiate', {
      username: name.includes('@') ? name : `${name}@example.com`,
      challenge_type: allTypes,
      capabilities: allCapabilities,
      ...more,
    })
  const password: EntraWorld['password'] = async (name, more = {}, start = {}) => {
    const begun = await initiate(name, start)
    assert.equal(begun.status, 200, begun.text)
    const { continuation_token } = begun.body
    const asked = await post('/oauth2/v2.0/challenge', { continuation_token, challenge_type: allTypes })
    assert.equal(asked.body.challenge_type, 'password', asked.text)
    return await post('/oauth2/v2.0/token', {
      continuation_token: asked.body.continuation_token,
      grant_type: 'password',
      password: passwordOf(name),
      scope: 'openid profile offline_access',
      client_info: '1',
      ...more,
    })
  }
  const until: EntraWorld['until'] = async (suberror, name, more, start) => {
    const reply = await password(name, more, start)
    assert.equal(reply.body.suberror, suberror, reply.text)
    return reply.body.continuation_token
  }
  return {
    send,
    post,
    initiate,
    password,
    until,
    async setTenant(over: Partial<Tenant>) {
      const now = await world.store.get('tenants', world.tenant.id, world.tenant.id)
      await world.put('tenants', { ...(now as Tenant), ...over })
    },
    async register(continuation_token: string, channel: 'sms' | 'email', target: string) {
      const listed = await post('/register/v1.0/introspect', { continuation_token })
      assert.equal(listed.status, 200, listed.text)
      const asked = await post('/register/v1.0/challenge', {
        continuation_token: listed.body.continuation_token,
        challenge_type: 'oob',
        challenge_target: target,
        challenge_channel: channel,
      })
      assert.equal(asked.status, 200, asked.text)
      const stored = await post('/register/v1.0/continue', {
        continuation_token: asked.body.continuation_token,
        grant_type: 'oob',
        oob: await world.lastCode(),
      })
      assert.equal(stored.status, 200, stored.text)
      return await post('/oauth2/v2.0/token', {
        continuation_token: stored.body.continuation_token,
        grant_type: 'continuation_token',
        scope: 'openid profile offline_access',
      })
    },
    async mfa(continuation_token: string, channel: 'sms' | 'email', more: Params = {}) {
      const listed = await post('/oauth2/v2.0/introspect', { continuation_token })
      assert.equal(listed.status, 200, listed.text)
      const method = listed.body.methods.find((it: { challenge_channel: string }) => it.challenge_channel === channel)
      assert.ok(method, listed.text)
      const asked = await post('/oauth2/v2.0/challenge', {
        continuation_token: listed.body.continuation_token,
        id: method.id,
      })
      assert.equal(asked.status, 200, asked.text)
      return await post('/oauth2/v2.0/token', {
        continuation_token: asked.body.continuation_token,
        grant_type: 'mfa_oob',
        oob: await world.lastCode(),
        scope: 'openid profile offline_access',
        ...more,
      })
    },
  }
}

/** The payload of a JWT, unverified. */
export function payload(jwt: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
}

/** An error as Android and iOS can read it (entra.md §11). */
export function assertError(reply: Reply, error: string, code?: number, suberror?: string): void {
  assert.equal(reply.status, 400, reply.text)
  assert.equal(reply.body.error, error, reply.text)
  if (code !== undefined) assert.deepEqual(reply.body.error_codes, [code], reply.text)
  assert.equal(reply.body.suberror, suberror, reply.text)
}
