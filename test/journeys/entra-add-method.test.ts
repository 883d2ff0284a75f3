import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { assertState, type Browser, c0, type Loose, nativeClient, openBrowser } from '../support/msal.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { nativeTenant, phone, someone } from './entra-support.ts'
import { emailOf, passwordOf, payload } from './support.ts'

/** entra.md §7.9: a signed-in user adds another method, by each of the ways of §2.6. */

let server: TestServer
let browser: Browser
const sms = (number: string) => ({ factor: 'sms' as const, phone_number: number })
before(async () => {
  server = await startServer({
    config: nativeTenant([
      someone('ann'),
      someone('amy'),
      someone('bob'),
      someone('cat'),
      someone('dan', { authenticators: [sms('+15555550121')] }),
      someone('dot', { authenticators: [sms('+15555550122')] }),
      someone('eli', { authenticators: [sms('+15555550123')] }),
      someone('fay'),
      someone('gus', { authenticators: [{ factor: 'totp', secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' }] }),
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
const second = (over: Loose = {}) => app({ cache: { cacheLocation: 'memoryStorage' }, ...over })
const login = (name: string, over: Loose = {}) => ({ username: emailOf(name), password: passwordOf(name), ...over })
const c4 = { access_token: { acrs: { essential: true, value: 'c4' } } }
const methodOf = (state: Loose, id: string) => state.getAuthMethods().find((it: Loose) => it.id === id)

/** B1: the start by a signed-in user, in plain HTTP. */
const bearerStart = (token: string) =>
  server.form('/demo/register/v1.0/introspect', { client_id: nativeClient }, { authorization: `Bearer ${token}` })
const native = (path: string, params: Record<string, string>) =>
  server.form(`/demo${path}`, { client_id: nativeClient, ...params })

async function tokenOf(name: string): Promise<{ a: Loose; data: Loose; token: string }> {
  const a = await app()
  const signedIn = await a.signIn(login(name))
  assertState(signedIn, 'SignInCompletedState')
  const got = await signedIn.data.getAccessToken({ forceRefresh: false })
  return { a, data: signedIn.data, token: got.data.accessToken }
}

/** The official state, built by the app out of its own parts (way B). */
function builtState(a: Loose, body: Loose, name: string): Loose {
  const { signInClient, jitClient, cacheClient, logger, customAuthConfig } = a.customAuthController
  assert.ok(signInClient && jitClient)
  return new browser.msal.AuthMethodRegistrationRequiredState({
    correlationId: '0192f0c1-1111-7111-8111-111111111111',
    continuationToken: body.continuation_token,
    logger,
    config: customAuthConfig,
    jitClient,
    cacheClient,
    authMethods: body.methods,
    username: emailOf(name),
    scopes: ['openid', 'profile', 'offline_access'],
  } as Loose)
}

async function finishBySms(state: Loose, number: string): Promise<Loose> {
  const asked = await state.challengeAuthMethod({
    authMethodType: methodOf(state, 'sms'),
    verificationContact: number,
  })
  assertState(asked, 'AuthMethodVerificationRequiredState')
  return await asked.state.submitChallenge(await server.lastCode({ channel: 'sms' }))
}

describe('7.9 A: a second app object that signs in again', () => {
  test('steered by claims: the token says c4, and the main account is untouched', async () => {
    const { a } = await tokenOf('ann')
    const other = await second()
    assertState(other.getCurrentAccount(), 'GetAccountFailedState')
    const needs = await other.signIn(login('ann', { claims: JSON.stringify(c4) }))
    assertState(needs, 'AuthMethodRegistrationRequiredState')
    const done = await finishBySms(needs.state, '+15555550131')
    assertState(done, 'AuthMethodRegistrationCompletedState')
    const issued = payload(browser.seen.at(-1)?.body.access_token)
    assert.deepEqual(issued.acrs, ['c4'])
    assert.ok((issued.amr as string[]).includes('mfa'))
    assertState(a.getCurrentAccount(), 'GetAccountCompletedState')
  })
  test('steered by the query parameter', async () => {
    const other = await second({
      customAuth: { customAuthApiQueryParams: { purpose: 'add_method' } },
    })
    const needs = await other.signIn(login('amy'))
    assertState(needs, 'AuthMethodRegistrationRequiredState')
    assert.match(browser.seen.at(-1)?.query ?? '', /purpose=add_method/)
    assertState(await finishBySms(needs.state, '+15555550132'), 'AuthMethodRegistrationCompletedState')
  })
})

describe('7.9 B and C: a Bearer start', () => {
  test('B: the exported state, built by the app, completes and leaves one account', async () => {
    const { a, token } = await tokenOf('bob')
    const started = await bearerStart(token)
    assert.equal(started.status, 200, started.text)
    const state = builtState(a, started.body, 'bob')
    assertState(await finishBySms(state, '+15555550133'), 'AuthMethodRegistrationCompletedState')
    assert.equal(a.getAllAccounts().length, 1)
  })
  test('C: plain HTTP; the notice goes to the verified mailbox', async () => {
    const { token } = await tokenOf('cat')
    const { body } = await bearerStart(token)
    assert.deepEqual(
      body.methods.map((it: Loose) => it.id),
      ['sms', 'email'],
    )
    const asked = await native('/register/v1.0/challenge', {
      continuation_token: body.continuation_token,
      challenge_type: 'oob',
      challenge_target: 'cat.two@example.com',
    })
    assert.equal(asked.body.challenge_channel, 'email', asked.text)
    const stored = await native('/register/v1.0/continue', {
      continuation_token: asked.body.continuation_token,
      grant_type: 'oob',
      oob: await server.lastCode({ to: 'cat.two@example.com' }),
    })
    assert.equal(stored.status, 200, stored.text)
    const notices = (await server.outbox({ to: emailOf('cat') })).filter((it) => it.purpose === 'notice')
    assert.equal(notices.length, 1)
    assertState(await (await second()).signIn(login('cat')), 'MfaAwaitingState')
  })
})

describe('7.9 D: the second factor first', () => {
  test('mfa_oob answers registration_required, whose token goes on', async () => {
    const other = await second({ customAuth: { customAuthApiQueryParams: { purpose: 'add_method' } } })
    const needs = await other.signIn(login('dan'))
    assertState(needs, 'MfaAwaitingState')
    const [method] = needs.state.getAuthMethods()
    const asked = await needs.state.requestChallenge(method.id)
    const stopped = await asked.state.submitChallenge(await server.lastCode({ channel: 'sms' }))
    assertState(stopped, 'MfaFailedState')
    assert.equal(stopped.error.errorData.subError, 'registration_required')
    const { continuationToken } = stopped.error.errorData
    const listed = await native('/register/v1.0/introspect', { continuation_token: continuationToken })
    assert.equal(listed.status, 200, listed.text)
    const state = builtState(other, listed.body, 'dan')
    const again = await state.challengeAuthMethod({
      authMethodType: methodOf(state, 'sms'),
      verificationContact: phone,
    })
    assert.equal(again.error.isInvalidInput(), true, 'one phone is what this wire can tell apart')
    const mail = await state.challengeAuthMethod({
      authMethodType: methodOf(state, 'email'),
      verificationContact: 'dan.two@example.com',
    })
    assertState(mail, 'AuthMethodVerificationRequiredState')
    const done = await mail.state.submitChallenge(await server.lastCode({ to: 'dan.two@example.com' }))
    assertState(done, 'AuthMethodRegistrationCompletedState')
  })
})

describe('7.9 E: stale, or the password alone', () => {
  test('a session that has proved the second factor long ago steps up, and returns', async () => {
    const a = await app()
    const needs = await a.signIn(login('dot'))
    const asked = await needs.state.requestChallenge(needs.state.getAuthMethods()[0].id)
    const done = await asked.state.submitChallenge(await server.lastCode({ channel: 'sms' }))
    assertState(done, 'MfaCompletedState')
    const early = (await done.data.getAccessToken({ forceRefresh: false })).data.accessToken
    assert.equal((await bearerStart(early)).status, 200)
    await server.advance(301)
    const refreshed = (await done.data.getAccessToken({ forceRefresh: true })).data.accessToken
    for (const token of [early, refreshed]) {
      const refused = await bearerStart(token)
      assert.deepEqual([refused.status, refused.body.suberror], [400, 'mfa_required'], refused.text)
    }
    const refused = await bearerStart(refreshed)
    const listed = await native('/oauth2/v2.0/introspect', { continuation_token: refused.body.continuation_token })
    const sent = await native('/oauth2/v2.0/challenge', {
      continuation_token: listed.body.continuation_token,
      id: listed.body.methods[0].id,
    })
    const stepped = await native('/oauth2/v2.0/token', {
      continuation_token: sent.body.continuation_token,
      grant_type: 'mfa_oob',
      oob: await server.lastCode({ channel: 'sms' }),
    })
    assert.equal(stepped.status, 200, stepped.text)
    assert.equal((await bearerStart(stepped.body.access_token)).status, 200)
  })
  test('a token from before the first factor was added does not add a second one', async () => {
    const { token } = await tokenOf('fay')
    const other = await second()
    const needs = await other.signIn(login('fay', { claims: JSON.stringify(c4) }))
    assertState(await finishBySms(needs.state, '+15555550134'), 'AuthMethodRegistrationCompletedState')
    const refused = await bearerStart(token)
    assert.deepEqual([refused.status, refused.body.suberror], [400, 'mfa_required'], refused.text)
  })
  test('a stale session without any factor has to sign in again', async () => {
    await server.admin('POST', '/tenants/demo/users', { email: 'hal@example.com', password: passwordOf('hal') })
    const { token } = await tokenOf('hal')
    await server.advance(301)
    const refused = await bearerStart(token)
    assert.deepEqual([refused.status, refused.body.error], [400, 'interaction_required'], refused.text)
  })
  test('a user whose only factor has no words here is sent to the pages', async () => {
    const other = await second()
    const got = await other.signIn(login('gus', { claims: JSON.stringify(c4) }))
    assert.equal(got.error.isRedirectRequired(), true)
  })
  test('tokens of others, for an API, and no tokens at all start nothing', async () => {
    const a = await app()
    const signedIn = await a.signIn(login('hal', { scopes: ['https://api.example/read'] }))
    assertState(signedIn, 'SignInCompletedState')
    const forApi = browser.seen.at(-1)?.body
    for (const token of [forApi.access_token, forApi.id_token, forApi.refresh_token, 'none', 'a.b.c']) {
      const refused = await bearerStart(token)
      assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant'], refused.text)
    }
  })
})
