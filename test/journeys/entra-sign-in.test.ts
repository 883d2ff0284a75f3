import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { assertState, type Browser, c0, type Loose, notThe, openBrowser } from '../support/msal.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { api, blockedPhone, nativeTenant, phone, someone } from './entra-support.ts'
import { emailOf, passwordOf, payload } from './support.ts'

/** entra.md §7.0 and §7.2 to §7.6 and §7.8, row by row, by the unmodified SDK. */

let server: TestServer
let browser: Browser
const sms = (number: string) => ({ factor: 'sms' as const, phone_number: number })
before(async () => {
  server = await startServer({
    config: nativeTenant([
      someone('ada'),
      someone('otto', { password: undefined }),
      someone('mia', {
        authenticators: [sms('+15555550111'), { factor: 'email', email: 'mia.private@example.com' }],
      }),
      someone('bea', { authenticators: [sms('+15555550112')] }),
      someone('rex', { mfa_enabled: true }),
      someone('ron', { mfa_enabled: true }),
      someone('tom', { authenticators: [{ factor: 'totp', secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' }] }),
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
const login = (name: string, over: Loose = {}) => ({ username: emailOf(name), password: passwordOf(name), ...over })

describe('7.0 create', () => {
  test('makes no request, and knows no account', async () => {
    const got = (await app()).getCurrentAccount()
    assertState(got, 'GetAccountFailedState')
    assert.equal(got.error.isCurrentAccountNotFound(), true)
    assert.deepEqual(browser.paths(), [])
  })
})

describe('7.2 sign-in with a password', () => {
  test('a wrong password leaves the same state usable', async () => {
    const a = await app()
    const asked = await a.signIn({ username: emailOf('ada') })
    assertState(asked, 'SignInPasswordRequiredState')
    assert.deepEqual(browser.paths(), ['/oauth2/v2.0/initiate', '/oauth2/v2.0/challenge'])
    const bad = await asked.state.submitPassword('this is not the one')
    assertState(bad, 'SignInFailedState')
    assert.equal(bad.error.isInvalidPassword(), true)
    const good = await asked.state.submitPassword(passwordOf('ada'))
    assertState(good, 'SignInCompletedState')
    assert.equal(good.data.getAccount().username, emailOf('ada'))
    assert.deepEqual(browser.paths(), ['/oauth2/v2.0/token', '/oauth2/v2.0/token'])
    assertState(await a.signIn(login('ada')), 'SignInFailedState')
    assert.deepEqual(browser.paths(), [], 'a signed-in account is not asked again')
  })
  test('password in one go', async () => {
    assertState(await (await app()).signIn(login('ada')), 'SignInCompletedState')
    assert.deepEqual(browser.paths(), ['/oauth2/v2.0/initiate', '/oauth2/v2.0/challenge', '/oauth2/v2.0/token'])
  })
  test('unknown users, empty names and wrong passwords have their helpers', async () => {
    const a = await app()
    assert.equal((await a.signIn(login('nobody'))).error.isUserNotFound(), true)
    assert.equal((await a.signIn({ username: 'no@mail@there' })).error.isInvalidUsername(), true)
    assert.equal((await a.signIn(login('ada', { password: 'not this one at all' }))).error.isPasswordIncorrect(), true)
  })
  test('a flow that was left alone has expired', async () => {
    const asked = await (await app()).signIn({ username: emailOf('ada') })
    await server.advance(3_000)
    const late = await asked.state.submitPassword(passwordOf('ada'))
    assert.equal(late.error.isTokenExpired(), true)
    assert.deepEqual(late.error.errorData.errorCodes, [552003])
  })
})

describe('7.3 sign-in with an e-mail code', () => {
  test('resent, wrong, and right', async () => {
    const asked = await (await app()).signIn({ username: emailOf('otto') })
    assertState(asked, 'SignInCodeRequiredState')
    const first = await server.lastCode({ to: emailOf('otto') })
    const again = await asked.state.resendCode()
    assertState(again, 'SignInCodeRequiredState')
    const code = await server.lastCode({ to: emailOf('otto') })
    assert.equal(again.state.getCodeLength(), code.length)
    browser.paths()
    assert.equal((await again.state.submitCode('1')).error.isInvalidCode(), true)
    assert.deepEqual(browser.paths(), [], 'the wrong length makes no request')
    const wrong = await again.state.submitCode(first === code ? notThe(code) : first)
    assertState(wrong, 'SignInFailedState')
    assert.equal(wrong.error.isInvalidCode(), true)
    assertState(await again.state.submitCode(code), 'SignInCompletedState')
  })
})

describe('7.4 sign-in, second factor required', () => {
  test('e-mail challenge, wrong code, switch to SMS, right code', async () => {
    const needs = await (await app()).signIn(login('mia'))
    assertState(needs, 'MfaAwaitingState')
    assert.deepEqual(browser.paths(), [
      '/oauth2/v2.0/initiate',
      '/oauth2/v2.0/challenge',
      '/oauth2/v2.0/token',
      '/oauth2/v2.0/introspect',
    ])
    const methods = needs.state.getAuthMethods()
    const idOf = (channel: string) => methods.find((it: Loose) => it.challenge_channel === channel)?.id
    assert.deepEqual(methods.map((it: Loose) => it.challenge_channel).toSorted(), ['email', 'sms'])
    assert.match(methods.find((it: Loose) => it.id === idOf('sms')).login_hint, /^\+\*+11$/)
    const byMail = await needs.state.requestChallenge(idOf('email'))
    assertState(byMail, 'MfaVerificationRequiredState')
    assert.equal(byMail.state.getChannel(), 'email')
    assert.equal(byMail.state.getSentTo(), 'm***@example.com')
    assert.equal(byMail.state.getCodeLength(), 6)
    const mailed = await server.lastCode({ channel: 'email' })
    const wrong = await byMail.state.submitChallenge(notThe(mailed))
    assertState(wrong, 'MfaFailedState')
    assert.equal(wrong.error.isIncorrectChallenge(), true)
    const bySms = await byMail.state.requestChallenge(idOf('sms'))
    assertState(bySms, 'MfaVerificationRequiredState')
    assert.equal(bySms.state.getChannel(), 'sms')
    const done = await bySms.state.submitChallenge(await server.lastCode({ channel: 'sms' }))
    assertState(done, 'MfaCompletedState')
    assert.equal(done.data.getAccount().username, emailOf('mia'))
  })
  test('password in two steps, and an id nobody has', async () => {
    const asked = await (await app()).signIn({ username: emailOf('mia') })
    const needs = await asked.state.submitPassword(passwordOf('mia'))
    assertState(needs, 'MfaAwaitingState')
    assert.equal((await needs.state.requestChallenge('nobody-s-method')).error.isInvalidInput(), true)
  })
  test('a phone whose prefix has been blocked since', async () => {
    const needs = await (await app()).signIn(login('bea'))
    const [method] = needs.state.getAuthMethods()
    await server.admin('PATCH', '/tenants/demo', {
      phone: { countries: ['US', 'CA'], blocked_prefixes: ['+1555666', '+155555501'] },
    })
    const blocked = await needs.state.requestChallenge(method.id)
    await server.admin('PATCH', '/tenants/demo', { phone: { countries: ['US', 'CA'], blocked_prefixes: ['+1555666'] } })
    assert.equal(blocked.error.isVerificationContactBlocked(), true, JSON.stringify(blocked.error.errorData))
  })
  test('an app that has not announced it can is sent to the pages', async () => {
    const got = await (await app({ customAuth: { capabilities: [] } })).signIn(login('mia'))
    assert.equal(got.error.isRedirectRequired(), true)
    assert.match(got.error.errorData.redirectReason ?? got.error.errorData.errorDescription, /missing mfa_required/)
  })
  test('a user whose only factor has no words here is sent to the pages', async () => {
    const got = await (await app()).signIn(login('tom'))
    assert.equal(got.error.isRedirectRequired(), true)
  })
})

describe('7.5 sign-in, registration required', () => {
  test('SMS, then another contact, wrong code, right code; asked for it at the next sign-in', async () => {
    const a = await app()
    const needs = await a.signIn(login('rex'))
    assertState(needs, 'AuthMethodRegistrationRequiredState')
    assert.equal(browser.paths().at(-1), '/register/v1.0/introspect')
    const kinds = needs.state.getAuthMethods()
    assert.deepEqual(kinds.map((it: Loose) => it.id).toSorted(), ['email', 'sms'])
    const kind = (id: string) => kinds.find((it: Loose) => it.id === id)
    assert.equal(kind('email').login_hint, emailOf('rex'))
    const byMail = await needs.state.challengeAuthMethod({
      authMethodType: kind('email'),
      verificationContact: 'rex.two@example.com',
    })
    assertState(byMail, 'AuthMethodVerificationRequiredState')
    assert.equal(byMail.state.getSentTo(), 'rex.two@example.com')
    const bySms = await byMail.state.challengeAuthMethod({ authMethodType: kind('sms'), verificationContact: phone })
    assertState(bySms, 'AuthMethodVerificationRequiredState')
    assert.equal(bySms.state.getSentTo(), phone)
    const code = await server.lastCode({ channel: 'sms' })
    const wrong = await bySms.state.submitChallenge(notThe(code))
    assertState(wrong, 'AuthMethodRegistrationFailedState')
    assert.equal(wrong.error.isIncorrectChallenge(), true)
    browser.paths()
    const done = await bySms.state.submitChallenge(code)
    assertState(done, 'AuthMethodRegistrationCompletedState')
    assert.deepEqual(browser.paths(), ['/register/v1.0/continue', '/oauth2/v2.0/token'])
    assert.equal(done.data.getAccount().username, emailOf('rex'))
    await done.data.signOut()
    const next = await a.signIn(login('rex'))
    assertState(next, 'MfaAwaitingState')
    assert.deepEqual(
      next.state.getAuthMethods().map((it: Loose) => it.challenge_channel),
      ['sms'],
    )
  })
  test('malformed and blocked contacts, and a country that is not enabled', async () => {
    const needs = await (await app()).signIn(login('ron'))
    const [email, text] = ['email', 'sms'].map((id) => needs.state.getAuthMethods().find((it: Loose) => it.id === id))
    const tried = (authMethodType: Loose, verificationContact: string) =>
      needs.state.challengeAuthMethod({ authMethodType, verificationContact })
    assert.equal((await tried(text, 'not a number')).error.isInvalidInput(), true)
    assert.equal((await tried(email, 'not a mailbox')).error.isInvalidInput(), true)
    assert.equal((await tried(text, blockedPhone)).error.isVerificationContactBlocked(), true)
    const abroad = await tried(text, '+49 1512 3456789')
    assert.equal(abroad.error.isVerificationContactBlocked(), false, 'no helper is true for it')
    assert.equal(abroad.error.errorData.subError, 'provider_blocked_by_admin')
    assert.equal(abroad.error.errorData.error, 'access_denied')
  })
  test('an app that has not announced it can is sent to the pages', async () => {
    const got = await (await app({ customAuth: { capabilities: ['mfa_required'] } })).signIn(login('ron'))
    assert.equal(got.error.isRedirectRequired(), true)
  })
})

describe('7.6 access tokens, and 7.8 sign-out', () => {
  test('from the cache, by refresh, for an API, and refused once revoked', async () => {
    const a = await app()
    const { data } = await a.signIn(login('ada'))
    assertState(a.getCurrentAccount(), 'GetAccountCompletedState')
    browser.paths()
    const cached = await data.getAccessToken({ forceRefresh: false })
    assertState(cached, 'GetAccessTokenCompletedState')
    assert.equal(cached.data.fromCache, true)
    assert.deepEqual(browser.paths(), [])
    await server.advance(5)
    const fresh = await data.getAccessToken({ forceRefresh: true })
    assertState(fresh, 'GetAccessTokenCompletedState')
    assert.equal(fresh.data.fromCache, false)
    assert.notEqual(fresh.data.accessToken, cached.data.accessToken)
    assert.equal(payload(fresh.data.accessToken).auth_time, payload(cached.data.accessToken).auth_time)
    const seen = browser.seen.at(-1)
    assert.match(seen?.query ?? '', /client-request-id=/)
    assert.equal(seen?.headers.has('x-client-sku'), false, 'a refresh is a simple request')
    const scopes = [`${api}/read`]
    const forApi = await data.getAccessToken({ forceRefresh: false, scopes })
    assertState(forApi, 'GetAccessTokenCompletedState')
    assert.equal(payload(forApi.data.accessToken).aud, api)
    assert.equal(payload(forApi.data.accessToken).scp, 'openid profile read')
    browser.paths()
    assert.equal((await data.getAccessToken({ forceRefresh: false, scopes })).data.fromCache, true)
    assert.deepEqual(browser.paths(), [])
    const users = await server.admin('GET', `/tenants/demo/users?email=${encodeURIComponent(emailOf('ada'))}`)
    const id = payload(fresh.data.accessToken).oid
    assert.equal((await server.admin('PATCH', `/tenants/demo/users/${id}`, { blocked: true })).status, 200, users.text)
    assertState(await data.getAccessToken({ forceRefresh: true }), 'GetAccessTokenFailedState')
    assert.equal((await server.admin('PATCH', `/tenants/demo/users/${id}`, { blocked: false })).status, 200)
  })
  test('signing out asks nobody, and leaves no account', async () => {
    const a = await app()
    const { data } = await a.signIn(login('ada'))
    browser.paths()
    assertState(await data.signOut(), 'SignOutCompletedState')
    assert.deepEqual(browser.paths(), [])
    assertState(a.getCurrentAccount(), 'GetAccountFailedState')
    assert.equal((await data.getAccessToken({ forceRefresh: false })).error.isCurrentAccountNotFound(), true)
    assert.equal((await data.signOut()).error.isUserNotSignedIn(), true)
  })
  test('acquireTokenSilent, inherited, finds the discovery document and refreshes', async () => {
    const authority = `${server.publicUrl}/demo`
    const a = await app({ auth: { authority, knownAuthorities: [new URL(server.publicUrl).host] } })
    const { data } = await a.signIn(login('ada'))
    browser.paths()
    const got = await a.acquireTokenSilent({
      scopes: ['openid', 'profile'],
      account: data.getAccount(),
      forceRefresh: true,
    })
    assert.equal(got.fromCache, false)
    assert.equal(payload(got.accessToken).iss, `${server.publicUrl}/demo/v2.0`)
  })
})
