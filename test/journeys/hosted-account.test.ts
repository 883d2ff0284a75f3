import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import {
  account as accountSchema,
  added as addedSchema,
  refusal,
  state as stateSchema,
} from '#dialects/hosted/schemas.ts'
import type { User } from '#model/user.ts'
import { type Auth0World, openAuth0World, type Reply } from '../support/auth0.ts'
import { type Browser, openBrowser, redeem } from '../support/browser.ts'

/** "Manage security" and signing out, over HTTP, by the documented API (docs/hosted-api.md). */

let at: Auth0World
let ada: User
let person: Browser
beforeEach(async () => {
  at = await openAuth0World({ tenant: { mfa: undefined } })
  ada = await at.addUser('ada', { email: 'ada@example.com', emailVerified: true })
  person = openBrowser(at)
})

const password = { login: 'ada@example.com', password: 'the quite long password of ada' }

/** Comes in by the portal's own door; `prove` answers what is asked after the password. */
async function enter(browser: Browser, body: object = {}, prove?: () => Promise<Reply>): Promise<Reply> {
  const begun = await browser.post('/u/api/account/sign-in', body)
  assert.equal(begun.status, 200, begun.text)
  browser.flow = begun.body.location.split('/').pop()
  const { step } = (await browser.state()).body
  if (step === 'identify' || step === 'password') await browser.act('password', password)
  if (prove !== undefined) await prove()
  const done = (await browser.state()).body
  assert.equal(done.step, 'done', JSON.stringify(done))
  const entered = await browser.get(done.location)
  assert.deepEqual([entered.status, entered.headers.location], [303, '/u/account'])
  return await look(browser)
}

async function look(browser: Browser): Promise<Reply> {
  const reply = await browser.get('/u/api/account')
  if (reply.status === 200) browser.csrf = reply.body.csrf
  return reply
}

const byApp = (browser: Browser, code: () => string) => async () => {
  const { options } = (await browser.state()).body
  at.clock.advance(31)
  const totp = options.find((it: { factor: string }) => it.factor === 'totp')
  return await browser.act('verify', { option: totp.id, proof: code() })
}

test('the portal: come in, add a first factor, keep its saved code, rename it', async () => {
  assert.equal((await person.get('/u/api/account')).body.error, 'sign-in-needed')
  const first = await enter(person)
  assert.deepEqual([first.body.factors, first.body.recovery], [[], { available: false }])
  assert.ok(first.body.offers.some((it: { factor: string }) => it.factor === 'totp'))
  const begun = await person.post('/u/api/account/factors', { factor: 'totp', name: 'Phone' })
  assert.equal(begun.status, 200, begun.text)
  addedSchema.parse(begun.body)
  assert.equal(begun.body.recoveryCodes.length > 0, true)
  const path = `/u/api/account/factors/${begun.body.id}`
  assert.equal((await person.post(`${path}/confirm`, { proof: '000000' })).body.error, 'wrong-proof')
  const before = person.jar.get('__Host-pf_demo_session')
  const confirmed = await person.post(`${path}/confirm`, { proof: at.totpCode(begun.body.show.secret) })
  assert.equal(confirmed.status, 200, confirmed.text)
  assert.notEqual(person.jar.get('__Host-pf_demo_session'), before, 'S-125')
  assert.equal((await person.send('PATCH', path, { name: 'Work phone' })).status, 204)
  const after = accountSchema.parse((await look(person)).body)
  assert.deepEqual(
    [after.factors.length, after.factors[0]?.name, after.factors[0]?.state, after.recovery.available],
    [1, 'Work phone', 'confirmed', true],
  )
  assert.ok(after.activity.some((it) => it.type === 'factor.confirmed'))
})

test('S-63: changes need a proof at most 300 s old, of the second factor where there is one', async () => {
  const app = await at.enrolApp(ada)
  const { body } = await enter(
    person,
    {},
    byApp(person, () => app.code()),
  )
  assert.ok(body.freshUntil > at.clock.now() && body.freshUntil <= at.clock.now() + 300_000)
  at.clock.advance(301)
  const late = await look(person)
  assert.equal(late.body.freshUntil, undefined)
  const path = `/u/api/account/factors/${app.authenticator.id}`
  for (const [method, where, body] of [
    ['DELETE', path, {}],
    ['PATCH', path, { name: 'x' }],
    ['POST', '/u/api/account/factors', { factor: 'totp' }],
    ['POST', '/u/api/account/recovery-code', {}],
    ['POST', '/u/api/account/password', { password: 'a wholly other sentence' }],
    ['POST', '/u/api/account/sessions/end-others', {}],
  ] as const) {
    const reply = await person.send(method, where, body)
    assert.deepEqual([reply.status, reply.body?.error], [403, 'stale-proof'], where)
    refusal.parse(reply.body)
  }
  const fresh = await enter(
    person,
    { fresh: true },
    byApp(person, () => app.code()),
  )
  assert.ok(fresh.body.freshUntil !== undefined, 'without the password again: the session has it')
  assert.equal((await person.send('DELETE', path, {})).status, 204)
  assert.deepEqual((await look(person)).body.factors, [])
})

test('S-46: a saved code lets in, is replaced by a new one, and does not change factors', async () => {
  await at.setTenant({ mfa: { mode: 'ALWAYS' } })
  await enter(person, {}, async () => {
    const { body } = await person.act('enrol', { factor: 'totp' })
    await person.act('confirm', { proof: at.totpCode(body.enrolling.show.secret) })
    return await person.act('saved')
  })
  const offer = await person.post('/u/api/account/recovery-code', {})
  assert.equal(offer.status, 200, offer.text)
  const taken = await person.post('/u/api/account/recovery-code/take', { offer: offer.body.offer, id: offer.body.id })
  assert.equal(taken.status, 204, taken.text)
  const lost = openBrowser(at)
  const entered = await enter(lost, {}, async () => {
    const { options } = (await lost.state()).body
    const saved = options.at(-1)
    assert.deepEqual(saved.traits, { proof: 'lookup', channel: 'paper' }, 'offered last')
    const shown = await lost.act('verify', { option: saved.id, proof: offer.body.codes[0] })
    assert.deepEqual([shown.body.step, shown.body.recoveryCodes.replaces], ['recovery-codes', true], shown.text)
    stateSchema.parse(shown.body)
    return await lost.act('saved')
  })
  assert.equal(entered.body.freshUntil, undefined)
  assert.equal((await lost.post('/u/api/account/factors', { factor: 'totp' })).body.error, 'stale-proof')
})

test('S-66: the last factor stays while policy requires one', async () => {
  const app = await at.enrolApp(ada)
  await at.setTenant({ mfa: { mode: 'ALWAYS' } })
  await enter(
    person,
    {},
    byApp(person, () => app.code()),
  )
  const gone = await person.send('DELETE', `/u/api/account/factors/${app.authenticator.id}`, {})
  assert.deepEqual([gone.status, gone.body.error], [409, 'last-authenticator'])
})

test('nobody changes the factors, devices or sessions of somebody else', async () => {
  const bob = await at.addUser('bob')
  const app = await at.enrolApp(bob)
  await enter(person)
  const other = openBrowser(at)
  await other.signIn('bob')
  await byApp(other, () => app.code())()
  await other.finish()
  const [session] = (await look(other)).body.sessions
  for (const [method, path] of [
    ['DELETE', `/u/api/account/factors/${app.authenticator.id}`],
    ['DELETE', `/u/api/account/sessions/${encodeURIComponent(session.id)}`],
    ['DELETE', `/u/api/account/devices/${encodeURIComponent(session.id)}`],
  ] as const) {
    assert.equal((await person.send(method, path, {})).status, 404, path)
  }
  assert.equal((await look(other)).status, 200)
})

test('S-128, S-129: sessions are listed, and one that is ended is over at its next request', async () => {
  const other = openBrowser(at)
  await other.signIn('ada')
  await other.finish()
  const { body } = await enter(person)
  assert.equal(body.sessions.length, 2)
  const [theirs] = body.sessions.filter((it: { current: boolean }) => !it.current)
  assert.deepEqual(theirs.applications, ['spa'])
  assert.equal(
    (await person.send('DELETE', `/u/api/account/sessions/${encodeURIComponent(theirs.id)}`, {})).status,
    204,
  )
  assert.equal((await other.get('/u/api/account')).status, 401)
  const silent = new URL(String((await other.authorize({ prompt: 'none' })).headers.location))
  assert.equal(silent.searchParams.get('error'), 'login_required')
  assert.doesNotMatch((await other.get('/oidc/logout')).text, /Sign out\?/, 'the provider does not see it any more')
  assert.equal((await person.post('/u/api/account/sign-out', {})).status, 204)
  assert.equal((await person.get('/u/api/account')).status, 401)
})

test('a new password signs out everywhere', async () => {
  const other = openBrowser(at)
  await other.signIn('ada')
  const got = await redeem(at, await other.finish())
  await enter(person)
  assert.equal((await person.post('/u/api/account/password', { password: 'short' })).body.reason, 'too-short')
  assert.equal((await person.post('/u/api/account/password', { password: 'a wholly other sentence' })).status, 204)
  for (const browser of [person, other]) assert.equal((await browser.get('/u/api/account')).status, 401)
  const refresh = { grant_type: 'refresh_token', client_id: 'spa', refresh_token: got.body.refresh_token }
  assert.equal((await at.form('/oauth/token', refresh)).body.error, 'invalid_grant')
})

async function withLogoutUri(): Promise<void> {
  const spa = await at.store.get('applications', at.tenant.id, 'spa')
  assert.ok(spa)
  await at.put('applications', { ...spa, logoutUris: ['http://localhost:5173/bye'] })
}
const bye = encodeURIComponent('http://localhost:5173/bye')

test('/v2/logout ends the session and goes back to a registered address alone (S-123, auth0.md §6.5)', async () => {
  await withLogoutUri()
  await person.signIn('ada')
  await person.finish()
  const stray = await person.get(`/v2/logout?client_id=spa&returnTo=${encodeURIComponent('https://evil.example/')}`)
  assert.deepEqual([stray.status, stray.headers.location], [400, undefined])
  const image = { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', 'sec-fetch-site': 'cross-site' }
  assert.equal((await person.get(`/v2/logout?client_id=spa&returnTo=${bye}`, image)).status, 200, 'asked first')
  assert.equal((await person.get(`/v2/logout?client_id=web`)).status, 200, 'not used for this application')
  assert.ok(new URL(String((await person.authorize({ prompt: 'none' })).headers.location)).searchParams.get('code'))
  const out = await person.get(`/v2/logout?client_id=spa&returnTo=${bye}&auth0Client=e30%3D`)
  assert.deepEqual([out.status, out.headers.location], [302, 'http://localhost:5173/bye'])
  const silent = new URL(String((await person.authorize({ prompt: 'none' })).headers.location))
  assert.equal(silent.searchParams.get('error_description'), 'Login required')
})

test('RP-initiated logout: with a hint of this person at once, else asked first (S-123)', async () => {
  await withLogoutUri()
  await person.signIn('ada')
  const { id_token } = (await redeem(at, await person.finish())).body
  const asked = await person.get(`/oidc/logout?client_id=spa&post_logout_redirect_uri=${bye}`)
  assert.equal(asked.status, 200)
  assert.match(asked.text, /Sign out\?/)
  const out = await person.get(`/oidc/logout?id_token_hint=${id_token}&post_logout_redirect_uri=${bye}&state=s`)
  assert.deepEqual([out.status, out.headers.location], [302, 'http://localhost:5173/bye?state=s'])
  assert.equal((await person.get('/u/api/account')).status, 401)
})

test('signing out by the question ends the session on our side too', async () => {
  await person.signIn('ada')
  await person.finish()
  const asked = await person.get('/oidc/logout?client_id=spa')
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(asked.text)?.[1] ?? ''
  const cookie = [...person.jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const out = await at.form('/oidc/logout/confirm', { xsrf, logout: 'yes' }, { cookie, host: 'localhost:3443' })
  assert.equal(out.status, 303, out.text)
  assert.deepEqual(
    (await at.store.list('artifacts', at.tenant.id, { limit: 100 })).filter((it) => it.model === 'BrowserSession'),
    [],
  )
})

test('every state of a sign-in and every refusal is of the published form', async () => {
  await at.setTenant({ mfa: { mode: 'ALWAYS' } })
  await person.authorize({ prompt: 'consent', login_hint: 'ada@example.com' })
  const replies: Reply[] = [await person.state(), await person.act('identify', { login: 'ada@example.com' })]
  replies.push(await person.act('password', { password: 'wrong' }), await person.act('password', password))
  replies.push(await person.act('enrol', { factor: 'sms', target: 'no number' }))
  replies.push(await person.act('enrol', { factor: 'sms', target: '+15551234567' }))
  replies.push(await person.act('confirm', { proof: await at.lastCode() }), await person.act('saved'))
  replies.push(await person.act('consent', { agree: true }))
  const steps = replies.map(({ status, body }) =>
    status === 200 ? stateSchema.parse(body).step : refusal.parse(body).error,
  )
  assert.deepEqual(steps, [
    'identify',
    'password',
    'wrong-password',
    'enrol',
    'bad-address',
    'enrol',
    'recovery-codes',
    'consent',
    'done',
  ])
})
