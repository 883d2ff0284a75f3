import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, afterEach, before, describe, test } from 'node:test'
import { api, conformance, emailOf, grant, passwordOf, secretOf, someone } from '../journeys/support.ts'
import { type Behaviour, localProvider } from '../support/local-provider.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** A whole server whose two SMS providers, Twilio and Vonage as local servers, hang, fail, ask to wait and repeat themselves. */

const credentials = { client_id: 'web', client_secret: secretOf('web') }
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const phones = { ada: '+15551234561', bob: '+15551234562', eve: '+15551234563', joe: '+15551234564' } as const
type Name = keyof typeof phones

const taken = (status: number, body: object) => () => ({ status, body })
const good = {
  twilio: taken(201, { sid: 'SM1', status: 'queued' }),
  vonage: taken(202, { message_uuid: 'aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab' }),
}
const busy: Behaviour = () => ({ status: 429, headers: { 'retry-after': '60' }, body: {} })

type Provider = Awaited<ReturnType<typeof localProvider>>
let twilio: Provider
let vonage: Provider
let server: TestServer
const closers: (() => unknown)[] = []

before(async () => {
  const later = { after: (close: () => unknown) => void closers.push(close) } as never
  twilio = await localProvider(later, good.twilio)
  vonage = await localProvider(later, good.vonage)
  const users = (Object.keys(phones) as Name[]).map((name) =>
    someone(name, {
      authenticators: [
        { factor: 'sms', phone_number: phones[name] },
        { factor: 'totp', secret },
      ],
    }),
  )
  const sms = [
    `twilio://AC1:t@api.twilio.com/?from=+15555550199&endpoint=${twilio.origin}`,
    `vonage://k:s@api.nexmo.com/?from=ACME&endpoint=${vonage.origin}`,
  ]
  server = await startServer({ config: (url) => ({ ...conformance(users)(url), delivery: { sms } }) })
})
afterEach(async () => {
  twilio.behave(good.twilio)
  vonage.behave(good.vonage)
  // Past every wait and every budget of what was.
  await server.advance(86_400)
})
after(async () => {
  for (const close of closers) await close()
  await server.stop()
})

async function login(name: Name): Promise<string> {
  const reply = await server.form('/oauth/token', {
    ...{ ...credentials, grant_type: 'password', username: emailOf(name), password: passwordOf(name), audience: api },
  })
  assert.equal(reply.body.error, 'mfa_required', reply.text)
  return reply.body.mfa_token
}

async function challenge(mfa_token: string): Promise<string> {
  const asked = await server.json('/mfa/challenge', { ...credentials, mfa_token, challenge_type: 'oob' })
  assert.equal(asked.status, 200, asked.text)
  return asked.body.oob_code
}

const prove = (fields: Record<string, string>) => server.form('/oauth/token', { ...credentials, ...fields })
const byCode = (mfa_token: string, oob_code: string, binding_code: string) =>
  prove({ grant_type: grant.oob, mfa_token, oob_code, binding_code })

/** Codes a provider was given for a number, oldest first; both write it in the same text. */
const codesAt = (provider: Provider, name: Name): readonly string[] =>
  provider.seen
    .map(({ headers, body }) => (headers['content-type']?.includes('json') ? body : decodeURIComponent(body)))
    .filter((body) => body.includes(phones[name].slice(1)))
    .map((body) => /(?<!\d)\d{6}(?!\d)/.exec(body)?.[0] ?? assert.fail('a message without a code'))

/** Rows of the message queue, whatever became of them. */
function queuedRows(): number {
  const db = new DatabaseSync(join(server.folder, 'store.db'), { readOnly: true })
  try {
    return Number(db.prepare('SELECT count(*) AS count FROM messages').get()?.count)
  } finally {
    db.close()
  }
}

async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 5_000
  while (!holds() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.ok(holds(), 'it did not come to pass')
}

describe('providers of messages that fail', () => {
  test('AC-33: while they hang, the answer comes, another factor is open, and one message is queued', async () => {
    twilio.behave(() => 'hangs')
    vonage.behave(() => 'hangs')
    const mfa_token = await login('ada')
    const begun = Date.now()
    await challenge(mfa_token)
    assert.ok(Date.now() - begun < 10_000)
    await until(() => codesAt(twilio, 'ada').length === 1)
    const listed = await server.send('GET', '/mfa/authenticators', {
      headers: { authorization: `Bearer ${mfa_token}` },
    })
    assert.ok(
      listed.body.some((it: { authenticator_type: string }) => it.authenticator_type === 'otp'),
      listed.text,
    )
    const done = await prove({ grant_type: grant.otp, mfa_token, otp: await server.totp(secret) })
    assert.equal(done.status, 200, done.text)
    assert.equal(queuedRows(), 1)
    assert.equal(new Set([...codesAt(twilio, 'ada'), ...codesAt(vonage, 'ada')]).size, 1)
  })

  test('AC-34: when the first answers 500, the second brings the same code, and it is right', async () => {
    twilio.behave(() => ({ status: 500, body: { code: 20500 } }))
    const mfa_token = await login('bob')
    const oob = await challenge(mfa_token)
    await until(() => codesAt(vonage, 'bob').length === 1)
    const [code = ''] = codesAt(vonage, 'bob')
    assert.deepEqual(codesAt(twilio, 'bob'), [code])
    const done = await byCode(mfa_token, oob, code)
    assert.equal(done.status, 200, done.text)
  })

  test('AC-35: with Retry-After: 60 no call comes before 60 s, and the user waits and signs in', async () => {
    twilio.behave(busy)
    vonage.behave(busy)
    const mfa_token = await login('eve')
    const oob = await challenge(mfa_token)
    const calls = () => [...codesAt(twilio, 'eve'), ...codesAt(vonage, 'eve')]
    await until(() => calls().length === 2)
    twilio.behave(good.twilio)
    await server.advance(55)
    // The outbox looks for what is due before it answers.
    await server.outbox()
    assert.equal(calls().length, 2)
    await server.advance(6)
    await server.outbox()
    await until(() => calls().length === 3)
    assert.equal(new Set(calls()).size, 1)
    const done = await byCode(mfa_token, oob, calls()[0] ?? '')
    assert.equal(done.status, 200, done.text)
  })

  test('AC-36: of a message that comes late, and of one that comes twice, only the live code counts, once', async () => {
    const mfa_token = await login('joe')
    const first = await challenge(mfa_token)
    await until(() => codesAt(twilio, 'joe').length === 1)
    await server.advance(60)
    const second = await challenge(mfa_token)
    await until(() => codesAt(twilio, 'joe').length === 2)
    const [late = '', live = ''] = codesAt(twilio, 'joe')
    assert.notEqual(late, live)
    for (const oob of [first, second]) {
      const refused = await byCode(mfa_token, oob, late)
      assert.deepEqual([refused.status, refused.body.error], [403, 'invalid_grant'], refused.text)
    }
    const done = await byCode(mfa_token, second, live)
    assert.equal(done.status, 200, done.text)
    const twice = await byCode(mfa_token, second, live)
    assert.ok(twice.status >= 400 && twice.status < 500, twice.text)
  })
})
