import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { decodeJwt } from 'jose'
import { type Auth0World, openAuth0World } from '../support/auth0.ts'
import { type Browser, openBrowser, redeem } from '../support/browser.ts'
import { enrolQuestions } from '../support/security-question.ts'

/** Redirect login as a whole, over HTTP, by the documented API of the pages (docs/hosted-api.md). */

let at: Auth0World
let person: Browser
beforeEach(async () => {
  at = await openAuth0World({ tenant: { mfa: undefined } })
  person = openBrowser(at)
})

const tokens = (back: URL, more?: Record<string, string>) => redeem(at, back, more)

test('a person signs in with a password, and the code gives tokens that say so', async () => {
  await at.addUser('ada')
  const first = await person.authorize({ audience: 'https://api.example' })
  assert.equal(first.status, 302)
  assert.equal((await person.state()).body.step, 'identify')
  assert.equal((await person.act('identify', { login: 'ada@example.com' })).body.step, 'password')
  const done = await person.act('password', { password: 'the quite long password of ada' })
  assert.equal(done.status, 200, done.text)
  assert.equal(done.body.step, 'done')
  const back = await person.finish()
  assert.equal(back.searchParams.get('state'), 'st=')
  const got = await tokens(back)
  assert.equal(got.status, 200, got.text)
  const id = decodeJwt(got.body.id_token)
  assert.deepEqual([id.nonce, id.amr, id.acr], ['n=', ['pwd'], 'urn:polyfactor:acr:aal1'])
  assert.equal(id.auth_time, Math.floor(at.clock.now() / 1_000))
  assert.ok(got.body.refresh_token)
})

test('first login under ALWAYS: enrol an app, keep the saved code, and tokens name two factors', async () => {
  await at.setTenant({ mfa: { mode: 'ALWAYS' } })
  await at.addUser('ada')
  const asked = await person.signIn('ada')
  assert.equal(asked.body.step, 'enrol', asked.text)
  const offered = asked.body.offers.map((it: { factor: string }) => it.factor)
  assert.ok(offered.includes('totp') && offered.includes('sms') && !offered.includes('recovery_code'))
  const begun = await person.act('enrol', { factor: 'totp' })
  const { secret, uri } = begun.body.enrolling.show
  assert.ok(uri.startsWith('otpauth://totp/'))
  assert.equal((await person.act('confirm', { proof: '000000' })).body.error, 'wrong-proof')
  const shown = await person.act('confirm', { proof: at.totpCode(secret) })
  assert.equal(shown.body.step, 'recovery-codes', shown.text)
  assert.equal(shown.body.recoveryCodes.codes.length > 0, true)
  assert.equal((await person.state()).body.recoveryCodes.codes[0], shown.body.recoveryCodes.codes[0])
  assert.equal((await person.act('saved')).body.step, 'done')
  const id = decodeJwt((await tokens(await person.finish())).body.id_token)
  assert.deepEqual([id.amr, id.acr], [['pwd', 'otp', 'mfa'], 'urn:polyfactor:acr:aal2'])
})

test('second factor by text message: masked, asked for, wrong, asked again, right', async () => {
  const ada = await at.addUser('ada')
  await at.enrolAddress(ada, 'sms', '+15551234567')
  const asked = await person.signIn('ada')
  assert.equal(asked.body.step, 'challenge', asked.text)
  const [sms] = asked.body.options
  assert.deepEqual([sms.factor, sms.target, sms.preferred], ['sms', '**********67', true])
  assert.ok(!asked.text.includes('555123'), 'S-83')
  assert.equal((await person.act('verify', { proof: '123456' })).body.error, 'not-now', 'nothing was asked yet')
  const sent = await person.act('challenge', { option: sms.id })
  assert.equal(sent.body.asked?.option.id, sms.id, sent.text)
  assert.ok(!sent.text.includes(await at.lastCode()))
  const old = await at.lastCode()
  assert.equal((await person.act('challenge', { option: sms.id })).status, 200)
  assert.notEqual(await at.lastCode(), old)
  assert.equal((await person.act('verify', { proof: old })).body.error, 'wrong-proof', 'S-5: a new code kills the old')
  const done = await person.act('verify', { proof: await at.lastCode() })
  assert.equal(done.body.step, 'done', done.text)
  const id = decodeJwt((await tokens(await person.finish())).body.id_token)
  assert.deepEqual(id.amr, ['pwd', 'otp', 'sms', 'mfa', 'mca'])
})

test('a session signs in without a question, silently too, and tokens say what was proved, and when', async () => {
  const ada = await at.addUser('ada')
  const app = await at.enrolApp(ada)
  await person.signIn('ada')
  const [totp] = (await person.state()).body.options
  at.clock.advance(31)
  await person.act('verify', { option: totp.id, proof: app.code() })
  const first = decodeJwt((await tokens(await person.finish())).body.id_token)
  at.clock.advance(600)
  for (const prompt of [undefined, 'none']) {
    const again = await person.authorize({ prompt })
    const id = decodeJwt((await tokens(new URL(String(again.headers.location)))).body.id_token)
    assert.deepEqual([id.amr, id.acr, id.auth_time], [first.amr, first.acr, first.auth_time], 'S-119')
  }
})

test('refresh tokens of the redirect carry what was proved: policy is content at a refresh (S-56)', async () => {
  await at.setTenant({ mfa: { mode: 'ALWAYS' } })
  const ada = await at.addUser('ada')
  const app = await at.enrolApp(ada)
  await person.signIn('ada', { audience: 'https://api.example' })
  const [totp] = (await person.state()).body.options
  at.clock.advance(31)
  await person.act('verify', { option: totp.id, proof: app.code() })
  const got = await tokens(await person.finish())
  const fresh = await at.form('/oauth/token', {
    grant_type: 'refresh_token',
    client_id: 'spa',
    refresh_token: got.body.refresh_token,
  })
  assert.equal(fresh.status, 200, fresh.text)
  assert.deepEqual(decodeJwt(fresh.body.id_token).amr, ['pwd', 'otp', 'mfa'])
})

test('without a session, and where a second factor is missing, silent requests fail in the words SDKs compare', async () => {
  const ada = await at.addUser('ada')
  const silent = async () => new URL(String((await person.authorize({ prompt: 'none' })).headers.location)).searchParams
  const none = await silent()
  assert.deepEqual([none.get('error'), none.get('error_description')], ['login_required', 'Login required'])
  await person.signIn('ada')
  await person.finish()
  assert.ok((await silent()).get('code'))
  await at.enrolApp(ada)
  const more = await silent()
  assert.deepEqual(
    [more.get('error'), more.get('error_description')],
    ['login_required', 'Multifactor authentication required'],
  )
})

test('answers for frames and popups: posted to the application alone, which may frame them and keep its popup', async () => {
  await at.addUser('ada')
  await person.signIn('ada')
  await person.finish()
  const posted = await person.authorize({ prompt: 'none', response_mode: 'web_message' })
  assert.equal(posted.status, 200, posted.text)
  assert.match(posted.text, /"redirect_uri":"http:\/\/localhost:5173\/callback"/)
  assert.match(posted.text, /authorization_response/)
  assert.equal(posted.headers['cross-origin-opener-policy'], 'unsafe-none')
  const csp = String(posted.headers['content-security-policy'])
  assert.match(csp, /frame-ancestors http:\/\/localhost:5173/)
  assert.match(csp, /script-src 'sha256-[^']+'/)
  assert.ok(!csp.includes('unsafe-inline'))
  const failed = await openBrowser(at).authorize({ prompt: 'none', response_mode: 'web_message' })
  assert.deepEqual([failed.status, /"error":"login_required"/.test(failed.text)], [200, true], failed.text)
  const form = await person.authorize({ prompt: 'none', response_mode: 'form_post' })
  assert.match(String(form.headers['content-security-policy']), /form-action 'self' http:\/\/localhost:5173/)
  const fragment = await person.authorize({ prompt: 'none', response_mode: 'fragment' })
  assert.match(String(fragment.headers.location), /callback#.*code=/)
  for (const other of [await person.authorize({ prompt: 'none' }), await person.get('/u/api/account')]) {
    assert.equal(other.headers['cross-origin-opener-policy'], 'same-origin')
  }
})

test('signing up goes on as a login does, and an address that is taken is refused', async () => {
  await at.setTenant({ mfa: { mode: 'ALWAYS' } })
  await person.authorize({ screen_hint: 'signup', login_hint: 'new@example.com', ui_locales: 'de en' })
  const { hints } = (await person.state()).body
  assert.deepEqual(hints, { login: 'new@example.com', screen: 'signup', locales: ['de', 'en'] })
  const weak = await person.act('sign-up', { email: 'new@example.com', password: 'short' })
  assert.deepEqual([weak.body.error, weak.body.reason], ['weak-password', 'too-short'])
  const made = await person.act('sign-up', { email: 'new@example.com', password: 'a sentence about nobody' })
  assert.equal(made.body.step, 'enrol', made.text)
  const other = openBrowser(at)
  await other.authorize()
  assert.equal(
    (await other.act('sign-up', { email: 'NEW@example.com', password: 'a sentence about nobody' })).body.error,
    'taken',
  )
})

test('consent is asked where the request wants it, and no is access_denied', async () => {
  await at.addUser('ada')
  const asked = await person.signIn('ada', { prompt: 'consent' })
  assert.equal(asked.body.step, 'consent')
  assert.ok(asked.body.consent.scopes.includes('offline_access'))
  assert.equal((await person.act('consent', { agree: true })).body.step, 'done')
  assert.ok((await person.finish()).searchParams.get('code'))
  await person.authorize({ prompt: 'consent' })
  assert.equal((await person.state()).body.step, 'consent', 'the session is enough for the rest')
  await person.act('consent', { agree: false })
  assert.equal((await person.finish()).searchParams.get('error'), 'access_denied')
})

test('two logins in two tabs do not disturb each other', async () => {
  await at.addUser('ada')
  await person.authorize({ state: 'one' })
  const { flow, csrf } = person
  await person.signIn('ada', { state: 'two' })
  assert.equal((await person.finish()).searchParams.get('state'), 'two')
  Object.assign(person, { flow, csrf })
  const password = { login: 'ada@example.com', password: 'the quite long password of ada' }
  assert.equal((await person.act('password', password)).body.step, 'done')
  assert.equal((await person.finish()).searchParams.get('state'), 'one')
})

test('S-136, S-137: the whole login by plain forms, as a browser without script sends them', async () => {
  const ada = await at.addUser('ada')
  const app = await at.enrolApp(ada)
  await person.authorize()
  const form = async (action: string, body: Record<string, string>) => {
    // Under no-referrer a form says `null`.
    const own = { origin: 'null', 'sec-fetch-site': 'same-origin' }
    const reply = await person.form(`/u/api/flows/${person.flow}/${action}`, { csrf: person.csrf, ...body }, own)
    assert.equal(reply.status, 303, reply.text)
    await person.state()
    return String(reply.headers.location)
  }
  const page = `/u/login/${person.flow}`
  assert.equal(await form('identify', { login: 'ada@example.com' }), page)
  assert.equal(await form('password', { password: 'wrong' }), page)
  assert.equal((await person.state()).body.step, 'password')
  assert.equal(await form('password', { password: 'the quite long password of ada' }), page)
  const { options } = (await person.state()).body
  const totp = options.find((it: { factor: string }) => it.factor === 'totp')
  at.clock.advance(31)
  const back = await form('verify', { option: totp.id, proof: app.code() })
  assert.equal(back, `/authorize/${person.flow}`)
  assert.ok(new URL(String((await person.get(back)).headers.location)).searchParams.get('code'))
})

test('AC-12, S-60: a device is approved by the browser that entered its code, after the login policy wants', async () => {
  await at.setTenant({ mfa: { mode: 'ALWAYS' } })
  const grant = 'urn:ietf:params:oauth:grant-type:device_code'
  const spa = await at.store.get('applications', at.tenant.id, 'spa')
  assert.ok(spa)
  await at.put('applications', { ...spa, grantTypes: [...spa.grantTypes, grant] })
  const ada = await at.addUser('ada')
  const app = await at.enrolApp(ada)
  const asked = await at.form('/oauth/device/code', { client_id: 'spa', scope: 'openid offline_access' })
  assert.equal(asked.status, 200, asked.text)
  const poll = () =>
    at.form('/oauth/token', { grant_type: grant, client_id: 'spa', device_code: asked.body.device_code })
  assert.equal((await poll()).body.error, 'authorization_pending')
  const xsrf = /name="xsrf" value="([^"]+)"/.exec((await person.get('/activate')).text)?.[1] ?? ''
  const own = { origin: 'null', 'sec-fetch-site': 'same-origin' }
  const { user_code } = asked.body
  const confirmed = await person.form('/activate', { xsrf, user_code, confirm: 'yes' }, own)
  const login = String(confirmed.headers.location)
  assert.ok(login.includes('/u/login/'), confirmed.text)
  person.flow = login.split('/').pop() ?? ''
  await person.state()
  await person.act('password', { login: 'ada@example.com', password: 'the quite long password of ada' })
  const stranger = openBrowser(at)
  assert.equal((await stranger.get(`/activate/${person.flow}`)).status, 400, 'the flow is this browser’s')
  at.clock.advance(31)
  assert.equal((await poll()).body.error, 'authorization_pending', 'not before the second factor')
  const { options } = (await person.state()).body
  const totp = options.find((it: { factor: string }) => it.factor === 'totp')
  const done = await person.act('verify', { option: totp.id, proof: app.code() })
  assert.equal(done.body.location, `/activate/${person.flow}`)
  const connected = await person.get(done.body.location)
  assert.match(connected.text, /Device connected/)
  at.clock.advance(31)
  const got = await poll()
  assert.equal(got.status, 200, got.text)
  assert.deepEqual(decodeJwt(got.body.id_token).amr, ['pwd', 'otp', 'mfa'])
})

test('id_token_hint: the session of the person it names answers, anybody else has to sign in', async () => {
  await at.addUser('ada')
  await at.addUser('bob')
  await person.signIn('ada')
  const { id_token } = (await tokens(await person.finish())).body
  const silent = async (browser: Browser) =>
    new URL(String((await browser.authorize({ prompt: 'none', id_token_hint: id_token })).headers.location))
      .searchParams
  assert.ok((await silent(person)).get('code'))
  const other = openBrowser(at)
  await other.signIn('bob')
  await other.finish()
  assert.equal((await silent(other)).get('error'), 'login_required')
  const claims = JSON.stringify({ id_token: { sub: { value: decodeJwt(id_token).sub } } })
  const asked = await person.authorize({ prompt: 'none', claims })
  assert.ok(new URL(String(asked.headers.location)).searchParams.get('code'))
})

test('security questions are neither asked nor offered here: who has nothing else cannot go on, who has does', async () => {
  const factors = ['password', 'totp', 'security_question']
  const tenant = { mfa: { mode: 'ALWAYS' }, factors, securityQuestions: ['Who?', 'Where?', 'When?'] } as const
  at = await openAuth0World({ tenant })
  person = openBrowser(at)
  const ada = await at.addUser('ada')
  await enrolQuestions(at, ada)
  const stuck = await person.signIn('ada')
  assert.deepEqual([stuck.body.step, stuck.body.reason], ['stuck', 'no-factor-available'], stuck.text)
  await at.enrolApp(ada)
  await person.act('restart')
  const asked = await person.signIn('ada')
  assert.deepEqual(
    asked.body.options.map((it: { factor: string }) => it.factor),
    ['totp'],
  )
  await at.addUser('bob')
  const other = openBrowser(at)
  const offered = await other.signIn('bob')
  assert.deepEqual(
    offered.body.offers.map((it: { factor: string }) => it.factor),
    ['totp'],
  )
  assert.equal((await other.act('enrol', { factor: 'security_question' })).body.error, 'factor-off')
})
