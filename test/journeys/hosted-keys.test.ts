import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { decodeJwt } from 'jose'
import { type Auth0World, base, openAuth0World } from '../support/auth0.ts'
import { type Browser, openBrowser, redeem } from '../support/browser.ts'
import { createDevice, type Device } from '../support/webauthn.ts'

/** Keys and passkeys in a redirect login, over HTTP, by the documented API of the pages (docs/hosted-api.md). */

const factors = ['password', 'totp', 'sms', 'email', 'voice', 'webauthn', 'recovery_code']
let at: Auth0World
let person: Browser
beforeEach(async () => {
  at = await openAuth0World({ tenant: { factors, mfa: { mode: 'ALWAYS' } } })
  person = openBrowser(at)
})

/** First login: enrols a key and keeps the saved code. */
async function enrolKey(name: string, device: Device): Promise<Record<string, unknown>> {
  await at.addUser(name)
  const asked = await person.signIn(name)
  assert.equal(asked.body.step, 'enrol', asked.text)
  const offer = asked.body.offers.find((it: { factor: string }) => it.factor === 'webauthn')
  assert.deepEqual(offer.traits, { proof: 'assertion', channel: 'device' })
  const begun = await person.act('enrol', { factor: 'webauthn' })
  const proof = device.create(begun.body.enrolling.show.publicKey)
  const confirmed = await person.act('confirm', { proof })
  assert.equal(confirmed.body.step, 'recovery-codes', confirmed.text)
  await person.act('saved')
  return await claims()
}

async function claims(): Promise<Record<string, unknown>> {
  const got = await redeem(at, await person.finish())
  assert.equal(got.status, 200, got.text)
  const { amr, acr } = decodeJwt(got.body.id_token)
  return { amr, acr }
}

test('a key is enrolled at the first login and asked for at the second; tokens say what it did', async () => {
  const device = createDevice({ origin: base })
  const both = { amr: ['pwd', 'pop', 'user', 'swk', 'mfa'], acr: 'phr' }
  assert.deepEqual(await enrolKey('ada', device), both)

  person = openBrowser(at)
  const asked = await person.signIn('ada')
  assert.equal(asked.body.step, 'challenge', asked.text)
  const [option] = asked.body.options
  assert.deepEqual(option.traits, { proof: 'assertion', channel: 'device' })
  const shown = await person.act('challenge', { option: option.id })
  const { publicKey } = shown.body.asked.show
  assert.equal(publicKey.rpId, 'localhost')
  const elsewhere = device.get(publicKey, { origin: 'https://evil.example' })
  assert.equal((await person.act('verify', { proof: elsewhere })).body.error, 'wrong-proof')
  const done = await person.act('verify', { proof: device.get(publicKey) })
  assert.equal(done.body.step, 'done', done.text)
  assert.deepEqual(await claims(), both)
})

test('with a passkey nobody types anything, and no second factor is asked for', async () => {
  const device = createDevice({ origin: base })
  await enrolKey('ada', device)
  person = openBrowser(at)
  await person.authorize()
  const before = await person.state()
  assert.equal(before.body.can.passkey, true)
  assert.equal(before.body.passkey, undefined)
  const asked = await person.act('passkey')
  assert.equal(asked.body.step, 'identify')
  const { publicKey } = asked.body.passkey.show
  assert.deepEqual([publicKey.allowCredentials, publicKey.userVerification], [[], 'required'])
  const done = await person.act('passkey', { proof: device.get(publicKey) })
  assert.equal(done.body.step, 'done', done.text)
  assert.deepEqual(await claims(), { amr: ['pop', 'user', 'swk', 'mfa'], acr: 'phr' })
})

test('AC-48: what a passkey has answered in one browser opens nothing in another', async () => {
  const device = createDevice({ origin: base })
  await enrolKey('ada', device)
  const [mine, thief] = [openBrowser(at), openBrowser(at)]
  for (const it of [mine, thief]) {
    await it.authorize()
    await it.act('passkey')
  }
  const { publicKey } = (await mine.state()).body.passkey.show
  const proof = device.get(publicKey)
  assert.equal((await thief.act('passkey', { proof })).body.error, 'wrong-proof')
  assert.equal((await mine.act('passkey', { proof })).body.step, 'done')
  const replayed = await mine.act('passkey', { proof })
  assert.equal(replayed.body.error, 'not-now')
})

test('a passkey that was not asked for proves nothing', async () => {
  const device = createDevice({ origin: base })
  await enrolKey('ada', device)
  person = openBrowser(at)
  await person.authorize()
  const proof = device.get({ rpId: 'localhost', challenge: 'AAAA', allowCredentials: [] })
  assert.equal((await person.act('passkey', { proof })).body.error, 'not-now')
})

test('a tenant without keys offers no passkeys', async () => {
  await at.setTenant({ factors: ['password', 'totp'] })
  await person.authorize()
  assert.equal((await person.state()).body.can.passkey, false)
  assert.equal((await person.act('passkey')).body.error, 'factor-off')
})

test('the MFA API names a key after what it can ask, enrols none, and asks none', async () => {
  await at.addUser('bob')
  const first = await at.password('bob')
  assert.deepEqual(first.body.mfa_requirements.enroll.slice(0, 2), [{ type: 'otp' }, { type: 'phone' }])
  assert.ok(!JSON.stringify(first.body.mfa_requirements).includes('webauthn'), first.text)

  await enrolKey('ada', createDevice({ origin: base }))
  const { body } = await at.password('ada')
  assert.deepEqual(body.mfa_requirements, { challenge: [{ type: 'recovery-code' }, { type: 'webauthn-roaming' }] })
  const bearer = { authorization: `Bearer ${body.mfa_token}` }
  const own = (await at.get('/mfa/authenticators', bearer)).body
  const key = own.find((it: { type: string }) => it.type === 'webauthn-roaming')
  assert.deepEqual([key.authenticator_type, key.active], ['webauthn-roaming', true])
  const client = { client_id: 'web', client_secret: 'web-secret' }
  const asked = await at.post('/mfa/challenge', { ...client, mfa_token: body.mfa_token, challenge_type: 'otp oob' })
  assert.equal(asked.body.error, 'unsupported_challenge_type', asked.text)
  for (const type of ['webauthn', 'webauthn-roaming']) {
    const tried = await at.post('/mfa/associate', { authenticator_types: [type] }, bearer)
    assert.equal(tried.body.error, 'unsupported_authenticator_type')
  }
})
