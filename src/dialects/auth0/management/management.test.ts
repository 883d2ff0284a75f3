import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { listTrustedDevices, trustDevice } from '#engine/trusted-devices.ts'
import { base, bearer } from '#test/support/auth0.ts'
import { openApis } from '../testing/apis.ts'

const phone = '+15551234567'
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

/** The path of a user, as SDKs send it. */
const at = (user: { readonly id: string }, rest = '') => `/users/${encodeURIComponent(`auth0|${user.id}`)}${rest}`
const methods = '/authentication-methods'

describe('Management API: who is let in', () => {
  test('no token, a bad one, or one of a user: 401 in the Management body style', async () => {
    const it = await openApis({ tenant: { mfa: undefined } })
    await it.addUser('ada')
    const none = await it.get('/api/v2/guardian/factors')
    assert.equal(none.status, 401)
    assert.deepEqual(none.body, {
      statusCode: 401,
      error: 'Unauthorized',
      message: 'Missing authentication',
      errorCode: 'invalid_token',
    })
    assert.equal((await it.get('/api/v2/guardian/factors', bearer('abc'))).body.errorCode, 'invalid_token')
    const user = await it.password('ada')
    assert.equal((await it.get('/api/v2/guardian/factors', bearer(user.body.access_token))).status, 401)
  })

  test("a user's token for an API that is named like this one is no machine's", async () => {
    const it = await openApis({ tenant: { mfa: undefined } })
    const audience = `${base}/api/v2/`
    await it.put('apis', {
      tenant: it.tenant.id,
      id: audience,
      name: 'impostor',
      scopes: ['read:users'],
      accessTokenLifetime: 600,
      allowOfflineAccess: false,
    })
    await it.addUser('ada')
    const user = await it.password('ada', { audience, scope: 'read:users' })
    assert.equal(user.status, 200, user.text)
    assert.equal((await it.get('/api/v2/users', bearer(user.body.access_token))).status, 401)
  })

  test('a missing scope is named; a grant that was taken away counts at once', async () => {
    const it = await openApis()
    const narrow = await it.machineToken('read:users')
    const reply = await it.call(narrow, 'GET', '/api/v2/guardian/factors')
    assert.deepEqual(reply.body, {
      statusCode: 403,
      error: 'Forbidden',
      message: 'Insufficient scope, expected any of: read:guardian_factors',
      errorCode: 'insufficient_scope',
    })
    assert.equal((await it.call(narrow, 'GET', '/api/v2/users')).status, 200)
    await it.setGrant([])
    assert.equal((await it.call(narrow, 'GET', '/api/v2/users')).status, 403)
  })

  test('wrong method, media type, size, JSON and unknown paths are refused in the same style', async () => {
    const it = await openApis()
    const send = (type: string, payload: string) =>
      it.send('PUT', '/api/v2/guardian/policies', { headers: { 'content-type': type }, payload })
    const codes = [
      (await it.api('PATCH', '/guardian/factors')).body,
      (await send('text/plain', 'x')).body,
      (await send('application/json', `"${'x'.repeat(80_000)}"`)).body,
      (await send('application/json', '[')).body,
      (await it.api('GET', '/nothing')).body,
    ].map((body) => [body.statusCode, body.errorCode])
    assert.deepEqual(codes, [
      [405, 'method_not_allowed'],
      [415, 'unsupported_media_type'],
      [413, 'payload_too_large'],
      [400, 'invalid_body'],
      [404, 'not_found'],
    ])
  })
})

describe('Management API: factors and policies', () => {
  const fresh = () => openApis({ tenant: { factors: ['password'], mfa: undefined } })
  const listed = async (it: Awaited<ReturnType<typeof fresh>>) =>
    (await it.api('GET', '/guardian/factors')).body
      .filter((one: { enabled: boolean }) => one.enabled)
      .map((one: { name: string }) => one.name)

  test('a new tenant lists eight factors, in order, all off', async () => {
    const it = await fresh()
    const names = 'sms push-notification otp email duo webauthn-roaming webauthn-platform recovery-code'.split(' ')
    const reply = await it.api('GET', '/guardian/factors')
    assert.deepEqual(
      reply.body,
      names.map((name) => ({ name, enabled: false, trial_expired: false })),
    )
  })

  test('a factor is switched on and off and takes effect at the next login', async () => {
    const it = await fresh()
    assert.deepEqual((await it.api('PUT', '/guardian/factors/otp', { enabled: true })).body, { enabled: true })
    await it.api('PUT', '/guardian/policies', ['all-applications'])
    await it.addUser('ada')
    assert.deepEqual((await it.password('ada')).body.mfa_requirements, { enroll: [{ type: 'otp' }] })
    await it.api('PUT', '/guardian/factors/sms', { enabled: true })
    await it.api('PUT', '/guardian/factors/otp', { enabled: false })
    assert.deepEqual(await listed(it), ['sms'])
    assert.deepEqual((await it.password('ada')).body.mfa_requirements, { enroll: [{ type: 'phone' }] })
  })

  test('dependent factors need an independent one and go with the last of them', async () => {
    const it = await fresh()
    for (const name of ['email', 'recovery-code']) {
      assert.equal((await it.api('PUT', `/guardian/factors/${name}`, { enabled: true })).status, 400, name)
    }
    await it.api('PUT', '/guardian/factors/otp', { enabled: true })
    for (const name of ['email', 'recovery-code']) await it.api('PUT', `/guardian/factors/${name}`, { enabled: true })
    assert.deepEqual(await listed(it), ['otp', 'email', 'recovery-code'])
    await it.api('PUT', '/guardian/factors/otp', { enabled: false })
    assert.deepEqual(await listed(it), [])
  })

  test('what this server does not have cannot be switched on, but off', async () => {
    const it = await fresh()
    assert.equal((await it.api('PUT', '/guardian/factors/duo', { enabled: true })).status, 400)
    assert.deepEqual((await it.api('PUT', '/guardian/factors/duo', { enabled: false })).body, { enabled: false })
    assert.equal((await it.api('PUT', '/guardian/factors/unknown', { enabled: true })).status, 404)
    assert.equal((await it.api('PUT', '/guardian/factors/otp', { enabled: 'yes' })).body.errorCode, 'invalid_body')
  })

  test('message types wait while the phone factor is off', async () => {
    const it = await fresh()
    const path = '/guardian/factors/phone/message-types'
    assert.deepEqual((await it.api('GET', path)).body, { message_types: [] })
    const both = { message_types: ['sms', 'voice'] }
    assert.deepEqual((await it.api('PUT', path, both)).body, both)
    assert.deepEqual(await listed(it), [])
    await it.api('PUT', '/guardian/factors/sms', { enabled: true })
    assert.deepEqual((await it.api('GET', path)).body, both)
    await it.api('PUT', path, { message_types: ['voice'] })
    const tenant = await it.store.get('tenants', it.tenant.id, it.tenant.id)
    assert.deepEqual(tenant?.factors, ['password', 'voice'])
    assert.equal((await it.api('PUT', path, { message_types: [] })).status, 400)
  })

  test('the selected provider is remembered', async () => {
    const it = await fresh()
    const path = '/guardian/factors/phone/selected-provider'
    assert.deepEqual((await it.api('PUT', path, { provider: 'twilio' })).body, { provider: 'twilio' })
    assert.deepEqual((await it.api('GET', path)).body, { provider: 'twilio' })
    assert.deepEqual((await it.api('GET', '/guardian/factors/sms/selected-provider')).body, { provider: 'twilio' })
    assert.equal((await it.api('PUT', path, { provider: 'pigeon' })).status, 400)
  })

  test('policies are a bare array; [] means never, also for users who have a factor', async () => {
    const it = await openApis({ tenant: { mfa: undefined } })
    await it.addUser('ada')
    assert.deepEqual((await it.api('GET', '/guardian/policies')).body, [])
    assert.deepEqual((await it.api('PUT', '/guardian/policies', ['all-applications'])).body, ['all-applications'])
    await it.enrolSms('ada')
    assert.equal((await it.password('ada')).status, 403)
    assert.deepEqual((await it.api('PUT', '/guardian/policies', [])).body, [])
    assert.equal((await it.password('ada')).status, 200)
    assert.deepEqual((await it.api('PUT', '/guardian/policies', ['confidence-score'])).body, ['confidence-score'])
    assert.deepEqual((await it.api('GET', '/guardian/policies')).body, ['confidence-score'])
    assert.equal((await it.api('PUT', '/guardian/policies', { policies: [] })).status, 400)
    assert.equal((await it.api('PUT', '/guardian/policies', ['sometimes'])).status, 400)
  })

  test('a rule that reads the same keeps its interval', async () => {
    const mfa = { mode: 'TIME_BASED', timeBasedSeconds: 3600 } as const
    const it = await openApis({ tenant: { mfa } })
    assert.deepEqual((await it.api('GET', '/guardian/policies')).body, ['confidence-score'])
    await it.api('PUT', '/guardian/policies', ['confidence-score'])
    assert.deepEqual((await it.store.get('tenants', it.tenant.id, it.tenant.id))?.mfa, mfa)
  })
})

describe('Management API: authentication methods', () => {
  test('a phone is made confirmed, masked, with its twins, and works at login', async () => {
    const it = await openApis()
    const ada = await it.addUser('ada')
    const made = await it.api('POST', at(ada, methods), { type: 'phone', phone_number: phone, name: 'mine' })
    assert.equal(made.status, 201, made.text)
    const suffix = made.body.id.slice('phone|dev_'.length)
    assert.equal(made.body.id, `phone|dev_${suffix}`)
    assert.equal(made.body.phone_number, 'XXXXXXXX4567')
    assert.equal('confirmed' in made.body, false)
    assert.equal(made.body.preferred_authentication_method, 'sms')
    assert.deepEqual(made.body.authentication_methods, [
      { id: `sms|dev_${suffix}`, type: 'sms' },
      { id: `voice|dev_${suffix}`, type: 'voice' },
    ])
    assert.deepEqual((await it.password('ada')).body.mfa_requirements.challenge, [{ type: 'phone' }])
    const again = await it.api('POST', at(ada, methods), { type: 'phone', phone_number: '+1 555 123-4567' })
    assert.deepEqual([again.status, again.body.error], [409, 'Conflict'])
  })

  test('lists are bare, or pages with totals; total is missing when there are none', async () => {
    const it = await openApis()
    const ada = await it.addUser('ada')
    const paged = `${at(ada, methods)}?page=0&per_page=50&include_totals=true`
    assert.deepEqual((await it.api('GET', paged)).body, { authenticators: [], start: 0, limit: 50 })
    assert.deepEqual((await it.api('GET', at(ada, methods))).body, [])
    await it.api('POST', at(ada, methods), { type: 'email', email: 'chuck334@example.com', name: 'mail' })
    it.clock.advance(1)
    await it.api('POST', at(ada, methods), { type: 'totp', totp_secret: secret })
    const first = (await it.api('GET', `${at(ada, methods)}?page=0&per_page=1&include_totals=true`)).body
    assert.deepEqual([first.total, first.start, first.limit, first.authenticators.length], [2, 0, 1, 1])
    const { created_at, enrolled_at, id, ...rest } = first.authenticators[0]
    assert.match(id, /^email\|dev_[A-Za-z0-9]{16}$/)
    assert.ok(created_at && enrolled_at)
    assert.deepEqual(rest, { type: 'email', confirmed: true, name: 'mail', email: 'chuc****@exam*******' })
    const second = (await it.api('GET', `${at(ada, methods)}?page=1&per_page=1&include_totals=true`)).body
    assert.deepEqual([second.start, second.authenticators[0].type], [1, 'totp'])
    assert.equal((await it.api('GET', `${at(ada, methods)}?page=-1`)).body.errorCode, 'invalid_query_string')
  })

  test('PUT replaces the whole list and answers it unmasked; all or nothing', async () => {
    const it = await openApis()
    const ada = await it.addUser('ada')
    await it.api('POST', at(ada, methods), { type: 'email', email: 'old@example.com' })
    const bad = [
      { type: 'phone', phone_number: phone },
      { type: 'totp', totp_secret: 'not base32!' },
    ]
    assert.equal((await it.api('PUT', at(ada, methods), bad)).status, 400)
    assert.equal((await it.api('GET', at(ada, methods))).body[0].type, 'email')
    const good = [
      { type: 'phone', phone_number: phone },
      { type: 'totp', totp_secret: secret },
    ]
    const set = await it.api('PUT', at(ada, methods), good)
    assert.equal(set.status, 200, set.text)
    assert.deepEqual(
      set.body.map((one: { type: string; phone_number?: string }) => [one.type, one.phone_number]),
      [
        ['phone', phone],
        ['totp', undefined],
      ],
    )
    assert.deepEqual((await it.api('GET', at(ada, methods))).body.length, 2)
    const twice = [good[0], good[0]]
    assert.equal((await it.api('PUT', at(ada, methods), twice)).status, 409)
    assert.deepEqual((await it.api('PUT', at(ada, methods), [])).body, [])
    assert.deepEqual((await it.api('GET', at(ada, methods))).body, [])
  })

  test('one is read, renamed, given another way, and deleted, by its id or a nested one', async () => {
    const it = await openApis()
    const ada = await it.addUser('ada')
    const { id } = (await it.api('POST', at(ada, methods), { type: 'phone', phone_number: phone })).body
    const one = at(ada, `${methods}/${encodeURIComponent(id)}`)
    assert.equal((await it.api('GET', one)).body.phone_number, 'XXXXXXXX4567')
    const edited = await it.api('PATCH', one, { name: 'new', preferred_authentication_method: 'voice' })
    assert.deepEqual(
      [edited.status, edited.body.name, edited.body.preferred_authentication_method],
      [200, 'new', 'voice'],
    )
    const nested = at(ada, `${methods}/${encodeURIComponent(id.replace('phone', 'sms'))}`)
    assert.equal((await it.api('GET', nested)).body.id, id)
    const wrongKind = at(ada, `${methods}/${encodeURIComponent(id.replace('phone', 'totp'))}`)
    assert.equal((await it.api('GET', wrongKind)).status, 404)
    assert.equal((await it.api('PATCH', one, { name: 'x'.repeat(65) })).status, 400)
    const gone = await it.api('DELETE', one)
    assert.deepEqual([gone.status, gone.text], [204, ''])
    assert.equal((await it.api('DELETE', one)).body.errorCode, 'authentication_method_not_found')
  })

  test("another user's method is not there (S-139)", async () => {
    const it = await openApis()
    const [ada, bob] = [await it.addUser('ada'), await it.addUser('bob')]
    const { id } = (await it.api('POST', at(ada, methods), { type: 'totp', totp_secret: secret })).body
    const path = at(bob, `${methods}/${encodeURIComponent(id)}`)
    assert.deepEqual(
      [
        (await it.api('GET', path)).status,
        (await it.api('PATCH', path, {})).status,
        (await it.api('DELETE', path)).status,
      ],
      [404, 404, 404],
    )
    assert.equal((await it.api('GET', at(ada, methods))).body.length, 1)
  })

  test('secrets are write-only and must have 128 bits (S-9, S-14, S-140)', async () => {
    const it = await openApis()
    const ada = await it.addUser('ada')
    const weak = await it.api('POST', at(ada, methods), { type: 'totp', totp_secret: 'JBSWY3DPEHPK3PXP' })
    assert.equal(weak.status, 400)
    const made = await it.api('POST', at(ada, methods), { type: 'totp', totp_secret: secret })
    const seen = [made.text]
    for (const path of [at(ada), at(ada, methods), at(ada, '/enrollments'), '/users']) {
      seen.push((await it.api('GET', path)).text)
    }
    assert.equal(seen.join().includes(secret), false)
    const mfa_token = await it.mfaToken('ada')
    const otp = it.totpCode(secret)
    const used = await it.token({ grant_type: 'http://auth0.com/oauth/grant-type/mfa-otp', mfa_token, otp })
    assert.equal(used.status, 200, used.text)
  })

  test('bodies that cannot be accepted are 400 and change nothing', async () => {
    const it = await openApis()
    const ada = await it.addUser('ada')
    const bad = [
      undefined,
      [],
      { type: 'phone' },
      { type: 'phone', phone_number: '123' },
      { type: 'email', email: 'nobody' },
      { type: 'webauthn-roaming', public_key: 'x', key_id: 'y' },
      { type: 'totp', totp_secret: 7 },
    ]
    for (const body of bad) {
      const reply = await it.api('POST', at(ada, methods), body)
      assert.deepEqual([reply.status, reply.body.error], [400, 'Bad Request'], JSON.stringify(body))
    }
    assert.deepEqual((await it.api('GET', at(ada, methods))).body, [])
  })
})

describe('Management API: resets, recovery codes, enrolments', () => {
  test('both ways to delete all factors lead back to enrolment, and the user is told', async () => {
    const it = await openApis()
    const ada = await it.addUser('ada')
    for (const path of [methods, '/authenticators']) {
      await it.enrolSms('ada')
      assert.equal((await it.api('DELETE', at(ada, path))).status, 204)
      assert.ok((await it.password('ada')).body.mfa_requirements.enroll, path)
    }
    const notices = (await it.outbox()).filter((one) => one.text.includes('reset by an administrator'))
    assert.equal(notices.length, 2)
  })

  test('the last factor can be taken by an administrator although policy requires one; saved codes go too', async () => {
    const it = await openApis()
    const ada = await it.addUser('ada')
    await it.enrolSms('ada')
    const list = (await it.api('GET', at(ada, methods))).body as { id: string; type: string }[]
    assert.deepEqual(list.map((one) => one.type).sort(), ['phone', 'recovery-code'])
    const id = list.find((one) => one.type === 'phone')?.id ?? ''
    assert.equal((await it.api('DELETE', at(ada, `${methods}/${encodeURIComponent(id)}`))).status, 204)
    assert.deepEqual((await it.api('GET', at(ada, methods))).body, [])
  })

  test('auth0.md §8.4: a regenerated recovery code works, the old one is dead', async () => {
    const it = await openApis()
    const ada = await it.addUser('ada')
    const { recoveryCode } = await it.enrolSms('ada')
    const made = await it.api('POST', at(ada, '/recovery-code-regeneration'))
    assert.equal(made.status, 200, made.text)
    assert.match(made.body.recovery_code, /^[A-Z0-9]{24}$/)
    const grant = { grant_type: 'http://auth0.com/oauth/grant-type/mfa-recovery-code' }
    const old = await it.token({ ...grant, mfa_token: await it.mfaToken('ada'), recovery_code: recoveryCode })
    assert.equal(old.body.error_description, 'MFA Authorization rejected.')
    const { recovery_code } = made.body
    const fresh = await it.token({ ...grant, mfa_token: await it.mfaToken('ada'), recovery_code })
    assert.equal(fresh.status, 200, fresh.text)
    await it.api('PUT', '/guardian/factors/recovery-code', { enabled: false })
    const off = await it.token({
      ...grant,
      mfa_token: await it.mfaToken('ada'),
      recovery_code: fresh.body.recovery_code,
    })
    assert.deepEqual([off.status, off.body.error], [403, 'unsupported_challenge_type'])
  })

  test('a recovery code is made for a user without any factor too', async () => {
    const it = await openApis()
    const ada = await it.addUser('ada')
    assert.equal((await it.api('POST', at(ada, '/recovery-code-regeneration'))).status, 200)
  })

  test('google-authenticator removes authenticator apps and nothing else; there is no duo', async () => {
    const it = await openApis()
    const ada = await it.addUser('ada')
    await it.api('POST', at(ada, methods), { type: 'totp', totp_secret: secret })
    await it.api('POST', at(ada, methods), { type: 'phone', phone_number: phone })
    assert.equal((await it.api('DELETE', at(ada, '/multifactor/duo'))).status, 204)
    assert.equal((await it.api('DELETE', at(ada, '/multifactor/google-authenticator'))).status, 204)
    assert.deepEqual(
      (await it.api('GET', at(ada, methods))).body.map((one: { type: string }) => one.type),
      ['phone'],
    )
    assert.equal((await it.api('DELETE', at(ada, '/multifactor/abacus'))).status, 400)
    assert.equal((await it.api('POST', at(ada, '/multifactor/actions/invalidate-remember-browser'))).status, 204)
  })

  test('browsers that were told to be remembered are forgotten, of this user only', async () => {
    const it = await openApis()
    const devices = async (name: string) => {
      const { id } = await it.addUser(name)
      await trustDevice(it.parts, it.caller(), id, { key: { kty: 'EC' } })
      return { id, left: async () => (await listTrustedDevices(it.parts, it.tenant.id, id)).length }
    }
    const ada = await devices('ada')
    const bob = await devices('bob')
    assert.deepEqual([await ada.left(), await bob.left()], [1, 1])
    const reply = await it.api('POST', at(ada, '/multifactor/actions/invalidate-remember-browser'))
    assert.deepEqual([reply.status, reply.text], [204, ''])
    assert.deepEqual([await ada.left(), await bob.left()], [0, 1])
  })

  test('enrollments are listed, read and deleted by their device id', async () => {
    const it = await openApis()
    const ada = await it.addUser('ada')
    assert.deepEqual((await it.api('GET', at(ada, '/enrollments'))).body, [])
    await it.enrolSms('ada')
    const [listed, ...others] = (await it.api('GET', at(ada, '/enrollments'))).body
    assert.equal(others.length, 0)
    assert.deepEqual(
      [listed.status, listed.type, listed.auth_method, listed.phone_number],
      ['confirmed', 'phone', 'sms', 'XXXXXXXX4567'],
    )
    const path = `/guardian/enrollments/${listed.id}`
    assert.equal((await it.api('GET', path)).body.id, listed.id)
    assert.equal((await it.api('DELETE', path)).status, 204)
    for (const gone of [path, '/guardian/enrollments/dev_unknown', '/guardian/enrollments/unknown']) {
      assert.deepEqual((await it.api('GET', gone)).body, {
        statusCode: 404,
        error: 'Not Found',
        message: 'Enrollment not found',
        errorCode: 'enrollment_not_found',
      })
    }
  })

  test('every call about an unknown user is 404', async () => {
    const it = await openApis()
    const nobody = { id: 'nobody' }
    const calls = [
      ['GET', methods],
      ['POST', methods],
      ['PUT', methods],
      ['DELETE', methods],
      ['GET', `${methods}/totp%7Cdev_x`],
      ['DELETE', '/authenticators'],
      ['POST', '/recovery-code-regeneration'],
      ['GET', '/enrollments'],
      ['DELETE', '/multifactor/duo'],
      ['POST', '/multifactor/actions/invalidate-remember-browser'],
      ['GET', ''],
    ] as const
    for (const [method, path] of calls) {
      const reply = await it.api(method, at(nobody, path), method === 'PUT' ? [] : method === 'POST' ? {} : undefined)
      assert.deepEqual([reply.status, reply.body.errorCode], [404, 'inexistent_user'], `${method} ${path}`)
    }
  })

  test('an enrolment ticket is kept by digest, mailed to the stored address only, and not used up by looking', async () => {
    const it = await openApis()
    const ada = await it.addUser('ada')
    const user_id = `auth0|${ada.id}`
    const path = '/guardian/enrollments/ticket'
    const made = await it.api('POST', path, { user_id, send_mail: true })
    assert.equal(made.status, 200, made.text)
    const { ticket_id, ticket_url } = made.body
    assert.equal(ticket_url, `${base}/enrollment?ticket_id=${ticket_id}`)
    const mail = (await it.outbox()).find((one) => one.text.includes(ticket_url))
    assert.equal(mail?.to, 'ada@example.com')
    const rows = await it.store.list('artifacts', it.tenant.id, { limit: 1_000 })
    assert.equal(JSON.stringify(rows).includes(ticket_id), false)
    const elsewhere = await it.api('POST', path, { user_id, send_mail: true, email: 'eve@example.com' })
    assert.equal(elsewhere.status, 400)
    assert.equal((await it.api('POST', path, { user_id: 'auth0|nobody' })).status, 404)
    const local = ticket_url.slice(base.length)
    for (let round = 0; round < 2; round++) {
      assert.equal((await it.get(local)).status, 200)
      assert.equal((await it.server.app.inject({ method: 'HEAD', url: local })).statusCode, 200)
    }
    it.clock.advance(5 * 86_400)
    assert.equal((await it.get(local)).status, 404)
  })
})

describe('Management API: users', () => {
  const connection = 'users'

  test('a user is made, read, listed, changed and deleted', async () => {
    const it = await openApis({ tenant: { mfa: undefined } })
    const password = 'the quite long password of eve'
    const body = { connection, email: 'Eve@Example.com', password, user_metadata: { a: [1] } }
    const made = await it.api('POST', '/users', body)
    assert.equal(made.status, 201, made.text)
    assert.deepEqual([made.body.email, made.body.email_verified], ['Eve@example.com', false])
    // As at a sign-up: user info and ID tokens have a nickname (auth0.md §6.5).
    assert.equal(made.body.nickname, 'Eve')
    assert.equal(made.text.includes('$'), false)
    assert.equal((await it.password('eve')).status, 200)
    const path = `/users/${encodeURIComponent(made.body.user_id)}`
    assert.equal((await it.api('GET', path)).body.user_id, made.body.user_id)
    assert.equal((await it.api('GET', '/users-by-email?email=eve%40example.com')).body.length, 1)
    const all = (await it.api('GET', '/users?include_totals=true')).body
    assert.deepEqual([all.total, all.length, all.start], [1, 1, 0])
    const patched = await it.api('PATCH', path, { name: 'Eve', email_verified: true, blocked: true })
    assert.deepEqual([patched.body.name, patched.body.email_verified, patched.body.blocked], ['Eve', true, true])
    assert.equal((await it.password('eve')).status, 401)
    assert.equal((await it.api('POST', '/users', body)).status, 409)
    assert.equal((await it.api('DELETE', path)).status, 204)
    assert.equal((await it.api('GET', path)).status, 404)
  })

  test('a new password ends what the old one opened (S-68)', async () => {
    const it = await openApis({ tenant: { mfa: undefined } })
    const ada = await it.addUser('ada')
    const before = await it.password('ada')
    it.clock.advance(2)
    const changed = await it.api('PATCH', at(ada), { password: 'another quite long secret' })
    assert.equal(changed.status, 200, changed.text)
    const refresh = { grant_type: 'refresh_token', refresh_token: before.body.refresh_token }
    assert.equal((await it.token(refresh)).body.error, 'invalid_grant')
    assert.equal((await it.password('ada')).status, 403)
    assert.equal((await it.password('ada', { password: 'another quite long secret' })).status, 200)
  })

  test('factors come along with an import, weak ones marked; a bad one fails the whole', async () => {
    const it = await openApis()
    const some = { connection, password: 'the quite long password of ada' }
    const bad = { ...some, email: 'ada@example.com', mfa_factors: [{ phone: { value: '+1' } }] }
    assert.equal((await it.api('POST', '/users', bad)).body.errorCode, 'MFA_FACTORS_FAILED')
    const mfa_factors = [{ totp: { secret: 'JBSWY3DPEHPK3PXP' } }, { phone: { value: phone } }]
    const made = await it.api('POST', '/users', { ...some, email: 'ada@example.com', mfa_factors })
    assert.equal(made.status, 201, made.text)
    assert.deepEqual((await it.password('ada')).body.mfa_requirements, {
      challenge: [{ type: 'otp' }, { type: 'phone' }],
    })
    const own = await it.store.list('authenticators', it.tenant.id)
    assert.deepEqual(own.map((one) => one.weak).sort(), [true, undefined])
  })

  test('what cannot be kept is refused, not lost', async () => {
    const it = await openApis()
    const body = { connection, email: 'a@example.com', password: 'a quite long password', app_metadata: { plan: 'x' } }
    assert.equal((await it.api('POST', '/users', body)).status, 400)
    assert.equal((await it.api('POST', '/users', { connection: 'other', email: 'a@example.com' })).status, 400)
    assert.equal(
      (await it.api('POST', '/users', { connection, email: 'a@example.com', password: 'short' })).status,
      400,
    )
    assert.equal((await it.api('GET', '/users?q=email%3Aa*')).status, 400)
  })
})

describe('Management API: keys, devices, templates', () => {
  const fresh = () => openApis({ tenant: { factors: ['password'], mfa: undefined } })

  test('keys are one factor under two names: the built-in ones need no switch of their own, and have none', async () => {
    const it = await fresh()
    const on = async () =>
      (await it.api('GET', '/guardian/factors')).body
        .filter((one: { enabled: boolean }) => one.enabled)
        .map((one: { name: string }) => one.name)
    const alone = await it.api('PUT', '/guardian/factors/webauthn-platform', { enabled: true })
    assert.equal(alone.status, 400, 'it is dependent')
    for (const name of ['webauthn-roaming', 'webauthn-platform', 'push-notification']) {
      assert.deepEqual((await it.api('PUT', `/guardian/factors/${name}`, { enabled: true })).body, { enabled: true })
    }
    assert.deepEqual(await on(), ['push-notification', 'webauthn-roaming', 'webauthn-platform'])
    assert.equal((await it.api('PUT', '/guardian/factors/webauthn-platform', { enabled: false })).status, 400)
    await it.api('PUT', '/guardian/factors/push-notification', { enabled: false })
    assert.deepEqual(await on(), ['webauthn-roaming', 'webauthn-platform'])
    await it.api('PUT', '/guardian/factors/webauthn-roaming', { enabled: false })
    assert.deepEqual(await on(), [])
    const off = await it.api('PUT', '/guardian/factors/webauthn-platform', { enabled: false })
    assert.deepEqual(off.body, { enabled: false })
  })

  test('what keys have to do is the tenant’s rule for keys; the domain is ours or one above', async () => {
    const it = await fresh()
    await it.setTenant({
      keys: { origins: ['https://app.example'], attestation: 'none', roots: [], userVerification: 'preferred' },
    })
    const path = '/guardian/factors/webauthn-roaming/settings'
    const before = { userVerification: 'preferred', overrideRelyingParty: false }
    assert.deepEqual((await it.api('GET', path)).body, before)
    const wanted = { userVerification: 'required', overrideRelyingParty: true, relyingPartyIdentifier: 'localhost' }
    assert.deepEqual((await it.api('PUT', path, wanted)).body, wanted)
    assert.deepEqual((await it.api('GET', '/guardian/factors/webauthn-platform/settings')).body, wanted)
    const tenant = await it.store.get('tenants', it.tenant.id, it.tenant.id)
    assert.deepEqual(tenant?.keys, {
      ...{ origins: ['https://app.example'], attestation: 'none', roots: [] },
      ...{ userVerification: 'required', rpId: 'localhost' },
    })
    for (const bad of [
      { ...wanted, relyingPartyIdentifier: 'evil.example' },
      { ...wanted, relyingPartyIdentifier: undefined },
      { userVerification: 'discouraged' },
      { userVerification: 'never' },
    ]) {
      assert.equal((await it.api('PUT', path, bad)).body.errorCode, 'invalid_body', JSON.stringify(bad))
    }
    assert.deepEqual((await it.api('PUT', path, { userVerification: 'preferred' })).body, before)
  })

  test('devices enrol with the server itself, and with nobody else', async () => {
    const it = await fresh()
    const path = '/guardian/factors/push-notification/selected-provider'
    assert.deepEqual((await it.api('GET', path)).body, { provider: 'guardian' })
    assert.deepEqual((await it.api('PUT', path, { provider: 'guardian' })).body, { provider: 'guardian' })
    assert.equal((await it.api('PUT', path, { provider: 'sns' })).status, 400)
  })

  test('templates are the tenant’s own words for text messages, and the next message is in them', async () => {
    const it = await openApis()
    const built = (await it.api('GET', '/guardian/factors/sms/templates')).body
    assert.match(built.verification_message, /\{\{code\}\}.*\{\{tenant\.friendly_name\}\}/)
    assert.deepEqual((await it.api('PUT', '/guardian/factors/sms/templates', built)).body, built, 'there and back')
    const wanted = {
      enrollment_message: '{{code}} adds this number to {{tenant.friendly_name}}',
      verification_message: '{{ code }} lets you in',
    }
    assert.deepEqual((await it.api('PUT', '/guardian/factors/phone/templates', wanted)).body, wanted)
    assert.deepEqual((await it.api('GET', '/guardian/factors/sms/templates')).body, {
      ...wanted,
      verification_message: '{{code}} lets you in',
    })
    await it.addUser('ada')
    await it.enrolSms('ada')
    await it.accountToken('ada')
    const texts = (await it.outbox()).filter((mail) => mail.channel === 'sms').map((mail) => mail.text)
    assert.match(texts[0] ?? '', /^\d{6} adds this number to Demo$/)
    assert.ok(
      texts.some((text) => /^\d{6} lets you in$/.test(text)),
      texts.join(),
    )
  })

  test('templates belong to the language of the tenant; others and other kinds stay', async () => {
    const it = await openApis()
    const german = { login: { sms: '{code} alt', subject: 'Code' }, notice: { sms: '{what}!' } }
    await it.setTenant({ messages: { language: 'de', texts: { de: german, fr: { login: { sms: '{code} oui' } } } } })
    assert.equal((await it.api('GET', '/guardian/factors/sms/templates')).body.verification_message, '{{code}} alt')
    const wanted = { enrollment_message: '{{code}} eins', verification_message: '{{code}} zwei' }
    await it.api('PUT', '/guardian/factors/sms/templates', wanted)
    const tenant = await it.store.get('tenants', it.tenant.id, it.tenant.id)
    assert.deepEqual(tenant?.messages?.texts, {
      de: { ...german, login: { sms: '{code} zwei', subject: 'Code' }, enrolment: { sms: '{code} eins' } },
      fr: { login: { sms: '{code} oui' } },
    })
  })

  test('a template without its code, with a link, or with what is not known here is refused (S-8)', async () => {
    const it = await openApis()
    const good = '{{code}}'
    for (const bad of [
      'no code',
      '{{code}} https://evil.example',
      '{{code}} {{user.email}}',
      '{% if language %}{{code}}{% endif %}',
      '{{code}} {secret}',
      `{{code}} ${'x'.repeat(480)}`,
      '',
    ]) {
      for (const body of [
        { enrollment_message: bad, verification_message: good },
        { enrollment_message: good, verification_message: bad },
      ]) {
        const reply = await it.api('PUT', '/guardian/factors/sms/templates', body)
        assert.equal(reply.body.errorCode, 'invalid_body', bad)
      }
    }
    const tenant = await it.store.get('tenants', it.tenant.id, it.tenant.id)
    assert.equal(tenant?.messages, undefined)
  })

  test('an invitation may be for a key or a device, and not for what is not there', async () => {
    const it = await openApis({ tenant: { factors: ['password', 'totp', 'webauthn', 'push'] } })
    const ada = await it.addUser('ada')
    const ask = (factor: string) =>
      it.api('POST', '/guardian/enrollments/ticket', { user_id: `auth0|${ada.id}`, factor })
    for (const factor of ['webauthn-roaming', 'webauthn-platform', 'push-notification', 'otp', 'phone']) {
      const made = await ask(factor)
      assert.deepEqual([made.status, typeof made.body.ticket_url], [200, 'string'], factor)
    }
    for (const factor of ['duo', 'passkey']) assert.equal((await ask(factor)).status, 400, factor)
  })
})
