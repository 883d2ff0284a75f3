import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { api, conformance, grant, secretOf } from '../journeys/support.ts'
import { localProvider } from '../support/local-provider.ts'
import { type PostgresServer, postgresKinds, startPostgres } from '../support/postgres.ts'
import { type Answered, startServer, type TestServer } from '../support/server.ts'

/**
 * Two nodes on one PostgreSQL are restarted one after the other while people sign in (AC-29). Logins begin at their times,
 * however long others take. A client whose connection is refused or reset asks the other node once more, as a load
 * balancer would; nothing else is repeated. `FAULTS=long`: 50 logins a second.
 */

const long = process.env.FAULTS === 'long'
const perSecond = long ? 50 : 10
const credentials = { client_id: 'web', client_secret: secretOf('web') }

/** What has arrived: the code of each address. */
const mailbox = new Map<string, string>()

let postgres: PostgresServer
let mail: Awaited<ReturnType<typeof localProvider>>
let config: Parameters<typeof startServer>[0]['config']
let env: Record<string, string>
let nodes: TestServer[] = []
before(async () => {
  mail = await localProvider({ after: () => {} }, ({ body }) => {
    const { to, text } = JSON.parse(body) as { to: string; text: string }
    mailbox.set(to, /(?<!\d)\d{6}(?!\d)/.exec(text)?.[0] ?? '')
    return { status: 204 }
  })
  const email = mail.origin.replace('//', '//:secret-of-the-webhook@')
  config = (url) => ({ ...conformance([], { mfa: { mode: 'OFF' } })(url), delivery: { email } })
  const [kind] = postgresKinds()
  assert.ok(kind)
  postgres = await startPostgres(kind)
  env = { DATABASE_URL: await postgres.database('rolling') }
  const one = await startServer({ config, env })
  nodes = [one, await startServer({ config, env, beside: one })]
})
after(async () => {
  const [one, two] = nodes
  await two?.stop({ keep: true })
  await one?.stop()
  await postgres.remove()
  await mail.close()
})

/** Asks a node, and where it cannot be reached, the other one. */
async function ask(n: number, what: (node: TestServer) => Promise<Answered>, resets: { count: number }) {
  const [first, second] = n % 2 === 0 ? nodes : nodes.toReversed()
  assert.ok(first && second)
  try {
    return await what(first)
  } catch {
    resets.count++
    return await what(second)
  }
}

/** Waits for a message as a person would; a node that stops leaves what it has not sent to the other one. */
async function codeFor(email: string): Promise<string> {
  const until = performance.now() + 30_000
  for (;;) {
    const code = mailbox.get(email)
    if (code !== undefined) return code
    assert.ok(performance.now() < until, `no code for ${email}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** One login by a code sent by e-mail: no password is hashed, so that the machine can take so many. */
async function login(n: number, resets: { count: number }): Promise<void> {
  const email = `user${n}@example.com`
  const start = { ...credentials, connection: 'email', email, send: 'code' }
  const started = await ask(n, (node) => node.json('/passwordless/start', start), resets)
  assert.equal(started.status, 200, started.text)
  const otp = await codeFor(email)
  const body = { ...credentials, grant_type: grant.passwordless, realm: 'email', username: email, otp, audience: api }
  const granted = await ask(n + 1, (node) => node.form('/oauth/token', body), resets)
  assert.equal(granted.status, 200, granted.text)
}

describe('a rolling restart', () => {
  test(`of two nodes under ${perSecond} logins a second fails no login (AC-29)`, async () => {
    const resets = { count: 0 }
    const logins: Promise<unknown>[] = []
    const failed: unknown[] = []
    const timer = setInterval(() => {
      const n = logins.length
      logins.push(login(n, resets).catch((error: unknown) => failed.push(error)))
    }, 1_000 / perSecond)
    try {
      for (const at of [0, 1] as const) {
        const before = logins.length
        while (logins.length < before + perSecond) await new Promise((resolve) => setTimeout(resolve, 20))
        const old = nodes[at] as TestServer
        const code = await old.stop({ keep: true })
        assert.equal(code, 0, old.log())
        nodes[at] = await startServer({ config, env, beside: old })
      }
      const before = logins.length
      while (logins.length < before + perSecond) await new Promise((resolve) => setTimeout(resolve, 20))
    } finally {
      clearInterval(timer)
    }
    await Promise.all(logins)
    assert.deepEqual(failed.slice(0, 3), [], `${failed.length} of ${logins.length} logins failed`)
    assert.ok(resets.count > 0, 'no client met a node that was away, so nothing was shown')
  })
})
