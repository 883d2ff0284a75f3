import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startServer, type TestServer } from '../support/server.ts'
import { api, conformance, emailOf, grant, passwordOf, secretOf, someone } from './support.ts'

/** A server that stops, politely or not, loses nothing it has answered for (AC-31, S-18, S-20). */

const credentials = { client_id: 'web', client_secret: secretOf('web') }
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const users = ['ada', 'bob', 'cy'].map((name) => someone(name, { authenticators: [{ factor: 'totp', secret }] }))
const config = conformance([...users, someone('dora')])

let server: TestServer
before(async () => {
  server = await startServer({ config })
})
after(() => server.stop())

/** The next server's clock goes on where this one's was moved to. */
async function restart(signal: NodeJS.Signals): Promise<void> {
  const now = await server.now()
  const code = await server.stop({ keep: true, signal })
  if (signal === 'SIGTERM') assert.equal(code, 0, server.log())
  server = await startServer({ config, beside: server })
  await server.advance((now - (await server.now())) / 1_000)
}

const login = (name: string, password = passwordOf(name)) =>
  server.form('/oauth/token', {
    ...credentials,
    grant_type: 'password',
    username: emailOf(name),
    password,
    audience: api,
    scope: 'openid offline_access',
  })
const mfaToken = async (name: string): Promise<string> => {
  const reply = await login(name)
  assert.equal(reply.body.error, 'mfa_required', reply.text)
  return reply.body.mfa_token
}
const otp = (mfa_token: string, code: string) =>
  server.form('/oauth/token', { ...credentials, grant_type: grant.otp, mfa_token, otp: code })

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  const name = signal === 'SIGTERM' ? 'ada' : 'bob'

  describe(`after ${signal}`, () => {
    test('a login goes on where it was, and wrong codes stay counted', async () => {
      const mfa_token = await mfaToken(name)
      for (let n = 0; n < 4; n++) assert.equal((await otp(mfa_token, '000000')).status, 403)
      await restart(signal)
      assert.equal((await otp(mfa_token, '000000')).status, 403)
      const right = await otp(mfa_token, await server.totp(secret))
      assert.equal(right.body.error_description, 'Invalid otp_code.', 'after five wrong ones nothing is right')
      assert.equal((await otp(await mfaToken(name), await server.totp(secret))).status, 200)
    })

    test('a code that was used stays used, and a refresh token lives', async () => {
      await server.advance(31)
      const code = await server.totp(secret)
      const done = await otp(await mfaToken(name), code)
      assert.equal(done.status, 200, done.text)
      await restart(signal)
      assert.equal((await otp(await mfaToken(name), code)).status, 403)
      const { refresh_token } = done.body
      const refreshed = await server.form('/oauth/token', {
        ...credentials,
        grant_type: 'refresh_token',
        refresh_token,
      })
      assert.equal(refreshed.status, 200, refreshed.text)
    })

    test('the ladder of a password is as high as before', async () => {
      for (let n = 0; n < 10; n++) assert.equal((await login(name, 'wrong')).status, 403)
      await restart(signal)
      const locked = await login(name)
      assert.deepEqual([locked.status, locked.body.error], [429, 'too_many_attempts'])
      await server.advance(31)
      assert.equal((await login(name)).body.error, 'mfa_required')
    })
  })
}

describe('SIGTERM', () => {
  test('with 200 requests in flight, 24 of them slow, answers them all and exits 0 (AC-31)', async () => {
    const headers = { authorization: `Bearer ${await mfaToken('ada')}` }
    const first = Promise.withResolvers<void>()
    const logins = Array.from({ length: 24 }, async () => {
      const reply = await login('dora')
      first.resolve()
      return reply
    })
    await first.promise
    const list = () => server.send('GET', '/mfa/authenticators', { headers })
    const quick = Promise.allSettled(Array.from({ length: 176 }, list))
    const told = performance.now()
    const stopped = server.stop({ keep: true })
    // Whoever had no connection yet is refused there, and nowhere else.
    for (const it of await quick) if (it.status === 'fulfilled') assert.equal(it.value.status, 200)
    const replies = await Promise.all(logins)
    for (const reply of replies) assert.equal(reply.body.error, 'mfa_required', reply.text)
    assert.equal(await stopped, 0)
    assert.ok(performance.now() - told < 25_000)
    const tokens = replies.map((reply) => reply.body.mfa_token)
    server = await startServer({ config, beside: server })
    for (const token of tokens) {
      const list = await server.send('GET', '/mfa/authenticators', { headers: { authorization: `Bearer ${token}` } })
      assert.equal(list.status, 200, 'what was answered was kept')
    }
  })

  test('stops accepting at once', async () => {
    const stopped = server.stop({ keep: true })
    await stopped
    await assert.rejects(fetch(`${server.httpUrl}/livez`))
    server = await startServer({ config, beside: server })
  })
})
