import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type CidaasWorld, openCidaasWorld, type Reply } from '../support/cidaas.ts'

const claims = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())

async function initiate(world: CidaasWorld, requestId: string, method: string, over: object): Promise<Reply> {
  return await world.browser().xhr('POST', `/verification-srv/authentication/${method}/initiation`, {
    request_id: requestId,
    usage_type: 'INITIAL_AUTHENTICATION',
    ...over,
  })
}

const login = (world: CidaasWorld, from: Reply, requestId: string, over: Record<string, string> = {}) =>
  world.browser().form('/login-srv/verification/login', {
    requestId,
    status_id: from.body.data.status_id,
    verificationType: from.body.data.verification_type,
    sub: from.body.data.sub,
    ...over,
  })

describe('cidaas.md §10.5: passwordless', () => {
  for (const [name, over] of [
    ['SDK 6', { identifier: 'ada@example.com' }],
    ['SDK 5', { email: 'ada@example.com', usage_type: 'PASSWORDLESS_AUTHENTICATION', type: 'EMAIL' }],
  ] as const) {
    test(`a code by e-mail, as ${name} asks for it`, async () => {
      const world = await openCidaasWorld()
      await world.addUser('ada')
      const id = await world.requestId({ client_id: 'plain' })
      const asked = await initiate(world, id, 'email', over)
      assert.equal(asked.status, 200, asked.text)
      assert.equal(asked.body.data.medium_text, 'a******@e***e.com')
      const code = await world.lastCode()
      assert.equal((await login(world, asked, id)).to.error, 'invalid_exchange_id', 'not before it was proved')
      const proved = await world.verify('EMAIL', asked.body.data.exchange_id.exchange_id, code)
      assert.equal(proved.status, 200, proved.text)
      const landed = await login(world, asked, id, { verificationType: 'email' })
      const tokens = await world.redeem(landed, { client_id: 'plain' })
      assert.deepEqual(claims(tokens.body.access_token).amr, ['103', 'otp'])
      assert.equal((await login(world, asked, id)).to.error, 'invalid_exchange_id', 'and only once')
    })
  }

  test('a code by text message to a number the user has verified', async () => {
    const world = await openCidaasWorld()
    await world.addUser('ada', { phoneNumber: '+15555550101', phoneVerified: true })
    const id = await world.requestId({ client_id: 'plain' })
    const asked = await initiate(world, id, 'SMS', { mobile_number: '+15555550101' })
    await world.verify('SMS', asked.body.data.exchange_id.exchange_id, await world.lastCode())
    const tokens = await world.redeem(await login(world, asked, id), { client_id: 'plain' })
    assert.deepEqual(claims(tokens.body.access_token).amr.slice(0, 1), ['104'])
  })

  test('the password as a method, by either of its names', async () => {
    const world = await openCidaasWorld()
    await world.addUser('ada', { username: 'ada' })
    for (const [identifier, number] of [
      ['ada@example.com', '10'],
      ['ada', '12'],
    ] as const) {
      for (const member of ['password', 'pass_code']) {
        const id = await world.requestId({ client_id: 'plain' })
        const asked = await initiate(world, id, 'PASSWORD', { identifier, medium_id: 'PASSWORD' })
        const exchange_id = asked.body.data.exchange_id.exchange_id
        const path = '/verification-srv/authentication/PASSWORD/verification'
        const wrong = await world.browser().xhr('POST', path, { exchange_id, [member]: 'wrong' })
        assert.equal(wrong.body.error.error, 'invalid_username_password')
        const right = { exchange_id, [member]: 'the quite long password of ada' }
        assert.equal((await world.browser().xhr('POST', path, right)).status, 200)
        const tokens = await world.redeem(await login(world, asked, id), { client_id: 'plain' })
        assert.deepEqual(claims(tokens.body.access_token).amr, [number, 'pwd'])
      }
    }
  })

  test('a telephone number as the name beside the password', async () => {
    const world = await openCidaasWorld()
    await world.addUser('ada', { phoneNumber: '+15555550101', phoneVerified: true })
    const id = await world.requestId({ client_id: 'plain' })
    const fields = { username: '+15555550101', username_type: 'mobile' }
    const tokens = await world.redeem(await world.signIn(world.browser(), 'ada', id, fields), { client_id: 'plain' })
    assert.deepEqual(claims(tokens.body.access_token).amr, ['11', 'pwd'])
  })

  test('AC-10: it is a first factor and no more: the application’s MFA follows, over another channel', async () => {
    const world = await openCidaasWorld()
    const ada = await world.addUser('ada')
    await world.enrolAddress(ada, 'email', 'ada@example.com')
    const app = await world.enrolApp(ada)
    const browser = world.browser()
    const id = await world.requestId()
    const asked = await initiate(world, id, 'EMAIL', { identifier: 'ADA@example.com' })
    await world.verify('EMAIL', asked.body.data.exchange_id.exchange_id, await world.lastCode())
    const fields = { requestId: id, status_id: asked.body.data.status_id, verificationType: 'EMAIL' }
    const page = await browser.form('/login-srv/verification/login', { ...fields, sub: asked.body.data.sub })
    const it = { browser, requestId: id, track: page.to.track_id ?? '', sub: page.to.sub ?? '' }
    const meta = await browser.xhr('GET', `/token-srv/prelogin/metadata/${it.track}`)
    assert.deepEqual(meta.body.data.meta_data.amr_values, ['103'])
    assert.equal((await world.initiate(it, 'EMAIL')).status, 417, 'the same mailbox again is no second factor')
    const second = await world.initiate(it, 'TOTP')
    await world.verify('TOTP', second.body.data.exchange_id.exchange_id, app.code())
    const tokens = await world.redeem(await world.goOn(it))
    assert.deepEqual(claims(tokens.body.access_token).amr.slice(0, 2), ['103', '60'])
  })

  test('a status of another request, another method, another user, or a second factor’s, signs nobody in', async () => {
    const world = await openCidaasWorld()
    const app = await world.enrolApp(await world.addUser('ada'))
    const id = await world.requestId({ client_id: 'plain' })
    const asked = await initiate(world, id, 'EMAIL', { identifier: 'ada@example.com' })
    await world.verify('EMAIL', asked.body.data.exchange_id.exchange_id, await world.lastCode())
    const other = await world.requestId({ client_id: 'plain' })
    const denied = async (reply: Promise<Reply>) => assert.equal((await reply).to.error, 'invalid_exchange_id')
    await denied(login(world, asked, other))
    await denied(login(world, asked, id, { verificationType: 'SMS' }))
    await denied(login(world, asked, id, { sub: '11111111-1111-4111-8111-111111111111' }))
    await denied(login(world, asked, id, { status_id: 'x' }))
    const it = await world.pending('ada')
    const second = await world.initiate(it, 'TOTP')
    await world.verify('TOTP', second.body.data.exchange_id.exchange_id, app.code())
    await denied(login(world, second, it.requestId))
  })

  test('S-102: for an address nobody has the answers are the same, and nothing is sent', async () => {
    const world = await openCidaasWorld()
    await world.addUser('ada')
    const id = await world.requestId({ client_id: 'plain' })
    const shape = async (identifier: string) => {
      const asked = await initiate(world, id, 'EMAIL', { identifier })
      const wrong = await world.verify('EMAIL', asked.body.data.exchange_id.exchange_id, '000000')
      return [asked.status, Object.keys(asked.body.data).join(), wrong.status, wrong.body.code]
    }
    assert.deepEqual(await shape('ada@example.com'), await shape('nobody@example.com'))
    assert.deepEqual(
      (await world.outbox()).map((it) => it.to),
      ['ada@example.com'],
    )
  })

  test('native applications sign in with JSON, and are told what is missing', async () => {
    const world = await openCidaasWorld()
    const app = await world.enrolApp(await world.addUser('ada'))
    const native = world.browser()
    const id = await world.requestId()
    const body = { username: 'ada@example.com', username_type: 'email', password: 'wrong', requestId: id }
    const wrong = await native.xhr('POST', '/login-srv/login/sdk', body)
    assert.deepEqual([wrong.status, wrong.body.error.error], [417, 'invalid_username_password'])
    const right = { ...body, password: 'the quite long password of ada' }
    const pending = await native.xhr('POST', '/login-srv/login/sdk', right)
    assert.deepEqual([pending.status, pending.body.error.error], [417, 'mfa_required'])
    const { track_id, sub } = pending.body.error
    const it = { browser: native, requestId: id, track: track_id, sub }
    const early = await native.xhr('POST', `/login-srv/precheck/continue/sdk/${track_id}`)
    assert.equal(early.body.error.error, 'mfa_required')
    const asked = await world.initiate(it, 'TOTP')
    await world.verify('TOTP', asked.body.data.exchange_id.exchange_id, app.code())
    const done = await native.xhr('POST', `/login-srv/precheck/continue/sdk/${track_id}`, { track_id })
    assert.deepEqual([done.status, done.body.data.viewtype], [200, 'login'])
    assert.equal(typeof done.body.data.code, 'string')
  })

  test('social providers say that they are none', async () => {
    const world = await openCidaasWorld()
    const reply = await world.browser().get(`/login-srv/social/login/google/${await world.requestId()}`)
    assert.deepEqual([reply.location.pathname, reply.to.error_code], ['/identity/error', '501'])
  })
})
