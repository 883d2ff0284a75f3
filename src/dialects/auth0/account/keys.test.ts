import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { base, type Reply } from '#test/support/auth0.ts'
import { newPushDevice } from '#test/support/push-device.ts'
import { createDevice, flag } from '#test/support/webauthn.ts'
import { type Apis, openApis } from '../testing/apis.ts'

/** Keys and approving devices in the My Account API (auth0.md §5.2), and how the other APIs name them. */

const methods = '/authentication-methods'
const factors = ['password', 'totp', 'sms', 'webauthn', 'push', 'recovery_code']
const problem = (name: string) => `urn:polyfactor:problem:${name}`

let it: Apis
let token = ''
beforeEach(async () => {
  it = await openApis({ tenant: { factors, mfa: { mode: 'OFF' } } })
  await it.addUser('ada')
  token = await it.accountToken('ada')
})

const begin = (type: string, more: object = {}, by = token): Promise<Reply> =>
  it.me(by, 'POST', methods, { type, ...more })
const pathOf = (asked: Reply) => new URL(String(asked.headers.location)).pathname.replace('/me/v1', '')
const verify = (asked: Reply, authn_response: unknown, by = token, auth_session = asked.body.auth_session) =>
  it.me(by, 'POST', `${pathOf(asked)}/verify`, { auth_session, authn_response })
const newDevice = () => createDevice({ origin: base })

async function enrol(type: string, device = newDevice()): Promise<Reply> {
  const asked = await begin(type)
  const done = await verify(asked, device.create(asked.body.authn_params_public_key))
  assert.equal(done.status, 201, done.text)
  return done
}

describe('a key in My Account', () => {
  for (const [type, selection, usage] of [
    ['passkey', { residentKey: 'required', requireResidentKey: true, userVerification: 'required' }, 2],
    [
      'webauthn-platform',
      {
        authenticatorAttachment: 'platform',
        residentKey: 'preferred',
        requireResidentKey: false,
        userVerification: 'preferred',
      },
      1,
    ],
    [
      'webauthn-roaming',
      {
        authenticatorAttachment: 'cross-platform',
        residentKey: 'preferred',
        requireResidentKey: false,
        userVerification: 'preferred',
      },
      1,
    ],
  ] as const) {
    test(`${type}: 202 with Location and options, 201, and its word wherever it is listed`, async () => {
      const asked = await begin(type)
      assert.equal(asked.status, 202, asked.text)
      assert.deepEqual(Object.keys(asked.body).sort(), ['auth_session', 'authn_params_public_key', 'id'])
      assert.ok(asked.body.id.startsWith(`${type}|dev_`))
      assert.equal(asked.headers.location, `${base}/me/v1${methods}/${encodeURIComponent(asked.body.id)}`)
      const options = asked.body.authn_params_public_key
      assert.deepEqual(options.authenticatorSelection, selection)
      const proof = newDevice().create(options)
      const done = await verify(asked, proof)
      assert.equal(done.status, 201, done.text)
      assert.deepEqual([done.body.id, done.body.type, done.body.key_id], [asked.body.id, type, proof.id])
      assert.equal(done.body.usage.length, usage)
      const listed = await it.me(token, 'GET', `${methods}?type=${type}`)
      assert.deepEqual(listed.body.authentication_methods, [done.body])
      const path = `${methods}/${encodeURIComponent(asked.body.id)}`
      assert.equal((await it.me(token, 'GET', path)).body.public_key, done.body.public_key)
      const renamed = await it.me(token, 'PATCH', path, { name: 'on my ring' })
      assert.deepEqual([renamed.status, renamed.body.name], [200, 'on my ring'])
      assert.equal((await it.me(token, 'DELETE', path)).status, 204)
      assert.equal((await it.me(token, 'GET', path)).status, 404)
    })
  }

  test('a passkey is told with all that tells it from others; nothing of it is secret', async () => {
    const { body } = await enrol('passkey')
    assert.deepEqual(Object.keys(body).sort(), [
      ...['aaguid', 'confirmed', 'created_at', 'credential_backed_up', 'credential_device_type', 'id'],
      ...['identity_user_id', 'key_id', 'last_auth_at', 'public_key', 'relying_party_id', 'transports', 'type'],
      ...['usage', 'user_handle'],
    ])
    assert.deepEqual([body.credential_device_type, body.credential_backed_up], ['single_device', false])
  })

  test('one that is enrolled as a passkey signs in alone; one that never made sure of its user does not', async () => {
    const device = newDevice()
    await enrol('passkey', device)
    const asked = await begin('passkey')
    const careless = createDevice({ origin: base, flags: flag.up })
    const refused = await verify(asked, careless.create(asked.body.authn_params_public_key))
    assert.deepEqual([refused.status, refused.body.validation_errors[0].field], [400, 'authn_response'])
    const client = { client_id: 'web', client_secret: 'web-secret' }
    const begun = (await it.post('/passkey/challenge', client)).body
    const done = await it.post('/oauth/token', {
      ...client,
      grant_type: 'urn:okta:params:oauth:grant-type:webauthn',
      auth_session: begun.auth_session,
      authn_response: device.get(begun.authn_params_public_key),
    })
    assert.equal(done.status, 200, done.text)
  })

  test('the answer is required, and of this ceremony, session and user', async () => {
    const asked = await begin('passkey')
    const proof = newDevice().create(asked.body.authn_params_public_key)
    const lacking = await verify(asked, undefined)
    assert.deepEqual([lacking.status, lacking.body.type], [400, problem('invalid_body')])
    const other = await begin('webauthn-roaming')
    assert.equal((await verify(other, proof)).body.validation_errors[0].field, 'authn_response')
    const crossed = await verify(other, proof, token, asked.body.auth_session)
    assert.equal(crossed.body.type, problem('enrollment_transaction_not_found'))
    await it.addUser('bob')
    const his = await verify(asked, proof, await it.accountToken('bob'))
    assert.equal(his.status, 400, his.text)
    assert.equal((await verify(asked, proof)).status, 201)
    assert.equal((await verify(asked, proof)).status, 400, 'once')
  })

  test('after five minutes the options are dead; at another address they were never good', async () => {
    const asked = await begin('passkey')
    const elsewhere = createDevice({ origin: 'https://evil.example' })
    const wrong = await verify(asked, elsewhere.create(asked.body.authn_params_public_key))
    assert.equal(wrong.body.type, problem('invalid_body'))
    it.clock.advance(301)
    const late = await verify(asked, newDevice().create(asked.body.authn_params_public_key))
    assert.equal(late.body.type, problem('transaction_expired'))
  })

  test('a key that somebody has registered already is nobody else’s (S-92)', async () => {
    const { body } = await enrol('passkey')
    await it.addUser('bob')
    const bob = await it.accountToken('bob')
    const asked = await begin('passkey', {}, bob)
    const same = newDevice().create(asked.body.authn_params_public_key, { credentialId: body.key_id })
    assert.equal((await verify(asked, same, bob)).body.validation_errors[0].field, 'authn_response')
  })

  test('another connection or identity than the user’s own is refused', async () => {
    assert.equal((await begin('passkey', { connection: 'users' })).status, 202)
    for (const [field, value] of Object.entries({ connection: 'elsewhere', identity_user_id: 'somebody' })) {
      const { status, body } = await begin('passkey', { [field]: value })
      assert.deepEqual([status, body.validation_errors[0].field], [400, field])
    }
  })

  test('where the tenant has no keys and no devices, none is enrolled and none is listed as a factor', async () => {
    await it.setTenant({ factors: ['password', 'totp'] })
    for (const type of ['passkey', 'webauthn-platform', 'webauthn-roaming', 'push-notification']) {
      assert.equal((await begin(type)).body.type, problem('auth_method_disabled'), type)
    }
    const { body } = await it.me(token, 'GET', '/factors')
    assert.deepEqual(
      body.factors.map((one: { type: string }) => one.type),
      ['password', 'totp'],
    )
  })

  test('the last one stays while the policy asks for one (S-66)', async () => {
    const { body } = await enrol('webauthn-roaming')
    await it.setTenant({ mfa: { mode: 'ALWAYS' } })
    const reply = await it.me(token, 'DELETE', `${methods}/${encodeURIComponent(body.id)}`)
    assert.deepEqual([reply.status, reply.body.type], [409, problem('enrollment_conflict')])
  })
})

describe('an approving device in My Account', () => {
  test('waits for the device, is confirmed once it has spoken, and keeps nothing that its code says', async () => {
    const asked = await begin('push-notification')
    assert.deepEqual(Object.keys(asked.body).sort(), ['auth_session', 'barcode_uri', 'id'])
    const path = `${pathOf(asked)}/verify`
    const { auth_session, barcode_uri } = asked.body
    const early = await it.me(token, 'POST', path, { auth_session })
    assert.deepEqual([early.status, early.body.type], [400, problem('authorization_pending')])
    const rows = JSON.stringify(await it.store.list('authenticators', it.tenant.id))
    assert.ok(!rows.includes(barcode_uri.split('#enrol=')[1]))
    const device = newPushDevice({ home: base, clock: () => it.clock.now() })
    const heard = await it.post('/u/api/authenticator/enrol', { statement: device.enrol(barcode_uri) })
    assert.equal(heard.status, 200, heard.text)
    it.clock.advance(6)
    const done = await it.me(token, 'POST', path, { auth_session })
    assert.deepEqual([done.status, done.body.type, done.body.confirmed], [201, 'push-notification', true], done.text)
    assert.equal((await it.me(token, 'DELETE', pathOf(asked))).status, 204)
  })

  test('polling faster than allowed is 429', async () => {
    const { body, headers } = await begin('push-notification')
    const path = `${new URL(String(headers.location)).pathname.replace('/me/v1', '')}/verify`
    const poll = () => it.me(token, 'POST', path, { auth_session: body.auth_session })
    await poll()
    assert.equal((await poll()).status, 429)
  })
})

describe('a key in the Management API', () => {
  test('is listed with its public parts, read, renamed and deleted by an administrator', async () => {
    const user = (await it.store.list('users', it.tenant.id, { limit: 1 }))[0] ?? assert.fail()
    const path = `/users/${encodeURIComponent(`auth0|${user.id}`)}${methods}`
    const mine = (await enrol('webauthn-platform')).body
    const [listed] = (await it.api('GET', path)).body
    const { id, type, key_id, public_key, relying_party_identifier, confirmed } = listed
    assert.deepEqual([id, type, key_id, public_key], [mine.id, 'webauthn-platform', mine.key_id, mine.public_key])
    assert.deepEqual([relying_party_identifier, confirmed], ['localhost', true])
    const one = `${path}/${encodeURIComponent(id)}`
    assert.equal((await it.api('PATCH', one, { name: 'laptop' })).body.name, 'laptop')
    const [enrolment] = (await it.api('GET', `/users/${encodeURIComponent(`auth0|${user.id}`)}/enrollments`)).body
    assert.deepEqual([enrolment.type, enrolment.name], ['webauthn-platform', 'laptop'])
    assert.equal((await it.api('DELETE', one)).status, 204)
    assert.deepEqual((await it.api('GET', path)).body, [])
  })
})

test('no saved code comes with a first enrolment here, since nobody would be shown it', async () => {
  await enrol('passkey')
  const { body } = await it.me(token, 'GET', methods)
  assert.deepEqual(
    body.authentication_methods.map((one: { type: string }) => one.type),
    ['password', 'passkey'],
  )
})
