import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { decodeJwt } from 'jose'
import type { User } from '#model/user.ts'
import { type Auth0World, base, bearer, openAuth0World } from '../support/auth0.ts'
import { type Browser, openBrowser, redeem } from '../support/browser.ts'
import type { App } from '../support/world.ts'

/** Step-up at the authorization endpoint, and the second-factor guides' whole flow by redirect. */

const multiFactor = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor'
let at: Auth0World
let ada: User
let person: Browser
beforeEach(async () => {
  at = await openAuth0World({ tenant: { mfa: { mode: 'OFF' } } })
  ada = await at.addUser('ada')
  person = openBrowser(at)
})

const idOf = async (back: URL) => decodeJwt((await redeem(at, back)).body.id_token)
const here = (reply: { headers: Readonly<Record<string, unknown>> }) => new URL(String(reply.headers.location))

/** Proves the authenticator app at the step the flow is at. */
async function byApp(app: App): Promise<void> {
  at.clock.advance(31)
  const { options } = (await person.state()).body
  const totp = options.find((it: { factor: string }) => it.factor === 'totp')
  const done = await person.act('verify', { option: totp.id, proof: app.code() })
  assert.equal(done.body.step, 'done', done.text)
}

test('acr_values asks for a second factor in a live session, without the password again (auth0.md §8.7 row 5)', async () => {
  const app = await at.enrolApp(ada)
  await person.signIn('ada')
  assert.deepEqual((await idOf(await person.finish())).amr, ['pwd'], 'policy OFF asks for none')
  const session = person.jar.get('__Host-pf_demo_session')
  await person.authorize({ acr_values: multiFactor })
  assert.equal((await person.state()).body.step, 'challenge')
  await byApp(app)
  const id = await idOf(await person.finish())
  assert.deepEqual([id.amr, id.acr], [['pwd', 'otp', 'mfa'], multiFactor])
  assert.notEqual(person.jar.get('__Host-pf_demo_session'), session, 'S-125')
  const silent = await idOf(here(await person.authorize({ acr_values: multiFactor, prompt: 'none' })))
  assert.equal(silent.acr, multiFactor, 'the session has it now')
  assert.equal((await idOf(here(await person.authorize({})))).acr, 'urn:polyfactor:acr:aal2')
})

test('acr_values silently, without a second factor: login_required and no weaker token (S-118)', async () => {
  await at.enrolApp(ada)
  await person.signIn('ada')
  await person.finish()
  const { searchParams } = here(await person.authorize({ acr_values: multiFactor, prompt: 'none' }))
  assert.equal(searchParams.get('error_description'), 'Multifactor authentication required')
})

test('a claims request for an essential acr is met, or is unmet_authentication_requirements (S-118)', async () => {
  const app = await at.enrolApp(ada)
  await person.signIn('ada')
  await person.finish()
  const claims = (acr: object) => JSON.stringify({ id_token: { acr: { essential: true, ...acr } } })
  await person.authorize({ claims: claims({ values: ['urn:polyfactor:acr:aal2'] }) })
  await byApp(app)
  assert.equal((await idOf(await person.finish())).acr, 'urn:polyfactor:acr:aal2')
  for (const acr of [{ value: 'urn:example:three' }, { values: ['phrh'] }]) {
    const { searchParams } = here(await person.authorize({ claims: claims(acr) }))
    assert.equal(searchParams.get('error'), 'unmet_authentication_requirements', JSON.stringify(acr))
  }
})

test('who has no factor may enrol one on the way; who cannot gets unmet_authentication_requirements (S-118)', async () => {
  await person.signIn('ada', { acr_values: multiFactor })
  assert.equal((await person.state()).body.step, 'enrol')
  await at.setTenant({ factors: ['password'] })
  const other = openBrowser(at)
  const stuck = await other.signIn('ada', { acr_values: multiFactor })
  assert.equal(stuck.body.step, 'stuck', stuck.text)
  await other.act('cancel')
  assert.equal((await other.finish()).searchParams.get('error'), 'unmet_authentication_requirements')
})

test('max_age asks for the password again when the login is older, and says so silently', async () => {
  await person.signIn('ada')
  await person.finish()
  at.clock.advance(100)
  assert.ok(here(await person.authorize({ max_age: '200', prompt: 'none' })).searchParams.get('code'))
  const silent = here(await person.authorize({ max_age: '60', prompt: 'none' })).searchParams
  assert.deepEqual([silent.get('error'), silent.get('error_description')], ['login_required', 'Login required'])
  await person.authorize({ max_age: '60' })
  const asked = (await person.state()).body
  assert.deepEqual([asked.step, asked.account], ['password', { login: 'ada@example.com', known: true }])
  await person.act('password', { password: 'the quite long password of ada' })
  const id = await idOf(await person.finish())
  assert.equal(id.auth_time, Math.floor(at.clock.now() / 1_000))
  await person.authorize({ max_age: '0' })
  assert.equal((await person.state()).body.step, 'password', 'zero is a login each time')
  await person.act('password', { password: 'the quite long password of ada' })
  assert.ok((await person.finish()).searchParams.get('code'))
})

test('prompt=login begins anew: nothing of the session counts', async () => {
  await at.setTenant({ mfa: { mode: 'ALWAYS' } })
  const app = await at.enrolApp(ada)
  await person.signIn('ada')
  await byApp(app)
  await person.finish()
  await person.authorize({ prompt: 'login' })
  assert.equal((await person.state()).body.step, 'password')
  assert.equal((await person.act('password', { password: 'the quite long password of ada' })).body.step, 'challenge')
})

test('somebody else may sign in over a session, and the first account is gone from the browser', async () => {
  await at.addUser('bob')
  await person.signIn('ada')
  await person.finish()
  await person.authorize({ prompt: 'login' })
  assert.equal((await person.act('back')).body.step, 'identify')
  const password = { login: 'bob@example.com', password: 'the quite long password of bob' }
  assert.equal((await person.act('password', password)).body.step, 'done')
  const id = await idOf(await person.finish())
  assert.notEqual(id.sub, `auth0|${ada.id}`)
  assert.equal((await at.store.count('artifacts', at.tenant.id, { index: 'user', value: ada.id })) > 0, true)
  assert.equal((await idOf(here(await person.authorize({ prompt: 'none' })))).sub, id.sub)
})

test('the guides’ flow: SMS first, TOTP at a later login with the SMS proved first, then either (auth0.md §2.5, §8.6)', async () => {
  const mfa = { audience: `${base}/mfa/`, scope: 'openid enroll read:authenticators remove:authenticators' }
  // Without a factor the token is given on the password; the first factor comes in by it.
  await person.signIn('ada', mfa)
  const first = (await redeem(at, await person.finish())).body
  assert.equal(first.expires_in, 600)
  assert.deepEqual(decodeJwt(first.access_token).aud, [`${base}/mfa/`, `${base}/userinfo`])
  const sms = await at.post(
    '/mfa/associate',
    { authenticator_types: ['oob'], oob_channels: ['sms'], phone_number: '+15551234567' },
    bearer(first.access_token),
  )
  assert.equal(sms.status, 200, sms.text)
  const grant = 'http://auth0.com/oauth/grant-type/mfa-oob'
  const confirmed = await at.form('/oauth/token', {
    grant_type: grant,
    client_id: 'spa',
    mfa_token: first.access_token,
    oob_code: sms.body.oob_code,
    binding_code: await at.lastCode(),
  })
  assert.equal(confirmed.status, 200, confirmed.text)

  // The same session again: now the SMS has to be proved first.
  await person.authorize(mfa)
  const asked = (await person.state()).body
  assert.equal(asked.step, 'challenge', JSON.stringify(asked))
  await person.act('challenge', { option: asked.options[0].id })
  assert.equal((await person.act('verify', { proof: await at.lastCode() })).body.step, 'done')
  const second = (await redeem(at, await person.finish())).body
  const otp = await at.post('/mfa/associate', { authenticator_types: ['otp'] }, bearer(second.access_token))
  assert.equal(otp.status, 200, otp.text)
  const added = await at.form('/oauth/token', {
    grant_type: 'http://auth0.com/oauth/grant-type/mfa-otp',
    client_id: 'spa',
    mfa_token: second.access_token,
    otp: at.totpCode(otp.body.secret),
  })
  assert.equal(added.status, 200, added.text)

  // Five minutes later the proof is too old for another token that changes factors (S-63), and either will do.
  at.clock.advance(301)
  await person.authorize(mfa)
  const either = (await person.state()).body
  const ways: string[] = either.options.map((it: { factor: string }) => it.factor)
  assert.ok(ways.includes('totp') && ways.includes('sms'), ways.join())
  const app = either.options.find((it: { factor: string }) => it.factor === 'totp')
  const done = await person.act('verify', { option: app.id, proof: at.totpCode(otp.body.secret) })
  assert.equal(done.body.step, 'done', done.text)
  assert.ok((await person.finish()).searchParams.get('code'))
})
