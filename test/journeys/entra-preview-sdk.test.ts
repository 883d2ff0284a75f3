import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { assertState, attributesClient, type Browser, c0, type Loose, notThe, openBrowser } from '../support/msal.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { api, blockedPhone, nativeTenant, phone, someone } from './entra-support.ts'
import { emailOf, passwordOf, payload } from './support.ts'

/** entra.md §12 by the unmodified SDK: `signInV2`, `signUpV2`, `resetPasswordV2`. */

let server: TestServer
let browser: Browser
const sms = (number: string) => ({ factor: 'sms' as const, phone_number: number })
before(async () => {
  const tenant = nativeTenant(
    [
      someone('ada'),
      someone('otto', { password: undefined }),
      someone('mia', { authenticators: [sms('+15555550111'), { factor: 'email', email: 'mia.private@example.com' }] }),
      someone('rex', { mfa_enabled: true }),
      someone('pia', { authenticators: [sms('+15555550113')] }),
      someone('tom', { authenticators: [{ factor: 'totp', secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' }] }),
    ],
    { native_preview: 'sdk' },
  )
  server = await startServer({
    config: () => {
      const config = tenant()
      return { ...config, tenants: config.tenants.map((it) => ({ ...it, native_preview: 'sdk' as const })) }
    },
  })
  browser = await openBrowser()
})
after(async () => {
  browser.close()
  await server.stop()
})
beforeEach(() => browser.clear())

const app = (over: Loose = {}): Promise<Loose> => browser.create(c0(server, over))
const asking = () =>
  app({
    auth: { clientId: attributesClient },
    customAuth: { authApiProxyUrl: `${server.httpUrl}/api/ASKING.onmicrosoft.com` },
  })
const ofType = (state: Loose, type: string) => state.methods.find((it: Loose) => it.type === type)

describe('signInV2', () => {
  test('a password, wrong and right, ends in tokens of this tenant, which refresh', async () => {
    const a = await app()
    const asked = await a.signInV2({ username: emailOf('ada') })
    assertState(asked, 'passwordRequired')
    const bad = await asked.state.submitPassword('this is not the one')
    assertState(bad, 'failed')
    assert.equal(bad.error.isInvalidPassword(), true)
    const good = await asked.state.submitPassword(passwordOf('ada'))
    assertState(good, 'completed')
    assert.equal(good.data.getAccount().username, emailOf('ada'))
    const token = await good.data.getAccessToken({ forceRefresh: false })
    assert.equal(payload(token.data.accessToken).tid, 'demo')
    const fresh = await good.data.getAccessToken({ forceRefresh: true })
    assertState(fresh, 'GetAccessTokenCompletedState')
    const forApi = await good.data.getAccessToken({ forceRefresh: false, scopes: [`${api}/read`] })
    assert.equal(payload(forApi.data.accessToken).aud, api)
  })
  test('scopes asked for at the entry are those of the tokens', async () => {
    const asked = await (await app()).signInV2({ username: emailOf('ada'), scopes: [`${api}/read`] })
    const done = await asked.state.submitPassword(passwordOf('ada'))
    assertState(done, 'completed')
    const token = await done.data.getAccessToken({ forceRefresh: false, scopes: [`${api}/read`] })
    assert.equal(token.data.fromCache, true)
    assert.equal(payload(token.data.accessToken).scp, 'openid profile read')
  })
  test('an unknown user has its helper', async () => {
    const got = await (await app()).signInV2({ username: emailOf('nobody') })
    assertState(got, 'failed')
    assert.equal(got.error.isUserNotFound(), true)
  })
  test('a code by e-mail, resent: the first one fails, the newest is right', async () => {
    const asked = await (await app()).signInV2({ username: emailOf('otto') })
    assertState(asked, 'codeRequired')
    assert.equal(asked.state.codeLength, 6)
    const first = await server.lastCode({ to: emailOf('otto') })
    const again = await asked.state.resendCode()
    assertState(again, 'codeRequired')
    const code = await server.lastCode({ to: emailOf('otto') })
    const wrong = await again.state.submitCode(first === code ? notThe(code) : first)
    assert.equal(wrong.error.isInvalidCode(), true)
    assertState(await again.state.submitCode(code), 'completed')
  })
  test('a second factor: e-mail, wrong, then SMS by the same state', async () => {
    const asked = await (await app()).signInV2({ username: emailOf('mia') })
    const needs = await asked.state.submitPassword(passwordOf('mia'))
    assertState(needs, 'authMethodSelectionRequired')
    assert.deepEqual(needs.state.methods.map((it: Loose) => it.type).toSorted(), ['email', 'sms'])
    const byMail = await needs.state.selectAuthMethod(ofType(needs.state, 'email'))
    assertState(byMail, 'mfaVerificationRequired')
    const wrong = await byMail.state.submitChallenge(notThe(await server.lastCode({ channel: 'email' })))
    assert.equal(wrong.error.isInvalidChallenge(), true)
    const bySms = await needs.state.selectAuthMethod(ofType(needs.state, 'sms'))
    assertState(bySms, 'mfaVerificationRequired')
    const done = await bySms.state.submitChallenge(await server.lastCode({ channel: 'sms' }))
    assertState(done, 'completed')
    const token = await done.data.getAccessToken({ forceRefresh: false })
    assert.deepEqual(payload(token.data.accessToken).amr, ['pwd', 'otp', 'sms', 'mfa', 'mca'])
  })
  test('a user whose only factor the SDK does not know is sent to the browser', async () => {
    const asked = await (await app()).signInV2({ username: emailOf('tom') })
    const needs = await asked.state.submitPassword(passwordOf('tom'))
    assertState(needs, 'failed')
    assert.equal(needs.error.isBrowserRequired(), true)
  })
  test('registration: a blocked number, another one, resent, wrong and right', async () => {
    const asked = await (await app()).signInV2({ username: emailOf('rex') })
    const needs = await asked.state.submitPassword(passwordOf('rex'))
    assertState(needs, 'authMethodRegistrationRequired')
    const method = ofType(needs.state, 'phone')
    assert.deepEqual(method.channels, ['sms'])
    const blocked = await needs.state.selectAuthMethod(method, blockedPhone)
    assert.equal(blocked.error.innerErrorCode, 'providerBlockedByRep', JSON.stringify(blocked.error.errorData))
    const verify = await needs.state.selectAuthMethod(method, phone)
    assertState(verify, 'authMethodVerificationRequired')
    const again = await verify.state.resendChallenge()
    assertState(again, 'authMethodVerificationRequired')
    const code = await server.lastCode({ channel: 'sms' })
    const wrong = await again.state.submitChallenge(notThe(code))
    assert.equal(wrong.error.isInvalidChallenge(), true)
    assertState(await again.state.submitChallenge(code), 'completed')
  })
  test('a flow that was left alone has expired', async () => {
    const asked = await (await app()).signInV2({ username: emailOf('ada') })
    await server.advance(3_000)
    const late = await asked.state.submitPassword(passwordOf('ada'))
    assert.equal(late.error.errorData.error, 'expiredToken')
    assert.equal(late.error.innerErrorCode, 'expiredContinuationToken')
  })
})

describe('signUpV2', () => {
  test('code, short password, password, attributes, signed in', async () => {
    const started = await (await asking()).signUpV2({ username: emailOf('newb') })
    assertState(started, 'codeRequired')
    const proved = await started.state.submitCode(await server.lastCode({ to: emailOf('newb') }))
    assertState(proved, 'passwordRequired')
    const short = await proved.state.submitPassword('short')
    assert.equal(short.error.isInvalidPassword(), true)
    assert.equal(short.error.innerErrorCode, 'passwordTooShort')
    const chosen = await proved.state.submitPassword(passwordOf('newb'))
    assertState(chosen, 'attributesRequired')
    const bad = await chosen.state.submitAttributes({ displayName: 'New B', postalCode: 'no digits' })
    assert.equal(bad.error.isInvalidAttributes(), true)
    assert.deepEqual(bad.error.invalidAttributes, ['postalCode'])
    const done = await chosen.state.submitAttributes({ displayName: 'New B', postalCode: '12345' })
    assertState(done, 'signInContinuation')
    const signedIn = await done.state.signIn()
    assertState(signedIn, 'completed')
    assert.equal(signedIn.data.getAccount().name, 'New B')
  })
  test('attributes given at first are sent before the password, which is asked for all the same', async () => {
    const attributes = { displayName: 'New C', postalCode: '12345' }
    const started = await (await asking()).signUpV2({ username: emailOf('newc'), attributes })
    const proved = await started.state.submitCode(await server.lastCode({ to: emailOf('newc') }))
    assertState(proved, 'passwordRequired')
    const done = await proved.state.submitPassword(passwordOf('newc'))
    assertState(done, 'signInContinuation')
    assertState(await done.state.signIn(), 'completed')
  })
  test('an address that has an account goes on as its sign-in', async () => {
    const known = await (await app()).signUpV2({ username: emailOf('ada') })
    assertState(known, 'existingAccountPasswordRequired')
    assertState(await known.state.submitPassword(passwordOf('ada')), 'completed')
    browser.clear()
    const mailed = await (await app()).signUpV2({ username: emailOf('otto') })
    assertState(mailed, 'existingAccountCodeRequired')
    assertState(await mailed.state.submitCode(await server.lastCode({ to: emailOf('otto') })), 'completed')
  })
})

describe('resetPasswordV2', () => {
  test('code, weak password, new password, second factor, signed in; the old password is dead', async () => {
    const started = await (await app()).resetPasswordV2({ username: emailOf('pia') })
    assertState(started, 'codeRequired')
    const proved = await started.state.submitCode(await server.lastCode({ to: emailOf('pia') }))
    assertState(proved, 'newPasswordRequired')
    const weak = await proved.state.submitNewPassword('password')
    assert.equal(weak.error.isInvalidPassword(), true, JSON.stringify(weak.error.errorData))
    const set = await proved.state.submitNewPassword('a brand new and long password')
    assertState(set, 'authMethodSelectionRequired')
    const bySms = await set.state.selectAuthMethod(ofType(set.state, 'sms'))
    const done = await bySms.state.submitChallenge(await server.lastCode({ channel: 'sms' }))
    assertState(done, 'signInContinuation')
    assertState(await done.state.signIn(), 'completed')
    browser.clear()
    const old = await (await app()).signInV2({ username: emailOf('pia') })
    assert.equal((await old.state.submitPassword(passwordOf('pia'))).error.isInvalidPassword(), true)
  })
  test('an account without a password has none to reset', async () => {
    const got = await (await app()).resetPasswordV2({ username: emailOf('otto') })
    assert.equal(got.error.innerErrorCode, 'passwordResetNotSupported')
  })
})

describe('the switch', () => {
  test('off by the admin API, the SDK finds nothing and the metadata says nothing; and on again', async () => {
    const patch = (native_preview: string | null) => server.admin('PATCH', '/tenants/demo', { native_preview })
    const metadata = async (): Promise<Loose> =>
      (await fetch(`${server.httpUrl}/demo/v2.0/.well-known/openid-configuration`)).json()
    assert.match((await metadata()).authorization_challenge_endpoint, /\/demo\/oauth2\/v2\.0\/authorize-challenge$/)
    assert.equal((await patch(null)).status, 200)
    try {
      const got = await (await app()).signInV2({ username: emailOf('ada') })
      assertState(got, 'failed')
      assert.equal(browser.seen.at(-1)?.status, 404)
      assert.equal('authorization_challenge_endpoint' in (await metadata()), false)
    } finally {
      const on = await patch('sdk')
      assert.equal(on.body.native_preview, 'sdk', on.text)
    }
    assertState(await (await app()).signInV2({ username: emailOf('ada') }), 'passwordRequired')
  })
})
