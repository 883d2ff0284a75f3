import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base32Decode } from '#crypto/base32.ts'
import { hotp, totpStep } from '#crypto/totp.ts'
import { decide } from '#engine/approvals/decide.ts'
import { payload, type Reply } from '../support/entra.ts'
import {
  assertActionError,
  home,
  methodIn,
  openPreviewWorld,
  type PreviewWorld,
  typesIn,
} from '../support/entra-preview.ts'
import { newPushDevice } from '../support/push-device.ts'
import { createDevice } from '../support/webauthn.ts'
import { otherThan, passwordOf } from '../support/world.ts'

/** The headless API as whole stories, by a client that follows links and knows our extensions. */

const always = { tenant: { mfa: { mode: 'ALWAYS' } } } as const
const phone = '+15555550100'

const code = (it: PreviewWorld) => async () => ({ otp: await it.lastCode() })

async function amrOf(it: PreviewWorld, reply: Reply): Promise<readonly string[]> {
  const tokens = await it.tokens(reply)
  assert.equal(tokens.status, 200, tokens.text)
  return payload(tokens.body.access_token).amr as readonly string[]
}

/** The code an app shows now for a secret that was shown. */
const appCode = (it: PreviewWorld, secret: string): string =>
  hotp(base32Decode(secret) ?? assert.fail('no secret'), totpStep(it.clock.now()))

/** Registers an app, and gives what it shows from the next step on. */
async function registerApp(it: PreviewWorld, reply: Reply, more = {}) {
  let secret = ''
  let saved: readonly string[] = []
  const done = await it.register(reply, 'ext_totp', more, async ({ body }) => {
    secret = body.ext_secret
    saved = body.ext_recoveryCodes ?? []
    assert.match(body.ext_uri, /^otpauth:\/\/totp\//)
    return { otp: appCode(it, secret) }
  })
  it.clock.advance(30)
  return { done, saved, code: () => appCode(it, secret) }
}

test('sign-in with a password and an SMS code', async () => {
  const it = await openPreviewWorld(always)
  await it.enrolAddress(await it.addUser('ada'), 'sms', phone)
  const needs = await it.password('ada')
  assert.equal(needs.body.challengeContext.authenticationFactor, 'multiFactor')
  const done = await it.prove(needs, 'sms', code(it))
  assert.deepEqual(await amrOf(it, done), ['pwd', 'otp', 'sms', 'mfa', 'mca'])
})

test('sign-in by a code to a telephone, where the account has no password', async () => {
  const it = await openPreviewWorld()
  const account = { email: undefined, passwordHash: undefined, phoneNumber: phone, phoneVerified: true }
  const tel = await it.addUser('tel', account)
  const begun = await it.start('sign_in', { username: '+1 (555) 555-0100' })
  assert.deepEqual([typesIn(begun), methodIn(begun, 'sms').hint], [['sms'], '+*********00'])
  const wrong = await it.prove(begun, 'sms', async () => ({ otp: otherThan(await it.lastCode()) }))
  assertActionError(wrong, 'invalidGrant', 'invalidOneTimeCode')
  const done = await it.prove(begun, 'sms', code(it))
  const tokens = await it.tokens(done)
  assert.equal(payload(tokens.body.access_token).sub, tel.id, tokens.text)
  assert.deepEqual(payload(tokens.body.access_token).amr, ['otp', 'sms'])
  await it.setTenant(always.tenant)
  const needs = await it.prove(await it.start('sign_in', { username: phone }), 'sms', code(it))
  assert.equal(needs.body.action, 'enroll', 'the telephone that signed in is no second factor beside itself')
})

test('a telephone opens no way into an account that has a password', async () => {
  const it = await openPreviewWorld()
  await it.addUser('ada', { phoneNumber: phone, phoneVerified: true })
  assertActionError(await it.start('sign_in', { username: phone }), 'invalidRequest', 'userNotFound')
  assert.equal((await it.outbox()).length, 0)
})

test('an authenticator app is registered here, and asked for at the next sign-in', async () => {
  const it = await openPreviewWorld(always)
  await it.addUser('ada')
  const begun = await it.password('ada')
  assert.equal(begun.body.action, 'enroll')
  const app = await registerApp(it, begun)
  assert.deepEqual(await amrOf(it, app.done), ['pwd', 'otp', 'mfa'])
  const again = await it.password('ada')
  assert.deepEqual(typesIn(again), ['ext_totp'])
  const wrong = await it.prove(again, 'ext_totp', { otp: otherThan(app.code()) })
  assertActionError(wrong, 'invalidGrant', 'invalidOneTimeCode')
  it.clock.advance(30)
  const done = await it.prove(await it.password('ada'), 'ext_totp', { otp: app.code() })
  assert.deepEqual(await amrOf(it, done), ['pwd', 'otp', 'mfa'])
})

test('a key is registered with WebAuthn, and proves the second factor afterwards', async () => {
  const it = await openPreviewWorld(always)
  await it.addUser('ada')
  const device = createDevice({ origin: home })
  const begun = await it.password('ada')
  const done = await it.register(begun, 'ext_webauthn', {}, async ({ body }) => ({
    ext_credential: device.create(body.ext_publicKey),
  }))
  assert.ok((await amrOf(it, done)).includes('mfa'))
  const needs = await it.password('ada')
  const { continuationToken } = needs.body
  const asked = await it.act(methodIn(needs, 'ext_webauthn')._links.challenge.href, { continuationToken })
  const ext_credential = device.get(asked.body.ext_publicKey)
  const proved = await it.act(asked.body._links.verify.href, {
    continuationToken: asked.body.continuationToken,
    ext_credential,
  })
  const amr = await amrOf(it, proved)
  assert.ok(amr.includes('mfa') && amr.includes('pwd'), amr.join(' '))
})

test('a passkey signs in by itself, without a name', async () => {
  const it = await openPreviewWorld(always)
  await it.addUser('ada')
  const device = createDevice({ origin: home })
  const registered = await it.register(await it.password('ada'), 'ext_webauthn', {}, async ({ body }) => ({
    ext_credential: device.create(body.ext_publicKey),
  }))
  assert.equal((await it.tokens(registered)).status, 200)
  const entry = await it.authorize({ capabilities: 'ext_webauthn' })
  const asked = await it.act(entry.body.ext_passkey, { continuationToken: entry.body.continuation_token })
  assert.equal(asked.body.action, 'verify', asked.text)
  const done = await it.act(asked.body._links.verify.href, {
    continuationToken: asked.body.continuationToken,
    ext_credential: device.get(asked.body.ext_publicKey),
  })
  assert.equal(done.body.state, 'continue', done.text)
  const tokens = await it.redeem((await it.code(done)).body.code, { code_verifier: undefined })
  assert.equal(tokens.status, 200, tokens.text)
  assert.equal(payload(tokens.body.id_token).preferred_username, 'ada@example.com')
})

test('a saved code comes with the first registration where the client can show it, and signs in once', async () => {
  const it = await openPreviewWorld(always)
  await it.addUser('ada')
  const app = await registerApp(it, await it.password('ada'), { ext_recoveryCodes: true })
  const [saved = assert.fail('no saved code')] = app.saved
  await amrOf(it, app.done)
  const done = await it.prove(await it.password('ada'), 'ext_recovery_code', { ext_recoveryCode: saved })
  assert.equal(done.status, 200, done.text)
  const [next] = done.body.ext_recoveryCodes
  assert.ok(typeof next === 'string' && next !== saved)
  assert.ok((await amrOf(it, done)).includes('mfa'))
  const again = await it.prove(await it.password('ada'), 'ext_recovery_code', { ext_recoveryCode: saved })
  assertActionError(again, 'invalidGrant', 'invalidOneTimeCode')
})

test('without that word no saved code is made that nobody would see', async () => {
  const it = await openPreviewWorld(always)
  const ada = await it.addUser('ada')
  const app = await registerApp(it, await it.password('ada'))
  assert.deepEqual(app.saved, [])
  assert.deepEqual(
    (await it.authenticators(ada)).map((one) => one.factor),
    ['totp'],
  )
})

test('a device is registered and approves a sign-in with the number the client shows', async () => {
  const it = await openPreviewWorld(always)
  await it.addUser('ada')
  const device = newPushDevice({ home, clock: it.clock.now })
  const caller = it.caller({ home })
  const begun = await it.password('ada')
  const registered = await it.register(begun, 'ext_push', {}, async ({ body }) => {
    await decide(it.parts, { caller, statement: device.enrol(body.ext_uri) }, 'enrol')
    return {}
  })
  assert.equal(registered.body.state, 'continue', registered.text)
  await amrOf(it, registered)
  const needs = await it.password('ada')
  const { continuationToken } = needs.body
  const asked = await it.act(methodIn(needs, 'ext_push')._links.challenge.href, { continuationToken })
  assert.match(asked.body.ext_number, /^\d{6}$/)
  const poll = () => it.act(asked.body._links.verify.href, { continuationToken: asked.body.continuationToken })
  const waiting = await poll()
  assertActionError(waiting, 'authorizationPending', 'ext_waiting')
  assert.equal(waiting.headers['retry-after'], '5')
  const [open] = (await it.store.list('challenges', it.tenant.id, { limit: 100 })).filter(
    (one) => one.factor === 'push' && one.purpose === 'login' && one.wonAt === undefined,
  )
  const told = it.parts.factors.get('push')?.devices?.told(open?.state ?? {}) ?? assert.fail('nothing to approve')
  const statement = device.answer({ ...told, challenge: open?.id ?? '' }, 'allow', asked.body.ext_number)
  const decided = await decide(it.parts, { caller, statement, challenge: open?.id } as never, 'answer')
  assert.equal(decided.no, undefined)
  it.clock.advance(5)
  const done = await poll()
  assert.equal(done.body.state, 'continue', done.text)
  assert.ok((await amrOf(it, done)).includes('mfa'))
})

test('sign-up: address, password and attributes at once, a strong method, signed in', async () => {
  const it = await openPreviewWorld({
    tenant: { ...always.tenant, signUp: { attributes: [{ name: 'displayName', required: true }] } },
  })
  const begun = await it.start('sign_up', { username: 'new@example.com' })
  assert.equal(begun.body.action, 'verify', begun.text)
  const { continuationToken } = begun.body
  const proved = await it.act(begun.body._links.verify.href, { continuationToken, otp: await it.lastCode() })
  assert.equal(proved.body.action, 'collectAttributes', proved.text)
  assert.deepEqual(
    proved.body.attributes.map((one: { attributeId: string }) => one.attributeId),
    ['password', 'displayName'],
  )
  const stored = await it.act(proved.body._links.submitAttributes.href, {
    continuationToken: proved.body.continuationToken,
    attributes: { password: passwordOf('new'), displayName: 'New' },
  })
  assert.equal(stored.body.action, 'enroll', stored.text)
  const done = await it.register(stored, 'phone', { phoneNumber: phone, channel: 'sms' }, code(it))
  assert.deepEqual(await amrOf(it, done), ['pwd', 'otp', 'sms', 'mfa', 'mca'])
})

test('sign-up without a password, on request', async () => {
  const it = await openPreviewWorld()
  const begun = await it.start('sign_up', { username: 'new@example.com', ext_passwordless: true })
  const { continuationToken } = begun.body
  const done = await it.act(begun.body._links.verify.href, { continuationToken, otp: await it.lastCode() })
  assert.equal(done.body.state, 'continue', done.text)
  await it.tokens(done)
  const next = await it.start('sign_in', { username: 'new@example.com' })
  assert.deepEqual(typesIn(next), ['email'])
})

test('reset: code, new password, second factor; the old password and its tokens are over', async () => {
  const it = await openPreviewWorld(always)
  const ada = await it.addUser('ada')
  const app = await it.enrolApp(ada)
  const before = await it.tokens(await it.prove(await it.password('ada'), 'ext_totp', { otp: app.code() }))
  it.clock.advance(30)
  const begun = await it.start('reset_password', { username: 'ada@example.com' })
  const proved = await it.prove(begun, 'email', code(it))
  assert.equal(proved.body.action, 'update', proved.text)
  const newPassword = 'another quite long password'
  const { continuationToken } = proved.body
  const set = await it.act(proved.body._links.update.href, { continuationToken, newPassword }, { method: 'PUT' })
  const needs = await it.act(set.body._links.poll.href, { continuationToken: set.body.continuationToken })
  assert.equal(needs.body.challengeContext?.authenticationFactor, 'multiFactor', needs.text)
  const done = await it.prove(needs, 'ext_totp', { otp: app.code() })
  assert.ok((await amrOf(it, done)).includes('mfa'))
  assertActionError(await it.password('ada'), 'invalidGrant', 'invalidUserNameOrPassword')
  const refresh_token = before.body.refresh_token
  assert.equal((await it.post('/oauth2/v2.0/token', { grant_type: 'refresh_token', refresh_token })).status, 400)
})

test('a method is added beside another once that one is proved', async () => {
  const it = await openPreviewWorld()
  const ada = await it.addUser('ada')
  await it.enrolAddress(ada, 'sms', phone)
  const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c4' } } })
  const needs = await it.password('ada', { claims })
  assert.equal(needs.body.action, 'challenge')
  const open = await it.prove(needs, 'sms', code(it))
  assert.equal(open.body.action, 'enroll', open.text)
  const app = await registerApp(it, open)
  const tokens = await it.tokens(app.done)
  assert.deepEqual(payload(tokens.body.access_token).acrs, ['c4'])
  const held = (await it.authenticators(ada))
    .filter((one) => one.state === 'confirmed' && one.factor !== 'recovery_code')
    .map((one) => one.factor)
  assert.deepEqual(held.toSorted(), ['sms', 'totp'])
})

test('a factor enrolled here is challenged through Auth0’s calls, and one enrolled there is asked for here', async () => {
  const it = await openPreviewWorld(always)
  await it.addUser('ada')
  const app = await registerApp(it, await it.password('ada'))
  assert.equal((await it.tokens(app.done)).status, 200)
  const client = { client_id: 'web', client_secret: 'web-secret' }
  const send = (path: string, body: object, headers: Record<string, string> = {}) =>
    it.send('POST', path, {
      headers: { 'content-type': 'application/json', ...headers },
      payload: JSON.stringify({ ...client, ...body }),
    })
  const login = async (name: string) => {
    const first = { grant_type: 'password', username: `${name}@example.com`, password: passwordOf(name) }
    return (await send('/oauth/token', first)).body.mfa_token as string
  }
  await it.put('applications', {
    ...((await it.store.get('applications', it.tenant.id, 'web')) ?? assert.fail()),
    grantTypes: ['password', 'http://auth0.com/oauth/grant-type/mfa-otp', 'http://auth0.com/oauth/grant-type/mfa-oob'],
  })
  const otp = { grant_type: 'http://auth0.com/oauth/grant-type/mfa-otp', otp: app.code() }
  const there = await send('/oauth/token', { ...otp, mfa_token: await login('ada') })
  assert.equal(there.status, 200, there.text)
  await it.addUser('bea')
  const mfa_token = await login('bea')
  const body = { authenticator_types: ['oob'], oob_channels: ['sms'], phone_number: phone }
  const begun = await send('/mfa/associate', body, { authorization: `Bearer ${mfa_token}` })
  const oob = { grant_type: 'http://auth0.com/oauth/grant-type/mfa-oob', oob_code: begun.body.oob_code }
  const confirmed = await send('/oauth/token', { ...oob, mfa_token, binding_code: await it.lastCode() })
  assert.equal(confirmed.status, 200, confirmed.text)
  const here = await it.prove(await it.password('bea'), 'sms', code(it))
  assert.ok((await amrOf(it, here)).includes('sms'))
})
