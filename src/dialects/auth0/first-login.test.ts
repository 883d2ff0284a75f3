import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base, bearer, openAuth0World } from '#test/support/auth0.ts'

const own = 'http://auth0.com/oauth/grant-type/'

test('a user enrols SMS, then an authenticator app, and signs in with either or with a recovery code', async () => {
  const it = await openAuth0World()
  await it.addUser('ada')
  const first = await it.password('ada')
  assert.equal(first.status, 403)
  assert.equal(first.body.error_description, 'Multifactor authentication required')
  assert.deepEqual(first.body.mfa_requirements, { enroll: [{ type: 'otp' }, { type: 'phone' }] })
  const { mfa_token } = first.body
  assert.deepEqual((await it.get('/mfa/authenticators', bearer(mfa_token))).body, [])

  const asked = await it.post(
    '/mfa/associate',
    { authenticator_types: ['oob'], oob_channels: ['sms'], phone_number: '+15551234567' },
    bearer(mfa_token),
  )
  assert.equal(asked.status, 200, asked.text)
  assert.match(asked.body.recovery_codes[0], /^[A-Z0-9]{24}$/)
  const code = await it.lastCode()
  const grant = { grant_type: `${own}mfa-oob`, mfa_token, oob_code: asked.body.oob_code }
  const wrong = await it.token({ ...grant, binding_code: code === '000000' ? '000001' : '000000' })
  assert.deepEqual(
    [wrong.status, wrong.body.error, wrong.body.error_description],
    [403, 'invalid_grant', 'Invalid binding_code.'],
  )
  const right = await it.token({ ...grant, binding_code: code })
  assert.equal(right.status, 200, right.text)
  assert.equal(right.body.scope, 'openid profile offline_access')
  assert.ok(right.body.id_token && right.body.refresh_token)
  assert.equal((await it.token({ ...grant, binding_code: code })).body.error, 'invalid_grant')

  const access = await it.mfaApiToken('ada')
  const app = await it.post('/mfa/associate', { authenticator_types: ['otp'] }, bearer(access))
  assert.equal(app.status, 200, app.text)
  assert.equal(app.body.recovery_codes, undefined)
  const confirmed = await it.token({
    grant_type: `${own}mfa-otp`,
    mfa_token: access,
    otp: it.totpCode(app.body.secret),
  })
  assert.equal(confirmed.status, 200, confirmed.text)

  it.clock.advance(60)
  const totp = await it.token({
    grant_type: `${own}mfa-otp`,
    mfa_token: await it.mfaToken('ada'),
    otp: it.totpCode(app.body.secret),
  })
  assert.equal(totp.status, 200, totp.text)
  const recovered = await it.token({
    grant_type: `${own}mfa-recovery-code`,
    mfa_token: await it.mfaToken('ada'),
    recovery_code: asked.body.recovery_codes[0],
  })
  assert.equal(recovered.status, 200, recovered.text)
  assert.match(recovered.body.recovery_code, /^[A-Z0-9]{24}$/)
  assert.equal(base, 'https://localhost:3443')
})
