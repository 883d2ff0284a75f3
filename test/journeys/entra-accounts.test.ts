import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { assertState, attributesClient, type Browser, c0, type Loose, notThe, openBrowser } from '../support/msal.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { nativeTenant, someone } from './entra-support.ts'
import { emailOf, passwordOf } from './support.ts'

/** entra.md §7.1 and §7.7, row by row, by the unmodified SDK. */

let server: TestServer
let browser: Browser
before(async () => {
  server = await startServer({
    config: nativeTenant([
      someone('ada'),
      someone('otto', { password: undefined }),
      someone('pia', { authenticators: [{ factor: 'sms', phone_number: '+15555550113' }] }),
      someone('eve', { authenticators: [{ factor: 'email', email: 'eve.private@example.com' }] }),
    ]),
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

describe('7.1 sign-up', () => {
  test('a: everything up front, resent, wrong code, right code, signed in', async () => {
    const started = await (await app()).signUp({
      username: emailOf('newa'),
      password: passwordOf('newa'),
      attributes: { displayName: 'New A', nobodyKnows: 'this one' },
    })
    assertState(started, 'SignUpCodeRequiredState')
    assert.equal(started.state.getCodeLength(), 6)
    assert.equal(started.state.getCodeResendInterval(), 60)
    assert.deepEqual(browser.paths(), ['/signup/v1.0/start', '/signup/v1.0/challenge'])
    const again = await started.state.resendCode()
    assertState(again, 'SignUpCodeRequiredState')
    const code = await server.lastCode({ to: emailOf('newa') })
    const wrong = await again.state.submitCode(notThe(code))
    assertState(wrong, 'SignUpFailedState')
    assert.equal(wrong.error.isInvalidCode(), true)
    const done = await again.state.submitCode(code)
    assertState(done, 'SignUpCompletedState')
    browser.paths()
    const signedIn = await done.state.signIn()
    assertState(signedIn, 'SignInCompletedState')
    assert.deepEqual(browser.paths(), ['/oauth2/v2.0/token'])
    assert.equal(signedIn.data.getAccount().name, 'New A')
    assert.equal(signedIn.data.getAccount().username, emailOf('newa'))
  })
  test('b: step by step, with a short password and required attributes', async () => {
    const started = await (await asking()).signUp({ username: emailOf('newb') })
    assertState(started, 'SignUpCodeRequiredState')
    const proved = await started.state.submitCode(await server.lastCode({ to: emailOf('newb') }))
    assertState(proved, 'SignUpPasswordRequiredState')
    assert.equal(browser.paths().at(-1), '/signup/v1.0/challenge')
    const short = await proved.state.submitPassword('short')
    assertState(short, 'SignUpFailedState')
    assert.equal(short.error.isInvalidPassword(), true)
    assert.equal(short.error.errorData.subError, 'password_too_short')
    const chosen = await proved.state.submitPassword(passwordOf('newb'))
    assertState(chosen, 'SignUpAttributesRequiredState')
    const wanted = chosen.state.getRequiredAttributes()
    assert.deepEqual(
      wanted.map((it: Loose) => it.name),
      ['displayName', 'postalCode'],
    )
    const bad = await chosen.state.submitAttributes({ displayName: 'New B', postalCode: 'no digits' })
    assert.equal(bad.error.isAttributesValidationFailed(), true)
    assert.deepEqual(bad.error.errorData.attributes, [{ name: 'postalCode' }])
    const some = await chosen.state.submitAttributes({ displayName: 'New B' })
    assert.equal(some.error.isMissingRequiredAttributes(), true)
    const done = await chosen.state.submitAttributes({ postalCode: '12345' })
    assertState(done, 'SignUpCompletedState')
    assertState(await done.state.signIn(), 'SignInCompletedState')
  })
  test('b: all attributes at once, and signed in', async () => {
    const started = await (await asking()).signUp({ username: emailOf('newc'), password: passwordOf('newc') })
    const missing = await started.state.submitCode(await server.lastCode({ to: emailOf('newc') }))
    assertState(missing, 'SignUpAttributesRequiredState')
    const done = await missing.state.submitAttributes({ displayName: 'New C', postalCode: '12345' })
    assertState(done, 'SignUpCompletedState')
    assertState(await done.state.signIn(), 'SignInCompletedState')
  })
  test('an address that is registered meanwhile is taken', async () => {
    const start = async () =>
      (await app()).signUp({ username: emailOf('twice'), password: passwordOf('twice') }) as Promise<Loose>
    const [one, other] = [await start(), await start()]
    const codes = (await server.outbox({ to: emailOf('twice') })).map((it) => it.code)
    assertState(await other.state.submitCode(codes[0]), 'SignUpCompletedState')
    const late = await one.state.submitCode(codes[1])
    assert.equal(late.error.errorData.error, 'user_already_exists')
  })
  test('an app for codes alone makes accounts without a password', async () => {
    const a = await app({ customAuth: { challengeTypes: ['oob', 'redirect'] } })
    const started = await a.signUp({ username: emailOf('codes') })
    const done = await started.state.submitCode(await server.lastCode({ to: emailOf('codes') }))
    assertState(done, 'SignUpCompletedState')
    const signedIn = await done.state.signIn()
    assertState(signedIn, 'SignInCompletedState')
    await signedIn.data.signOut()
    assertState(await a.signIn({ username: emailOf('codes') }), 'SignInCodeRequiredState')
  })
  test('7.5.6 after a sign-up the address it proved needs no second code', async () => {
    await server.admin('PATCH', '/tenants/demo', { mfa: { mode: 'ALWAYS' } })
    try {
      const a = await app()
      const started = await a.signUp({ username: emailOf('pre'), password: passwordOf('pre') })
      const done = await started.state.submitCode(await server.lastCode({ to: emailOf('pre') }))
      const needs = await done.state.signIn()
      assertState(needs, 'AuthMethodRegistrationRequiredState')
      const email = needs.state.getAuthMethods().find((it: Loose) => it.id === 'email')
      browser.paths()
      const stored = await needs.state.challengeAuthMethod({
        authMethodType: email,
        verificationContact: emailOf('pre').toUpperCase(),
      })
      assertState(stored, 'AuthMethodRegistrationCompletedState')
      assert.equal(stored.isCompleted(), true)
      assert.deepEqual(browser.paths(), ['/register/v1.0/challenge', '/register/v1.0/continue', '/oauth2/v2.0/token'])
      await stored.data.signOut()
      assertState(await a.signIn({ username: emailOf('pre'), password: passwordOf('pre') }), 'MfaAwaitingState')
    } finally {
      await server.admin('PATCH', '/tenants/demo', { mfa: null })
    }
  })
  test('existing users, bad addresses, weak passwords, bad attributes, and no challenge types', async () => {
    const a = await app()
    const password = passwordOf('x')
    assert.equal((await a.signUp({ username: emailOf('ada'), password })).error.isUserAlreadyExists(), true)
    assert.equal((await a.signUp({ username: 'no mailbox', password })).error.isInvalidUsername(), true)
    for (const weak of ['short', 'password1', 'x'.repeat(1_100)]) {
      assert.equal((await a.signUp({ username: emailOf('x'), password: weak })).error.isInvalidPassword(), true, weak)
    }
    const long = { postalCode: '1'.repeat(41) }
    const bad = await a.signUp({ username: emailOf('x'), password, attributes: long })
    assert.equal(bad.error.isAttributesValidationFailed(), true)
    const none = await app({ customAuth: { challengeTypes: undefined } })
    assert.equal((await none.signUp({ username: emailOf('x'), password })).error.isRedirectRequired(), true)
  })
})

describe('7.7 password reset', () => {
  test('resent, the older state with the newest code, weak, good, signed in; older refresh tokens fail', async () => {
    const a = await app()
    const before = await a.signIn({ username: emailOf('ada'), password: passwordOf('ada') })
    const old = browser.seen.at(-1)?.body.refresh_token
    await before.data.signOut()
    browser.paths()
    const started = await a.resetPassword({ username: emailOf('ada') })
    assertState(started, 'ResetPasswordCodeRequiredState')
    assert.deepEqual(browser.paths(), ['/resetpassword/v1.0/start', '/resetpassword/v1.0/challenge'])
    assertState(await started.state.resendCode(), 'ResetPasswordCodeRequiredState')
    const code = await server.lastCode({ to: emailOf('ada') })
    const wrong = await started.state.submitCode(notThe(code))
    assert.equal(wrong.error.isInvalidCode(), true)
    const proved = await started.state.submitCode(code)
    assertState(proved, 'ResetPasswordPasswordRequiredState')
    assert.equal(browser.seen.at(-1)?.body.expires_in, 600)
    const weak = await proved.state.submitNewPassword('weak')
    assertState(weak, 'ResetPasswordFailedState')
    assert.equal(weak.error.isInvalidPassword(), true)
    browser.paths()
    const done = await proved.state.submitNewPassword('another quite long password of ada')
    assertState(done, 'ResetPasswordCompletedState')
    assert.deepEqual(browser.paths(), ['/resetpassword/v1.0/submit', '/resetpassword/v1.0/poll_completion'])
    assertState(await done.state.signIn(), 'SignInCompletedState')
    const refreshed = await server.form('/demo/oauth2/v2.0/token', {
      client_id: '6d1f7c4e-0b1f-4f0a-9c3d-2f6f5c1b7a10',
      grant_type: 'refresh_token',
      refresh_token: old,
    })
    assert.deepEqual([refreshed.status, refreshed.body.error], [400, 'invalid_grant'])
  })
  test('a reset does not skip the second factor', async () => {
    const started = await (await app()).resetPassword({ username: emailOf('pia') })
    const proved = await started.state.submitCode(await server.lastCode({ to: emailOf('pia') }))
    const done = await proved.state.submitNewPassword('another quite long password of pia')
    assertState(await done.state.signIn(), 'MfaAwaitingState')
  })
  test('the code goes to the mailbox that is a method, where that is another one', async () => {
    const started = await (await app()).resetPassword({ username: emailOf('eve') })
    const code = await server.lastCode({ to: 'eve.private@example.com' })
    assertState(await started.state.submitCode(code), 'ResetPasswordPasswordRequiredState')
  })
  test('unknown users and users without a password', async () => {
    const a = await app()
    assert.equal((await a.resetPassword({ username: emailOf('nobody') })).error.isUserNotFound(), true)
    assert.deepEqual((await a.resetPassword({ username: emailOf('otto') })).error.errorData.errorCodes, [500222])
    assert.equal((await a.resetPassword({ username: '  \t' })).error.isInvalidUsername(), true)
  })
  test('a status that says failed is the SDK’s own error', async () => {
    const started = await (await app()).resetPassword({ username: emailOf('eve') })
    const proved = await started.state.submitCode(await server.lastCode({ to: 'eve.private@example.com' }))
    browser.tamper((it) =>
      it.path.endsWith('poll_completion')
        ? Response.json({ status: 'failed', continuation_token: it.body.continuation_token })
        : undefined,
    )
    const failed = await proved.state.submitNewPassword('another quite long password of eve')
    browser.tamper(undefined)
    assert.equal(failed.error.isPasswordResetFailed(), true)
  })
})
