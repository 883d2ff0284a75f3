import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startServer, type TestServer } from '../support/server.ts'

/** What was done while the test clock stood ahead is of use when it returns to real time (operating.md §5). */

const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const password = 'the quite long password of ada'

let server: TestServer
before(async () => {
  server = await startServer({
    config: () => ({
      tenants: [
        {
          id: 'demo',
          domains: ['localhost', '127.0.0.1'],
          applications: [{ client_id: 'native', type: 'native', grant_types: ['password', 'mfa'] }],
          users: [{ email: 'bob@example.com', password, authenticators: [{ factor: 'totp', secret }] }],
        },
      ],
    }),
  })
})
after(() => server?.stop())

const signIn = (username: string, word = password) =>
  server.form('/oauth/token', {
    grant_type: 'password',
    client_id: 'native',
    username,
    password: word,
    scope: 'openid',
  })

const answer = async (mfaToken: string) =>
  await server.form('/oauth/token', {
    grant_type: 'http://auth0.com/oauth/grant-type/mfa-otp',
    client_id: 'native',
    mfa_token: mfaToken,
    otp: await server.totp(secret),
  })

test('an account made and a password changed on a clock that was ahead sign in when it is back; logins older than the change stay over', async () => {
  const bob = (await server.admin('GET', '/tenants/demo/users?email=bob@example.com')).body.items[0]
  await server.advance(1_800)
  const made = await server.admin('POST', '/tenants/demo/users', {
    email: 'ada@example.com',
    password,
    authenticators: [{ factor: 'totp', secret }],
  })
  assert.equal(made.status, 201, made.text)
  const older = (await signIn('bob@example.com')).body.mfa_token
  await server.advance(10)
  const changed = await server.admin('PATCH', `/tenants/demo/users/${bob.id}`, { password: `${password}, a new one` })
  assert.equal(changed.status, 200, changed.text)
  assert.equal((await server.json('/dev/clock', { reset: true })).status, 200)

  const { mfa_token: mfaToken } = (await signIn('ada@example.com')).body
  const done = await answer(mfaToken)
  assert.equal(done.status, 200, done.text)
  const late = await answer(older)
  assert.equal(late.body.error, 'expired_token', late.text)
  const next = (await signIn('bob@example.com', `${password}, a new one`)).body.mfa_token
  assert.equal((await answer(next)).status, 200)
})
