import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { api, someone } from '../journeys/entra-support.ts'
import { emailOf, passwordOf } from '../journeys/support.ts'
import { attributesClient, type Loose, nativeClient, notThe } from '../support/msal.ts'
import { type NativePage, openNativePage } from './support/native-page.ts'

/**
 * entra.md §7, row by row, by the unmodified SDK in a real browser, from another origin: what jsdom cannot show is that
 * preflights, exposed headers and refreshes pass. The page keeps the SDK's objects; each step here is one call on them.
 */

let native: NativePage
let server: NativePage['server']
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const sms = (number: string) => ({ factor: 'sms' as const, phone_number: number })

before(async () => {
  native = await openNativePage([
    someone('ada'),
    someone('rex', { mfa_enabled: true }),
    someone('roy', { mfa_enabled: true }),
    someone('mia', { authenticators: [sms('+15555550151'), { factor: 'email', email: 'mia.private@example.com' }] }),
    someone('bea', { authenticators: [sms('+15555550154')] }),
    someone('dan', { authenticators: [sms('+15555550155')] }),
    someone('otto', { password: undefined }),
    someone('bob'),
    someone('cat'),
    someone('old', { must_change_password: true }),
    someone('tom', { authenticators: [{ factor: 'totp', secret }] }),
  ])
  server = native.server
})
after(() => native?.close())
beforeEach(() => native.fresh())

const run = (code: string, args?: Loose) => native.run(code, args)
const step = (call: string, args?: Loose) => native.step(call, args)

const login = (name: string) => ({ username: emailOf(name), password: passwordOf(name) })
const signIn = (name: string) => step('it.app.signIn(args)', login(name))
const signInCalls = ['/oauth2/v2.0/initiate', '/oauth2/v2.0/challenge', '/oauth2/v2.0/token']

describe('the unmodified SDK in Chromium, from another origin', () => {
  test('7.2 password; 7.6 cache, refresh, and an API; 7.8 sign-out', async () => {
    assert.equal(await step('it.app.signIn(args)', { username: emailOf('ada') }), 'SignInPasswordRequiredState')
    assert.equal(await step('it.state.submitPassword("not this one")'), 'SignInFailedState')
    assert.equal(await run('return it.error.isInvalidPassword()'), true)
    const correlation = await run('return it.error.errorData.correlationId')
    assert.match(correlation, /^[0-9a-f-]{36}$/)
    assert.equal(await step('it.state.submitPassword(args)', passwordOf('ada')), 'SignInCompletedState')
    const cached = 'return (await it.data.getAccessToken(args)).data?.fromCache'
    assert.equal(await run(cached, { forceRefresh: false }), true)
    assert.equal(await run(cached, { forceRefresh: true }), false)
    assert.equal(await run(cached, { forceRefresh: false, scopes: [`${api}/read`] }), false)
    assert.equal(await run(cached, { forceRefresh: false, scopes: [`${api}/read`] }), true)
    assert.equal(await run('return (await it.data.signOut()).state.stateType'), 'SignOutCompletedState')
    assert.equal(await run('return it.app.getCurrentAccount().error.isCurrentAccountNotFound()'), true)
  })

  test('7.3 e-mail code', async () => {
    assert.equal(await step('it.app.signIn(args)', { username: emailOf('otto') }), 'SignInCodeRequiredState')
    assert.equal(await step('it.state.resendCode()'), 'SignInCodeRequiredState')
    const code = await server.lastCode({ to: emailOf('otto') })
    assert.equal(await step('it.state.submitCode(args)', notThe(code)), 'SignInFailedState')
    assert.equal(await run('return it.error.isInvalidCode()'), true)
    assert.equal(await step('it.state.submitCode(args)', code), 'SignInCompletedState')
  })

  test('7.4 second factor, switched from e-mail to SMS', async () => {
    assert.equal(await signIn('mia'), 'MfaAwaitingState')
    const by = (channel: string) =>
      step('it.state.requestChallenge(it.methods.find((one) => one.challenge_channel === args).id)', channel)
    await run('it.methods = it.state.getAuthMethods()')
    assert.equal(await by('email'), 'MfaVerificationRequiredState')
    const mailed = await server.lastCode({ channel: 'email' })
    assert.equal(await step('it.state.submitChallenge(args)', notThe(mailed)), 'MfaFailedState')
    assert.equal(await run('return it.error.isIncorrectChallenge()'), true)
    assert.equal(await by('sms'), 'MfaVerificationRequiredState')
    const code = await server.lastCode({ channel: 'sms' })
    assert.equal(await step('it.state.submitChallenge(args)', code), 'MfaCompletedState')
  })

  test('7.5 registration forced at sign-in, with both kinds of blocked contact', async () => {
    assert.equal(await signIn('rex'), 'AuthMethodRegistrationRequiredState')
    await run('it.text = it.state.getAuthMethods().find((one) => one.id === "sms")')
    const ask = (contact: string) =>
      step('it.state.challengeAuthMethod({ authMethodType: it.text, verificationContact: args })', contact)
    await ask('+15556660100')
    assert.equal(await run('return it.error.isVerificationContactBlocked()'), true)
    await ask('+49 1512 3456789')
    assert.equal(await run('return it.error.errorData.subError'), 'provider_blocked_by_admin')
    assert.equal(await ask('+15555550152'), 'AuthMethodVerificationRequiredState')
    assert.equal(await run('return it.state.getSentTo()'), '+15555550152')
    const code = await server.lastCode({ channel: 'sms' })
    assert.equal(await step('it.state.submitChallenge(args)', code), 'AuthMethodRegistrationCompletedState')
    await run('await it.data.signOut()')
    assert.equal(await signIn('rex'), 'MfaAwaitingState')
  })

  test('7.1 sign-up, and 7.7 reset, each ending signed in', async () => {
    assert.equal(await step('it.app.signUp(args)', { username: emailOf('new') }), 'SignUpCodeRequiredState')
    const code = await server.lastCode({ to: emailOf('new') })
    assert.equal(await step('it.state.submitCode(args)', code), 'SignUpPasswordRequiredState')
    assert.equal(await step('it.state.submitPassword("short")'), 'SignUpFailedState')
    assert.equal(await step('it.state.submitPassword(args)', passwordOf('new')), 'SignUpCompletedState')
    assert.equal(await step('it.state.signIn()'), 'SignInCompletedState')
    await run('await it.data.signOut()')
    const asked = await step('it.app.resetPassword(args)', { username: emailOf('new') })
    assert.equal(asked, 'ResetPasswordCodeRequiredState')
    const mailed = await server.lastCode({ to: emailOf('new') })
    assert.equal(await step('it.state.submitCode(args)', mailed), 'ResetPasswordPasswordRequiredState')
    const next = 'a new and long enough password'
    assert.equal(await step('it.state.submitNewPassword(args)', next), 'ResetPasswordCompletedState')
    assert.equal(await step('it.state.signIn()'), 'SignInCompletedState')
  })

  test('7.9 a second app object adds a method by query; a Bearer start by fetch, with its header let through', async () => {
    assert.equal(await signIn('bob'), 'SignInCompletedState')
    const start = `const token = (await it.data.getAccessToken({ forceRefresh: false })).data.accessToken
      const reply = await fetch(args.url + '/demo/register/v1.0/introspect', {
        method: 'POST',
        headers: { authorization: 'Bearer ' + token },
        body: new URLSearchParams({ client_id: args.clientId }),
      })
      return { status: reply.status, id: reply.headers.get('x-ms-request-id'), body: await reply.json() }`
    const begun = await run(start, { url: server.httpUrl, clientId: nativeClient })
    assert.equal(begun.status, 200, JSON.stringify(begun))
    assert.match(begun.id, /^[0-9a-f-]{36}$/)
    await run(`it.main = it.app; it.app = await it.create({
      cache: { cacheLocation: 'memoryStorage' },
      customAuth: { customAuthApiQueryParams: { purpose: 'add_method' } },
    })`)
    assert.equal(await signIn('bob'), 'AuthMethodRegistrationRequiredState')
    await run('it.mail = it.state.getAuthMethods().find((one) => one.id === "email")')
    const ask = 'it.state.challengeAuthMethod({ authMethodType: it.mail, verificationContact: args })'
    assert.equal(await step(ask, 'bob.two@example.com'), 'AuthMethodVerificationRequiredState')
    const code = await server.lastCode({ to: 'bob.two@example.com' })
    assert.equal(await step('it.state.submitChallenge(args)', code), 'AuthMethodRegistrationCompletedState')
    assert.equal(await run('return it.main.getCurrentAccount().state.stateType'), 'GetAccountCompletedState')
  })

  test('7.0 create makes no request; an authority without a slash does no harm beside a proxy (pitfall 11)', async () => {
    assert.equal(await run('return it.app.getCurrentAccount().error.isCurrentAccountNotFound()'), true)
    assert.deepEqual(native.paths(), [])
    await run(`it.app = await it.create({ auth: { authority: 'https://demo.ciamlogin.com' } })`)
    assert.equal(await signIn('cat'), 'SignInCompletedState')
    assert.equal(await run('return (await it.data.getAccessToken({ forceRefresh: true })).data.fromCache'), false)
    assert.deepEqual(native.paths(), [...signInCalls, '/oauth2/v2.0/token'])
  })

  test('7.1 a: sign-up with everything up front', async () => {
    const all = { ...login('newa'), attributes: { displayName: 'New A' } }
    assert.equal(await step('it.app.signUp(args)', all), 'SignUpCodeRequiredState')
    assert.deepEqual(await run('return [it.state.getCodeLength(), it.state.getCodeResendInterval()]'), [6, 60])
    assert.equal(await step('it.state.resendCode()'), 'SignUpCodeRequiredState')
    const code = await server.lastCode({ to: emailOf('newa') })
    assert.equal(await step('it.state.submitCode(args)', notThe(code)), 'SignUpFailedState')
    assert.equal(await run('return it.error.isInvalidCode()'), true)
    assert.equal(await step('it.state.submitCode(args)', code), 'SignUpCompletedState')
    native.paths()
    assert.equal(await step('it.state.signIn()'), 'SignInCompletedState')
    assert.deepEqual(native.paths(), ['/oauth2/v2.0/token'])
    assert.equal(await run('return it.data.getAccount().name'), 'New A')
  })

  test('7.1 b: sign-up step by step, with attributes', async () => {
    await run(
      'it.app = await it.create({ auth: { clientId: args.client }, customAuth: { authApiProxyUrl: args.url } })',
      {
        client: attributesClient,
        url: `${server.httpUrl}/asking`,
      },
    )
    assert.equal(await step('it.app.signUp(args)', { username: emailOf('newb') }), 'SignUpCodeRequiredState')
    const code = await server.lastCode({ to: emailOf('newb') })
    native.paths()
    assert.equal(await step('it.state.submitCode(args)', code), 'SignUpPasswordRequiredState')
    assert.deepEqual(native.paths(), ['/signup/v1.0/continue', '/signup/v1.0/challenge'])
    assert.equal(await step('it.state.submitPassword("short")'), 'SignUpFailedState')
    assert.equal(await run('return it.error.isInvalidPassword()'), true)
    assert.equal(await step('it.state.submitPassword(args)', passwordOf('newb')), 'SignUpAttributesRequiredState')
    assert.deepEqual(await run('return it.state.getRequiredAttributes().map((one) => one.name)'), [
      'displayName',
      'postalCode',
    ])
    const given = { displayName: 'New B', postalCode: '12345' }
    assert.equal(await step('it.state.submitAttributes(args)', { ...given, postalCode: 'x' }), 'SignUpFailedState')
    assert.equal(await run('return it.error.isAttributesValidationFailed()'), true)
    assert.equal(await step('it.state.submitAttributes(args)', given), 'SignUpCompletedState')
    assert.equal(await step('it.state.signIn()'), 'SignInCompletedState')
  })

  test('7.1, 7.2 and 7.7: what is refused at the start has its helper', async () => {
    const told = async (call: string, args: Loose, helper: string) => {
      await step(call, args)
      assert.equal(await run(`return it.error[args]()`, helper), true, helper)
    }
    await told('it.app.signUp(args)', login('ada'), 'isUserAlreadyExists')
    await told('it.app.signUp(args)', { ...login('x'), username: 'no mailbox' }, 'isInvalidUsername')
    await told('it.app.signUp(args)', { ...login('x'), password: 'short' }, 'isInvalidPassword')
    await told(
      'it.app.signUp(args)',
      { ...login('x'), attributes: { city: 'x'.repeat(129) } },
      'isAttributesValidationFailed',
    )
    await told('it.app.signIn(args)', login('nobody'), 'isUserNotFound')
    await told('it.app.signIn(args)', { ...login('ada'), password: 'not this one' }, 'isPasswordIncorrect')
    await told('it.app.signIn(args)', login('old'), 'isPasswordResetRequired')
    await told('it.app.resetPassword(args)', { username: emailOf('nobody') }, 'isUserNotFound')
    await step('it.app.resetPassword(args)', { username: emailOf('otto') })
    assert.deepEqual(await run('return it.error.errorData.errorCodes'), [500222])
    await run('it.app = await it.create({ customAuth: { challengeTypes: undefined } })')
    await told('it.app.signUp(args)', login('x'), 'isRedirectRequired')
  })

  test('7.2 in one go, a second sign-in beside it (pitfall 46), and a flow that was left alone', async () => {
    assert.equal(await signIn('ada'), 'SignInCompletedState')
    assert.deepEqual(native.paths(), signInCalls)
    assert.equal(await signIn('ada'), 'SignInFailedState')
    assert.equal(await run('return it.error.errorData.error'), 'user_already_signed_in')
    assert.deepEqual(native.paths(), [], 'nothing was asked')
    await run('await it.data.signOut()')
    await step('it.app.signIn(args)', { username: emailOf('ada') })
    await server.advance(3_000)
    assert.equal(await step('it.state.submitPassword(args)', passwordOf('ada')), 'SignInFailedState')
    assert.equal(await run('return it.error.isTokenExpired()'), true)
  })

  test('7.3.5 a code of the wrong length makes no request', async () => {
    await step('it.app.signIn(args)', { username: emailOf('otto') })
    native.paths()
    assert.equal(await step('it.state.submitCode("1")'), 'SignInFailedState')
    assert.equal(await run('return it.error.isInvalidCode()'), true)
    assert.deepEqual(native.paths(), [])
  })

  test('7.4 in two steps; an unknown method, a blocked phone, and an app that cannot', async () => {
    assert.equal(await step('it.app.signIn(args)', { username: emailOf('bea') }), 'SignInPasswordRequiredState')
    assert.equal(await step('it.state.submitPassword(args)', passwordOf('bea')), 'MfaAwaitingState')
    await run('it.needs = it.state')
    assert.equal(await step('it.needs.requestChallenge("none")'), 'MfaFailedState')
    assert.equal(await run('return it.error.isInvalidInput()'), true)
    const phone = (blocked: string[]) =>
      server.admin('PATCH', '/tenants/demo', { phone: { countries: ['US', 'CA'], blocked_prefixes: blocked } })
    await phone(['+1555666', '+155555501'])
    await step('it.needs.requestChallenge(it.needs.getAuthMethods()[0].id)')
    await phone(['+1555666'])
    assert.equal(await run('return it.error.isVerificationContactBlocked()'), true)
    await run('it.app = await it.create({ customAuth: { capabilities: [] } })')
    await signIn('bea')
    assert.equal(await run('return it.error.isRedirectRequired()'), true)
    await signIn('roy')
    assert.equal(await run('return it.error.isRedirectRequired()'), true, '7.5 the same where one is to be registered')
  })

  test('7.5 another contact from the verification state, malformed numbers, a wrong code', async () => {
    assert.equal(await signIn('roy'), 'AuthMethodRegistrationRequiredState')
    const ask = (id: string, contact: string) =>
      step(
        `it.state.challengeAuthMethod({
          authMethodType: (it.kinds ??= it.state.getAuthMethods()).find((one) => one.id === args.id),
          verificationContact: args.contact,
        })`,
        { id, contact },
      )
    assert.equal(await ask('sms', 'not a number'), 'AuthMethodRegistrationFailedState')
    assert.equal(await run('return it.error.isInvalidInput()'), true)
    assert.equal(await ask('sms', '+15555550156'), 'AuthMethodVerificationRequiredState')
    assert.equal(await ask('email', 'roy.two@example.com'), 'AuthMethodVerificationRequiredState')
    const code = await server.lastCode({ to: 'roy.two@example.com' })
    assert.equal(await step('it.state.submitChallenge(args)', notThe(code)), 'AuthMethodRegistrationFailedState')
    assert.equal(await run('return it.error.isIncorrectChallenge()'), true)
    native.paths()
    assert.equal(await step('it.state.submitChallenge(args)', code), 'AuthMethodRegistrationCompletedState')
    assert.deepEqual(native.paths(), ['/register/v1.0/continue', '/oauth2/v2.0/token'])
  })

  test('7.5.6 after a sign-up the address it proved is registered without a second code', async () => {
    await server.admin('PATCH', '/tenants/demo', { mfa: { mode: 'ALWAYS' } })
    try {
      await step('it.app.signUp(args)', login('pre'))
      await step('it.state.submitCode(args)', await server.lastCode({ to: emailOf('pre') }))
      assert.equal(await step('it.state.signIn()'), 'AuthMethodRegistrationRequiredState')
      native.paths()
      const ended = await step(
        `it.state.challengeAuthMethod({
          authMethodType: it.state.getAuthMethods().find((one) => one.id === 'email'),
          verificationContact: args,
        })`,
        emailOf('pre'),
      )
      assert.equal(ended, 'AuthMethodRegistrationCompletedState')
      assert.deepEqual(native.paths(), ['/register/v1.0/challenge', '/register/v1.0/continue', '/oauth2/v2.0/token'])
    } finally {
      await server.admin('PATCH', '/tenants/demo', { mfa: null })
    }
  })

  test('7.6 a blocked user’s refresh; acquireTokenSilent by discovery; 7.8 a kept account after sign-out', async () => {
    const authority = `${server.publicUrl}/demo`
    await run(
      'it.app = await it.create({ auth: { authority: args, knownAuthorities: [new URL(args).host] } })',
      authority,
    )
    assert.equal(await signIn('cat'), 'SignInCompletedState')
    assert.equal(await run('return it.app.getCurrentAccount().state.stateType'), 'GetAccountCompletedState')
    const silent = `const got = await it.app.acquireTokenSilent({
        scopes: ['openid', 'profile'], account: it.data.getAccount(), forceRefresh: true })
      return { fromCache: got.fromCache, id: got.idTokenClaims.oid }`
    const { fromCache, id } = await run(silent)
    assert.equal(fromCache, false)
    assert.equal((await server.admin('PATCH', `/tenants/demo/users/${id}`, { blocked: true })).status, 200)
    const forced = 'return (await it.data.getAccessToken({ forceRefresh: true })).state.stateType'
    assert.equal(await run(forced), 'GetAccessTokenFailedState')
    await server.admin('PATCH', `/tenants/demo/users/${id}`, { blocked: false })
    native.paths()
    assert.equal(await run('return (await it.data.signOut()).state.stateType'), 'SignOutCompletedState')
    assert.deepEqual(native.paths(), [])
    const after = `return [
      (await it.data.getAccessToken({ forceRefresh: false })).error.isCurrentAccountNotFound(),
      (await it.data.signOut()).error.isUserNotSignedIn()]`
    assert.deepEqual(await run(after), [true, true])
  })

  test('58. without knownAuthorities native calls work, and inherited ones ask another host, in vain', async () => {
    await run('it.app = await it.create({ auth: { authority: args } })', `${server.publicUrl}/demo`)
    assert.equal(await signIn('cat'), 'SignInCompletedState')
    const foreign: string[] = []
    await native.page.route(/microsoft/, (route) => {
      foreign.push(new URL(route.request().url()).host)
      return route.abort()
    })
    const silent = `return await it.app.acquireTokenSilent({
        scopes: ['openid'], account: it.data.getAccount(), forceRefresh: true }).then(() => 'got it', () => 'failed')`
    assert.equal(await run(silent), 'failed')
    assert.ok(foreign.length > 0 && foreign.every((host) => host === 'login.microsoftonline.com'), String(foreign))
    await native.page.unroute(/microsoft/)
  })

  test('7.7 reset: resent, the older state with the newest code, weak, good; older refresh tokens fail', async () => {
    await signIn('cat')
    const refresh = `return Object.entries(sessionStorage).find(([key]) => key.includes('refreshtoken'))?.[1]`
    const old = JSON.parse(await run(refresh)).secret
    await run('await it.data.signOut()')
    assert.equal(
      await step('it.app.resetPassword(args)', { username: emailOf('cat') }),
      'ResetPasswordCodeRequiredState',
    )
    await run('it.first = it.state')
    assert.equal(await step('it.state.resendCode()'), 'ResetPasswordCodeRequiredState')
    const code = await server.lastCode({ to: emailOf('cat') })
    assert.equal(await step('it.first.submitCode(args)', notThe(code)), 'ResetPasswordFailedState')
    assert.equal(await run('return it.error.isInvalidCode()'), true)
    assert.equal(await step('it.first.submitCode(args)', code), 'ResetPasswordPasswordRequiredState')
    assert.equal(await step('it.state.submitNewPassword("weak")'), 'ResetPasswordFailedState')
    assert.equal(await run('return it.error.isInvalidPassword()'), true)
    native.paths()
    const next = 'another quite long password of cat'
    assert.equal(await step('it.state.submitNewPassword(args)', next), 'ResetPasswordCompletedState')
    assert.deepEqual(native.paths(), ['/resetpassword/v1.0/submit', '/resetpassword/v1.0/poll_completion'])
    assert.equal(await step('it.state.signIn()'), 'SignInCompletedState')
    const grant = { client_id: nativeClient, grant_type: 'refresh_token', refresh_token: old }
    const refused = await server.form('/demo/oauth2/v2.0/token', grant)
    assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant'])
  })

  test('7.9 B: the exported state built by the app; E: a stale session steps up; D: the second factor first', async () => {
    await run(
      `
      it.post = async (path, params, token) => {
        const reply = await fetch(args.url + '/demo' + path, {
          method: 'POST',
          headers: token ? { authorization: 'Bearer ' + token } : {},
          body: new URLSearchParams({ client_id: args.clientId, ...params }),
        })
        return { status: reply.status, body: await reply.json() }
      }
      it.token = async () => (await it.data.getAccessToken({ forceRefresh: false })).data.accessToken
      it.build = (app, body) => {
        const { jitClient, cacheClient, logger, customAuthConfig } = app.customAuthController
        return new it.msal.AuthMethodRegistrationRequiredState({
          correlationId: '0192f0c1-1111-7111-8111-111111111111', continuationToken: body.continuation_token, logger,
          config: customAuthConfig, jitClient, cacheClient, authMethods: body.methods, username: args.username,
          scopes: ['openid', 'profile', 'offline_access'],
        })
      }`,
      { url: server.httpUrl, clientId: nativeClient, username: emailOf('ada') },
    )
    // B: whoever has just signed in.
    assert.equal(await signIn('ada'), 'SignInCompletedState')
    await run('it.state = it.build(it.app, (await it.post("/register/v1.0/introspect", {}, await it.token())).body)')
    const byMail = `it.state.challengeAuthMethod({
      authMethodType: it.state.getAuthMethods().find((one) => one.id === 'email'), verificationContact: args })`
    assert.equal(await step(byMail, 'ada.two@example.com'), 'AuthMethodVerificationRequiredState')
    const code = await server.lastCode({ to: 'ada.two@example.com' })
    assert.equal(await step('it.state.submitChallenge(args)', code), 'AuthMethodRegistrationCompletedState')
    assert.equal(await run('return it.app.getAllAccounts().length'), 1)
    // E: five minutes later the second factor is wanted again.
    await server.advance(301)
    const late = await run('return await it.post("/register/v1.0/introspect", {}, await it.token())')
    assert.deepEqual([late.status, late.body.suberror], [400, 'mfa_required'])
    assert.ok(late.body.continuation_token)
    // D: in a second object, whose mfa_oob call answers with a registration.
    await run(`it.app = await it.create({
      cache: { cacheLocation: 'memoryStorage' },
      customAuth: { customAuthApiQueryParams: { purpose: 'add_method' } },
    })`)
    assert.equal(await signIn('dan'), 'MfaAwaitingState')
    await step('it.state.requestChallenge(it.state.getAuthMethods()[0].id)')
    const text = await server.lastCode({ channel: 'sms' })
    assert.equal(await step('it.state.submitChallenge(args)', text), 'MfaFailedState')
    assert.equal(await run('return it.error.errorData.subError'), 'registration_required')
    await run(`const continuation_token = it.error.errorData.continuationToken
      it.state = it.build(it.app, (await it.post('/register/v1.0/introspect', { continuation_token })).body)`)
    assert.equal(await step(byMail, 'dan.two@example.com'), 'AuthMethodVerificationRequiredState')
    const mailed = await server.lastCode({ to: 'dan.two@example.com' })
    assert.equal(await step('it.state.submitChallenge(args)', mailed), 'AuthMethodRegistrationCompletedState')
  })

  test('8.2 a user whose only factor has no words here: redirect, the hosted pages in a popup, and back with tokens', async () => {
    const authority = `${server.publicUrl}/demo`
    await run(
      'it.app = await it.create({ auth: { authority: args, knownAuthorities: [new URL(args).host] } })',
      authority,
    )
    await signIn('tom')
    assert.equal(await run('return it.error.isRedirectRequired()'), true)
    const popup = native.page.context().waitForEvent('page')
    await run(
      `it.popup = it.app.loginPopup({ authority: args.authority, scopes: [], redirectUri: args.back, prompt: 'login' })
       it.popup.catch(() => undefined)`,
      { authority, back: `${native.origin}/back` },
    )
    const window = await popup
    await window.getByLabel('E-mail or user name').fill(emailOf('tom'))
    await window.getByRole('button', { name: 'Continue', exact: true }).click()
    await window.getByLabel('Password', { exact: true }).fill(passwordOf('tom'))
    await window.getByRole('button', { name: 'Sign in', exact: true }).click()
    await window.getByLabel('Code', { exact: true }).fill(await server.totp(secret))
    await window.getByRole('button', { name: /^(Continue|Verify|Sign in)$/ }).click()
    const got = await run('const { account, idTokenClaims } = await it.popup; return { account, idTokenClaims }')
    assert.equal(got.idTokenClaims.iss, `${server.publicUrl}/demo/v2.0`)
    assert.deepEqual(got.idTokenClaims.amr, ['pwd', 'otp', 'mfa'])
    assert.equal(await run('return it.app.getCurrentAccount().data.getAccount().username'), emailOf('tom'))
  })
})
