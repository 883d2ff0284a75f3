import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { type Browser, chromium, type Page } from 'playwright-core'
import { findBrowser } from '../../scripts/lib/browser.mjs'
import { api, native, nativeTenant, someone } from '../journeys/entra-support.ts'
import { emailOf, passwordOf } from '../journeys/support.ts'
import { type Loose, nativeClient, notThe } from '../support/msal.ts'
import { startServer, type TestServer } from '../support/server.ts'

/**
 * entra.md §7 by the unmodified SDK in a real browser, from another origin: what jsdom cannot show is that preflights,
 * exposed headers and refreshes pass. The page keeps the SDK's objects; each step here is one call on them.
 */

const sdk = readFileSync(
  new URL('../../node_modules/@azure/msal-browser/lib/custom-auth-path/msal-custom-auth.js', import.meta.url),
)
/** What runs at the redirect address of a popup: it hands the answer to the window that opened it. */
const bridge = readFileSync(
  new URL('../../node_modules/@azure/msal-browser/lib/redirect-bridge/msal-redirect-bridge.js', import.meta.url),
)
const files: Readonly<Record<string, string | Buffer>> = {
  '/sdk.js': sdk,
  '/bridge.js': bridge,
  '/back':
    '<!doctype html><script src="/bridge.js"></script><script>msalRedirectBridge.broadcastResponseToMainFrame()</script>',
}
let site: Server
let origin: string
let server: TestServer
let chrome: Browser
let page: Page
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const sms = (number: string) => ({ factor: 'sms' as const, phone_number: number })

before(async () => {
  site = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] as string
    response.setHeader('content-type', path.endsWith('.js') ? 'text/javascript' : 'text/html')
    response.end(files[path] ?? '<!doctype html><script src="/sdk.js"></script>')
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  origin = `http://localhost:${(site.address() as AddressInfo).port}`
  const users = [
    someone('ada'),
    someone('rex', { mfa_enabled: true }),
    someone('mia', { authenticators: [sms('+15555550151'), { factor: 'email', email: 'mia.private@example.com' }] }),
    someone('otto', { password: undefined }),
    someone('bob'),
    someone('tom', { authenticators: [{ factor: 'totp', secret }] }),
  ]
  const config = nativeTenant(users, {
    applications: [{ ...native(nativeClient), allowed_origins: [origin], redirect_uris: [`${origin}/back`] }],
  })
  server = await startServer({ config })
  chrome = await chromium.launch({ executablePath: findBrowser() ?? '', args: ['--no-sandbox'], headless: true })
  // The server's certificate is of an authority of its own.
  const context = await chrome.newContext({ ignoreHTTPSErrors: true, locale: 'en-US' })
  page = await context.newPage()
  await page.goto(origin)
})
after(async () => {
  await chrome?.close()
  await server?.stop()
  site?.close()
})

/** Runs in the page: `it` holds what earlier steps have kept. The result goes through JSON. */
const run = (code: string, args: Loose = {}): Promise<Loose> =>
  page.evaluate(
    ({ code, args }) => new Function('it', 'args', `return (async () => { ${code} })()`)((window as Loose).it, args),
    { code, args },
  )
/** The state a call leads to; the state and the data are kept as `it.state` and `it.data`. */
const step = (call: string, args: Loose = {}): Promise<Loose> =>
  run(
    `const got = await ${call}
     if (got.state?.stateType && !got.state.stateType.endsWith('FailedState')) it.state = got.state
     if (got.data) it.data = got.data
     it.error = got.error
     return got.state?.stateType`,
    args,
  )

beforeEach(async () => {
  await page.evaluate(
    async ({ clientId, url }) => {
      sessionStorage.clear()
      const it: Loose = { seen: [] }
      it.msal = (window as Loose).msalCustomAuth
      it.create = (over: Loose = {}) =>
        it.msal.CustomAuthPublicClientApplication.create({
          auth: { clientId, authority: 'https://demo.ciamlogin.com/demo.onmicrosoft.com' },
          cache: { cacheLocation: 'sessionStorage' },
          ...over,
          ...(over.auth && { auth: { clientId, ...over.auth } }),
          customAuth: {
            challengeTypes: ['password', 'oob', 'redirect'],
            capabilities: ['mfa_required', 'registration_required'],
            authApiProxyUrl: `${url}/demo.onmicrosoft.com`,
            requestInterceptor: { addAdditionalHeaderFields: () => ({ 'x-anything': 'goes' }) },
            ...over.customAuth,
          },
        })
      it.app = await it.create()
      Object.assign(window, { it })
    },
    { clientId: nativeClient, url: server.httpUrl },
  )
})

const login = (name: string) => ({ username: emailOf(name), password: passwordOf(name) })
const signIn = (name: string) => step('it.app.signIn(args)', login(name))

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

  test('8.2 a user whose only factor has no words here: redirect, the hosted pages in a popup, and back with tokens', async () => {
    const authority = `${server.publicUrl}/demo`
    await run(
      'it.app = await it.create({ auth: { authority: args, knownAuthorities: [new URL(args).host] } })',
      authority,
    )
    await signIn('tom')
    assert.equal(await run('return it.error.isRedirectRequired()'), true)
    const popup = page.context().waitForEvent('page')
    await run(
      `it.popup = it.app.loginPopup({ authority: args.authority, scopes: [], redirectUri: args.back, prompt: 'login' })
       it.popup.catch(() => undefined)`,
      { authority, back: `${origin}/back` },
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
