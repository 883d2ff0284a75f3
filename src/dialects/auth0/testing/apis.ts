import assert from 'node:assert/strict'
import type { Application } from '#model/application.ts'
import { base, bearer, openAuth0World, type Reply } from '#test/support/auth0.ts'
import type { WorldOptions } from '#test/support/world.ts'
import { accountScopes } from '../audience.ts'

export const managementScopes = [
  'read:guardian_factors',
  'update:guardian_factors',
  'read:mfa_policies',
  'update:mfa_policies',
  'create:guardian_enrollment_tickets',
  'read:guardian_enrollments',
  'delete:guardian_enrollments',
  'read:authentication_methods',
  'create:authentication_methods',
  'update:authentication_methods',
  'delete:authentication_methods',
  'read:users',
  'create:users',
  'update:users',
  'delete:users',
]

type Verb = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** TESTS ONLY: the world of auth0.md §8.0 whose machine has every scope of the Management API. */
export async function openApis(options: WorldOptions = {}) {
  const world = await openAuth0World(options)
  const { store, tenant } = world
  const setGrant = async (scopes: readonly string[]) => {
    const m2m = (await store.get('applications', tenant.id, 'm2m')) as Application
    await world.put('applications', { ...m2m, clientGrants: [{ audience: `${base}/api/v2/`, scopes }] })
  }
  await setGrant(managementScopes)

  const machineToken = async (scope?: string): Promise<string> => {
    const reply = await world.form('/oauth/token', {
      grant_type: 'client_credentials',
      client_id: 'm2m',
      client_secret: 'm2m-secret',
      audience: `${base}/api/v2/`,
      ...(scope === undefined ? {} : { scope }),
    })
    assert.equal(reply.status, 200, reply.text)
    return reply.body.access_token
  }

  /** A call with a token; a body goes as JSON. */
  const call = (token: string, method: Verb, path: string, body?: unknown): Promise<Reply> =>
    world.send(method, path, {
      headers: { ...bearer(token), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    })

  const token = await machineToken()

  /** A token of the My Account API, through the second factor by SMS where one is enrolled. */
  const accountToken = async (name: string, scope: string = accountScopes.join(' ')): Promise<string> => {
    const first = await world.password(name, { audience: `${base}/me/`, scope: `openid ${scope}` })
    if (first.status === 200) return first.body.access_token
    const { mfa_token } = first.body
    const client = { client_id: 'web', client_secret: 'web-secret' }
    const asked = await world.post('/mfa/challenge', { mfa_token, ...client, challenge_type: 'oob' })
    assert.equal(asked.status, 200, asked.text)
    const done = await world.token({
      grant_type: 'http://auth0.com/oauth/grant-type/mfa-oob',
      mfa_token,
      oob_code: asked.body.oob_code,
      binding_code: await world.lastCode(),
    })
    assert.equal(done.status, 200, done.text)
    return done.body.access_token
  }

  return {
    ...world,
    setGrant,
    machineToken,
    accountToken,
    call,
    /** A call of the Management API by the machine that may do everything. */
    api: (method: Verb, path: string, body?: unknown) => call(token, method, `/api/v2${path}`, body),
    /** A call of the My Account API. */
    me: (bearerToken: string, method: Verb, path: string, body?: unknown) =>
      call(bearerToken, method, `/me/v1${path}`, body),
  }
}

export type Apis = Awaited<ReturnType<typeof openApis>>
