import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { api, conformance, emailOf, grant, passwordOf, secretOf, someone } from '../journeys/support.ts'
import { ask, type PostgresServer, postgresKinds, startPostgres } from '../support/postgres.ts'
import { type Answered, startServer, type TestServer } from '../support/server.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'

/**
 * A standby is promoted in the middle of many logins, and the old primary is cut off (AC-26). The primary commits
 * synchronously on both, so that nothing that was acknowledged can be lost.
 */

const logins = process.env.FAULTS === 'long' ? 500 : 60
const atOnce = 16
const credentials = { client_id: 'web', client_secret: secretOf('web') }
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const names = Array.from({ length: logins }, (_, n) => `user${n}`)
// Passwords are hashed when users are made, which is not what this is about: all have the same, made once a node.
const users = names.map((name) => someone(name, { authenticators: [{ factor: 'totp', secret }] }))

let primary: PostgresServer
let standby: PostgresServer
let proxy: TcpProxy
let one: TestServer
let two: TestServer

before(async () => {
  const [kind] = postgresKinds()
  assert.ok(kind)
  primary = await startPostgres(kind)
  await primary.database('promoted')
  await primary.stop()
  standby = await primary.standby()
  await primary.start()
  await standby.start()
  primary.configure("synchronous_standby_names = 'standby'")
  await primary.stop()
  await primary.start()
  const url = await primary.database('promoted')
  await waitFor('a synchronous standby', async () => {
    const [state] = await ask(url, 'SELECT sync_state FROM pg_stat_replication')
    return state?.sync_state === 'sync'
  })
  proxy = await startProxy(primary.port)
  const env = { DATABASE_URL: url.replace(`:${primary.port}/`, `:${proxy.port}/`) }
  one = await startServer({ config: conformance(users), env })
  two = await startServer({ config: conformance([]), env, beside: one })
})
after(async () => {
  await two?.stop({ keep: true })
  await one?.stop()
  await proxy?.close()
  await standby?.remove()
  await primary?.remove()
})

async function waitFor(what: string, right: () => Promise<boolean>, ms = 10_000): Promise<void> {
  const until = performance.now() + ms
  while (!(await right().catch(() => false))) {
    assert.ok(performance.now() < until, `${what}: not within ${ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Everything that was asked and answered, for the check afterwards (S-168). */
interface Recorded {
  readonly name: string
  readonly step: 'password' | 'code' | 'code again'
  readonly status: number
  readonly refreshToken?: string
}
const history: Recorded[] = []

async function send(step: Recorded['step'], name: string, body: Record<string, string>): Promise<Answered> {
  const at = history.length % 2 === 0 ? one : two
  const reply = await at.form('/oauth/token', { ...credentials, ...body })
  history.push({ name, step, status: reply.status, refreshToken: reply.body?.refresh_token })
  assert.ok([200, 403, 503].includes(reply.status), `${step} of ${name}: ${reply.status} ${reply.text}`)
  return reply
}

/** A login as a client would do it: asks again where the server said 503. */
async function login(name: string): Promise<void> {
  const username = emailOf(name)
  const first = {
    grant_type: 'password',
    username,
    password: passwordOf(name),
    audience: api,
    scope: 'openid offline_access',
  }
  const until = performance.now() + 60_000
  const retry = async (step: Recorded['step'], body: Record<string, string>): Promise<Answered> => {
    for (;;) {
      const reply = await send(step, name, body)
      if (reply.status !== 503) return reply
      assert.ok(performance.now() < until, `${name} cannot log in any more`)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  const { mfa_token } = (await retry('password', first)).body
  const otp = await one.totp(secret).catch(() => two.totp(secret))
  await retry('code', { grant_type: grant.otp, mfa_token, otp })
  await retry('code again', { grant_type: grant.otp, mfa_token, otp })
}

test(`a standby promoted in the middle of ${logins} logins: nothing works twice, nothing answered is lost (AC-26)`, async () => {
  const queue = [...names]
  let done = 0
  const workers = Array.from({ length: atOnce }, async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      await login(name)
      done++
    }
  })
  const all = Promise.all(workers)
  await Promise.race([all, waitFor('a third of the logins', async () => done >= logins / 3, 60_000)])
  proxy.cut(true)
  await primary.stop('immediate')
  await standby.promote()
  proxy.switchTo(standby.port)
  proxy.cut(false)
  await all

  for (const name of names) {
    const successes = history.filter((it) => it.name === name && it.step !== 'password' && it.status === 200)
    assert.ok(successes.length <= 1, `the code of ${name} worked ${successes.length} times`)
  }
  const refused = history.filter(({ status }) => status === 503).length
  assert.ok(refused > 0, 'nobody noticed: the promotion came too late to show anything')
  const acknowledged = history.flatMap(({ refreshToken }) => (refreshToken ? [refreshToken] : []))
  assert.ok(acknowledged.length >= logins / 2, `${acknowledged.length} logins succeeded`)
  for (const refresh_token of acknowledged) {
    const reply = await two.form('/oauth/token', { ...credentials, grant_type: 'refresh_token', refresh_token })
    assert.equal(reply.status, 200, `an acknowledged login is lost: ${reply.text}`)
  }
})
