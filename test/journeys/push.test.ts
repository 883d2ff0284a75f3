import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newPushDevice, type PushDevice, type TestRequest } from '../support/push-device.ts'
import { openPushService } from '../support/push-service.ts'
import { type Answered, startServer, type TestServer } from '../support/server.ts'
import { authClient, conformance, failure, meetsMfa, mfaApi, payload, secretOf, someone } from './support.ts'

/** Push from end to end over HTTP: a device that speaks as docs/push.md says, and the unmodified server SDK (auth0.md §8.9). */

let server: TestServer
let A: ReturnType<typeof authClient>
before(async () => {
  const factors = ['password', 'totp', 'sms', 'push', 'recovery_code'] as const
  const users = ['ada', 'bob', 'cy', 'dee'].map((name) => someone(name))
  server = await startServer({ config: conformance(users, { factors: [...factors] }) })
  A = authClient(server)
})
after(() => server.stop())

/** A device whose clock goes by the server's, and its calls. */
async function newDevice() {
  const ahead = (await server.now()) - Date.now()
  const device = newPushDevice({ home: server.publicUrl, clock: () => Date.now() + ahead })
  const call = (path: string, statement: string): Promise<Answered> =>
    server.json(`/u/api/authenticator/${path}`, { statement })
  const waiting = async (): Promise<TestRequest> => {
    const { body } = await call('requests', device.say('list'))
    return body.requests[0] ?? assert.fail('nothing waits')
  }
  return { device, call, waiting }
}
type Device = Awaited<ReturnType<typeof newDevice>>

const answer = async (
  { device, call, waiting }: Device,
  ...[how, number]: [Parameters<PushDevice['answer']>[1], unknown?]
) => await call('answer', device.answer(await waiting(), how, number))

/** What an application shows: the number after the last dot of the code (docs/push.md). */
const numberIn = (oobCode = ''): string => oobCode.slice(oobCode.lastIndexOf('.') + 1)

async function enrol(name: string): Promise<{ device: Device; id: string }> {
  const device = await newDevice()
  const { mfa_token: mfaToken } = await meetsMfa(server, A, name)
  const begun = await A.mfa.enrollAuthenticator({ mfaToken, authenticatorTypes: ['oob'], oobChannels: ['auth0'] })
  assert(begun.authenticatorType === 'oob')
  const enrolled = await device.call('enrol', device.device.enrol(begun.barcodeUri ?? ''))
  assert.equal(enrolled.status, 200, enrolled.text)
  await A.mfa.verify({ mfaToken, factorType: 'oob', oobCode: begun.oobCode ?? '' })
  await server.advance(301)
  return { device: device, id: begun.id ?? '' }
}

describe('8.9 push by the SDK', () => {
  let ada: Device

  test('8.9.1 an association answers with barcodeUri and oobCode, without a bindingMethod', async () => {
    const cause = await meetsMfa(server, A, 'ada')
    assert.deepEqual(cause.mfa_requirements.enroll?.map((it) => it.type).sort(), ['otp', 'phone', 'push-notification'])
    const mfaToken = cause.mfa_token
    ada = await newDevice()
    const begun = await A.mfa.enrollAuthenticator({ mfaToken, authenticatorTypes: ['oob'], oobChannels: ['auth0'] })
    assert(begun.authenticatorType === 'oob')
    assert.equal(begun.oobChannel, 'auth0')
    assert.equal('bindingMethod' in begun && begun.bindingMethod !== undefined, false)
    assert(begun.oobCode && begun.recoveryCodes?.length === 1)
    assert.match(begun.barcodeUri ?? '', new RegExp(`^${server.publicUrl}/u/authenticator#enrol=[A-Za-z0-9_-]{43}$`))

    // 8.9.2, first half: pending, too fast, confirmed.
    const verify = () => A.mfa.verify({ mfaToken, factorType: 'oob', oobCode: begun.oobCode ?? '' })
    const pending = await failure(verify())
    assert.deepEqual(
      [pending.name, pending.cause.error, pending.cause.error_description],
      ['MfaVerifyError', 'authorization_pending', 'Authorization pending: please repeat the request in a few seconds.'],
    )
    assert.equal((await failure(verify())).cause.error, 'slow_down')
    const enrolled = await ada.call('enrol', ada.device.enrol(begun.barcodeUri ?? ''))
    assert.deepEqual(enrolled.body, { account: 'ada@example.com', tenant: { id: 'demo', name: 'My Test Tenant' } })
    const tokens = await verify()
    assert.deepEqual(payload(tokens.idToken ?? '').amr, ['pwd', 'swk', 'mfa', 'mca'])
  })

  test('8.9.2 approval with the number gives tokens; polling before it does not', async () => {
    const { mfa_token: mfaToken, mfa_requirements } = await meetsMfa(server, A, 'ada')
    assert.deepEqual(
      mfa_requirements.challenge?.map((it) => it.type),
      ['push-notification', 'recovery-code'],
    )
    const asked = await A.mfa.challengeAuthenticator({ mfaToken, challengeType: 'oob' })
    assert.deepEqual([asked.challengeType, asked.bindingMethod], ['oob', undefined])
    const verify = () => A.mfa.verify({ mfaToken, factorType: 'oob', oobCode: asked.oobCode ?? '' })
    assert.equal((await failure(verify())).cause.error, 'authorization_pending')
    const number = numberIn(asked.oobCode)
    assert.match(number, /^\d{6}$/)
    const wrong = String((Number(number) + 1) % 1_000_000).padStart(6, '0')
    assert.equal((await answer(ada, 'allow', wrong)).body.error, 'wrong-proof')
    assert.equal((await answer(ada, 'allow')).body.error, 'wrong-proof')
    assert.deepEqual((await answer(ada, 'allow', number)).body, { decision: 'right' })
    const tokens = await verify()
    const claims = payload(tokens.idToken ?? '')
    assert.deepEqual([claims.amr, claims.acr], [['pwd', 'swk', 'mfa', 'mca'], 'urn:polyfactor:acr:aal2'])
    assert.notEqual((await failure(verify())).cause.error, undefined, 'spent')
  })

  test('8.9.2 a denial is access_denied in the words of the recording, however often it is asked', async () => {
    const { mfa_token: mfaToken } = await meetsMfa(server, A, 'ada')
    const asked = await A.mfa.challengeAuthenticator({ mfaToken, challengeType: 'oob' })
    assert.deepEqual((await answer(ada, 'deny')).body, { decision: 'declined' })
    for (let i = 0; i < 2; i++) {
      const { cause } = await failure(A.mfa.verify({ mfaToken, factorType: 'oob', oobCode: asked.oobCode ?? '' }))
      assert.deepEqual([cause.error, cause.error_description], ['access_denied', 'MFA Authorization rejected.'])
    }
  })

  test('an expired request is expired_token, and its device hears the same', async () => {
    const { mfa_token: mfaToken } = await meetsMfa(server, A, 'ada')
    const asked = await A.mfa.challengeAuthenticator({ mfaToken, challengeType: 'oob' })
    const request = await ada.waiting()
    await server.advance(301)
    const late = ada.device.answer(request, 'allow', numberIn(asked.oobCode))
    assert.equal((await ada.call('answer', late)).body.error, 'challenge-expired')
    const { cause } = await failure(A.mfa.verify({ mfaToken, factorType: 'oob', oobCode: asked.oobCode ?? '' }))
    assert.deepEqual([cause.error, cause.error_description], ['expired_token', 'oob_code is expired'])
  })
})

test('AC-53: of many login starts three in five minutes reach the device, and none after the report that it was not me', async () => {
  const { device } = await enrol('bob')
  const start = async () => {
    const { mfa_token: mfaToken } = await meetsMfa(server, A, 'bob')
    return await server.json('/mfa/challenge', {
      mfa_token: mfaToken,
      client_id: 'web',
      client_secret: secretOf('web'),
      challenge_type: 'oob',
    })
  }
  const first = await Promise.all(Array.from({ length: 10 }, start))
  assert.equal(first.filter((it) => it.status === 200).length, 3)
  const refused = first.find((it) => it.status !== 200)
  assert.equal(refused?.status, 429)
  assert(Number(refused?.headers.get('retry-after')) > 0)
  await server.advance(301)
  const again = await newDevice()
  assert.equal((await start()).status, 200)
  const waiting = await again.call('requests', device.device.say('list', {}, { at: await server.now() }))
  assert.equal(waiting.body.requests.length, 1, 'one at a time')
  const report = await device.call('answer', device.device.answer(waiting.body.requests[0], 'report'))
  assert.deepEqual(report.body, { decision: 'declined' })
  await server.advance(3_600)
  assert.equal((await start()).status, 429)
  assert((await server.outbox({ to: 'bob@example.com' })).some(({ text }) => /not yours/.test(text)))
})

test('push is listed as the wire has it, and deleting it makes the device dead', async () => {
  const { device, id } = await enrol('cy')
  const { mfa_token } = await meetsMfa(server, A, 'cy')
  const all = await server.send('GET', '/mfa/authenticators', { headers: { authorization: `Bearer ${mfa_token}` } })
  const push = all.body.find((it: { id: string }) => it.id === id)
  const { created_at, last_auth, ...listed } = push
  assert.deepEqual(listed, {
    id,
    authenticator_type: 'oob',
    active: true,
    oob_channel: 'auth0',
    oob_channels: ['auth0'],
    name: 'Pixel 9',
    type: 'push-notification',
  })
  assert(id.startsWith('push|dev_') && created_at && last_auth)
  // A token for changes needs a second factor that is fresh: the device itself gives it.
  const { mfa_token: step } = await meetsMfa(server, A, 'cy', mfaApi(server))
  const asked = await A.mfa.challengeAuthenticator({ mfaToken: step, challengeType: 'oob' })
  const [request] = (await device.call('requests', device.device.say('list', {}, { at: await server.now() }))).body
    .requests
  await device.call('answer', device.device.answer(request, 'allow', numberIn(asked.oobCode)))
  const tokens = await A.mfa.verify({ mfaToken: step, factorType: 'oob', oobCode: asked.oobCode ?? '' })
  const bearer = { authorization: `Bearer ${tokens.accessToken}` }
  const gone = () => server.send('DELETE', `/mfa/authenticators/${encodeURIComponent(id)}`, { headers: bearer })
  assert.equal((await gone()).status, 403, 'the last one stays while policy asks for one (S-66)')
  const app = await server.json('/mfa/associate', { authenticator_types: ['otp'] }, bearer)
  const confirmed = await server.form('/oauth/token', {
    grant_type: 'http://auth0.com/oauth/grant-type/mfa-otp',
    client_id: 'web',
    client_secret: secretOf('web'),
    mfa_token: tokens.accessToken,
    otp: await server.totp(app.body.secret),
  })
  assert.equal(confirmed.status, 200, confirmed.text)
  assert.equal((await gone()).status, 204)
  const dead = await device.call('requests', device.device.say('list', {}, { at: await server.now() }))
  assert.deepEqual([dead.status, dead.body.error], [404, 'factor-unknown'])
})

test('the outbox shows alerts, whose text says nothing but to open the authenticator (operating.md §5)', async () => {
  const { device } = await enrol('dee')
  const at = await server.now()
  const endpoint = 'https://fcm.googleapis.com/fcm/send/dee'
  const keys = { p256dh: 'B'.repeat(87), auth: 'A'.repeat(22) }
  const subscribed = await device.call(
    'subscription',
    device.device.say('subscribe', { subscription: { endpoint, keys } }, { at }),
  )
  assert.equal(subscribed.status, 204, subscribed.text)
  const { mfa_token: mfaToken } = await meetsMfa(server, A, 'dee')
  const asked = await A.mfa.challengeAuthenticator({ mfaToken, challengeType: 'oob' })
  const [alert] = await server.outbox({ channel: 'push' })
  assert.deepEqual(
    [alert?.to, alert?.text, alert?.code],
    [endpoint, 'Open the authenticator to answer a sign-in request of My Test Tenant.', null],
  )
  assert(!JSON.stringify(alert).includes(numberIn(asked.oobCode)))
})

test('a device learns the server’s time and the key of its alerts, and calls that are no statements are refused', async () => {
  const about = await server.send('GET', '/u/api/authenticator')
  assert.equal(Math.abs(about.body.now - (await server.now())) < 5_000, true)
  assert.equal(Buffer.from(about.body.pushKey, 'base64url').length, 65)
  const { call, device } = await newDevice()
  for (const [path, statement, status, error] of [
    ['requests', 'junk', 404, 'factor-unknown'],
    ['requests', device.say('list'), 404, 'factor-unknown'],
    ['answer', device.say('answer'), 404, 'factor-unknown'],
    ['enrol', device.enrol('#enrol=nobody'), 404, 'factor-unknown'],
  ] as const) {
    const reply = await call(path, statement)
    assert.deepEqual([reply.status, reply.body.error], [status, error], path)
  }
  assert.equal((await server.json('/u/api/authenticator/answer', { statement: 5 })).status, 400)
})

test('alerts leave through a push service, and a subscription that is gone is dropped while the device goes on asking', async (t) => {
  const service = await openPushService()
  t.after(() => service.close())
  const users = [someone('eve')]
  const own = await startServer({
    config: (publicUrl) => ({
      ...conformance(users, { factors: ['password', 'push'] })(publicUrl),
      delivery: { push: service.address },
    }),
  })
  t.after(() => own.stop())
  const client = authClient(own)
  const device = newPushDevice({ home: own.publicUrl })
  const call = (path: string, statement: string) => own.json(`/u/api/authenticator/${path}`, { statement })
  const { mfa_token } = await meetsMfa(own, client, 'eve')
  const begun = await client.mfa.enrollAuthenticator({
    mfaToken: mfa_token,
    authenticatorTypes: ['oob'],
    oobChannels: ['auth0'],
  })
  assert(begun.authenticatorType === 'oob')
  await call('enrol', device.enrol(begun.barcodeUri ?? '', { subscription: service.subscription }))
  await client.mfa.verify({ mfaToken: mfa_token, factorType: 'oob', oobCode: begun.oobCode ?? '' })

  const start = async () => {
    const { mfa_token: mfaToken } = await meetsMfa(own, client, 'eve')
    const asked = await client.mfa.challengeAuthenticator({ mfaToken, challengeType: 'oob' })
    return { mfaToken, oobCode: asked.oobCode ?? '' }
  }
  const settled = async (count: number) => {
    for (let i = 0; i < 100 && service.woken.length + service.faults.length < count; i++) await own.outbox()
    assert.deepEqual([service.faults, service.woken.length], [[], count])
  }
  const first = await start()
  await settled(1)
  const words = 'Open the authenticator to answer a sign-in request of My Test Tenant.'
  assert.deepEqual(JSON.parse(service.woken[0]?.body ?? ''), { title: 'My Test Tenant', text: words })
  assert(!service.woken[0]?.body.includes(numberIn(first.oobCode)))

  service.answers(410)
  await start()
  await settled(2)
  const third = await start()
  const [request] = (await call('requests', device.say('list'))).body.requests
  await call('answer', device.answer(request, 'allow', numberIn(third.oobCode)))
  const tokens = await client.mfa.verify({ mfaToken: third.mfaToken, factorType: 'oob', oobCode: third.oobCode })
  assert.ok(tokens.accessToken)
  // Looking at the outbox waits for everything that is on its way.
  await own.outbox()
  await settled(2)
})
