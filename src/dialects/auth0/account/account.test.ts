import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { base, bearer, type Reply } from '#test/support/auth0.ts'
import { otherThan } from '#test/support/world.ts'
import { type Apis, openApis } from '../testing/apis.ts'

const phone = '+15551234567'
const methods = '/authentication-methods'

/** The path of a method, from its absolute `Location`. */
const pathOf = (reply: Reply): string => {
  const location = String(reply.headers.location)
  assert.ok(location.startsWith(`${base}/me/v1/`), location)
  return location.slice(`${base}/me/v1`.length)
}

/** Enrols an authenticator app through this API. */
async function enrolApp(it: Apis, token: string) {
  const asked = await it.me(token, 'POST', methods, { type: 'totp' })
  assert.equal(asked.status, 202, asked.text)
  const { auth_session, manual_input_code } = asked.body
  const otp_code = it.totpCode(manual_input_code)
  const done = await it.me(token, 'POST', `${pathOf(asked)}/verify`, { auth_session, otp_code })
  assert.equal(done.status, 201, done.text)
  return { id: done.body.id as string, secret: manual_input_code as string, path: pathOf(done) }
}

const off = { tenant: { mfa: { mode: 'OFF' } } } as const

describe('My Account: who is let in', () => {
  test('without a good token of this audience: 401 as a problem in application/json', async () => {
    const it = await openApis(off)
    await it.addUser('ada')
    const none = await it.get('/me/v1/factors')
    assert.match(String(none.headers['content-type']), /^application\/json/)
    assert.deepEqual(Object.keys(none.body), ['type', 'status', 'title', 'detail'])
    assert.equal(none.body.status, 401)
    const other = await it.password('ada')
    const mfa = await it.mfaApiToken('ada')
    for (const token of [other.body.access_token, mfa, await it.machineToken(), 'x']) {
      assert.equal((await it.me(token, 'GET', '/factors')).status, 401)
    }
  })

  test('each call asks its own scope', async () => {
    const it = await openApis(off)
    await it.addUser('ada')
    const read = await it.accountToken('ada', 'read:me:factors')
    assert.equal((await it.me(read, 'GET', '/factors')).status, 200)
    const calls = [
      ['GET', methods, 'read'],
      ['POST', methods, 'create'],
      ['GET', `${methods}/x`, 'read'],
      ['PATCH', `${methods}/x`, 'update'],
      ['DELETE', `${methods}/x`, 'delete'],
      ['POST', `${methods}/x/verify`, 'create'],
    ] as const
    for (const [method, path, word] of calls) {
      const reply = await it.me(read, method, path)
      assert.equal(reply.status, 403, path)
      assert.equal(reply.body.detail, `Insufficient scope, expected: ${word}:me:authentication_methods`)
    }
  })

  test('a blocked user and one who changed the password are out', async () => {
    const it = await openApis(off)
    const ada = await it.addUser('ada')
    const token = await it.accountToken('ada')
    it.clock.advance(2)
    await it.put('users', { ...(await it.user(ada.id)), passwordChangedAt: it.clock.now() })
    assert.equal((await it.me(token, 'GET', '/factors')).status, 401)
    const fresh = await it.accountToken('ada')
    assert.equal((await it.me(fresh, 'GET', '/factors')).status, 200)
    await it.put('users', { ...(await it.user(ada.id)), blocked: true })
    assert.equal((await it.me(fresh, 'GET', '/factors')).status, 401)
  })

  test('a user with a factor must prove it for a token that may change something, also where the policy is OFF (S-63)', async () => {
    const it = await openApis()
    await it.addUser('ada')
    await it.enrolSms('ada')
    await it.setTenant({ mfa: { mode: 'OFF' } })
    const asked = (scope: string) => it.password('ada', { audience: `${base}/me/`, scope })
    assert.equal((await asked('read:me:factors')).status, 200)
    for (const word of ['create', 'update', 'delete']) {
      assert.equal((await asked(`${word}:me:authentication_methods`)).body.error, 'mfa_required', word)
    }
  })

  test('a saved code alone does not give such a token (S-46)', async () => {
    const it = await openApis()
    await it.addUser('ada')
    const { recoveryCode } = await it.enrolSms('ada')
    const first = await it.password('ada', { audience: `${base}/me/`, scope: 'delete:me:authentication_methods' })
    const { mfa_token } = first.body
    const grant = { grant_type: 'http://auth0.com/oauth/grant-type/mfa-recovery-code', mfa_token }
    const reply = await it.token({ ...grant, recovery_code: recoveryCode })
    assert.deepEqual([reply.status, reply.body.error], [403, 'mfa_required'])
    // It is spent all the same, and its successor is shown now or never (S-45).
    const again = await it.token({ ...grant, recovery_code: recoveryCode })
    assert.deepEqual([again.status, again.body.error], [403, 'invalid_grant'])
    const login = { ...grant, mfa_token: await it.mfaToken('ada') }
    assert.equal((await it.token({ ...login, recovery_code: reply.body.recovery_code })).status, 200)
  })

  test('browsers of registered origins may call it and read Location', async () => {
    const it = await openApis(off)
    const origin = 'http://localhost:5173'
    const asks = { origin, 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'authorization' }
    const path = `/me/v1${methods}/totp%7Cdev_x`
    const pre = await it.server.app.inject({ method: 'OPTIONS', url: path, headers: asks })
    assert.equal(pre.statusCode, 204)
    assert.match(String(pre.headers['access-control-allow-methods']), /PATCH.*DELETE/)
    assert.match(String(pre.headers['access-control-allow-headers']), /authorization.*content-type.*dpop/)
    const refused = await it.get('/me/v1/factors', { origin })
    assert.equal(refused.headers['access-control-allow-origin'], origin)
    assert.match(String(refused.headers['access-control-expose-headers']), /Location/)
  })
})

describe('My Account: enrolment', () => {
  test('factors of the tenant, with their usage', async () => {
    const it = await openApis({
      tenant: { ...off.tenant, factors: ['password', 'totp', 'sms', 'voice', 'recovery_code'] },
    })
    await it.addUser('ada')
    const token = await it.accountToken('ada')
    assert.deepEqual((await it.me(token, 'GET', '/factors')).body, {
      factors: [
        { type: 'password', usage: ['primary'] },
        { type: 'totp', usage: ['secondary'] },
        { type: 'phone', usage: ['secondary'] },
        { type: 'recovery-code', usage: ['secondary'] },
      ],
    })
  })

  test('members the API does not know are refused, and nothing is begun', async () => {
    const it = await openApis(off)
    await it.addUser('ada')
    const token = await it.accountToken('ada')
    for (const more of [{ location: 'x' }, { name: 'App' }]) {
      const reply = await it.me(token, 'POST', methods, { type: 'totp', ...more })
      assert.deepEqual([reply.status, reply.body.type], [400, 'urn:polyfactor:problem:invalid_body'], reply.text)
    }
    assert.deepEqual((await it.me(token, 'GET', `${methods}?type=totp`)).body, { authentication_methods: [] })
  })

  test('an address that is none is not called a number', async () => {
    const it = await openApis(off)
    await it.addUser('ada')
    const token = await it.accountToken('ada')
    const problemOf = async (body: object) => {
      const { type, detail } = (await it.me(token, 'POST', methods, body)).body
      return [String(type).replace(/^.*:/, ''), detail]
    }
    const mail = await problemOf({ type: 'email', email: 'nobody' })
    assert.deepEqual(mail, ['invalid_body', 'The email address is invalid.'])
    const number = await problemOf({ type: 'phone', phone_number: 'nobody' })
    assert.deepEqual(number, ['invalid_phone_number', 'The phone number is invalid.'])
  })

  test('who has used up their messages is told when to come back, in the headers of every limited endpoint', async () => {
    const it = await openApis(off)
    await it.addUser('ada')
    const token = await it.accountToken('ada')
    const ask = (last: number) => it.me(token, 'POST', methods, { type: 'phone', phone_number: `+1555123450${last}` })
    for (let last = 0; last < 10; last += 1) assert.equal((await ask(last)).status, 202)
    const { status, headers } = await ask(0)
    const now = Math.ceil(it.clock.now() / 1_000)
    const wait = Number(headers['retry-after'])
    assert.deepEqual(
      [status, headers['x-ratelimit-limit'], headers['x-ratelimit-remaining'], headers['x-ratelimit-reset']],
      [429, '10', '0', String(now + wait)],
    )
  })

  test('an authenticator app: 202 with Location, 201, and it works at login', async () => {
    const it = await openApis()
    await it.setTenant({ mfa: { mode: 'OFF' } })
    await it.addUser('ada')
    const token = await it.accountToken('ada')
    const asked = await it.me(token, 'POST', methods, { type: 'totp' })
    assert.deepEqual(Object.keys(asked.body).sort(), ['auth_session', 'barcode_uri', 'id', 'manual_input_code'])
    assert.equal(asked.headers.location, `${base}/me/v1/authentication-methods/${encodeURIComponent(asked.body.id)}`)
    assert.match(asked.body.id, /^totp\|dev_[A-Za-z0-9]{16}$/)
    const { auth_session, manual_input_code } = asked.body
    const verify = `${pathOf(asked)}/verify`
    const good = it.totpCode(manual_input_code)
    const wrong = await it.me(token, 'POST', verify, { auth_session, otp_code: otherThan(good) })
    assert.deepEqual([wrong.status, wrong.body.type], [400, 'urn:polyfactor:problem:invalid_otp'])
    const done = await it.me(token, 'POST', verify, { auth_session, otp_code: good })
    assert.equal(done.status, 201, done.text)
    const { created_at, last_auth_at, ...rest } = done.body
    assert.ok(created_at)
    assert.deepEqual(rest, { id: asked.body.id, type: 'totp', usage: ['secondary'], confirmed: true })
    assert.equal(done.headers.location, asked.headers.location)
    assert.equal((await it.me(token, 'POST', verify, { auth_session, otp_code: good })).status, 400)
    await it.setTenant({ mfa: { mode: 'ALWAYS' } })
    it.clock.advance(30)
    const otp = it.totpCode(manual_input_code)
    const mfa_token = await it.mfaToken('ada')
    const login = await it.token({ grant_type: 'http://auth0.com/oauth/grant-type/mfa-otp', mfa_token, otp })
    assert.equal(login.status, 200, login.text)
  })

  test('a phone and an address, with a code; the verifying token may be another one', async () => {
    const it = await openApis(off)
    await it.addUser('ada')
    const create = 'create:me:authentication_methods'
    const [first, second] = [await it.accountToken('ada', create), await it.accountToken('ada', create)]
    const wanted = [
      { type: 'phone', phone_number: '+1 (555) 123-4567', preferred_authentication_method: 'voice' },
      { type: 'email', email: 'other@example.com' },
    ]
    for (const body of wanted) {
      const asked = await it.me(first, 'POST', methods, body)
      assert.equal(asked.status, 202, asked.text)
      assert.deepEqual(Object.keys(asked.body).sort(), ['auth_session', 'id'])
      const proof = { auth_session: asked.body.auth_session, otp_code: await it.lastCode() }
      const done = await it.me(second, 'POST', `${pathOf(asked)}/verify`, proof)
      assert.equal(done.status, 201, done.text)
      if (body.type === 'phone') {
        assert.deepEqual([done.body.phone_number, done.body.preferred_authentication_method], [phone, 'voice'])
      } else assert.equal(done.body.email, 'other@example.com')
    }
    assert.deepEqual((await it.outbox()).map((one) => one.channel).filter((one) => one === 'voice').length, 1)
  })

  test('an auth_session is good for its own enrolment, user and client only', async () => {
    const it = await openApis(off)
    await it.addUser('ada')
    await it.addUser('bob')
    const [ada, bob] = [await it.accountToken('ada'), await it.accountToken('bob')]
    const mine = await it.me(ada, 'POST', methods, { type: 'phone', phone_number: phone })
    const code = await it.lastCode()
    const other = await it.me(ada, 'POST', methods, { type: 'totp' })
    const his = await it.me(bob, 'POST', `${pathOf(mine)}/verify`, {
      auth_session: mine.body.auth_session,
      otp_code: code,
    })
    assert.equal(his.status, 400)
    for (const auth_session of [other.body.auth_session, 'x', 'x.y', `${mine.body.auth_session}x`]) {
      const reply = await it.me(ada, 'POST', `${pathOf(mine)}/verify`, { auth_session, otp_code: code })
      assert.equal(reply.body.type, 'urn:polyfactor:problem:enrollment_transaction_not_found', auth_session)
    }
    const crossed = await it.me(ada, 'POST', `${pathOf(other)}/verify`, {
      auth_session: mine.body.auth_session,
      otp_code: code,
    })
    assert.equal(crossed.status, 400)
    const rows = JSON.stringify([
      await it.store.list('authenticators', it.tenant.id),
      await it.store.list('artifacts', it.tenant.id),
    ])
    for (const half of mine.body.auth_session.split('.')) assert.equal(rows.includes(half), false)
    const right = await it.me(ada, 'POST', `${pathOf(mine)}/verify`, {
      auth_session: mine.body.auth_session,
      otp_code: code,
    })
    assert.equal(right.status, 201, right.text)
  })

  test('five wrong codes end an enrolment, a late one is told apart, and nothing was enrolled', async () => {
    const it = await openApis(off)
    const ada = await it.addUser('ada')
    const token = await it.accountToken('ada')
    const started = await it.me(token, 'POST', methods, { type: 'phone', phone_number: phone })
    const code = await it.lastCode()
    const { auth_session } = started.body
    const verify = (otp_code?: string) => it.me(token, 'POST', `${pathOf(started)}/verify`, { auth_session, otp_code })
    assert.equal((await verify(undefined)).body.type, 'urn:polyfactor:problem:field_required')
    for (let attempt = 0; attempt < 5; attempt++) assert.equal((await verify(otherThan(code))).status, 400)
    assert.equal((await verify(code)).body.type, 'urn:polyfactor:problem:invalid_otp')
    const late = await it.me(token, 'POST', methods, { type: 'phone', phone_number: phone })
    const lateCode = await it.lastCode()
    it.clock.advance(301)
    const reply = await it.me(token, 'POST', `${pathOf(late)}/verify`, {
      auth_session: late.body.auth_session,
      otp_code: lateCode,
    })
    assert.equal(reply.body.type, 'urn:polyfactor:problem:transaction_expired')
    assert.equal(
      (await it.authenticators(ada)).some((one) => one.state === 'confirmed'),
      false,
    )
  })

  test('a recovery code is shown first and counts once it is verified; then the old one is dead (S-45)', async () => {
    const it = await openApis()
    await it.addUser('ada')
    const { recoveryCode } = await it.enrolSms('ada')
    const token = await it.accountToken('ada')
    const asked = await it.me(token, 'POST', methods, { type: 'recovery-code' })
    assert.equal(asked.status, 202, asked.text)
    const { recovery_code, auth_session } = asked.body
    assert.match(recovery_code, /^[A-Z0-9]{24}$/)
    const done = await it.me(token, 'POST', `${pathOf(asked)}/verify`, { auth_session })
    assert.deepEqual([done.status, done.body.type, done.body.confirmed], [201, 'recovery-code', true], done.text)
    assert.equal((await it.me(token, 'POST', `${pathOf(asked)}/verify`, { auth_session })).status, 400)
    const use = async (code: string) =>
      it.token({
        grant_type: 'http://auth0.com/oauth/grant-type/mfa-recovery-code',
        mfa_token: await it.mfaToken('ada'),
        recovery_code: code,
      })
    assert.equal((await use(recoveryCode)).status, 403)
    assert.equal((await use(recovery_code)).status, 200)
  })

  test('an offered recovery code that is not taken changes nothing', async () => {
    const it = await openApis()
    await it.addUser('ada')
    const { recoveryCode } = await it.enrolSms('ada')
    const token = await it.accountToken('ada')
    const asked = await it.me(token, 'POST', methods, { type: 'recovery-code' })
    it.clock.advance(16)
    const use = async (recovery_code: string) =>
      it.token({
        grant_type: 'http://auth0.com/oauth/grant-type/mfa-recovery-code',
        mfa_token: await it.mfaToken('ada'),
        recovery_code,
      })
    assert.equal((await use(asked.body.recovery_code)).status, 403)
    assert.equal((await use(recoveryCode)).status, 200)
  })

  test('the password is changed with a fresh token, and everything the old one opened ends (S-68)', async () => {
    const it = await openApis(off)
    await it.addUser('ada')
    const session = await it.password('ada')
    const token = await it.accountToken('ada')
    const asked = await it.me(token, 'POST', methods, { type: 'password' })
    assert.equal(asked.body.policy.complexity.min_length, 8)
    const { auth_session } = asked.body
    const verify = (new_password?: string) =>
      it.me(token, 'POST', `${pathOf(asked)}/verify`, { auth_session, new_password })
    assert.equal((await verify()).status, 400)
    assert.equal((await verify('short')).status, 400)
    it.clock.advance(2)
    const done = await verify('another quite long secret')
    assert.deepEqual([done.status, done.body.type], [201, 'password'], done.text)
    assert.equal((await verify('a third quite long secret')).status, 401)
    const refresh = { grant_type: 'refresh_token', refresh_token: session.body.refresh_token }
    assert.equal((await it.token(refresh)).body.error, 'invalid_grant')
    assert.equal((await it.password('ada', { password: 'another quite long secret' })).status, 200)
  })

  test('what cannot be enrolled is 400, and is told which member is wrong', async () => {
    const it = await openApis({ tenant: { ...off.tenant, factors: ['password', 'totp', 'recovery_code'] } })
    await it.addUser('ada')
    const token = await it.accountToken('ada')
    const start = (body: unknown) => it.me(token, 'POST', methods, body)
    for (const type of ['push-notification', 'passkey', 'webauthn-platform', 'webauthn-roaming']) {
      assert.deepEqual([type, (await start({ type })).status], [type, 400])
    }
    const offFactor = await start({ type: 'phone', phone_number: phone })
    assert.equal(offFactor.body.type, 'urn:polyfactor:problem:auth_method_disabled')
    const missing = await start({ type: 'phone' })
    assert.deepEqual(missing.body.validation_errors[0].pointer, '/phone_number')
    assert.equal((await start({ type: 'abacus' })).status, 400)
    assert.equal((await start(undefined)).status, 400)
    assert.equal((await start([])).status, 400)
    const form = await it.form(`/me/v1${methods}`, { type: 'totp' }, bearer(token))
    assert.equal(form.body.status, 415)
  })

  test('a wrong number is 400, and connected accounts are a 404 problem', async () => {
    const it = await openApis(off)
    await it.addUser('ada')
    const token = await it.accountToken('ada')
    const bad = await it.me(token, 'POST', methods, { type: 'phone', phone_number: '555' })
    assert.equal(bad.body.type, 'urn:polyfactor:problem:invalid_phone_number')
    const connected = await it.me(token, 'POST', '/connected-accounts/connect', {})
    assert.deepEqual([connected.status, connected.body.status], [404, 404])
  })
})

describe('My Account: what is there', () => {
  test('list, filter, read, rename; never a secret (S-14)', async () => {
    const it = await openApis(off)
    await it.addUser('ada')
    const token = await it.accountToken('ada')
    const app = await enrolApp(it, token)
    const list = (await it.me(token, 'GET', methods)).body.authentication_methods
    assert.deepEqual(list.map((one: { type: string }) => one.type).sort(), ['password', 'totp'])
    const filtered = (await it.me(token, 'GET', `${methods}?type=totp`)).body.authentication_methods
    assert.deepEqual(
      filtered.map((one: { id: string }) => one.id),
      [app.id],
    )
    const renamed = await it.me(token, 'PATCH', app.path, { name: 'My phone' })
    assert.deepEqual([renamed.status, renamed.body.name], [200, 'My phone'])
    const one = await it.me(token, 'GET', app.path)
    assert.deepEqual(one.body, renamed.body)
    assert.equal([one.text, renamed.text, JSON.stringify(list)].join().includes(app.secret), false)
    assert.equal((await it.me(token, 'PATCH', app.path, { preferred_authentication_method: 'sms' })).status, 400)
    const told = (await it.outbox()).filter((mail) => mail.text.includes('renamed or changed'))
    assert.equal(told.length, 1)
    const password = list.find((entry: { type: string }) => entry.type === 'password')
    const path = `${methods}/${encodeURIComponent(password.id)}`
    assert.deepEqual((await it.me(token, 'GET', path)).body, password)
    assert.equal((await it.me(token, 'DELETE', path)).status, 409)
  })

  test('ids of other kinds and of other users are not there', async () => {
    const it = await openApis(off)
    await it.addUser('ada')
    await it.addUser('bob')
    const [ada, bob] = [await it.accountToken('ada'), await it.accountToken('bob')]
    const app = await enrolApp(it, ada)
    for (const method of ['GET', 'DELETE'] as const) assert.equal((await it.me(bob, method, app.path)).status, 404)
    assert.equal((await it.me(bob, 'PATCH', app.path, { name: 'x' })).status, 404)
    assert.equal((await it.me(ada, 'GET', app.path.replace('totp', 'phone'))).status, 404)
    assert.equal((await it.me(ada, 'GET', app.path)).status, 200)
  })

  test('the last factor stays while policy requires one: 409 (S-66)', async () => {
    const it = await openApis()
    await it.addUser('ada')
    await it.enrolSms('ada')
    const token = await it.accountToken('ada')
    const [sms] = (await it.me(token, 'GET', `${methods}?type=phone`)).body.authentication_methods
    const path = `${methods}/${encodeURIComponent(sms.id)}`
    const kept = await it.me(token, 'DELETE', path)
    assert.deepEqual([kept.status, kept.body.title], [409, 'Conflict'])
    await enrolApp(it, token)
    const gone = await it.me(token, 'DELETE', path)
    assert.deepEqual([gone.status, gone.text], [204, ''])
    assert.equal((await it.me(token, 'GET', path)).status, 404)
  })
})
