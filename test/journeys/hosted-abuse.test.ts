import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { User } from '#model/user.ts'
import { type Auth0World, base, openAuth0World } from '../support/auth0.ts'
import { type Browser, openBrowser, redeem } from '../support/browser.ts'
import type { App } from '../support/world.ts'

/** Abuse cases of the browser side, over HTTP, named by their numbers in the security contract. */

let at: Auth0World
let ada: User
let app: App
let person: Browser
beforeEach(async () => {
  at = await openAuth0World({ tenant: { mfa: undefined } })
  ada = await at.addUser('ada', { email: 'ada@example.com', emailVerified: true })
  app = await at.enrolApp(ada)
  person = openBrowser(at)
})

const password = { login: 'ada@example.com', password: 'the quite long password of ada' }
const here = (reply: { headers: Readonly<Record<string, unknown>> }) => new URL(String(reply.headers.location))

async function totpOption(browser: Browser): Promise<string> {
  const { options } = (await browser.state()).body
  return options.find((it: { factor: string }) => it.factor === 'totp').id
}

async function byApp(browser: Browser, more: object = {}) {
  at.clock.advance(31)
  return await browser.act('verify', { option: await totpOption(browser), proof: app.code(), ...more })
}

async function signedIn(browser: Browser = person): Promise<Browser> {
  await browser.signIn('ada')
  await byApp(browser)
  await browser.finish()
  return browser
}

test('AC-11, S-54: no order of calls clears a required step', async () => {
  await person.authorize()
  const resume = () => person.get(`/authorize/${person.flow}`)
  const early = await resume()
  assert.equal(early.status, 303)
  assert.ok(String(early.headers.location).endsWith(`/u/login/${person.flow}`), 'finish before anything')
  for (const [action, body] of [
    ['verify', { proof: '123456' }],
    ['confirm', { proof: '123456' }],
    ['challenge', { option: 'x.totp' }],
    ['enrol', { factor: 'totp' }],
    ['saved', {}],
    ['consent', { agree: true }],
  ] as const) {
    assert.equal((await person.act(action, body)).body.error, 'not-now', action)
  }
  assert.equal((await person.act('password', {})).status, 400, 'an empty post')
  assert.equal((await person.act('password', password)).body.step, 'challenge')
  for (const [action, body] of [
    ['saved', {}],
    ['consent', { agree: true }],
    ['enrol', { factor: 'totp' }],
    ['confirm', { proof: app.code() }],
    ['identify', { login: 'bob@example.com' }],
    ['password', password],
    ['sign-up', { email: 'x@example.com', password: 'a sentence about nobody' }],
  ] as const) {
    const reply = await person.act(action, body)
    assert.deepEqual([reply.body.error, reply.body.state.step], ['not-now', 'challenge'], action)
  }
  assert.equal((await person.act('verify', {})).body.error, 'not-now', 'an empty post')
  const nothing = await person.act('verify', { option: await totpOption(person) })
  assert.deepEqual([nothing.status, nothing.body.error], [400, 'malformed'], 'an empty proof')
  assert.equal((await person.act('back')).body.step, 'challenge', 'another method and back')
  const method = { 'x-http-method-override': 'DELETE', 'x-method-override': 'GET' }
  assert.equal((await person.act('back', {}, method)).body.step, 'challenge')
  assert.equal((await resume()).headers.location, `${base}/u/login/${person.flow}`)
  assert.equal((await person.act('restart')).body.step, 'identify')
  assert.equal((await person.act('verify', { proof: app.code() })).body.error, 'not-now', 'nothing is left proved')
  await person.act('password', password)
  assert.equal((await byApp(person)).body.step, 'done')
  assert.equal((await person.act('verify', { proof: app.code() })).body.error, 'not-now', 'the same step twice')
  const back = await person.finish()
  assert.ok(back.searchParams.get('code'))
  assert.equal((await resume()).status, 400, 'and the way back works once')
})

test('AC-12, S-56: a session of the password alone gives no code, and refresh asks too', async () => {
  await at.setTenant({ mfa: { mode: 'OFF' } })
  await person.signIn('ada')
  const got = await redeem(at, await person.finish())
  assert.equal(got.status, 200)
  await at.setTenant({ mfa: { mode: 'ALWAYS' } })
  const again = await person.authorize()
  assert.ok(String(again.headers.location).includes('/u/login/'))
  assert.equal((await person.state()).body.step, 'challenge')
  const refresh = { grant_type: 'refresh_token', client_id: 'spa', refresh_token: got.body.refresh_token }
  assert.equal((await at.form('/oauth/token', refresh)).body.error, 'mfa_required')
})

test('AC-13, S-68: a reset by mailbox leaves the factors, asks for them, and ends all sessions', async () => {
  await signedIn()
  assert.ok(here(await person.authorize({ prompt: 'none' })).searchParams.get('code'))
  const thief = openBrowser(at)
  await thief.authorize()
  assert.equal((await thief.act('forgot-password', { email: 'nobody@example.com' })).status, 200, 'S-102')
  assert.equal((await thief.act('forgot-password', { email: 'ada@example.com' })).status, 200)
  const mail = (await at.outbox()).find((it) => it.purpose === 'password-reset')
  const ticket = /ticket=([\w-]+)/.exec(mail?.text ?? '')?.[1] ?? ''
  assert.deepEqual((await thief.get(`/u/api/reset-password?ticket=${ticket}`)).body, { valid: true })
  const changed = await thief.post('/u/api/reset-password', { ticket, password: 'a wholly other sentence' })
  assert.equal(changed.status, 204, changed.text)
  assert.equal((await thief.post('/u/api/reset-password', { ticket, password: 'a third long sentence' })).status, 409)
  const asked = await thief.act('password', { login: 'ada@example.com', password: 'a wholly other sentence' })
  assert.equal(asked.body.step, 'challenge', 'the factor is still there')
  assert.equal(here(await person.authorize({ prompt: 'none' })).searchParams.get('error'), 'login_required')
  assert.ok((await at.outbox()).some((it) => it.purpose === 'notice' && /password/.test(it.text)))
})

test('AC-17, AC-18: no code without PKCE, no redirect to an address that is not registered', async () => {
  await signedIn()
  const plain = here(await person.authorize({ code_challenge_method: 'plain' }))
  assert.equal(plain.searchParams.get('error'), 'invalid_request')
  const foreign = await person.authorize({ redirect_uri: 'http://localhost:5173/callback/' })
  assert.equal(foreign.status, 403)
  assert.equal(foreign.headers.location, undefined)
})

test('AC-19, S-125: a planted session or flow cookie never becomes signed in', async () => {
  // The attacker begins a flow and plants everything that names it in the victim's browser.
  const attacker = openBrowser(at)
  await attacker.authorize()
  const victim = attacker.copy()
  await victim.state()
  assert.equal((await victim.act('password', password)).body.step, 'challenge')
  assert.equal((await attacker.state()).status, 404, 'the first factor has changed the cookie')
  assert.equal((await byApp(victim)).body.step, 'done')
  assert.equal((await attacker.state()).status, 404)
  assert.equal((await attacker.get(`/authorize/${attacker.flow}`)).status, 400)
  assert.ok((await victim.finish()).searchParams.get('code'))
  // A planted session cookie of the attacker's own making, and one of a session that was.
  const planted = openBrowser(at, new Map([['__Host-pf_demo_session', 'planted']]))
  await signedIn(planted)
  assert.notEqual(planted.jar.get('__Host-pf_demo_session'), 'planted')
  const thief = openBrowser(at, new Map([['__Host-pf_demo_session', 'planted']]))
  assert.equal(here(await thief.authorize({ prompt: 'none' })).searchParams.get('error'), 'login_required')
})

test('AC-19, S-125: what was a session before a step-up is none after it', async () => {
  await at.setTenant({ mfa: { mode: 'OFF' } })
  await person.signIn('ada')
  await person.finish()
  const before = person.copy()
  await person.authorize({ acr_values: 'urn:polyfactor:acr:aal2' })
  await byApp(person)
  await person.finish()
  assert.equal(here(await before.authorize({ prompt: 'none' })).searchParams.get('error'), 'login_required')
})

test('AC-20, S-130: posts of another site change nothing, login and sign-up included', async () => {
  await person.authorize()
  const foreign: Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
    { origin: 'https://localhost:3443.evil.example' },
    { origin: base, 'sec-fetch-site': 'cross-site' },
    { origin: base, 'sec-fetch-site': 'same-site' },
  ]
  for (const headers of foreign) {
    for (const [action, body] of [
      ['password', password],
      ['sign-up', { email: 'x@example.com', password: 'a sentence about nobody' }],
    ] as const) {
      const reply = await person.act(action, body, headers)
      assert.deepEqual([reply.status, reply.body.error], [403, 'cross-site'], JSON.stringify(headers))
    }
  }
  assert.equal((await person.act('password', password, { 'x-csrf-token': 'made-up' })).body.error, 'csrf')
  assert.equal((await person.state()).body.step, 'identify')
  await signedIn()
  const [factor] = (await person.get('/u/api/account')).body.factors
  for (const headers of foreign) {
    const path = `/u/api/account/factors/${factor.id}`
    assert.equal((await person.send('DELETE', path, {}, headers)).body.error, 'cross-site')
  }
  assert.equal((await at.authenticator(factor.id)).state, 'confirmed')
  // Cookies that other sites can make the browser send are not enough for the account.
  const framed = openBrowser(at, new Map([...person.jar].filter(([name]) => !name.endsWith('_account'))))
  assert.equal((await framed.get('/u/api/account')).status, 401)
  assert.equal((await framed.post('/u/api/account/sign-in', {}, { origin: 'https://evil.example' })).status, 403)
})

test('AC-20: a session token, a code or the token of another flow is no token of the page', async () => {
  const other = openBrowser(at)
  await other.authorize()
  await person.authorize()
  for (const token of [other.csrf, other.flow, person.flow, person.jar.values().next().value ?? '']) {
    assert.equal((await person.act('password', password, { 'x-csrf-token': token })).body.error, 'csrf')
  }
})

test('AC-21, S-131: what people see cannot be framed, and only the asking application frames an answer', async () => {
  await signedIn()
  const pages = [
    await person.get('/authorize?client_id=nobody'),
    await person.get('/activate'),
    await person.get('/oidc/logout'),
    await person.get('/v2/logout'),
    await person.get('/authorize/unknown'),
  ]
  for (const page of pages) assert.match(String(page.headers['content-security-policy']), /frame-ancestors 'none'/)
  const error = await person.authorize({ response_mode: 'web_message', redirect_uri: 'https://evil.example/' })
  assert.match(String(error.headers['content-security-policy']), /frame-ancestors 'none'/)
})

test('S-55, AC-10: a second factor without the first is no way in', async () => {
  await person.authorize()
  const id = `${app.authenticator.id}.totp`
  assert.equal((await person.act('verify', { option: id, proof: app.code() })).body.error, 'not-now')
})

test('S-127: a session ends an hour after its last use and a day after the login, however much it is used', async () => {
  await signedIn()
  const alive = async () => here(await person.authorize({ prompt: 'none' })).searchParams.get('code') !== null
  at.clock.advance(3_599)
  assert.ok(await alive())
  at.clock.advance(3_601)
  assert.ok(!(await alive()))
  const busy = await signedIn(openBrowser(at))
  for (let hour = 0; hour < 26; hour += 1) {
    at.clock.advance(3_500)
    const code = here(await busy.authorize({ prompt: 'none' })).searchParams.get('code')
    if (code === null) {
      assert.ok(hour >= 24, `ended after ${hour} rounds of 3,500 s`)
      return
    }
  }
  assert.fail('the session never ended')
})

test('S-127, S-47: a tenant may have shorter sessions, and remember no devices', async () => {
  const device = await rememberedBrowser(person)
  await at.setTenant({ limits: { sessionIdleSeconds: 60, sessionSeconds: 300, trustedDeviceSeconds: 0 } })
  assert.equal((await loginAgain(person, device)).body.step, 'challenge', 'what was remembered counts no more')
  assert.equal((await person.state()).body.can.rememberDevice, false)
  await byApp(person, { remember: { key: device.key } })
  await person.finish()
  const alive = async () => here(await person.authorize({ prompt: 'none' })).searchParams.get('code') !== null
  for (let used = 0; used < 4; used += 1) {
    at.clock.advance(60)
    assert.ok(await alive(), `after ${(used + 1) * 60} s`)
  }
  at.clock.advance(60)
  assert.ok(!(await alive()), 'five minutes after the login')
  await signedIn()
  at.clock.advance(61)
  assert.ok(!(await alive()), 'a minute without use')
})

test('S-126: every cookie of a whole story is of this host, for https alone, out of scripts’ reach, and opaque', async () => {
  const lines: string[] = []
  const watched = openBrowser({
    send: async (...request) => {
      const reply = await at.send(...request)
      lines.push(...[reply.headers['set-cookie'] ?? []].flat().map(String))
      return reply
    },
  })
  await rememberedBrowser(watched)
  await watched.authorize({ prompt: 'none' })
  watched.csrf = (await watched.get('/u/api/account')).body.csrf
  await watched.post('/u/api/account/sign-out', {})
  const kinds = { session: 'none', account: 'strict', device: 'lax', flow: 'lax' }
  const seen = new Set<string>()
  for (const line of lines) {
    const parts = line.split(';').map((it) => it.trim())
    const attributes = new Set(parts.slice(1).map((it) => it.toLowerCase()))
    const [name = '', value = ''] = (parts[0] ?? '').split('=')
    const kind = name.replace('__Host-pf_demo_', '').replace(/_.*/, '') as keyof typeof kinds
    seen.add(kind)
    assert.ok(
      ['secure', 'httponly', 'path=/', `samesite=${kinds[kind]}`].every((it) => attributes.has(it)),
      line,
    )
    assert.ok(![...attributes].some((it) => it.startsWith('domain=')), line)
    assert.match(value, /^[\w-]{0,64}$/, 'opaque')
    assert.ok(line.length < 4_096 && !line.includes(ada.id))
  }
  assert.deepEqual(seen, new Set(Object.keys(kinds)))
})

test('S-102: the sign-in page says the same of a wrong password and of nobody', async () => {
  await person.authorize()
  const wrong = await person.act('password', { ...password, password: 'not it, not at all' })
  const other = openBrowser(at)
  await other.authorize()
  const nobody = await other.act('password', { ...password, login: 'nobody@example.com' })
  assert.deepEqual([wrong.status, wrong.body.error], [nobody.status, nobody.body.error])
  assert.equal(wrong.body.state.step, nobody.body.state.step)
})

/** A browser whose key never leaves it, as WebCrypto keeps one. */
async function deviceKey() {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const { kty, crv, x, y } = await exportJWK(publicKey)
  return {
    key: { kty, crv, x, y },
    proof: async (browser: Browser) => {
      const { device } = (await browser.state()).body
      if (device === undefined) return undefined
      return await new SignJWT({ nonce: device.nonce })
        .setProtectedHeader({ alg: 'ES256', typ: 'device+jwt' })
        .sign(privateKey)
    },
  }
}

async function rememberedBrowser(browser: Browser) {
  const device = await deviceKey()
  await browser.signIn('ada')
  const done = await byApp(browser, { remember: { key: device.key, name: 'Laptop' } })
  assert.equal(done.body.step, 'done', done.text)
  await browser.finish()
  return device
}

/** Another login of this browser, after its session has ended. */
async function loginAgain(
  browser: Browser,
  device: Awaited<ReturnType<typeof deviceKey>>,
  params = {},
  pass = password.password,
) {
  for (const name of ['session', 'account']) browser.jar.delete(`__Host-pf_demo_${name}`)
  await browser.authorize(params)
  return await browser.act('password', { ...password, password: pass, device: await device.proof(browser) })
}

test('AC-63, S-47, S-48: a remembered device spares the second factor, is listed, and is worth nothing more', async () => {
  const device = await rememberedBrowser(person)
  assert.equal((await loginAgain(person, device)).body.step, 'done')
  const { decodeJwt } = await import('jose')
  const id = decodeJwt((await redeem(at, await person.finish())).body.id_token)
  assert.deepEqual([id.amr, id.acr], [['pwd'], 'urn:polyfactor:acr:aal1'], 'tokens say what was proved now')
  assert.ok(here(await person.authorize({ prompt: 'none' })).searchParams.get('code'), 'and so in its session')
  const { devices } = (await person.get('/u/api/account')).body
  assert.deepEqual([devices.length, devices[0].name, devices[0].application], [1, 'Laptop', 'spa'])
  assert.equal((await loginAgain(person, device, { acr_values: 'urn:polyfactor:acr:aal2' })).body.step, 'challenge')
  const mfa = { audience: `${base}/mfa/`, scope: 'openid enroll' }
  assert.equal((await loginAgain(person, device, mfa)).body.step, 'challenge', 'factor management')
})

test('S-47, S-56: refresh goes on while the device is remembered, and asks for the factor when it is not', async () => {
  const device = await rememberedBrowser(person)
  await loginAgain(person, device, { audience: 'https://api.example' })
  const first = (await redeem(at, await person.finish())).body
  const refresh = async (refresh_token: string) =>
    (await at.form('/oauth/token', { grant_type: 'refresh_token', client_id: 'spa', refresh_token })).body
  const second = await refresh(first.refresh_token)
  assert.ok(second.refresh_token, JSON.stringify(second))
  at.clock.advance(60)
  const third = await refresh(second.refresh_token)
  assert.ok(third.refresh_token, JSON.stringify(third))
  await at.enrolAddress(ada, 'sms', '+15551234567')
  at.clock.advance(60)
  assert.equal((await refresh(third.refresh_token)).error, 'mfa_required')
})

test('AC-63: the cookie copied to another machine is worth nothing without the key', async () => {
  await rememberedBrowser(person)
  const thief = openBrowser(at, new Map([...person.jar].filter(([name]) => name.endsWith('_device'))))
  await thief.authorize()
  assert.equal((await thief.act('password', password)).body.step, 'challenge')
  const own = await deviceKey()
  assert.equal((await loginAgain(thief, own)).body.step, 'challenge', 'a key of the thief’s')
})

test('AC-63: a signature is good for one flow in one browser', async () => {
  const device = await rememberedBrowser(person)
  for (const name of ['session', 'account']) person.jar.delete(`__Host-pf_demo_${name}`)
  await person.authorize()
  const old = await device.proof(person)
  await person.authorize()
  assert.equal((await person.act('password', { ...password, device: old })).body.step, 'challenge')
})

test('AC-63, S-47: trust ends with the password, with any change of factors, after 30 days, and on the owner’s word', async () => {
  const device = await rememberedBrowser(person)
  at.clock.advance(30 * 86_400)
  assert.equal((await loginAgain(person, device)).body.step, 'challenge', '30 days')

  const second = openBrowser(at)
  const again = await rememberedBrowser(second)
  assert.equal((await loginAgain(second, again)).body.step, 'done')
  await at.enrolAddress(ada, 'sms', '+15551234567')
  assert.equal((await loginAgain(second, again)).body.step, 'challenge', 'a factor more')

  const third = openBrowser(at)
  const more = await rememberedBrowser(third)
  const { csrf, devices } = (await third.get('/u/api/account')).body
  third.csrf = csrf
  assert.equal(devices.length, 1)
  assert.equal(
    (await third.send('DELETE', `/u/api/account/devices/${encodeURIComponent(devices[0].id)}`, {})).status,
    204,
  )
  assert.equal((await loginAgain(third, more)).body.step, 'challenge', 'forgotten')

  const fourth = openBrowser(at)
  const last = await rememberedBrowser(fourth)
  fourth.csrf = (await fourth.get('/u/api/account')).body.csrf
  assert.equal((await fourth.post('/u/api/account/password', { password: 'a wholly other sentence' })).status, 204)
  assert.equal((await loginAgain(fourth, last, {}, 'a wholly other sentence')).body.step, 'challenge', 'a new password')
})
