import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Answered, startServer, type TestServer } from '../support/server.ts'
import { api, conformance, emailOf, grant, passwordOf, secretOf, someone } from './support.ts'

/**
 * One-time things are taken once, whoever asks where: two server processes on one SQLite file, 50 requests at once,
 * half to each. `ROUNDS` repeats each kind so often; the engine has its own hundred rounds inside one process.
 */

const rounds = Number(process.env.ROUNDS ?? 4)
const atOnce = 50
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const savedCode = 'MZCRK3YX5V3AKNNYY6JEBQCL'
const phone = '+15551234567'
const credentials = { client_id: 'web', client_secret: secretOf('web') }

/** A user for each round in which a first factor is confirmed. */
const newcomers = Array.from({ length: rounds }, (_, n) => `newcomer-${n}`)

let one: TestServer
let two: TestServer

before(async () => {
  const ada = someone('ada', {
    authenticators: [
      { factor: 'totp', secret },
      { factor: 'sms', phone_number: phone },
      { factor: 'recovery_code', code: savedCode },
    ],
  })
  const config = conformance([ada, ...newcomers.map((name) => someone(name))])
  one = await startServer({ config })
  two = await startServer({ config, beside: one })
  assert.notEqual(one.httpUrl, two.httpUrl)
})
after(async () => {
  await two.stop({ keep: true })
  await one.stop()
})

const both = () => [one, two] as const

/** Time enough for every budget and ladder to be as new. */
const restUp = async () => {
  for (const server of both()) await server.advance(86_400)
}

/** A process follows at once what it was told itself, and a moment later what another was told. */
async function followed(seen: (tenant: Record<string, unknown>) => boolean): Promise<void> {
  const until = performance.now() + 5_000
  for (const server of both()) {
    while (!seen((await server.admin('GET', '/tenants/demo')).body)) {
      assert.ok(performance.now() < until, 'a process does not follow within 5 s')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

async function login(name = 'ada'): Promise<string> {
  const reply = await one.form('/oauth/token', {
    ...credentials,
    grant_type: 'password',
    username: emailOf(name),
    password: passwordOf(name),
    audience: api,
    scope: 'openid offline_access',
  })
  assert.equal(reply.body.error, 'mfa_required', reply.text)
  return reply.body.mfa_token
}

async function challenge(mfa_token: string) {
  const asked = await two.json('/mfa/challenge', { ...credentials, mfa_token, challenge_type: 'oob' })
  assert.equal(asked.status, 200, asked.text)
  const binding_code = await two.lastCode({ to: phone, channel: 'sms' })
  return { grant_type: grant.oob, mfa_token, oob_code: asked.body.oob_code as string, binding_code }
}

/** Sends bodies to the token endpoints of both processes, all at once, each body so often that there are 50. */
async function race(bodies: readonly Record<string, string>[]): Promise<readonly Answered[]> {
  const all = await Promise.all(
    Array.from({ length: atOnce }, (_, n) =>
      both()[n % 2]!.form('/oauth/token', { ...credentials, ...bodies[Math.floor(n / 2) % bodies.length] }),
    ),
  )
  for (const reply of all) assert.ok(reply.status < 500, `${reply.status} ${reply.text}`)
  return all
}

const won = (all: readonly Answered[]) => all.filter((reply) => reply.status === 200)

/** Several logins of one user, so that the token is not what decides. */
const logins = () => Promise.all(Array.from({ length: 5 }, () => login()))

describe(`of ${atOnce} at once on two processes exactly one succeeds, ${rounds} rounds`, () => {
  const kinds: Readonly<Record<string, () => Promise<readonly Record<string, string>[]>>> = {
    'a code by SMS': async () => [await challenge(await login())],
    async 'a code of an app, for several logins'() {
      const tokens = await logins()
      const otp = await one.totp(secret)
      return tokens.map((mfa_token) => ({ grant_type: grant.otp, mfa_token, otp }))
    },
    async 'a recovery code, for several logins'() {
      const tokens = await logins()
      return tokens.map((mfa_token) => ({ grant_type: grant.recovery, mfa_token, recovery_code }))
    },
    async 'an mfa_token, with different right proofs'() {
      const mfa_token = await login()
      const sms = await challenge(mfa_token)
      const otp = await one.totp(secret)
      const bodies: readonly Record<string, string>[] = [
        sms,
        { grant_type: grant.otp, mfa_token, otp },
        { grant_type: grant.recovery, mfa_token, recovery_code },
      ]
      return bodies
    },
    async 'a passwordless code'() {
      const started = await one.json('/passwordless/start', {
        ...credentials,
        connection: 'email',
        email: 'new@example.com',
        send: 'code',
      })
      assert.equal(started.status, 200, started.text)
      const otp = await one.lastCode({ to: 'new@example.com' })
      const body = { grant_type: grant.passwordless, realm: 'email', username: 'new@example.com', otp }
      return [body]
    },
  }
  let recovery_code = savedCode

  // First of all, and at one time: the rounds below move the clock far beyond the time after which a user counts as dormant (S-67).
  test('the confirmation of an enrolment', async () => {
    for (const name of newcomers) {
      const mfa_token = await login(name)
      const asked = await two.json('/mfa/associate', { authenticator_types: ['otp'], mfa_token })
      assert.equal(asked.status, 200, asked.text)
      const body = { grant_type: grant.otp, mfa_token, otp: await one.totp(asked.body.secret) }
      assert.equal(won(await race([body])).length, 1, name)
      const headers = { authorization: `Bearer ${await login(name)}` }
      const listed = await two.send('GET', '/mfa/authenticators', { headers })
      const active = listed.body.filter((it: { type: string; active: boolean }) => it.type === 'otp' && it.active)
      assert.equal(active.length, 1, name)
    }
  })

  for (const [kind, prepare] of Object.entries(kinds)) {
    test(kind, async () => {
      if (kind === 'a passwordless code') {
        // Where no second factor is asked for, the code alone brings tokens.
        assert.equal((await one.admin('PATCH', '/tenants/demo', { mfa: null })).status, 200)
        await followed((tenant) => tenant.mfa === undefined)
      }
      for (let round = 0; round < rounds; round++) {
        const all = await race(await prepare())
        const [winner, ...others] = won(all)
        assert.ok(winner, `round ${round}: ${all.map((reply) => reply.text).slice(0, 3)}`)
        assert.equal(others.length, 0, `round ${round}: ${others.length + 1} succeeded`)
        recovery_code = winner.body.recovery_code ?? recovery_code
        await restUp()
      }
    })
  }

  test('a refresh token has one successor, which repeats of the lost answer get too (S-111)', async () => {
    for (let round = 0; round < rounds; round++) {
      const first = await one.form('/oauth/token', { ...credentials, ...(await challenge(await login())) })
      const { refresh_token } = first.body
      const all = await race([{ grant_type: 'refresh_token', refresh_token }])
      const successors = new Set(won(all).map((reply) => reply.body.refresh_token))
      assert.equal(successors.size, 1, `round ${round}: ${successors.size} successors`)
      assert.ok(!successors.has(refresh_token))
      for (const server of both()) await server.advance(60)
      const late = await two.form('/oauth/token', { ...credentials, grant_type: 'refresh_token', refresh_token })
      assert.equal(late.status, 403, late.text)
      const [successor] = successors
      const ended = await one.form('/oauth/token', {
        ...credentials,
        grant_type: 'refresh_token',
        refresh_token: successor,
      })
      assert.equal(ended.status, 403, 'a reused token ends its family, also in the other process')
      const { items } = (await one.admin('GET', '/tenants/demo/events?limit=20')).body as { items: { type: string }[] }
      assert.ok(
        items.some(({ type }) => type === 'refresh.reused'),
        'and the alarm is in the audit trail, which webhooks carry on (AC-15)',
      )
      await restUp()
    }
  })

  test('attempts are counted together: ten wrong codes over both processes, and the eleventh is refused', async () => {
    let wrong = 0
    for (let n = 0; n < 3; n++) {
      const mfa_token = await login()
      const all = await Promise.all(
        Array.from({ length: 4 }, (_, at) =>
          both()[at % 2]!.form('/oauth/token', { ...credentials, grant_type: grant.otp, mfa_token, otp: '000000' }),
        ),
      )
      wrong += all.filter((reply) => reply.status === 403).length
    }
    assert.ok(wrong <= 10, `${wrong} codes were looked at`)
    const mfa_token = await login()
    const last = await two.form('/oauth/token', {
      ...credentials,
      grant_type: grant.otp,
      mfa_token,
      otp: await two.totp(secret),
    })
    assert.equal(last.status, 429, last.text)
  })
})
