import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import { type Browser, type CidaasWorld, callback, openCidaasWorld, type Reply } from '../support/cidaas.ts'
import { passwordOf } from '../support/world.ts'

const long = 'a new and rather long password'
let world: CidaasWorld
let page: Browser
beforeEach(async () => {
  world = await openCidaasWorld({ tenant: { pages: {} } })
  page = world.browser()
})
const shape = ({ status, body }: Reply): unknown => [status, Object.keys(body ?? {}), Object.keys(body?.data ?? {})]

describe('cidaas.md §3.2: registration', () => {
  const register = async (over: Record<string, unknown> = {}, client = 'plain') => {
    const requestId = await world.requestId({ client_id: client })
    const fields = { email: 'new@example.com', given_name: 'New', family_name: 'Person', password: long }
    const headers = { requestId, captcha: 'undefined', acceptlanguage: 'undefined' }
    const body = { ...fields, password_echo: fields.password, provider: 'SELF', ...over }
    return { requestId, reply: await page.xhr('POST', '/users-srv/register', body, headers) }
  }
  const initiate = (requestId: string, over: Record<string, string>) =>
    page.form('/verification-actions-srv/account/initiation', {
      requestId,
      verificationMedium: 'email',
      processingType: 'CODE',
      ...over,
    })
  const enter = (accvid: string | undefined, code: string) =>
    page.xhr('POST', '/verification-actions-srv/account', { accvid, code })
  const goOn = (track: string) =>
    page.form(`/login-srv/login/handle/afterregister/${track}`, { trackId: track, rememberMe: 'undefined' })

  test('§10.6: the mailbox is proved, then the login after registration ends at the application', async () => {
    const { requestId, reply } = await register()
    assert.equal(reply.status, 200, reply.text)
    const { sub, track_id, userStatus, suggested_action, email_verified } = reply.body.data
    assert.deepEqual([userStatus, suggested_action, email_verified], ['PENDING', 'LOGIN', false])
    const early = await goOn(track_id)
    assert.equal(early.location.pathname, '/identity/verification_init')
    assert.equal(early.to.track_id, track_id)
    const meta = await page.xhr('GET', `/token-srv/prelogin/metadata/${track_id}`)
    assert.equal(meta.body.data.validation_type, 'communication_medium_verification')
    const sent = await initiate(requestId, { sub })
    assert.equal(sent.location.pathname, '/identity/verification_complete')
    assert.equal((await enter(sent.to.accvid, '000000')).body.code, 'VER_0041')
    assert.equal((await enter(sent.to.accvid, await world.lastCode())).body.data.verified, true)
    const landed = await goOn(track_id)
    assert.ok(landed.location.href.startsWith(callback), landed.location.href)
    const tokens = await world.redeem(landed, { client_id: 'plain' })
    assert.equal(tokens.status, 200, tokens.text)
    const claims = decodeJwt(tokens.body.id_token)
    assert.deepEqual([claims.email, claims.given_name, claims.email_verified], ['new@example.com', 'New', true])
    assert.equal((await goOn(track_id)).location.pathname, '/identity/error', 'it signs in once')
  })

  test('AC-11: an application that asks for MFA leads a new user into setting it up', async () => {
    const { requestId, reply } = await register({}, 'app')
    const sent = await initiate(requestId, { email: 'new@example.com' })
    await enter(sent.to.accvid, await world.lastCode())
    const landed = await goOn(reply.body.data.track_id)
    assert.equal(landed.location.pathname, '/identity/mfa_required')
  })

  test('S-102: for an address that is taken every answer is the same, and nothing is sent', async () => {
    await world.addUser('ada')
    const [taken, free] = [await register({ email: 'Ada@example.com' }), await register()]
    assert.deepEqual(shape(taken.reply), shape(free.reply))
    const before = (await world.outbox()).length
    const sent = await initiate(taken.requestId, { sub: taken.reply.body.data.sub })
    assert.equal(sent.location.pathname, '/identity/verification_complete')
    assert.equal((await world.outbox()).length, before)
    const there = await initiate(free.requestId, { sub: free.reply.body.data.sub })
    const wrongs = [await enter(sent.to.accvid, '000000'), await enter(there.to.accvid, '000000')]
    const [a, b] = wrongs.map(({ status, body }) => [status, body.code, body.error])
    assert.deepEqual(a, b)
    const status = (sub: string) => page.xhr('GET', `/users-srv/user/communication/status/${sub}`)
    const told = [await status(taken.reply.body.data.sub), await status(free.reply.body.data.sub)]
    assert.deepEqual(told[0]?.body, told[1]?.body)
    const weak = [await register({ email: 'ada@example.com', password: 'short', password_echo: 'short' })]
    weak.push(await register({ email: 'other@example.com', password: 'short', password_echo: 'short' }))
    assert.deepEqual(shape(weak[0]?.reply as Reply), shape(weak[1]?.reply as Reply))
    assert.equal(weak[0]?.reply.status, 417)
  })

  test('nobody else’s browser signs in with it, and what is missing or differs is said', async () => {
    const { requestId, reply } = await register()
    const sent = await initiate(requestId, { sub: reply.body.data.sub })
    await goOn(reply.body.data.track_id)
    await enter(sent.to.accvid, await world.lastCode())
    const track = reply.body.data.track_id
    const thief = await world.browser().form(`/login-srv/login/handle/afterregister/${track}`, { trackId: track })
    assert.equal(thief.location.pathname, '/identity/error')
    assert.equal((await register({ password_echo: 'another' })).reply.body.code, '10009')
    assert.equal((await register({ password: undefined })).reply.status, 400)
    assert.equal((await register({ email: 'no address' })).reply.status, 400)
    assert.equal((await register({ provider: 'FACEBOOK' })).reply.body.code, 'VER_0028')
    const nobody = await page.xhr('POST', '/users-srv/register', { email: 'a@b.example', password: long })
    assert.equal(nobody.status, 400)
    const fields = await page.xhr('GET', `/registration-setup-srv/public/list?acceptlanguage=de&requestId=${requestId}`)
    assert.deepEqual(fields.body.data.map((it: { fieldKey: string }) => it.fieldKey).slice(0, 2), [
      'email',
      'given_name',
    ])
  })
})

describe('cidaas.md §10.6: a forgotten password', () => {
  const paths = {
    'SDK 5.0': (step: string) => `/users-srv/resetpassword/${step}`,
    'SDK 5.2 and 6.0': (step: string) =>
      `/password-srv/resetpassword?action=${{ initiate: 'initiatereset', validatecode: 'validatecode', accept: 'acceptreset' }[step]}`,
  }
  const initiate = async (path: (step: string) => string, email: string) => {
    const requestId = await world.requestId({ client_id: 'plain' })
    return await page.xhr('POST', path('initiate'), { email, processingType: 'CODE', requestId, resetMedium: 'EMAIL' })
  }

  for (const [name, path] of Object.entries(paths)) {
    test(`${name}: a code to the mailbox, then the new password, in JSON`, async () => {
      await world.addUser('ada')
      const begun = await initiate(path, 'ada@example.com')
      assert.equal(begun.body.data.reset_initiated, true, begun.text)
      const resetRequestId = begun.body.data.rprq
      const wrong = await page.xhr('POST', path('validatecode'), { code: '000000', resetRequestId })
      assert.deepEqual([wrong.status, wrong.body.code], [417, '10008'])
      const right = await page.xhr('POST', path('validatecode'), { code: await world.lastCode(), resetRequestId })
      const { exchangeId } = right.body.data
      const accept = (over: object) =>
        page.xhr('POST', path('accept'), { password: long, confirmPassword: long, exchangeId, resetRequestId, ...over })
      assert.equal((await accept({ confirmPassword: 'other' })).body.code, '10009')
      assert.equal((await accept({ resetRequestId: 'x~y' })).body.code, '10002')
      assert.equal((await accept({ password: 'short', confirmPassword: 'short' })).body.code, 'VER_0004')
      assert.equal((await accept({})).body.data.reseted, true)
      assert.equal((await accept({})).body.code, 'VER_0007')
      const old = await world.signIn(page, 'ada', await world.requestId({ client_id: 'plain' }))
      assert.equal(old.to.error, 'invalid_username_password')
      const id = await world.requestId({ client_id: 'plain' })
      assert.ok((await world.signIn(page, 'ada', id, { password: long })).to.code)
    })
  }

  test('as forms, which lead from page to page', async () => {
    await world.addUser('ada')
    const path = paths['SDK 5.2 and 6.0']
    const resetRequestId = (await initiate(path, 'ada@example.com')).body.data.rprq
    const bad = await page.form(path('validatecode'), { code: '000000', resetRequestId })
    assert.equal(bad.location.pathname, '/identity/error')
    const at = await page.form(path('validatecode'), { code: await world.lastCode(), resetRequestId })
    assert.equal(at.location.pathname, '/identity/password_set')
    const fields = { exchangeId: at.to.exchangeId ?? '', resetRequestId, password: long, confirmPassword: long }
    assert.equal((await page.form(path('accept'), fields)).location.pathname, '/identity/password_set_success')
  })

  test('S-102: for an address nobody has the answers are the same, and nothing is sent', async () => {
    await world.addUser('ada')
    const [known, unknown] = [
      await initiate(paths['SDK 5.0'], 'ada@example.com'),
      await initiate(paths['SDK 5.0'], 'nobody@example.com'),
    ]
    assert.deepEqual(shape(known), shape(unknown))
    assert.equal(known.body.data.rprq.length, unknown.body.data.rprq.length)
    assert.deepEqual(
      (await world.outbox()).map((it) => it.to),
      ['ada@example.com'],
    )
    const tries = await Promise.all(
      [known, unknown].map(({ body }) =>
        page.xhr('POST', '/users-srv/resetpassword/validatecode', { code: '000000', resetRequestId: body.data.rprq }),
      ),
    )
    const [a, b] = tries.map(({ status, body }) => [status, body.code, body.error_description])
    assert.deepEqual(a, b)
    const action = await page.xhr('POST', '/password-srv/resetpassword?action=other', {})
    assert.deepEqual([action.status, action.body.code], [400, 'VER_0003'])
  })

  test('by a link, with the page that takes the new password', async () => {
    await world.addUser('ada')
    const requestId = await world.requestId({ client_id: 'plain' })
    const body = { email: 'ada@example.com', processingType: 'LINK', requestId, resetMedium: 'EMAIL' }
    const asked = await page.xhr('POST', '/users-srv/resetpassword/initiate', body)
    assert.equal(asked.body.data.reset_initiated, true)
    const [mail, ...others] = await world.outbox()
    assert.match(mail?.text ?? '', /https:\/\/localhost:3443\/u\/reset-password\?ticket=/)
    assert.equal(others.length, 0)
  })
})

describe('cidaas.md appendix A: one’s own account', () => {
  const bearer = (tokens: Reply) => ({ authorization: `Bearer ${tokens.body.access_token}` })
  async function signedIn(name: string): Promise<{ readonly own: Record<string, string>; readonly sub: string }> {
    const id = await world.requestId({ client_id: 'plain' })
    const tokens = await world.redeem(await world.signIn(page, name, id), { client_id: 'plain' })
    return { own: bearer(tokens), sub: tokens.body.sub }
  }
  const change = (sub: string, headers: Record<string, string>, over: object = {}) =>
    page.xhr(
      'POST',
      '/users-srv/changepassword',
      { sub, old_password: passwordOf('ada'), new_password: long, confirm_password: long, ...over },
      headers,
    )

  test('the password is changed by who knows the old one, and what it had opened ends', async () => {
    await world.addUser('ada')
    const { own, sub } = await signedIn('ada')
    assert.equal((await change(sub, {})).status, 401)
    assert.equal((await change('somebody', own)).status, 403)
    assert.deepEqual((await change(sub, own, { old_password: 'wrong' })).body.code, '507')
    assert.deepEqual((await change(sub, own, { confirm_password: 'other' })).body.code, '10009')
    assert.equal((await change(sub, own, { new_password: 'short', confirm_password: 'short' })).status, 417)
    world.clock.advance(2)
    const done = await change(sub, own)
    assert.deepEqual(done.body.data, { changed: true }, done.text)
    assert.equal((await change(sub, own)).status, 401, 'the token has ended too')
  })

  test('S-63: who has a second factor needs a login with it, at most five minutes old', async () => {
    const app = await world.enrolApp(await world.addUser('ada'))
    const tokens = await world.tokens('ada', app.code())
    const own = bearer(tokens)
    world.clock.advance(301)
    const stale = await change(tokens.body.sub, own)
    assert.deepEqual([stale.status, stale.body.error.error], [403, 'stepup-required'])
    const again = await world.tokens('ada', app.code())
    world.clock.advance(2)
    assert.equal((await change(tokens.body.sub, bearer(again))).body.data.changed, true)
  })

  test('names are written, addresses with a fresh login, and nobody learns who has one', async () => {
    await world.addUser('ada')
    await world.addUser('bob')
    const { own, sub } = await signedIn('ada')
    const put = (over: object, to = sub, headers = own) =>
      page.xhr('PUT', `/users-srv/user/profile/${to}`, over, headers)
    assert.deepEqual((await put({ given_name: 'Ada', family_name: 'L', provider: 'self' })).body.data, {
      updated: true,
    })
    const profile = await page.xhr('GET', '/users-srv/userinfo', undefined, own)
    assert.deepEqual([profile.body.given_name, profile.body.family_name], ['Ada', 'L'])
    assert.equal((await put({ given_name: 'x' }, 'another')).status, 403)
    assert.equal((await put({ given_name: 'x' }, sub, {})).status, 401)
    assert.equal((await put({ given_name: 'x'.repeat(201) })).status, 400)
    assert.equal((await put({ email: 'bob@example.com' })).body.error.error, 'invalid_medium')
    assert.equal((await put({ email: 'fresh@example.com' })).body.data.updated, true)
    const moved = await page.xhr('GET', '/users-srv/userinfo', undefined, own)
    assert.deepEqual([moved.body.email, moved.body.email_verified], ['fresh@example.com', false])
    assert.ok(
      (await world.outbox()).some((it) => it.to === 'ada@example.com'),
      'S-64: told at the old address',
    )
    const status = await page.xhr('GET', `/users-srv/user/communication/status/${sub}`, undefined, own)
    assert.deepEqual(status.body.data, { EMAIL: false, MOBILE: false, USER_NAME: false })
  })

  test('S-63: an address is changed only by who has proved the second factor just now', async () => {
    const app = await world.enrolApp(await world.addUser('ada'))
    const tokens = await world.tokens('ada', app.code())
    world.clock.advance(301)
    const path = `/users-srv/user/profile/${tokens.body.sub}`
    const moved = await page.xhr('PUT', path, { email: 'new@example.com' }, bearer(tokens))
    assert.deepEqual([moved.status, moved.body.error.error], [403, 'stepup-required'])
    assert.equal((await page.xhr('PUT', path, { nickname: 'a' }, bearer(tokens))).body.data.updated, true)
  })

  test('browsers that are signed in are listed, and signed out one by one', async () => {
    await world.addUser('ada')
    const { own } = await signedIn('ada')
    const other = world.browser({ 'user-agent': 'Another/1.0' })
    await world.signIn(other, 'ada', await world.requestId({ client_id: 'plain' }))
    const list = async () => (await page.xhr('GET', '/device-srv/devices', undefined, own)).body.data
    const both: { device_id: string; userAgent: string }[] = await list()
    assert.equal(both.length, 2)
    const it = both.find((one) => one.userAgent === 'Another/1.0')
    const path = `/device-srv/device/${it?.device_id}`
    const gone = await page.xhr('DELETE', path, { device_id: it?.device_id, userAgent: 'x' }, own)
    assert.equal(gone.status, 200, gone.text)
    assert.equal((await page.xhr('DELETE', path, {}, own)).status, 204)
    assert.equal((await list()).length, 1)
    assert.equal((await page.xhr('GET', '/device-srv/devices')).status, 401)
  })

  test('what has happened in one’s account, and what this server has no part for', async () => {
    await world.addUser('ada')
    const { own, sub } = await signedIn('ada')
    const asked = await page.xhr('POST', '/activity-streams-srv/user-activities', { sub, size: 2, from: 0 }, own)
    assert.equal(asked.body.data.length, 2)
    assert.equal(typeof asked.body.data[0].eventType, 'string')
    const others = await page.xhr('POST', '/activity-streams-srv/user-activities', { sub: 'other' }, own)
    assert.equal(others.status, 403)
    assert.deepEqual((await page.xhr('GET', `/users-srv/userinfo/social/${sub}`, undefined, own)).body.data, [])
    for (const path of [
      '/users-srv/user/link/initiate',
      '/users-srv/user/unlink/1',
      `/users-srv/user/unregister/scheduler/schedule/${sub}`,
      '/idval-sign-srv/caseinvocation',
    ]) {
      assert.equal((await page.xhr('POST', path, undefined)).status, 401, path)
      const said = await page.xhr('POST', path, undefined, own)
      assert.deepEqual([said.status, said.body.success, said.body.code], [417, false, 'VER_0028'], path)
    }
    assert.equal((await page.xhr('GET', '/useractions-srv/invitations/1')).body.code, 'VER_0028')
    assert.equal((await page.xhr('GET', '/users-srv/deduplication/info/1')).status, 204)
    const track = '11111111-1111-4111-8111-111111111111'
    const said = await page.xhr('POST', `/auth-actions-srv/validation/${track}`, { action: 'SKIP' })
    assert.deepEqual([said.status, said.body.code], [400, 'VER_0025'])
    assert.equal((await page.form('/login-srv/login/guest/1')).location.pathname, '/identity/error')
  })
})
