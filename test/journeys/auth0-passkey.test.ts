import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Auth0Client } from '@auth0/auth0-spa-js'
import { ManagementClient } from 'auth0'
import { newPushDevice } from '../support/push-device.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { createDevice } from '../support/webauthn.ts'
import { putUpBrowser, putUpKeys, type Seen } from './browser-shim.ts'
import { api, authClient, conformance, emailOf, failure, passwordOf, payload, secretOf, someone } from './support.ts'

/**
 * Passkeys by the unmodified SDKs, from the sign-up to the removal: the server SDK with a secret, the single-page SDK
 * without one, My Account and the Management API. The application stands at an address of its own.
 */

const origin = 'https://localhost:5173'
const grant = 'urn:okta:params:oauth:grant-type:webauthn'
let server: TestServer
let seen: Seen[]
let M: ManagementClient

before(async () => {
  const factors = ['password', 'totp', 'sms', 'webauthn', 'push', 'recovery_code'] as const
  const config = conformance([someone('ada')], { factors: [...factors], webauthn: { origins: [origin] } })
  server = await startServer({ config })
  seen = putUpBrowser(origin)
  M = new ManagementClient({ domain: server.domain, clientId: 'm2m', clientSecret: secretOf('m2m'), maxRetries: 0 })
})
after(() => server.stop())

async function newClient(): Promise<Auth0Client> {
  for (const key of Object.keys(globalThis.localStorage)) globalThis.localStorage.removeItem(key)
  const { Auth0Client: Client } = await import('@auth0/auth0-spa-js')
  return new Client({
    domain: server.domain,
    clientId: 'spa',
    useRefreshTokens: true,
    useMrrt: true,
    cacheLocation: 'localstorage',
    authorizationParams: { audience: api, redirect_uri: `${origin}/callback` },
  })
}

const thrown = async (call: Promise<unknown>) =>
  (await failure(call)) as unknown as { name: string; code: string; error: string; status: number; title: string }

describe('the server SDK', () => {
  const device = createDevice({ origin })
  const credentialOf = (answer: ReturnType<typeof device.get>) => answer as never

  test('signs somebody up and in, and the policy ALWAYS asks for nothing more', async () => {
    const A = authClient(server)
    const begun = await A.passkey.register({ email: 'nova@example.com', name: 'Nova', userMetadata: { plan: 'gold' } })
    assert.deepEqual(
      [begun.authnParamsPublicKey.rp.id, begun.authnParamsPublicKey.user.name],
      ['localhost', 'nova@example.com'],
    )
    const first = await A.passkey.getTokenByPasskey({
      authSession: begun.authSession,
      credential: credentialOf(device.create(begun.authnParamsPublicKey)),
      scope: 'openid profile email',
      audience: api,
    })
    assert.deepEqual([first.claims?.email, first.claims?.name], ['nova@example.com', 'Nova'])
    const asked = await A.passkey.challenge({ realm: 'Username-Password-Authentication' })
    const again = await A.passkey.getTokenByPasskey({
      authSession: asked.authSession,
      credential: credentialOf(device.get({ allowCredentials: [], ...asked.authnParamsPublicKey })),
      scope: 'openid',
      audience: api,
    })
    assert.equal(again.claims?.sub, first.claims?.sub)
    assert.deepEqual(payload(again.accessToken).aud, payload(first.accessToken).aud)
  })

  test('is told of a key nobody knows, of a taken address and of a missing grant in errors of its own', async () => {
    const A = authClient(server)
    const asked = await A.passkey.challenge()
    const stranger = createDevice({ origin })
    const wrong = { ...device.get({ allowCredentials: [], ...asked.authnParamsPublicKey }), id: 'AAAA', rawId: 'AAAA' }
    const unknown = await failure(
      A.passkey.getTokenByPasskey({ authSession: asked.authSession, credential: credentialOf(wrong) }),
    )
    assert.deepEqual([unknown.name, unknown.cause.error], ['PasskeyGetTokenError', 'invalid_grant'])
    const taken = await A.passkey.register({ email: emailOf('ada') })
    const credential = credentialOf(stranger.create(taken.authnParamsPublicKey))
    const refused = await failure(A.passkey.getTokenByPasskey({ authSession: taken.authSession, credential }))
    assert.deepEqual(refused.cause.error, 'invalid_signup')
    const other = authClient(server, 'other')
    assert.equal((await failure(other.passkey.challenge())).name, 'PasskeyChallengeError')
    assert.equal((await failure(other.passkey.register({ email: 'x@example.com' }))).cause.error, 'unauthorized_client')
  })
})

describe('the single-page SDK', () => {
  const device = createDevice({ origin })
  let S: Auth0Client
  before(async () => {
    putUpKeys(device)
    S = await newClient()
  })

  test('signs up in one call, without a secret, and is signed in', async () => {
    await S.passkey.signup({ email: 'leo@example.com', name: 'Leo', scope: 'openid profile email offline_access' })
    assert.equal((await S.getUser())?.email, 'leo@example.com')
    const token = seen.filter((it) => it.url.endsWith('/oauth/token')).at(-1)
    assert.equal(token?.headers.get('content-type'), 'application/json')
    assert.deepEqual(JSON.parse(token?.body ?? '{}').grant_type, grant)
    assert.deepEqual((await S.getIdTokenClaims())?.amr, ['pop', 'user', 'swk', 'mfa'])
  })

  test('a new browser signs in with the same passkey, and a stranger with none', async () => {
    S = await newClient()
    assert.equal(await S.getUser(), undefined)
    await S.passkey.login({ scope: 'openid profile email offline_access' })
    assert.equal((await S.getUser())?.email, 'leo@example.com')
    putUpKeys({ ...device, get: (options) => device.get(options, { response: { signature: 'AAAA' } }) })
    assert.equal((await thrown(S.passkey.login())).error, 'invalid_grant')
    putUpKeys(device)
  })

  test('My Account: the passkey is a method, its proof is fresh enough for a change, and a second one is enrolled', async () => {
    const factors = await S.myAccount.getFactors()
    assert.deepEqual(
      factors.find((it) => it.type === 'passkey'),
      { type: 'passkey', usage: ['primary', 'secondary'] },
    )
    for (const type of ['webauthn-roaming', 'webauthn-platform', 'push-notification']) {
      assert.ok(
        factors.some((it) => it.type === type),
        type,
      )
    }
    const [first] = await S.myAccount.getAuthenticationMethods('passkey')
    assert.ok(first?.type === 'passkey')
    assert.match(first.id, /^passkey\|dev_/)
    assert.deepEqual([first.credential_device_type, first.relying_party_id], ['single_device', 'localhost'])

    const asked = await S.myAccount.enrollmentChallenge({ type: 'passkey' })
    assert.ok('authn_params_public_key' in asked)
    const options = asked.authn_params_public_key as unknown as { excludeCredentials: readonly { id: string }[] }
    assert.deepEqual(
      options.excludeCredentials.map((it) => it.id),
      [first.key_id],
    )
    const { location, auth_session } = asked
    const verify = (authn_response: object) =>
      S.myAccount.enrollmentVerify({
        type: 'passkey',
        location,
        auth_session,
        authn_response: authn_response as never,
      })
    const elsewhere = createDevice({ origin: 'https://evil.example' })
    const wrong = await thrown(verify(elsewhere.create(asked.authn_params_public_key)))
    assert.deepEqual([wrong.name, wrong.status, wrong.title], ['MyAccountApiError', 400, 'Bad Request'])
    const second = createDevice({ origin })
    const done = await verify(second.create(asked.authn_params_public_key))
    assert.deepEqual([done.id, done.type], [asked.id, 'passkey'])
    assert.equal((await S.myAccount.getAuthenticationMethods('passkey')).length, 2)

    S = await newClient()
    putUpKeys(second)
    await S.passkey.login({ scope: 'openid profile email offline_access' })
    assert.equal((await S.getUser())?.email, 'leo@example.com')
    await S.myAccount.deleteAuthenticationMethod(asked.id)
    assert.equal((await thrown(S.passkey.login())).error, 'invalid_grant')
  })

  test('My Account: a device that approves is enrolled; until it has done so the verification waits', async () => {
    putUpKeys(device)
    S = await newClient()
    await S.passkey.login({ scope: 'openid profile email offline_access' })
    const asked = await S.myAccount.enrollmentChallenge({ type: 'push-notification' })
    assert.ok('barcode_uri' in asked)
    assert.match(asked.id, /^push-notification\|dev_/)
    const { location, auth_session } = asked
    const verify = () => S.myAccount.enrollmentVerify({ type: 'push-notification', location, auth_session })
    assert.equal((await thrown(verify())).status, 400)
    const telephone = newPushDevice({ home: server.publicUrl })
    const enrolled = await server.json('/u/api/authenticator/enrol', { statement: telephone.enrol(asked.barcode_uri) })
    assert.equal(enrolled.status, 200, enrolled.text)
    await server.advance(10)
    const done = await verify()
    assert.deepEqual([done.id, done.type, 'name' in done && done.name], [asked.id, 'push-notification', 'Pixel 9'])
    const [listed] = await S.myAccount.getAuthenticationMethods('push-notification')
    assert.equal(listed?.id, asked.id)
  })
})

describe('the management SDK', () => {
  test('lists passkeys and devices of a user, without secrets, and deletes them', async () => {
    const [leo] = await M.users.listUsersByEmail({ email: 'leo@example.com' })
    const id = leo?.user_id ?? ''
    const all = []
    for await (const one of await M.users.authenticationMethods.list(id)) all.push(one)
    assert.deepEqual(all.map((it) => it.type).toSorted(), ['passkey', 'push'])
    const passkey = all.find((it) => it.type === 'passkey')
    assert.ok(passkey?.key_id && passkey.public_key)
    assert.equal(passkey.relying_party_identifier, 'localhost')
    const push = all.find((it) => it.type === 'push')
    for (const it of [push, passkey]) await M.users.authenticationMethods.delete(id, it?.id ?? '')
    const left = []
    for await (const one of await M.users.authenticationMethods.list(id)) left.push(one.type)
    assert.deepEqual(left, [])
  })

  test('a password user adds a passkey after the second factor, and needs neither from then on', async () => {
    const A = authClient(server)
    const { cause } = await failure(
      A.getTokenByPassword({ username: emailOf('ada'), password: passwordOf('ada'), audience: api, scope: 'openid' }),
    )
    const mfaToken = cause.mfa_token
    const enrolled = await A.mfa.enrollAuthenticator({ mfaToken, authenticatorTypes: ['otp'] })
    assert(enrolled.authenticatorType === 'otp')
    await A.mfa.verify({ mfaToken, factorType: 'otp', otp: await server.totp(enrolled.secret) })
    await server.advance(30)
    const scope = 'openid create:me:authentication_methods'
    const me = await failure(
      A.getTokenByPassword({
        username: emailOf('ada'),
        password: passwordOf('ada'),
        audience: `${server.publicUrl}/me/`,
        scope,
      }),
    )
    const otp = await server.totp(enrolled.secret)
    const token = await A.mfa.verify({ mfaToken: me.cause.mfa_token, factorType: 'otp', otp })
    const headers = { authorization: `Bearer ${token.accessToken}` }
    const asked = await server.json('/me/v1/authentication-methods', { type: 'passkey' }, headers)
    assert.equal(asked.status, 202, asked.text)
    const device = createDevice({ origin })
    const path = new URL(asked.headers.get('location') ?? '').pathname
    const authn_response = device.create(asked.body.authn_params_public_key)
    const done = await server.json(`${path}/verify`, { auth_session: asked.body.auth_session, authn_response }, headers)
    assert.equal(done.status, 201, done.text)
    const challenge = await A.passkey.challenge()
    const signedIn = await A.passkey.getTokenByPasskey({
      authSession: challenge.authSession,
      credential: device.get({ allowCredentials: [], ...challenge.authnParamsPublicKey }) as never,
      scope: 'openid email',
    })
    assert.equal(signedIn.claims?.email, emailOf('ada'))
  })
})
