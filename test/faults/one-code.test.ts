import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import type { ConfigInput } from '#config/schema.ts'
import { native } from '../journeys/entra-support.ts'
import { someone } from '../journeys/support.ts'
import { openBrowser } from '../support/browser.ts'
import { callback, cidaasVerbs, mfaPage } from '../support/cidaas.ts'
import { base, clientId, type Reply } from '../support/entra.ts'
import { previewVerbs } from '../support/entra-preview.ts'
import { type Way, waysOf } from '../support/one-code.ts'
import { postgresKinds, startPostgres } from '../support/postgres.ts'
import { startServer, type TestServer } from '../support/server.ts'

/**
 * One code of an authenticator app, given by 50 clients at the same instant: in all dialects and on the hosted page, half
 * of them to each of two server processes on one database. `npm test` does it four times on PostgreSQL, `FAULTS=long` 200
 * times, and as often on SQLite.
 * Who is to come first is told by `test/journeys/one-code.test.ts`; here everybody runs.
 */

const long = process.env.FAULTS === 'long'
const rounds = long ? 200 : 4
/** A test has two minutes. */
const roundsOfATest = 10
const clients = 50
/** Logins of each way in one round; several clients give the code for the same one. */
const loginsOfAWay = 2
const who = 'ada'
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

const redirecting = {
  type: 'spa' as const,
  redirect_uris: [callback],
  grant_types: ['authorization_code' as const, 'refresh_token' as const],
}
const config = (): ConfigInput => ({
  public_url: base,
  tenants: [
    {
      id: 'demo',
      domains: ['localhost'],
      factors: ['password', 'totp'],
      mfa: { mode: 'ALWAYS' },
      native_preview: 'sdk',
      pages: { mfa_required: mfaPage },
      applications: [
        { client_id: 'trusted', type: 'spa', redirect_uris: [callback], grant_types: ['password', 'mfa'] },
        { client_id: 'app', ...redirecting },
        { client_id: 'spa', ...redirecting },
        native(clientId),
      ],
      users: [someone(who, { authenticators: [{ factor: 'totp', secret }] })],
    },
  ],
})

let one: TestServer
let two: TestServer
/** No more connections than an address may hold (S-153). */
const agent = new Agent({ keepAlive: true, maxSockets: 40 })
after(() => agent.destroy())

const both = () => [one, two] as const

/** Which process a request goes to; unless told, each to the other than the last. */
const goesTo = new AsyncLocalStorage<TestServer>()
let turn = 0

interface Raw {
  readonly statusCode: number
  readonly headers: Reply['headers']
  readonly payload: string
}

/** A request as the public address gets it. `fetch` would say of itself that it is a script's, and name another host. */
async function ask(method: string, path: string, headers: Record<string, string>, payload = ''): Promise<Raw> {
  const { httpUrl } = goesTo.getStore() ?? both()[turn++ % 2] ?? one
  return await new Promise<Raw>((resolve, reject) => {
    const sent = request(httpUrl + new URL(path, base).href.slice(base.length), {
      method,
      agent,
      headers: {
        ...headers,
        host: new URL(base).host,
        ...(payload !== '' && { 'content-length': Buffer.byteLength(payload) }),
      },
    })
    sent.once('error', reject)
    sent.once('response', (reply) => {
      const { statusCode = 0, headers } = reply
      text(reply).then((body) => resolve({ statusCode, headers: headers as Raw['headers'], payload: body }), reject)
    })
    sent.end(payload)
  })
}

async function send(
  method: string,
  path: string,
  more: { headers?: Record<string, string>; payload?: string } = {},
): Promise<Reply> {
  const { statusCode, headers, payload } = await ask(method, path, more.headers ?? {}, more.payload)
  const json = String(headers['content-type'] ?? '').includes('json') && payload !== ''
  return { status: statusCode, headers, text: payload, body: json ? JSON.parse(payload) : undefined }
}

const preview = previewVerbs({ send, post: () => assert.fail('no token is asked for here') })
const cidaas = cidaasVerbs(ask)
const ways = waysOf(who, {
  token: (body) => cidaas.browser().xhr('POST', '/oauth/token', body),
  continuation: () => preview,
  track: () => cidaas,
  pages: () => openBrowser({ send }),
})

interface Given {
  readonly way: Way
  readonly reply: Reply
}

/** Everybody gives the code of one moment; who is asked first turns with the rounds. */
async function race(round: number): Promise<readonly Given[]> {
  const begun = ways.flatMap((way) =>
    Array.from({ length: loginsOfAWay }, async () => ({ way, give: await way.begin() })),
  )
  const logins = await Promise.all(begun)
  const code = await one.totp(secret)
  return await Promise.all(
    Array.from({ length: clients }, async (_, n): Promise<Given> => {
      const { way, give } = logins[((n + round) * loginsOfAWay + Math.floor(n / ways.length)) % logins.length]!
      return { way, reply: await goesTo.run(both()[n % 2] ?? one, () => give(code)) }
    }),
  )
}

/** How many codes of the app the audit calls right, since a moment. */
async function right(since: number): Promise<number> {
  const from = new Date(since).toISOString()
  const { status, body, text } = await one.admin(
    'GET',
    `/tenants/demo/events?${new URLSearchParams({ type: 'proof.checked', outcome: 'success', from })}`,
  )
  assert.equal(status, 200, text)
  return (body.items as { factor?: string }[]).filter(({ factor }) => factor === 'totp').length
}

/** How often each way won, and each refusal was given. */
type Counts = Map<string, number>
const count = (counts: Counts, what: string) => void counts.set(what, (counts.get(what) ?? 0) + 1)

async function judge(round: number, counts: Counts): Promise<void> {
  const since = await one.now()
  const all = await race(round)
  const won = all.filter(({ way, reply }) => way.accepts(reply))
  const names = won.map(({ way }) => way.name)
  const lost = all.filter((it) => !won.includes(it))
  for (const { way, reply } of lost) {
    count(counts, `${way.name}: ${way.says(reply).join(' ')}`)
    assert.ok(
      (reply.status >= 400 && reply.status < 500) || reply.status === 503,
      `round ${round}, ${way.name}: ${reply.status} ${reply.text}\n${one.log()}${two.log()}`,
    )
  }
  for (const name of names) count(counts, name)
  assert.equal(await right(since), 1, `round ${round}: what the audit calls right; ${names} said so`)
  // Whoever waits too long in line is refused by 503; one of them may be the winner whose answer came too late.
  const overloaded = lost.some(({ reply }) => reply.status === 503)
  assert.ok(won.length === 1 || (overloaded && won.length === 0), `round ${round}: ${names} won`)
}

async function play(round: number, counts: Counts): Promise<void> {
  try {
    await judge(round, counts)
  } finally {
    // Past every budget, and past the life of everything this round began.
    for (const server of both()) await server.advance(86_400)
  }
}

/** Where the two processes keep what they know; nothing said: in a file of SQLite that both open. */
type Database = () => Promise<{ readonly url?: string; close(): Promise<void> }>
const databases: Readonly<Record<string, Database>> = {
  async PostgreSQL() {
    const [kind] = postgresKinds()
    assert.ok(kind)
    const postgres = await startPostgres(kind)
    return { url: await postgres.database('one_code'), close: () => postgres.remove() }
  },
  ...(long && { SQLite: async () => ({ close: async () => {} }) }),
}

for (const [name, open] of Object.entries(databases)) {
  describe(`one code, ${clients} clients at two processes on one ${name}, in every dialect and on the page`, () => {
    let database: Awaited<ReturnType<Database>>
    before(async () => {
      database = await open()
      const env: Record<string, string> = database.url === undefined ? {} : { DATABASE_URL: database.url }
      one = await startServer({ config, env })
      two = await startServer({ config, env, beside: one })
    })
    after(async () => {
      await two?.stop({ keep: true })
      await one?.stop()
      await database?.close()
    })

    for (let first = 0; first < rounds; first += roundsOfATest) {
      const last = Math.min(first + roundsOfATest, rounds)
      test(`is right exactly once: rounds ${first + 1} to ${last} of ${rounds} (AC-6, S-12, S-28)`, async (t) => {
        const counts: Counts = new Map()
        for (let round = first; round < last; round++) await play(round, counts)
        for (const [what, times] of counts) t.diagnostic(`${times} × ${what}`)
      })
    }
  })
}
