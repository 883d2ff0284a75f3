import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { api, conformance, emailOf, grant, passwordOf, secretOf, someone } from '../journeys/support.ts'
import { type Answered, startServer, type TestServer } from '../support/server.ts'

/**
 * The process is killed between reading a request and sending its answer, at moments spread over all that happens in
 * between (AC-8, S-168). Afterwards the proof is spent and its result is there, or neither; a client that tries again
 * gets tokens at most once. `FAULTS=long` takes 20 moments of three kinds of proof, `npm test` five of one.
 */

const long = process.env.FAULTS === 'long'
const points = long ? 20 : 5
const credentials = { client_id: 'web', client_secret: secretOf('web') }
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const phone = '+15551234567'
const savedCode = 'MZCRK3YX5V3AKNNYY6JEBQCL'
const preload = pathToFileURL(join(import.meta.dirname, '../support/crash-points.ts')).href
const env = { NODE_OPTIONS: `--import=${preload}` }
const config = conformance([
  someone('ada', {
    authenticators: [
      { factor: 'totp', secret },
      { factor: 'sms', phone_number: phone },
      { factor: 'recovery_code', code: savedCode },
    ],
  }),
])

let server: TestServer
before(async () => {
  server = await startServer({ config, env })
})
after(() => server.stop())

type Body = Readonly<Record<string, string>>
const token = (body: Body, headers: Record<string, string> = {}) =>
  server.form('/oauth/token', { ...credentials, ...body }, headers)

async function login(): Promise<string> {
  const reply = await token({
    grant_type: 'password',
    username: emailOf('ada'),
    password: passwordOf('ada'),
    audience: api,
    scope: 'openid offline_access',
  })
  assert.equal(reply.body.error, 'mfa_required', reply.text)
  return reply.body.mfa_token
}

let recoveryCode = savedCode
const kinds: Readonly<Record<string, () => Promise<Body>>> = {
  'a code of an app': async () => ({ grant_type: grant.otp, mfa_token: await login(), otp: await server.totp(secret) }),
  async 'a code by SMS'() {
    const mfa_token = await login()
    const asked = await server.json('/mfa/challenge', { ...credentials, mfa_token, challenge_type: 'oob' })
    assert.equal(asked.status, 200, asked.text)
    const binding_code = await server.lastCode({ to: phone, channel: 'sms' })
    return { grant_type: grant.oob, mfa_token, oob_code: asked.body.oob_code, binding_code }
  },
  'a recovery code': async () => ({
    grant_type: grant.recovery,
    mfa_token: await login(),
    recovery_code: recoveryCode,
  }),
}

/** Starts the server again on the same database, its clock where it was or later. */
async function restart(now: number): Promise<void> {
  await server.stop({ keep: true, signal: 'SIGKILL' })
  server = await startServer({ config, env, beside: server })
  await server.advance((now - (await server.now())) / 1_000)
}

/** What the last proof left behind. */
interface Left {
  readonly spent: number
  readonly refreshTokens: number
  readonly logins: number
}

function left(): Left {
  const db = new DatabaseSync(join(server.folder, 'store.db'), { readOnly: true })
  try {
    const count = (sql: string) => Number(db.prepare(`SELECT count(*) AS count FROM ${sql}`).get()?.count)
    return {
      spent: count(`tickets WHERE doc ->> 'usedAt' IS NOT NULL`),
      refreshTokens: count(`artifacts WHERE doc ->> 'model' = 'RefreshToken'`),
      logins: count(`events WHERE doc ->> 'type' = 'login.granted'`),
    }
  } finally {
    db.close()
  }
}

const added = (before: Left, now: Left): Left => ({
  spent: now.spent - before.spent,
  refreshTokens: now.refreshTokens - before.refreshTokens,
  logins: now.logins - before.logins,
})
const nothing: Left = { spent: 0, refreshTokens: 0, logins: 0 }
const all: Left = { spent: 1, refreshTokens: 1, logins: 1 }

/** Past every budget and wait of what was. */
const rest = () => server.advance(86_400)

describe(`killed at ${points} moments between reading a request and answering it (AC-8, S-168)`, () => {
  for (const [kind, prepare] of Object.entries(kinds).slice(0, long ? undefined : 1)) {
    test(kind, async () => {
      // A request that has to read settings anew has more moments than one that remembers them.
      let moments = Number.POSITIVE_INFINITY
      for (let n = 0; n < 3; n++) {
        const counted = await token(await prepare(), { 'x-crash-at': 'count' })
        assert.equal(counted.status, 200, counted.text)
        moments = Math.min(moments, Number(counted.headers.get('x-moments')))
        recoveryCode = counted.body.recovery_code ?? recoveryCode
        await rest()
      }
      assert.ok(moments >= 20, `${moments} moments`)
      const seen = { spent: 0, untouched: 0 }
      let answered = 0
      for (let point = 0; point < points; point++) {
        const at = 1 + Math.floor((point * moments) / (points - 1))
        const body = await prepare()
        const before = left()
        const now = await server.now()
        // The last moment is after the answer was handed over: it may have left, or not.
        const answer = await token(body, { 'x-crash-at': String(at) }).catch((): undefined => undefined)
        if (answer !== undefined) answered++
        assert.ok(
          answered <= 1 + points / 5,
          `${answered} were answered before they were killed, at moment ${at} of ${moments}`,
        )
        await restart(now)
        const made = added(before, left())
        assert.deepEqual(made, made.spent === 0 ? nothing : all, `at moment ${at} of ${moments}`)
        seen[made.spent === 0 ? 'untouched' : 'spent']++
        const successes = await retries(body)
        assert.equal(successes.length, made.spent === 0 ? 1 : 0, `at moment ${at}: ${successes.length} tries succeeded`)
        recoveryCode = successes[0]?.body.recovery_code ?? recoveryCode
        await rest()
        if (kind === 'a recovery code' && made.spent > 0) break // Its successor was on the answer nobody got.
      }
      assert.ok(seen.untouched > 0 && seen.spent > 0, JSON.stringify(seen))
    })
  }
})

/** A client that had no answer asks again, and again. */
async function retries(body: Body): Promise<readonly Answered[]> {
  const replies: Answered[] = []
  for (let n = 0; n < 2; n++) replies.push(await token(body))
  for (const { status, text } of replies) assert.ok(status === 200 || status === 403, text)
  return replies.filter(({ status }) => status === 200)
}
