import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bearer, openAuth0World } from '#test/support/auth0.ts'
import { openApis } from './testing/apis.ts'

const otp = 'http://auth0.com/oauth/grant-type/mfa-otp'

test('S-13: no header and no parameter moves the time a code is judged by', async () => {
  const it = await openAuth0World()
  const app = await it.enrolApp(await it.addUser('ada'))
  const days = 3
  const later = it.clock.now() + days * 86_400_000
  const date = new Date(later).toUTCString()
  const time = { timestamp: String(later), time: String(later / 1_000), date, auth_time: '0', iat: '0' }
  const send = async (code: string) =>
    await it.form(
      `/oauth/token?timestamp=${later}`,
      {
        grant_type: otp,
        client_id: 'web',
        client_secret: 'web-secret',
        mfa_token: await it.mfaToken('ada'),
        otp: code,
        ...time,
      },
      { date, 'x-date': date, 'if-modified-since': date },
    )
  const future = await send(app.code(days * 2_880))
  assert.deepEqual([future.status, future.body.error], [403, 'invalid_grant'])
  assert.equal((await send(app.code())).status, 200)
})

test('S-57: an mfa_token opens nothing but listing, enrolling, challenging and verifying', async () => {
  const it = await openApis()
  await it.addUser('ada')
  const token = await it.mfaToken('ada')
  assert.equal((await it.get('/mfa/authenticators', bearer(token))).status, 200)
  const doors = [
    ['GET', '/userinfo'],
    ['POST', '/userinfo'],
    ['GET', '/me/v1/factors'],
    ['GET', '/me/v1/authentication-methods'],
    ['GET', '/api/v2/users'],
    ['GET', '/api/v2/guardian/factors'],
    ['DELETE', '/mfa/authenticators/totp%7Cdev_1'],
  ] as const
  for (const [method, path] of doors) {
    const reply = await it.send(method, path, { headers: bearer(token) })
    assert.equal(reply.status, 401, `${method} ${path}: ${reply.status} ${reply.text}`)
  }
})

test('S-14: no GET of the public APIs shows a secret once it is confirmed, in any spelling', async () => {
  const it = await openApis()
  const user = await it.addUser('ada')
  const mfa_token = await it.mfaToken('ada')
  const made = await it.post('/mfa/associate', { authenticator_types: ['otp'] }, bearer(mfa_token))
  const secret = made.body.secret as string
  const done = await it.token({ grant_type: otp, mfa_token, otp: it.totpCode(secret) })
  assert.equal(done.status, 200, done.text)
  it.clock.advance(30)
  const first = await it.password('ada', { audience: 'https://localhost:3443/mfa/', scope: 'read:authenticators' })
  const again = await it.token({ grant_type: otp, mfa_token: first.body.mfa_token, otp: it.totpCode(secret) })
  const id = encodeURIComponent(`auth0|${user.id}`)
  const machine = await it.machineToken()
  const read: readonly [token: string, path: string][] = [
    [again.body.access_token, '/mfa/authenticators'],
    [machine, `/api/v2/users/${id}`],
    [machine, '/api/v2/users'],
    [machine, '/api/v2/users-by-email?email=ada@example.com'],
    [machine, `/api/v2/users/${id}/authentication-methods`],
    [machine, `/api/v2/users/${id}/enrollments`],
    [done.body.access_token, '/userinfo'],
  ]
  const bytes = Buffer.from(it.parts.keyring.open(...(await sealed(it))))
  const spellings = [secret, bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url')]
  for (const [token, path] of read) {
    const reply = await it.get(path, bearer(token))
    assert.equal(reply.status, 200, `${path}: ${reply.text}`)
    for (const it of spellings) assert.ok(!reply.text.toLowerCase().includes(it.toLowerCase()), path)
  }
})

async function sealed(it: Awaited<ReturnType<typeof openApis>>): Promise<[string, readonly string[]]> {
  const [row] = (await it.store.list('authenticators', it.tenant.id)).filter((one) => one.factor === 'totp')
  if (row?.sealed === undefined) return assert.fail('no secret is stored')
  return [row.sealed, ['authenticator', row.tenant, row.user, row.id]]
}
