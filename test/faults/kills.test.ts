import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { api, conformance, emailOf, grant, passwordOf, secretOf, someone } from '../journeys/support.ts'
import { type Answered, startServer, type TestServer } from '../support/server.ts'

/**
 * The server is killed again and again while people sign in, renew and revoke (S-168). Everything asked and answered is
 * recorded, and the record is checked: no proof brought tokens twice, nothing that was acknowledged is lost, what was
 * revoked stays revoked. `FAULTS=long`: 200 kills.
 */

const long = process.env.FAULTS === 'long'
const kills = long ? 200 : 3
/** For a server that is started so often, ms. */
const timeout = long ? 1_200_000 : 120_000
const people = 8
const credentials = { client_id: 'web', client_secret: secretOf('web') }
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const names = Array.from({ length: people }, (_, n) => `user${n}`)
const config = conformance(names.map((name) => someone(name, { authenticators: [{ factor: 'totp', secret }] })))

let server: TestServer
before(async () => {
  server = await startServer({ config })
})
after(() => server.stop())

/** A proof that was given, and each answer that came of it; `lost` where none came. */
interface Given {
  readonly name: string
  readonly proof: string
  readonly answers: ('granted' | 'refused' | 'lost')[]
}
/** A refresh token somebody was given, and what is known to have become of it. */
interface Held {
  readonly token: string
  state: 'live' | 'gone' | 'unknown'
}

const given: Given[] = []
const held: Held[] = []

/** Answers until the process is killed, so that it happens in the middle of things however slow the machine is. */
let untilKilled = Number.POSITIVE_INFINITY

async function ask(body: Record<string, string>): Promise<Answered | undefined> {
  const reply = await server.form('/oauth/token', { ...credentials, ...body }).catch((): undefined => undefined)
  if (--untilKilled === 0) server.child.kill('SIGKILL')
  return reply
}

/** Numbers anybody can repeat: the moments of the kills. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

async function login(name: string): Promise<string> {
  const body = { grant_type: 'password', username: emailOf(name), password: passwordOf(name), audience: api }
  const asked = await ask({ ...body, scope: 'openid offline_access' })
  return asked?.body?.mfa_token ?? assert.fail(asked?.text)
}

/** One person's doings until the server is gone: give the code twice, renew, every third time revoke. */
async function live(name: string, mfa_token: string, code: string, turn: number): Promise<void> {
  const one: Given = { name, proof: `${name} ${code}`, answers: [] }
  given.push(one)
  let refreshToken: string | undefined
  for (let n = 0; n < 2; n++) {
    const reply = await ask({ grant_type: grant.otp, mfa_token, otp: code })
    one.answers.push(reply === undefined ? 'lost' : reply.status === 200 ? 'granted' : 'refused')
    refreshToken ??= reply?.body?.refresh_token
  }
  if (refreshToken === undefined) return
  const before: Held = { token: refreshToken, state: 'unknown' }
  held.push(before)
  const renewed = await ask({ grant_type: 'refresh_token', refresh_token: refreshToken })
  if (renewed === undefined) return
  assert.equal(renewed.status, 200, renewed.text)
  before.state = 'gone'
  const next: Held = { token: renewed.body.refresh_token, state: 'live' }
  held.push(next)
  if (turn % 3 !== 0) return
  next.state = 'unknown'
  const revoked = await server
    .json('/oauth/revoke', { ...credentials, token: next.token })
    .catch((): undefined => undefined)
  if (revoked?.status === 200) next.state = 'gone'
}

async function killOnce(turn: number, random: () => number): Promise<void> {
  const code = await server.totp(secret)
  const tokens = await Promise.all(names.map(login))
  const now = await server.now()
  // Each asks three times, so somebody is in the middle of something.
  untilKilled = 1 + Math.floor(random() * (3 * people - 1))
  await Promise.all(names.map((name, n) => live(name, tokens[n] ?? '', code, turn)))
  untilKilled = Number.POSITIVE_INFINITY
  await server.stop({ keep: true, signal: 'SIGKILL' })
  server = await startServer({ config, beside: server })
  // The next code, and past the wait of whoever gave one twice.
  await server.advance(Math.max(0, (now - (await server.now())) / 1_000) + 3_600)
}

describe('a server that is killed under load', () => {
  test(`${kills} times keeps what it has acknowledged and takes no proof twice (S-168)`, { timeout }, async (t) => {
    const random = numbers(20_260_101)
    for (let from = 0; from < kills; from += 20) {
      const to = Math.min(kills, from + 20)
      await t.test(`kills ${from + 1} to ${to}`, async () => {
        for (let turn = from; turn < to; turn++) await killOnce(turn, random)
      })
    }
    for (const { proof, answers } of given) {
      assert.ok(answers.filter((it) => it === 'granted').length <= 1, `${proof} was granted twice`)
    }
    assert.ok(given.some(({ answers }) => answers.includes('granted')))
    // Those first: a rotated token that is shown again ends its whole family.
    for (const { token } of held.filter((it) => it.state === 'live')) {
      const reply = await ask({ grant_type: 'refresh_token', refresh_token: token })
      assert.equal(reply?.status, 200, `an acknowledged token is lost: ${reply?.text}`)
    }
    await server.advance(60)
    for (const { token } of held.filter((it) => it.state === 'gone')) {
      const reply = await ask({ grant_type: 'refresh_token', refresh_token: token })
      assert.notEqual(reply?.status, 200, 'what was rotated or revoked works again')
    }
  })
})
