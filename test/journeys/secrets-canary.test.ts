import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { base32Decode } from '#crypto/base32.ts'
import { newPushDevice, secretIn } from '../support/push-device.ts'
import { type Answered, startServer, type TestServer } from '../support/server.ts'
import { api, conformance, emailOf, grant, passwordOf, secretOf, someone } from './support.ts'

/**
 * The canary of S-148: everything secret that went over the wire is looked for where it must not be, in the log at its
 * most talkative, the metrics, the audit trail, the bodies of errors, and (what can be told from noise) on the disk.
 */

const phone = '+15551234567'
const credentials = { client_id: 'web', client_secret: secretOf('web') }
/** Secrets, each with a word for it. Six digits are looked for as a word of their own. */
const secrets = new Map<string, string>()
/** Data about people: no place in logs and metrics, though of course in the audit trail's ids and in answers. */
const personal = new Map<string, string>([
  [phone, 'phone number'],
  [emailOf('ada'), 'e-mail address'],
])
const errors: Answered[] = []

let server: TestServer

before(async () => {
  const config = conformance([someone('ada')], { factors: ['password', 'totp', 'sms', 'push', 'recovery_code'] })
  server = await startServer({ config, env: { LOG_LEVEL: 'trace' } })
  secrets.set(passwordOf('ada'), 'password')
  secrets.set(secretOf('web'), 'client secret')
  await everything()
})
after(() => server.stop())

/** Notes what an answer holds that is secret. */
function note(reply: Answered): Answered {
  if (reply.status >= 400) errors.push(reply)
  for (const name of [
    'access_token',
    'refresh_token',
    'id_token',
    'mfa_token',
    'oob_code',
    'secret',
    'recovery_code',
  ]) {
    const value = reply.body?.[name]
    if (typeof value === 'string') secrets.set(value, name)
  }
  for (const code of reply.body?.recovery_codes ?? []) secrets.set(code, 'recovery code')
  return reply
}

const token = async (body: Record<string, string>) =>
  note(await server.form('/oauth/token', { ...credentials, ...body }))
const bearer = (value: string) => ({ authorization: `Bearer ${value}` })

async function code(): Promise<string> {
  const sent = await server.lastCode()
  secrets.set(sent, 'code')
  return sent
}

async function login(more: Record<string, string> = {}): Promise<string> {
  const reply = await token({
    grant_type: 'password',
    username: emailOf('ada'),
    password: passwordOf('ada'),
    audience: api,
    scope: 'openid profile email offline_access',
    ...more,
  })
  return reply.body.mfa_token
}

/** Each flow once, right and wrong. */
async function everything(): Promise<void> {
  const wrongPassword = 'a wrong password nobody may read'
  secrets.set(wrongPassword, 'wrong password')
  await login({ password: wrongPassword })
  const first = await login()
  const asked = note(
    await server.json(
      '/mfa/associate',
      { authenticator_types: ['oob'], oob_channels: ['sms'], phone_number: phone },
      bearer(first),
    ),
  )
  const oob = { grant_type: grant.oob, mfa_token: first, oob_code: asked.body.oob_code }
  await token({ ...oob, binding_code: '000000' })
  const signedIn = await token({ ...oob, binding_code: await code() })
  assert.equal(signedIn.status, 200, signedIn.text)

  const audience = `${server.publicUrl}/mfa/`
  const second = await login({ audience, scope: 'enroll read:authenticators' })
  const again = note(await server.json('/mfa/challenge', { ...credentials, mfa_token: second, challenge_type: 'oob' }))
  const managing = await token({
    grant_type: grant.oob,
    mfa_token: second,
    oob_code: again.body.oob_code,
    binding_code: await code(),
  })
  const jwt = managing.body.access_token
  const app = note(await server.json('/mfa/associate', { authenticator_types: ['otp'] }, bearer(jwt)))
  const otp = await server.totp(app.body.secret)
  secrets.set(otp, 'TOTP code')
  assert.equal((await token({ grant_type: grant.otp, mfa_token: jwt, otp })).status, 200)
  await token({ grant_type: grant.otp, mfa_token: await login(), otp })
  const saved = asked.body.recovery_codes[0]
  await token({ grant_type: grant.recovery, mfa_token: await login(), recovery_code: saved })
  await token({ grant_type: grant.recovery, mfa_token: await login(), recovery_code: saved })

  await approvals(jwt)

  const { refresh_token, access_token } = signedIn.body
  await token({ grant_type: 'refresh_token', refresh_token })
  await server.advance(60)
  await token({ grant_type: 'refresh_token', refresh_token })
  for (const value of [access_token, jwt, refresh_token, first, 'x']) {
    note(await server.send('GET', '/userinfo', { headers: bearer(value) }))
    note(await server.send('GET', '/mfa/authenticators', { headers: bearer(value) }))
    note(await server.send('GET', `/mfa/authenticators/${encodeURIComponent(value)}?mfa_token=${value}`))
    note(await server.form('/oauth/introspect', { ...credentials, token: value }))
    note(await server.form('/oauth/revoke', { ...credentials, token: value }))
  }
  note(
    await server.json('/passwordless/start', { ...credentials, connection: 'sms', phone_number: phone, send: 'code' }),
  )
  const passwordless = { grant_type: grant.passwordless, realm: 'sms', username: phone }
  await token({ ...passwordless, otp: '000000' })
  await token({ ...passwordless, otp: await code() })
  const newPassword = 'the quite long password of a newcomer'
  secrets.set(newPassword, 'password at sign-up')
  const signup = { ...credentials, email: 'new@example.com', connection: 'Username-Password-Authentication' }
  personal.set('new@example.com', 'e-mail address at sign-up')
  for (let n = 0; n < 2; n++) note(await server.json('/dbconnections/signup', { ...signup, password: newPassword }))
  // Secrets where they do not belong: in a query, in a broken body, in a body of the wrong type.
  const odd = `grant_type=password&password=${encodeURIComponent(passwordOf('ada'))}&client_secret=${secretOf('web')}`
  note(await server.send('POST', `/oauth/token?${odd}`))
  note(await server.send('GET', `/authorize?${odd}&client_id=web&response_type=code&login_hint=${emailOf('ada')}`))
  for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
    note(await server.send('POST', '/oauth/token', { headers: { 'content-type': type }, body: `{"x":"${odd}` }))
  }
  note(await server.send('POST', '/oauth/token', { headers: { 'content-type': 'text/plain' }, body: odd }))
}

/** A device is bound with a secret and told where to be alerted; a number is shown, typed wrong, and typed right. */
async function approvals(jwt: string): Promise<void> {
  const device = newPushDevice({ home: server.publicUrl })
  const say = async (path: string, statement: string) =>
    note(await server.json(`/u/api/authenticator/${path}`, { statement }))
  const endpoint = 'https://fcm.googleapis.com/fcm/send/where-a-device-is-alerted'
  const keys = { p256dh: 'B'.repeat(87), auth: 'aSecretOfTheBrowser-22' }
  for (const secret of [endpoint, keys.auth]) secrets.set(secret, 'subscription')
  const body = { authenticator_types: ['oob'], oob_channels: ['auth0'] }
  const begun = note(await server.json('/mfa/associate', body, bearer(jwt)))
  secrets.set(secretIn(begun.body.barcode_uri), 'enrolment secret')
  const enrolling = device.enrol(begun.body.barcode_uri, { subscription: { endpoint, keys } })
  await say('enrol', enrolling)
  await say('enrol', enrolling)
  await token({ grant_type: grant.oob, mfa_token: jwt, oob_code: begun.body.oob_code })
  const mfa_token = await login()
  const asked = note(
    await server.json('/mfa/challenge', { ...credentials, mfa_token, challenge_type: 'oob', oob_channel: 'auth0' }),
  )
  const [handle = '', number = ''] = asked.body.oob_code.split('.')
  secrets.set(handle, 'challenge').set(number, 'number')
  const [request] = (await say('requests', device.say('list'))).body.requests
  await say('answer', device.answer(request, 'allow', '000000'))
  await say('answer', device.answer(request, 'allow', number))
  await token({ grant_type: grant.oob, mfa_token, oob_code: asked.body.oob_code })
}

/** Which of these are in a text, by their words. */
function found(text: string, values: ReadonlyMap<string, string>): string[] {
  return [...values].flatMap(([value, word]) => {
    const there = /^\d{6}$/.test(value) ? new RegExp(`\\b${value}\\b`).test(text) : text.includes(value)
    return there ? [word] : []
  })
}

test('the canary has something to look for', () => {
  const words = new Set(secrets.values())
  for (const word of [
    'password',
    'code',
    'TOTP code',
    'secret',
    'access_token',
    'refresh_token',
    'id_token',
    'mfa_token',
    'enrolment secret',
    'number',
  ]) {
    assert.ok(words.has(word), word)
  }
  assert.ok(words.has('oob_code') && words.has('recovery code') && words.has('recovery_code'))
  assert.ok(errors.length > 15, `${errors.length} errors`)
  assert.ok(server.log().split('\n').length > 30, 'the log is talkative')
})

test('no secret and nothing personal is in the log at level trace', () => {
  assert.deepEqual(found(server.log(), secrets), [])
  assert.deepEqual(found(server.log(), personal), [])
})

test('no secret and nothing personal is in the metrics', async () => {
  const { text } = await server.send('GET', '/metrics')
  assert.ok(text.length > 500)
  assert.deepEqual(found(text, secrets), [])
  assert.deepEqual(found(text, personal), [])
})

test('no error repeats a secret it was sent', () => {
  for (const reply of errors) {
    // An mfa_required is an error that carries a token, and it is there by contract.
    const text = reply.body?.error === 'mfa_required' ? reply.body.error_description : reply.text
    assert.deepEqual(found(text, secrets), [], reply.text)
  }
})

test('no secret is in the audit trail', async () => {
  const all: string[] = []
  let after = ''
  for (let page = 0; page < 20; page++) {
    const reply = await server.admin('GET', `/tenants/demo/events?limit=100${after}`)
    assert.equal(reply.status, 200, reply.text)
    all.push(reply.text)
    if (!reply.body.next) break
    after = `&after=${encodeURIComponent(reply.body.next)}`
  }
  assert.match(all.join(), /proof\.checked/)
  assert.deepEqual(found(all.join(), secrets), [])
})

test('no secret that can be told from noise is on the disk in clear', () => {
  const bytes = readdirSync(server.folder)
    .filter((name) => name.startsWith('store.db'))
    .map((name) => readFileSync(join(server.folder, name)))
  assert.ok(bytes.length > 0)
  const long = [...secrets].filter(([value]) => value.length > 6)
  for (const [value, word] of long) {
    for (const file of bytes) assert.ok(!file.includes(value), word)
    const raw = word === 'secret' ? base32Decode(value) : undefined
    if (raw) for (const file of bytes) assert.ok(!file.includes(raw), 'TOTP secret, raw')
  }
})
