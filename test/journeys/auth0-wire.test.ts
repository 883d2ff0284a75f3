import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { AuthClient } from '@auth0/auth0-auth-js'
import { ManagementClient } from 'auth0'
import { AuthenticationClient } from 'auth0/legacy'
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose'
import { startServer, type TestServer } from '../support/server.ts'
import {
  api,
  authClient,
  type Cause,
  conformance,
  emailOf,
  type Failure,
  failure,
  grant,
  meetsMfa,
  mfaApi,
  passwordOf,
  payload,
  secretOf,
  someone,
} from './support.ts'

/** auth0.md §8.9 row 6 and §8.10: the older SDK, and what the wire must never do. */

let server: TestServer
let A: ReturnType<typeof authClient>
let M: ManagementClient
let L: AuthenticationClient

before(async () => {
  const factors = ['password', 'totp', 'sms', 'email', 'recovery_code'] as const
  const users = [someone('ada'), someone('bob'), someone('cy')]
  server = await startServer({ config: conformance(users, { factors: [...factors] }) })
  A = authClient(server)
  M = new ManagementClient({ domain: server.domain, clientId: 'm2m', clientSecret: secretOf('m2m'), maxRetries: 0 })
  L = new AuthenticationClient({ domain: server.domain, clientId: 'web', clientSecret: secretOf('web') })
})
after(() => server.stop())

/** Enrols a first phone of a user by the SDK. */
async function enrolPhone(name: string, phoneNumber: string) {
  const { mfa_token: mfaToken } = await meetsMfa(server, A, name)
  const asked = await A.mfa.enrollAuthenticator({
    mfaToken,
    authenticatorTypes: ['oob'],
    oobChannels: ['sms'],
    phoneNumber,
  })
  assert.ok(asked.authenticatorType === 'oob')
  const bindingCode = await server.lastCode({ to: phoneNumber })
  const tokens = await A.mfa.verify({ mfaToken, factorType: 'oob', oobCode: asked.oobCode ?? '', bindingCode })
  return tokens
}

describe('8.9.6 the older SDK', () => {
  test('8.9.6 a machine gets its token', async () => {
    const { data } = await L.oauth.clientCredentialsGrant({ audience: api })
    const claims = payload(data.access_token)
    assert.deepEqual([claims.sub, claims.gty, data.token_type], ['web@clients', 'client-credentials', 'Bearer'])
  })

  test('8.9.6 and 9.30 somebody signs up, once, with a good password', async () => {
    const connection = 'Username-Password-Authentication'
    const wanted = { email: 'new@example.com', password: 'a quite long new password', connection }
    const { data } = await L.database.signUp(wanted)
    assert.deepEqual([data.email, data.email_verified], ['new@example.com', false])
    assert.equal(typeof data.id, 'string', 'the SDK makes `id` of `_id`')
    const again = (await failure(L.database.signUp(wanted))) as unknown as { statusCode: number; body: string }
    assert.deepEqual([again.statusCode, JSON.parse(again.body).code], [400, 'invalid_signup'])
    const weak = (await failure(
      L.database.signUp({ ...wanted, email: 'weak@example.com', password: 'short' }),
    )) as unknown as { statusCode: number; body: string }
    const told = JSON.parse(weak.body)
    assert.deepEqual([weak.statusCode, told.name, told.code], [400, 'PasswordStrengthError', 'invalid_password'])
  })

  test('8.9.6 a change of password is mailed, and said the same for nobody', async () => {
    const connection = 'Username-Password-Authentication'
    for (const email of [emailOf('ada'), 'nobody@example.com']) {
      const { data } = await L.database.changePassword({ email, connection })
      assert.equal(data, "We've just sent you an email to reset your password.")
    }
    assert.equal((await server.outbox({ to: 'nobody@example.com' })).length, 0)
    assert.ok((await server.outbox({ to: emailOf('ada'), channel: 'email' })).length > 0)
  })

  test('8.9.6 passwordless by e-mail and by SMS', async () => {
    await enrolPhone('cy', '+15551230003')
    await server.admin('PATCH', '/tenants/demo', { mfa: null })
    await L.passwordless.sendEmail({ email: 'pl@example.com', send: 'code' })
    const byMail = await L.passwordless.loginWithEmail({
      email: 'pl@example.com',
      code: await server.lastCode({ to: 'pl@example.com' }),
    })
    assert.ok(byMail.data.access_token)
    await L.passwordless.sendSMS({ phone_number: '+15551230009' })
    const bySms = await L.passwordless.loginWithSMS({
      phone_number: '+15551230009',
      code: await server.lastCode({ to: '+15551230009' }),
    })
    assert.ok(bySms.data.access_token)
  })

  test('8.9.6 a refresh token is used, rotated and revoked; its ID token has the signature the SDK checks', async () => {
    const first = await L.oauth
      .passwordGrant({
        username: emailOf('cy'),
        password: passwordOf('cy'),
        scope: 'openid offline_access',
      })
      .catch((error: Failure & { body: string }) => JSON.parse(error.body) as Cause)
    // cy has a phone, so the second factor is asked for although no policy is set.
    assert.ok('mfa_token' in first)
    const { mfa_token } = first
    const asked = await A.mfa.challengeAuthenticator({ mfaToken: mfa_token, challengeType: 'oob' })
    const bindingCode = await server.lastCode({ to: '+15551230003' })
    const tokens = await A.mfa.verify({
      mfaToken: mfa_token,
      factorType: 'oob',
      oobCode: asked.oobCode ?? '',
      bindingCode,
    })
    const refreshed = await L.oauth.refreshTokenGrant({ refresh_token: tokens.refreshToken ?? '' })
    assert.ok(refreshed.data.id_token && refreshed.data.refresh_token)
    assert.notEqual(refreshed.data.refresh_token, tokens.refreshToken)
    const revoked = await L.oauth.revokeRefreshToken({ token: refreshed.data.refresh_token ?? '' })
    assert.equal(revoked.status, 200)
    const dead = (await failure(
      L.oauth.refreshTokenGrant({ refresh_token: refreshed.data.refresh_token ?? '' }),
    )) as unknown as { statusCode: number; error: string }
    assert.deepEqual([dead.statusCode, dead.error], [403, 'invalid_grant'])
  })
})

describe('1.3 a client that signs its requests', () => {
  test('1.3 both SDKs are known by private_key_jwt through a whole login, and by nothing else', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
    const pem = await exportPKCS8(privateKey)
    await server.admin('PATCH', '/tenants/demo', { mfa: { mode: 'ALWAYS' } })
    const made = await server.admin('POST', '/tenants/demo/applications', {
      client_id: 'signer',
      type: 'web',
      jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256' }] },
      grant_types: ['password', 'mfa', 'client_credentials'],
      client_grants: [{ audience: api, scopes: ['read:things'] }],
    })
    assert.equal(made.status, 201, made.text)
    const P = new AuthClient({ domain: server.domain, clientId: 'signer', clientAssertionSigningKey: pem })
    const mfa = await failure(
      P.getTokenByPassword({ username: emailOf('ada'), password: passwordOf('ada'), audience: api, scope: 'openid' }),
    )
    const { mfa_token: mfaToken } = mfa.cause
    const asked = await P.mfa.enrollAuthenticator({ mfaToken, authenticatorTypes: ['otp'] })
    assert.ok(asked.authenticatorType === 'otp')
    const tokens = await P.mfa.verify({ mfaToken, factorType: 'otp', otp: await server.totp(asked.secret) })
    assert.ok(tokens.idToken)
    const signer = { domain: server.domain, clientId: 'signer' }
    const O = new AuthenticationClient({ ...signer, clientAssertionSigningKey: pem })
    assert.ok((await O.oauth.clientCredentialsGrant({ audience: api })).data.access_token)
    const other = await exportPKCS8((await generateKeyPair('RS256', { extractable: true })).privateKey)
    for (const wrong of [{ clientAssertionSigningKey: other }, { clientSecret: 'a secret that was never set' }]) {
      const X = new AuthenticationClient({ ...signer, ...wrong })
      const refused = await failure(X.oauth.clientCredentialsGrant({ audience: api }))
      assert.equal((refused as unknown as { statusCode: number }).statusCode, 401, JSON.stringify(refused))
    }
  })
})

describe('8.10 what the server never does', () => {
  let replies: { what: string; answered: Awaited<ReturnType<TestServer['send']>> }[] = []
  const credentials = { client_id: 'web', client_secret: secretOf('web') }

  before(async () => {
    await server.admin('PATCH', '/tenants/demo', { mfa: { mode: 'ALWAYS' } })
    const login = { ...credentials, username: emailOf('bob'), password: passwordOf('bob'), audience: api }
    const one = async (what: string, call: ReturnType<TestServer['send']>) => {
      const answered = await call
      replies.push({ what, answered })
      return answered
    }
    replies = []
    const mfa = await one('mfa_required', server.form('/oauth/token', { ...login, grant_type: 'password' }))
    const { mfa_token } = mfa.body
    const auth = { authorization: `Bearer ${mfa_token}` }
    await one('wrong password', server.form('/oauth/token', { ...login, grant_type: 'password', password: 'no' }))
    await one('wrong client', server.form('/oauth/token', { ...login, grant_type: 'password', client_secret: 'no' }))
    await one('no grant', server.json('/oauth/token', { ...login, grant_type: 'x' }))
    await one('wrong code', server.form('/oauth/token', { ...credentials, grant_type: grant.otp, mfa_token, otp: '1' }))
    await one('no body', server.form('/oauth/token', {}))
    await one(
      'broken JSON',
      server.send('POST', '/oauth/token', { body: '{', headers: { 'content-type': 'application/json' } }),
    )
    await one(
      'broken type',
      server.send('POST', '/oauth/token', { body: '{', headers: { 'content-type': 'text/html' } }),
    )
    await one('wrong method', server.send('GET', '/oauth/token'))
    await one('no challenge', server.json('/mfa/challenge', { ...credentials, mfa_token }))
    await one('bad association', server.json('/mfa/associate', {}, auth))
    await one('no token', server.json('/mfa/associate', {}))
    await one('no list', server.send('GET', '/mfa/authenticators'))
    await one('no removal', server.send('DELETE', '/mfa/authenticators/sms%7Cdev_x', { headers: auth }))
  })

  test('8.10 no WWW-Authenticate on errors of the token endpoint and the MFA API', () => {
    for (const { what, answered } of replies) assert.equal(answered.headers.get('www-authenticate'), null, what)
  })

  test('8.10 every error is JSON of a 4xx with a non-empty error, and none is a 200', () => {
    for (const { what, answered } of replies) {
      assert.match(answered.headers.get('content-type') ?? '', /^application\/json/, what)
      assert.ok(answered.status >= 400 && answered.status < 500, `${what} ${answered.status}`)
      assert.ok(typeof answered.body.error === 'string' && answered.body.error !== '', what)
    }
  })

  test('8.10 the issuer has its slash, and the signature of a SPA is not symmetric', async () => {
    const { body } = await server.send('GET', '/.well-known/openid-configuration')
    assert.equal(body.issuer, `https://${server.domain}/`)
    assert.ok(!JSON.stringify(body.id_token_signing_alg_values_supported).includes('HS'))
    assert.ok(body.id_token_signing_alg_values_supported.includes('RS256'))
  })

  test('8.10 tokens: expires_in is a number, an ID token where openid was asked, RS256, no nonce', async () => {
    const tokens = await enrolPhone('bob', '+15551230008')
    assert.ok(tokens.idToken)
    const header = JSON.parse(Buffer.from(tokens.idToken?.split('.')[0] ?? '', 'base64url').toString())
    assert.equal(header.alg, 'RS256')
    assert.equal(payload(tokens.idToken ?? '').nonce, undefined)
    const raw = await server.form('/oauth/token', {
      ...credentials,
      grant_type: 'refresh_token',
      refresh_token: tokens.refreshToken ?? '',
    })
    assert.deepEqual([raw.status, typeof raw.body.expires_in], [200, 'number'], raw.text)
    assert.equal(raw.headers.get('cache-control'), 'no-store')
    assert.equal(payload(raw.body.id_token).sub, payload(tokens.idToken ?? '').sub)
  })

  test('8.10 lists and policies are bare arrays', async () => {
    const { mfa_token } = await meetsMfa(server, A, 'bob')
    const list = await server.send('GET', '/mfa/authenticators', { headers: { authorization: `Bearer ${mfa_token}` } })
    assert.ok(Array.isArray(list.body))
    assert.ok(Array.isArray(await M.guardian.policies.list()))
  })

  test('8.10 the MFA API is named in the tokens made for it, whatever host was called', async () => {
    const { mfa_token: mfaToken } = await meetsMfa(server, A, 'bob', mfaApi(server))
    const asked = await A.mfa.challengeAuthenticator({ mfaToken, challengeType: 'oob' })
    const bindingCode = await server.lastCode({ to: '+15551230008' })
    const done = await server.form('/oauth/token', {
      ...credentials,
      grant_type: grant.oob,
      mfa_token: mfaToken,
      oob_code: asked.oobCode ?? '',
      binding_code: bindingCode,
    })
    assert.equal(payload(done.body.access_token).aud, `https://${server.domain}/mfa/`)
  })
})
