import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { api, conformance, emailOf, grant, passwordOf, secretOf, someone } from '../journeys/support.ts'
import { startServer, type TestServer } from '../support/server.ts'

/**
 * The clock jumps forward and back while challenges are pending and tokens live (AC-28, S-166): what has expired stays
 * expired, what was used stays used, and nobody waits until the clock is there again.
 */

const hour = 3_600
const day = 24 * hour
const credentials = { client_id: 'web', client_secret: secretOf('web') }
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const phones: Readonly<Record<string, string>> = { ada: '+15551234561', bob: '+15551234562' }

let server: TestServer
before(async () => {
  const users = Object.entries(phones).map(([name, phone_number]) =>
    someone(name, {
      authenticators: [
        { factor: 'totp', secret },
        { factor: 'sms', phone_number },
      ],
    }),
  )
  server = await startServer({ config: conformance(users) })
})
after(() => server.stop())

const token = (body: Record<string, string>) => server.form('/oauth/token', { ...credentials, ...body })

const password = (name: string, word = passwordOf(name)) => {
  const asked = { audience: api, scope: 'openid offline_access' }
  return token({ grant_type: 'password', username: emailOf(name), password: word, ...asked })
}
async function login(name: string): Promise<string> {
  const reply = await password(name)
  assert.equal(reply.body.error, 'mfa_required', reply.text)
  return reply.body.mfa_token
}
async function challenge(name: string) {
  const mfa_token = await login(name)
  const asked = await server.json('/mfa/challenge', { ...credentials, mfa_token, challenge_type: 'oob' })
  assert.equal(asked.status, 200, asked.text)
  const binding_code = await server.lastCode({ to: phones[name] ?? '', channel: 'sms' })
  return { grant_type: grant.oob, mfa_token, oob_code: asked.body.oob_code as string, binding_code }
}
const byApp = async (name: string, otp?: string) =>
  token({ grant_type: grant.otp, mfa_token: await login(name), otp: otp ?? (await server.totp(secret)) })

async function forwardAndBack(seconds: number, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
  await server.advance(seconds)
  await meanwhile()
  await server.advance(-seconds)
}

describe('a clock that jumps (AC-28)', () => {
  for (const [name, seconds] of [
    ['an hour', hour],
    ['a day', day],
  ] as const) {
    test(`${name} on and back: a pending code and its mfa_token are over, and a new login is not`, async () => {
      const answer = await challenge('ada')
      await forwardAndBack(seconds)
      const late = await token(answer)
      assert.match(String(late.status), /^40[13]$/, late.text)
      assert.equal(late.body.access_token, undefined)
      const again = await token(await challenge('ada'))
      assert.equal(again.status, 200, again.text)
      await server.advance(day)
    })
  }

  test('back an hour: what was used stays used, and what was pending goes on', async () => {
    const otp = await server.totp(secret)
    assert.equal((await byApp('ada', otp)).status, 200)
    const pending = await challenge('ada')
    await server.advance(-hour)
    await server.advance(hour)
    assert.equal((await byApp('ada', otp)).status, 403)
    const used = await token(pending)
    assert.equal(used.status, 200, used.text)
    assert.equal((await token(pending)).status, 403)
    await server.advance(day)
  })

  test('back an hour: a code that had run out stays so, now and when the clock comes to its time again', async () => {
    const answers = [await challenge('ada'), await challenge('ada')] as const
    await server.advance(400)
    await server.advance(-hour)
    const [one, two] = answers
    assert.equal((await token(one)).body.access_token, undefined)
    // What has run out is written down as that beside the requests, before the clock comes to its time again.
    await new Promise((resolve) => setTimeout(resolve, 500))
    await server.advance(hour - 395)
    const late = await token(two)
    assert.match(String(late.status), /^40[13]$/, late.text)
    await server.advance(day)
  })

  test('a refresh token that has expired does not come to life again, and one that was rotated stays rotated', async () => {
    const { refresh_token } = (await byApp('ada')).body
    const renewed = await token({ grant_type: 'refresh_token', refresh_token })
    assert.equal(renewed.status, 200, renewed.text)
    await server.advance(60)
    const other = (await byApp('bob')).body.refresh_token
    await forwardAndBack(60 * day)
    for (const dead of [refresh_token, renewed.body.refresh_token, other]) {
      const reply = await token({ grant_type: 'refresh_token', refresh_token: dead })
      assert.equal(reply.status, 403, reply.text)
    }
    await server.advance(day)
  })

  test('who was locked out while the clock was ahead waits no longer than anybody', async () => {
    await forwardAndBack(day, async () => {
      for (let n = 0; n < 11; n++) await password('bob', 'wrong')
      assert.equal((await password('bob')).status, 429)
      const mfa_token = await login('ada')
      for (let n = 0; n < 5; n++) await token({ grant_type: grant.otp, mfa_token, otp: '000000' })
    })
    assert.equal((await password('bob')).body.error, 'mfa_required')
    const reply = await token(await challenge('ada'))
    assert.equal(reply.status, 200, reply.text)
  })

  test('each jump back is in the audit trail', async () => {
    const { body } = await server.admin('GET', '/tenants/demo/events?type=clock.moved-back')
    const jumps = (body.items as { type: string; details: { seconds: number } }[]).filter(
      (it) => it.type === 'clock.moved-back',
    )
    assert.ok(jumps.length >= 4, JSON.stringify(body).slice(0, 300))
    assert.ok(jumps.some(({ details }) => details.seconds >= hour))
  })
})
