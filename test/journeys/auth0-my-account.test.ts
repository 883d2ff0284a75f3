import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Auth0Client } from '@auth0/auth0-spa-js'
import { startServer, type TestServer } from '../support/server.ts'
import { putUpBrowser, type Seen } from './browser-shim.ts'
import { api, conformance, emailOf, passwordOf, someone } from './support.ts'

/** auth0.md §8.9 row 3 by the unmodified single-page SDK, which fetches one token per scope. */

const origin = 'http://localhost:5173'
const scope = 'openid profile email offline_access'
let server: TestServer
let seen: Seen[]
let S: Auth0Client

before(async () => {
  const factors = ['password', 'totp', 'sms', 'voice', 'email', 'recovery_code'] as const
  server = await startServer({ config: conformance([someone('ada')], { factors: [...factors] }) })
  seen = putUpBrowser(origin)
  const { Auth0Client: Client } = await import('@auth0/auth0-spa-js')
  S = new Client({
    domain: server.domain,
    clientId: 'spa',
    useRefreshTokens: true,
    useMrrt: true,
    cacheLocation: 'localstorage',
    authorizationParams: { audience: api, redirect_uri: `${origin}/callback` },
  })
  await signInWithPhone()
})
after(() => server.stop())

/** A session whose refresh token rests on password and phone. */
async function signInWithPhone(): Promise<void> {
  const refused = await server.form('/oauth/token', {
    grant_type: 'password',
    client_id: 'spa',
    username: emailOf('ada'),
    password: passwordOf('ada'),
    audience: api,
    scope,
  })
  const { mfa_token: mfaToken, mfa_requirements } = refused.body
  S.mfa.setMFAAuthDetails(mfaToken, scope, api, mfa_requirements)
  const asked = await S.mfa.enroll({ mfaToken, factorType: 'sms', phoneNumber: '+15551234567' })
  const oobCode = 'oobCode' in asked ? (asked.oobCode ?? '') : ''
  await S.mfa.verify({ mfaToken, oobCode, bindingCode: await server.lastCode() })
}

const thrown = async (call: Promise<unknown>) =>
  (await call.then(
    (got) => assert.fail(`it did not fail: ${JSON.stringify(got)}`),
    (error) => error,
  )) as { name: string; status: number; title: string; type: string; error?: string; mfa_token?: string }

describe('8.9.3 My Account', () => {
  let totp = ''

  test('factors and methods are listed', async () => {
    const factors = await S.myAccount.getFactors()
    assert.deepEqual(
      factors.map((it) => it.type),
      ['password', 'totp', 'phone', 'email', 'recovery-code'],
    )
    const own = await S.myAccount.getAuthenticationMethods()
    assert.deepEqual(own.map((it) => it.type).toSorted(), ['password', 'phone', 'recovery-code'])
    const [only, ...rest] = await S.myAccount.getAuthenticationMethods('phone')
    assert.equal(rest.length, 0)
    assert.ok(only?.type === 'phone')
    assert.deepEqual([only.phone_number, only.preferred_authentication_method], ['+15551234567', 'sms'])
    assert.deepEqual(await S.myAccount.getAuthenticationMethod(only.id), only)
  })

  test('an app is enrolled: a wrong code is a problem, the right one confirms', async () => {
    const asked = await S.myAccount.enrollmentChallenge({ type: 'totp' })
    assert.ok('barcode_uri' in asked && 'manual_input_code' in asked)
    totp = asked.id
    assert.equal(asked.location, `${server.publicUrl}/me/v1/authentication-methods/${encodeURIComponent(asked.id)}`)
    const { location, auth_session } = asked
    const code = await server.totp(String(asked.manual_input_code))
    const not = code.replace(/.$/, (digit) => String((Number(digit) + 1) % 10))
    const wrong = await thrown(S.myAccount.enrollmentVerify({ type: 'totp', location, auth_session, otp_code: not }))
    assert.deepEqual([wrong.name, wrong.status, wrong.title], ['MyAccountApiError', 400, 'Bad Request'])
    const done = await S.myAccount.enrollmentVerify({ type: 'totp', location, auth_session, otp_code: code })
    assert.deepEqual([done.id, done.type, 'confirmed' in done && done.confirmed], [totp, 'totp', true])
  })

  test('a phone by voice, an address and a recovery code are enrolled', async () => {
    const phone = await S.myAccount.enrollmentChallenge({
      type: 'phone',
      phone_number: '+15551230001',
      preferred_authentication_method: 'voice',
    })
    const called = await server.lastCode({ channel: 'voice' })
    const { location, auth_session } = phone
    await S.myAccount.enrollmentVerify({ type: 'phone', location, auth_session, otp_code: called })
    const email = await S.myAccount.enrollmentChallenge({ type: 'email', email: 'ada2@example.com' })
    const mailed = await server.lastCode({ channel: 'email', to: 'ada2@example.com' })
    await S.myAccount.enrollmentVerify({ ...email, type: 'email', otp_code: mailed })
    const saved = await S.myAccount.enrollmentChallenge({ type: 'recovery-code' })
    assert.ok('recovery_code' in saved && /^[A-Z0-9]{24}$/.test(saved.recovery_code))
    const verify = { type: 'recovery-code' as const, location: saved.location, auth_session: saved.auth_session }
    assert.equal((await S.myAccount.enrollmentVerify(verify)).type, 'recovery-code')
  })

  test('a method is renamed and deleted; the second time it is gone', async () => {
    const renamed = await S.myAccount.updateAuthenticationMethod(totp, { name: 'My app' })
    assert.equal('name' in renamed && renamed.name, 'My app')
    assert.equal(await S.myAccount.deleteAuthenticationMethod(totp), undefined)
    const gone = await thrown(S.myAccount.deleteAuthenticationMethod(totp))
    assert.deepEqual([gone.name, gone.status], ['MyAccountApiError', 404])
  })

  test('every scope had a token of its own, and no token was asked for two', () => {
    const asked = seen
      .filter((it) => it.url.endsWith('/oauth/token'))
      .map((it) => new URLSearchParams(it.body))
      .filter((it) => it.get('audience') === `${server.publicUrl}/me/`)
      .map((it) =>
        it
          .get('scope')
          ?.split(' ')
          .filter((word) => word.includes(':me:')),
      )
    assert.ok(asked.length >= 4)
    for (const words of asked) assert.equal(words?.length, 1)
  })

  test('when the second factor is no longer fresh, a token for changes meets MFA and one for reading does not (S-63)', async () => {
    await server.advance(301)
    const audience = `${server.publicUrl}/me/`
    const tokenFor = (word: string) =>
      S.getTokenSilently({
        cacheMode: 'off',
        authorizationParams: { audience, scope: `${word}:me:authentication_methods` },
      })
    assert.ok(await tokenFor('read'))
    const old = await thrown(tokenFor('create'))
    assert.equal(old.error, 'mfa_required')
    assert.ok(old.mfa_token)
  })
})
