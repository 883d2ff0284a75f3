import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import { s256 } from '#crypto/digest.ts'
import { base, callback, openCidaasWorld } from '../support/cidaas.ts'

const uuid = '11111111-1111-4111-8111-111111111111'

async function open(name = 'ada') {
  const world = await openCidaasWorld()
  const app = await world.enrolApp(await world.addUser(name))
  const it = await world.pending(name)
  const initiate = async () => (await world.initiate(it, 'TOTP')).body.data.exchange_id.exchange_id as string
  return { world, app, it, initiate }
}

describe('the pitfalls of cidaas.md §11', () => {
  test('1: a JSON content type with an empty body', async () => {
    const { it, world } = await open()
    const asked = await world.initiate(it, 'TOTP')
    const path = `/verification-srv/v2/notification/status/${asked.body.data.status_id}`
    const reply = await it.browser.xhr('POST', path)
    assert.equal(reply.status, 200)
    for (const key of ['id', 'ph_id', 'device_id', 'sub', 'verification_type']) assert(key in reply.body.data, key)
  })

  test('2: GET with a JSON content type, DELETE with a JSON body', async () => {
    const world = await openCidaasWorld()
    const page = world.browser()
    assert.equal((await page.xhr('GET', '/public-srv/tenantinfo/basic')).status, 200)
    const removed = await page.xhr('DELETE', '/verification-actions-srv/users/configurations/TOTP', { device_id: 'x' })
    assert.equal(removed.status, 401)
  })

  test('3: the literal undefined, in forms and in headers', async () => {
    const world = await openCidaasWorld()
    await world.addUser('ada')
    const id = await world.requestId({ client_id: 'plain', state: 'undefined' })
    const fields = { field_key: 'undefined', captcha: 'undefined', provider: 'undefined', username_type: 'undefined' }
    const done = await world.signIn(world.browser(), 'ada', id, fields)
    assert.equal('code' in done.to, true)
    assert.equal('state' in done.to, false)
    const meta = await world.browser().xhr('GET', `/token-srv/prelogin/metadata/${uuid}`, undefined, {
      requestid: 'undefined',
      captcha: 'undefined',
    })
    assert.equal(meta.status, 204)
  })

  test('4: headers named by digits, in the call and in its preflight', async () => {
    const { world, it } = await open()
    const reply = await it.browser.xhr('GET', `/token-srv/prelogin/metadata/${it.track}`, undefined, { 0: 'e', 1: 'y' })
    assert.equal(reply.status, 200)
    const preflight = await world
      .browser()
      .xhr('OPTIONS', '/verification-srv/authentication/SMS/initiation', undefined, {
        'access-control-request-method': 'POST',
        'access-control-request-headers': '0,1,content-type,requestid,trackid,acceptlanguage,lat,lon,authorization',
      })
    assert.equal(preflight.status, 204)
    const allowed = String(preflight.headers['access-control-allow-headers']).split(', ')
    for (const name of ['0', '1', 'requestid', 'trackid', 'lat', 'lon']) assert(allowed.includes(name), name)
  })

  test('5: a token object where a token belongs', async () => {
    const world = await openCidaasWorld()
    for (const path of ['/verification-actions-srv/config', '/verification-actions-srv/users/configurations']) {
      const reply = await world.browser().xhr('GET', path, undefined, { authorization: 'Bearer [object Object]' })
      assert.deepEqual([reply.status, reply.body.error], [401, 'Access denied for this resource'])
    }
  })

  test('6: a stray verifier for a code without a challenge; a wrong one for a code with one', async () => {
    const { world, app, it, initiate } = await open()
    await world.verify('TOTP', await initiate(), app.code())
    assert.equal((await world.redeem(await world.goOn(it))).status, 200)
    const id = await world.requestId({
      client_id: 'plain',
      code_challenge: s256('the right verifier, forty-three characters and more'),
      code_challenge_method: 'S256',
    })
    const landed = await world.signIn(world.browser(), 'ada', id)
    const wrong = await world.redeem(landed, { client_id: 'plain' })
    assert.deepEqual([wrong.status, wrong.body.error], [400, 'invalid_grant'])
    const without = await world.redeem(landed, { client_id: 'plain', code_verifier: 'undefined' })
    assert.equal(without.body.error, 'invalid_grant')
  })

  test('7: options nested under one key have no effect and do no harm', async () => {
    const world = await openCidaasWorld()
    const params = new URLSearchParams({
      client_id: 'app',
      redirect_uri: callback,
      response_type: 'code',
      scope: 'openid',
      state: 's',
      code_challenge: s256('v'.repeat(43)),
      code_challenge_method: 'S256',
      options: '[object Object]',
    })
    const reply = await world.browser().get(`/authz-srv/authz?${params}`)
    assert.equal(reply.location.pathname, '/user-ui/login')
  })

  test('9: whatever goes wrong under a service is JSON', async () => {
    const world = await openCidaasWorld()
    const page = world.browser()
    for (const [method, path, body] of [
      ['GET', '/verification-srv/nothing/here', undefined],
      ['GET', '/token-srv/token', undefined],
      ['POST', '/login-srv/precheck/nowhere', {}],
      ['POST', '/verification-srv/authentication/SMS/initiation', 'x'.repeat(200_000)],
    ] as const) {
      const reply = await page.xhr(method, path, body)
      assert(reply.status >= 400)
      assert.equal(reply.body.success, false, `${path}: ${reply.text.slice(0, 80)}`)
    }
  })

  test('10: errors and empty answers are readable for registered origins, and for no others', async () => {
    const { it, world } = await open()
    const paths = [`/token-srv/prelogin/metadata/${uuid}`, '/token-srv/prelogin/metadata/x', '/verification-srv/none']
    for (const path of paths) {
      const reply = await it.browser.xhr('GET', path)
      assert.equal(reply.headers['access-control-allow-origin'], 'http://localhost:5173', path)
      const other = await world.browser().xhr('GET', path, undefined, { origin: 'https://evil.example' })
      assert.equal(other.headers['access-control-allow-origin'], undefined, path)
    }
  })

  test('§1.6: every preflight names the methods and headers SDKs use, the one with underscores too', async () => {
    const world = await openCidaasWorld()
    const preflight = (path: string, asked?: string) =>
      world.browser().xhr('OPTIONS', path, undefined, {
        'access-control-request-method': 'GET',
        ...(asked === undefined ? {} : { 'access-control-request-headers': asked }),
      })
    const named = 'content-type authorization accept-language requestid trackid acceptlanguage lat lon captcha'.split(
      ' ',
    )
    for (const asked of [undefined, 'content-type,x-own', 'captcha,bot_captcha_response']) {
      const { headers } = await preflight(`/token-srv/prelogin/metadata/${uuid}`, asked)
      const [methods, allowed] = ['methods', 'headers'].map((it) =>
        String(headers[`access-control-allow-${it}`]).split(', '),
      )
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS']) assert(methods?.includes(method), method)
      for (const name of [...named, 'bot_captcha_response']) assert(allowed?.includes(name), name)
      assert.equal(allowed?.includes('x-own'), asked?.includes('x-own') ?? false)
    }
  })

  test('§1.4: of two logins in one request, the one named in the trackId header is proved', async () => {
    const world = await openCidaasWorld()
    const app = await world.enrolApp(await world.addUser('ada'))
    const browser = world.browser()
    const requestId = await world.requestId()
    const [first, second] = [
      await world.signIn(browser, 'ada', requestId),
      await world.signIn(browser, 'ada', requestId),
    ].map(({ to }) => ({ browser, requestId, track: to.track_id ?? '', sub: to.sub ?? '' }))
    assert.ok(first && second && first.track !== second.track)
    const path = '/verification-srv/authentication/TOTP/initiation'
    const body = { request_id: requestId, sub: first.sub, usage_type: 'MULTIFACTOR_AUTHENTICATION' }
    const asked = await browser.xhr('POST', path, body, { trackId: first.track })
    const proved = await world.verify('TOTP', asked.body.data.exchange_id.exchange_id, app.code())
    assert.equal(proved.status, 200, proved.text)
    assert.equal((await world.goOn(second)).to.error, 'mfa_required')
    assert.ok((await world.goOn(first)).to.code)
    const unnamed = await browser.xhr('POST', path, body, { trackId: 'undefined' })
    assert.equal(unnamed.status, 200, 'a header that says nothing names none')
  })

  test('§1.4: a code is written in the language the call names, else its request, else the browser', async () => {
    const world = await openCidaasWorld()
    await world.enrolAddress(await world.addUser('ada'), 'sms', '+15551234567')
    const ask = async (more: { lang?: string; query?: string; headers?: Record<string, string> }) => {
      const requestId = await world.requestId(more.lang === undefined ? {} : { ui_locales: more.lang })
      const at = await world.signIn(world.browser(), 'ada', requestId)
      const path = `/verification-srv/authentication/SMS/initiation${more.query ?? ''}`
      const body = { request_id: requestId, sub: at.to.sub, usage_type: 'MULTIFACTOR_AUTHENTICATION' }
      const headers = { 'accept-language': 'de', ...more.headers }
      const asked = await world.browser().xhr('POST', path, body, headers)
      assert.equal(asked.status, 200, asked.text)
      world.clock.advance(700)
      return (await world.outbox()).filter((it) => it.channel === 'sms').at(-1)?.text ?? ''
    }
    assert.match(await ask({}), /ist Ihr Code/)
    assert.match(await ask({ lang: 'fr-CA' }), /votre code/)
    assert.match(await ask({ lang: 'fr', headers: { acceptlanguage: 'es-ES,es;q=0.9' } }), /su código/)
    assert.match(await ask({ query: '?acceptLanguage=fr' }), /votre code/)
    assert.match(await ask({ headers: { acceptlanguage: 'undefined' } }), /ist Ihr Code/)
  })

  test('§9.1: a body that cannot be read is refused in the shape of the service it was sent to', async () => {
    const world = await openCidaasWorld()
    const send = async (path: string) => {
      const headers = { 'content-type': 'application/json' }
      const reply = await world.server.app.inject({ method: 'POST', url: path, headers, payload: '{"half' })
      return [reply.statusCode, JSON.parse(reply.payload)] as const
    }
    const [status, classic] = await send('/verification-srv/authentication/SMS/initiation')
    assert.deepEqual(
      [status, classic.code, classic.error.error, classic.error.status],
      [400, 'VER1003', 'client_error', 400],
    )
    assert.equal(classic.error.type, 'VerificationException')
    const [, action] = await send('/verification-actions-srv/setup/SMS/verification')
    assert.deepEqual([action.success, action.code, action.error], [false, 'VER_0004', 'invalid_request_payload'])
    const [, oauth] = await send('/token-srv/token')
    assert.deepEqual([Object.keys(oauth), oauth.error], [['error', 'error_description'], 'invalid_request'])
  })

  test('11: the case of a method in a path', async () => {
    const { world, it } = await open()
    for (const method of ['totp', 'TOTP', 'ToTp']) assert.equal((await world.initiate(it, method)).status, 200)
  })

  test('14: an exchange as object or as string, and never twice', async () => {
    const { world, app, it } = await open()
    const asked = await world.initiate(it, 'TOTP')
    const whole = asked.body.data.exchange_id
    const path = '/verification-srv/authentication/TOTP/verification'
    assert.equal((await it.browser.xhr('POST', path, { exchange_id: whole, pass_code: app.code() })).status, 200)
    const again = await world.verify('TOTP', whole.exchange_id, app.code(1))
    assert.equal(again.body.code, 'VER_0032')
  })

  test('15: expires_at is a string, status a number, success always there', async () => {
    const { world, it } = await open()
    const { body } = await world.initiate(it, 'TOTP')
    assert.equal(typeof body.data.exchange_id.expires_at, 'string')
    assert.equal(Date.parse(body.data.exchange_id.expires_at), world.clock.now() + 300_000)
    assert.deepEqual([typeof body.status, body.success], ['number', true])
  })

  test('16: metadata after use is 204', async () => {
    const { world, app, it, initiate } = await open()
    await world.verify('TOTP', await initiate(), app.code())
    await world.goOn(it)
    const meta = await it.browser.xhr('GET', `/token-srv/prelogin/metadata/${it.track}`)
    assert.deepEqual([meta.status, meta.text], [204, ''])
  })

  test('18: sub and q are one value, and it works in the list, in initiation and in verification', async () => {
    const { world, app, it } = await open()
    const early = await world.goOn(it)
    assert.equal(early.to.sub, early.to.q)
    for (const path of [
      '/verification-srv/public/graph/user/setup',
      '/verification-srv/v2/setup/public/configured/list',
    ]) {
      for (const name of ['sub', 'q']) {
        const list = await it.browser.xhr('POST', path, { request_id: it.requestId, [name]: it.sub, identifier: '' })
        const types = list.body.data.configured_list.map((one: { type: string }) => one.type)
        assert.deepEqual(types, ['TOTP', 'BACKUPCODE'])
      }
    }
    const asked = await world.initiate({ ...it, sub: '' }, 'TOTP', { q: it.sub })
    const exchange = asked.body.data.exchange_id.exchange_id
    assert.equal((await world.verify('TOTP', exchange, app.code(), { q: it.sub })).status, 200)
  })

  test('19: the masked sub of A with the request of B fails like nobody’s', async () => {
    const { world, it } = await open()
    await world.enrolApp(await world.addUser('eve'))
    const eve = await world.pending('eve')
    const foreign = await world.initiate({ ...eve, sub: it.sub }, 'TOTP')
    const nobody = await world.initiate({ ...eve, sub: uuid }, 'TOTP')
    assert.deepEqual([foreign.status, foreign.body.code], [nobody.status, nobody.body.code])
    assert.equal(foreign.body.error_description, nobody.body.error_description)
  })

  test('20: the JSON route answers in the fragment, the front door in the query', async () => {
    const world = await openCidaasWorld()
    await world.addUser('ada')
    const id = await world.requestId({ client_id: 'plain', response_mode: '' })
    assert.match((await world.signIn(world.browser(), 'ada', id)).location.hash, /^#code=/)
    const post = await world.requestId({ client_id: 'plain', response_mode: 'form_post' })
    const page = await world.signIn(world.browser(), 'ada', post)
    assert.equal(page.status, 200)
    assert.match(page.text, /<form method="post" action="http:\/\/localhost:5173\/callback">/)
  })

  test('21: exactly the scopes that were asked for, the SDK’s defaults included', async () => {
    const world = await openCidaasWorld()
    await world.addUser('ada', { phoneNumber: '+15555550101', phoneVerified: true })
    const id = await world.requestId({ client_id: 'plain', scope: 'email openid profile mobile cidaas:apps_write' })
    const tokens = await world.redeem(await world.signIn(world.browser(), 'ada', id), { client_id: 'plain' })
    assert.equal(tokens.body.scope, 'email openid profile mobile')
    const bearer = { authorization: `Bearer ${tokens.body.access_token}` }
    const profile = await world.browser().xhr('GET', '/users-srv/userinfo', undefined, bearer)
    assert.equal(profile.body.mobile_number, '+15555550101')
  })

  test('24: two tabs with one request: finishing one user’s track leaves the other’s where it was', async () => {
    const { world, app, it, initiate } = await open()
    await world.enrolApp(await world.addUser('eve'))
    const login = await world.signIn(world.browser(), 'eve', it.requestId)
    const eve = { ...it, track: login.to.track_id ?? '', sub: login.to.sub ?? '' }
    assert.notEqual(eve.sub, it.sub)
    await world.verify('TOTP', await initiate(), app.code())
    assert.match((await world.goOn(it)).location.hash, /^#code=/)
    const meta = await it.browser.xhr('GET', `/token-srv/prelogin/metadata/${eve.track}`)
    assert.deepEqual(meta.body.data.meta_data.amr_values, ['10'])
  })

  test('26: no code works twice, a code of an older message is dead, and none is in a reply', async () => {
    const { world, app, it } = await open()
    await world.tokens('ada', app.code())
    const asked = await world.initiate(it, 'TOTP')
    const replay = await world.verify('TOTP', asked.body.data.exchange_id.exchange_id, app.code())
    assert.equal(replay.body.code, 'VER_0041')
    const bea = await world.addUser('bea')
    await world.enrolAddress(bea, 'sms', '+15555550102')
    const hers = await world.pending('bea')
    const first = await world.initiate(hers, 'SMS')
    const old = await world.lastCode()
    const second = await world.initiate(hers, 'SMS')
    const fresh = await world.lastCode()
    assert(![first.text, second.text].some((text) => text.includes(old) || text.includes(fresh)))
    assert.equal((await world.verify('SMS', first.body.data.exchange_id.exchange_id, old)).status, 417)
    assert.equal((await world.verify('SMS', second.body.data.exchange_id.exchange_id, old)).status, 417)
    assert.equal((await world.verify('SMS', second.body.data.exchange_id.exchange_id, fresh)).status, 200)
  })

  test('27: messages are limited for a user, and nobody learns by that who exists', async () => {
    const world = await openCidaasWorld()
    await world.addUser('ada')
    const id = await world.requestId({ client_id: 'plain' })
    const ask = (identifier: string) =>
      world.browser().xhr('POST', '/verification-srv/authentication/EMAIL/initiation', {
        request_id: id,
        usage_type: 'INITIAL_AUTHENTICATION',
        identifier,
      })
    const until = async (identifier: string) => {
      for (let n = 0; n < 50; n++) {
        const reply = await ask(identifier)
        if (reply.status !== 200) return [n, reply.status, reply.body.error.error]
      }
      return assert.fail('never limited')
    }
    assert.deepEqual(await until('ada@example.com'), await until('nobody@example.com'))
  })

  test('32: a user code that was encoded twice, in any writing', async () => {
    const { world } = await open()
    const device = await world.browser().xhr('GET', '/authz-srv/device/authz?client_id=tv')
    const code: string = device.body.user_code
    const typed = `${code.slice(0, 4)} ${code.slice(4)}`.toLowerCase()
    const twice = encodeURIComponent(encodeURIComponent(typed))
    const page = await world.browser().get(`/token-srv/device/verify?user_code=${twice}&x=1`)
    assert.equal(page.location.pathname, '/user-ui/login')
  })

  test('33: no redirect leads where nobody has registered anything', async () => {
    const { world, it } = await open()
    const hostile = 'https://evil.example/'
    const extras = { redirect_uri: hostile, post_logout_redirect_uri: hostile, suggested_url: hostile, next: hostile }
    const replies = [
      await world.signIn(world.browser(), 'ada', it.requestId, extras),
      await world.signIn(world.browser(), 'ada', uuid, extras),
      await it.browser.form(`/login-srv/precheck/continue/${it.track}`, extras),
      await it.browser.get(`/session/end_session?${new URLSearchParams(extras)}`),
    ]
    for (const reply of replies) assert.notEqual(reply.location.host, 'evil.example')
  })

  test('8: a silent renewal is answered at the application in every case, never with a page', async () => {
    const { world, app, it, initiate } = await open()
    const silent = (from = it.browser, over: Record<string, string> = {}) =>
      from.get(`/authz-srv/authz?${new URLSearchParams({ ...query, prompt: 'none', state: 's', ...over })}`)
    const query = {
      client_id: 'app',
      redirect_uri: callback,
      response_type: 'code',
      scope: 'openid',
      code_challenge: s256('v'.repeat(43)),
      code_challenge_method: 'S256',
    }
    const answers = [await silent(world.browser()), await silent(it.browser)]
    await world.verify('TOTP', await initiate(), app.code())
    await world.goOn(it)
    const signedIn = await silent()
    assert.ok(signedIn.to.code)
    world.clock.advance(2)
    answers.push(signedIn, await silent(it.browser, { max_age: '0' }), await silent(it.browser, { code_challenge: '' }))
    // What was enough at the login no longer is.
    world.clock.advance(30)
    await world.setApplication('app', { asksForScopes: true })
    answers.push(await silent(it.browser, { scope: 'openid profile' }))
    for (const reply of answers) {
      assert.equal(reply.status, 302)
      assert.equal(reply.location.origin + reply.location.pathname, callback)
      assert.equal(reply.to.state, 's', reply.location.href)
      assert.equal('error' in reply.to || 'code' in reply.to, true)
    }
    assert.deepEqual(
      answers.map((reply) => reply.to.error),
      ['login_required', 'login_required', undefined, 'login_required', 'invalid_request', 'interaction_required'],
    )
  })

  test('12: a set-up during a login by the path of SDK 5 and by that of SDK 6', async () => {
    for (const step of ['initiate', 'initiation']) {
      const world = await openCidaasWorld()
      await world.addUser('ada')
      const it = await world.pending('ada')
      const begun = await it.browser.xhr('POST', `/verification-actions-srv/setup/totp/${step}/${it.track}`, {})
      assert.equal(begun.status, 200, begun.text)
      assert.match(begun.body.data.totp_secret, /^otpauth:\/\/totp\//)
    }
  })

  test('13: lists and cancellation by the paths the overview names and by those the code uses', async () => {
    const { it, initiate } = await open()
    const asked = { request_id: it.requestId, sub: it.sub }
    for (const path of [
      '/verification-srv/v2/setup/public/configured/list',
      '/verification-srv/public/graph/user/setup',
    ]) {
      const list = await it.browser.xhr('POST', path, asked)
      assert.deepEqual(
        list.body.data.configured_list.map((one: { type: string }) => one.type),
        ['TOTP', 'BACKUPCODE'],
        path,
      )
    }
    for (const path of [
      '/verification-srv/authentication/TOTP/cancel',
      '/verification-srv/v2/authenticate/cancel/TOTP',
      '/verification-srv/v2/setup/cancel/TOTP',
    ]) {
      const gone = await it.browser.xhr('POST', path, { exchange_id: await initiate(), reason: 'x', type: 'TOTP' })
      assert.equal(gone.status, 200, path)
    }
  })

  test('17: validation_type in metadata, and neither spelling for actions a login does not wait for', async () => {
    const { world, it } = await open()
    const meta = await it.browser.xhr('GET', `/token-srv/prelogin/metadata/${it.track}`)
    assert.equal(meta.body.data.validation_type, 'mfa_required')
    assert.equal('validationType' in meta.body.data, false)
    for (const action of ['SKIP', 'DONOTSHOWAGAIN']) {
      const reply = await it.browser.xhr('POST', `/auth-actions-srv/validation/${it.track}`, { action })
      assert.deepEqual([reply.status, reply.body.code], [400, 'VER_0025'])
      const [ada] = await world.store.list('users', world.tenant.id, { limit: 5 })
      assert.equal(reply.text.includes(String(ada?.id)), false)
    }
    assert.equal((await world.goOn(it)).to.error, 'mfa_required', 'nothing was skipped')
  })

  test('22: a state with anything in it comes back byte for byte; a renewed ID token keeps sub, auth_time and azp', async () => {
    const world = await openCidaasWorld()
    await world.addUser('ada')
    const state = `0123456789abcdef0123456789abcdef;{"path":"/a?b=c&d=%20#e","ü":"€ +"}`
    const id = await world.requestId({ client_id: 'plain', state, scope: 'openid offline_access' })
    const landed = await world.signIn(world.browser(), 'ada', id)
    assert.equal(landed.to.state, state)
    const first = await world.redeem(landed, { client_id: 'plain' })
    world.clock.advance(600)
    const { refresh_token } = first.body
    const again = { grant_type: 'refresh_token', refresh_token, client_id: 'plain', scope: 'openid offline_access' }
    const second = await world.browser().form('/token-srv/token', again)
    const kept = ({ body }: { body: { id_token: string } }) => {
      const { sub, auth_time, azp } = decodeJwt(body.id_token)
      return { sub, auth_time, azp }
    }
    assert.deepEqual(kept(second), kept(first))
  })

  test('23: an error goes back to the application with its state, in the mode it asked for', async () => {
    const world = await openCidaasWorld()
    for (const [mode, part] of [
      ['query', 'search'],
      ['fragment', 'hash'],
    ] as const) {
      const query = {
        client_id: 'app',
        redirect_uri: callback,
        response_type: 'token',
        response_mode: mode,
        state: 'a;b c',
      }
      const reply = await world.browser().get(`/authz-srv/authz?${new URLSearchParams(query)}`)
      const params = new URLSearchParams(reply.location[part].slice(1))
      assert.deepEqual([params.get('error'), params.get('state')], ['unsupported_response_type', 'a;b c'])
    }
  })

  test('25: neither max_age nor prompt=login during single sign-on spares the second factor of mode ALWAYS', async () => {
    const { world, app, it, initiate } = await open()
    await world.verify('TOTP', await initiate(), app.code())
    assert.ok((await world.goOn(it)).to.code)
    world.clock.advance(60)
    for (const over of [{ prompt: 'login' }, { max_age: '30' }] as Record<string, string>[]) {
      const query: Record<string, string> = {
        client_id: 'app',
        redirect_uri: callback,
        response_type: 'code',
        scope: 'openid',
        ...over,
      }
      const pkce = { code_challenge: s256('v'.repeat(43)), code_challenge_method: 'S256' }
      const start = await it.browser.get(`/authz-srv/authz?${new URLSearchParams({ ...query, ...pkce })}`)
      assert.equal(start.location.pathname, '/user-ui/login')
      const login = await world.signIn(it.browser, 'ada', start.to.requestId ?? '')
      assert.equal('code' in login.to, false)
      assert.ok(login.to.track_id, 'the password is not enough')
    }
  })

  test('28: a page that is not in its own list gets no challenge of a key', async () => {
    const world = await openCidaasWorld({ tenant: { factors: ['password', 'totp', 'webauthn', 'recovery_code'] } })
    await world.addUser('ada')
    const it = await world.pending('ada')
    const path = `/verification-actions-srv/setup/FIDO2/initiation/${it.track}`
    const elsewhere = { domainURL: base, allowedDomains: ['https://other.example'] }
    assert.equal((await it.browser.xhr('POST', path, elsewhere)).body.code, 'VER_0035')
    const here = { domainURL: base, allowedDomains: [base] }
    assert.equal((await it.browser.xhr('POST', path, here)).status, 200)
  })

  test('30: what SDK 4 still calls: a token in the initiation, introspection with Bearer, its way to sign out', async () => {
    const { world, app, it } = await open()
    const bearer = { authorization: 'Bearer something' }
    const body = { request_id: it.requestId, sub: it.sub, usage_type: 'MULTIFACTOR_AUTHENTICATION', type: 'totp' }
    const asked = await it.browser.xhr('POST', '/verification-srv/v2/authenticate/initiate/totp', body, bearer)
    const { exchange_id } = asked.body.data.exchange_id
    const proof = { exchange_id, sub: it.sub, pass_code: app.code(), type: 'totp' }
    const proved = await it.browser.xhr('POST', '/verification-srv/v2/authenticate/authenticate/totp', proof, bearer)
    assert.equal(proved.status, 200, proved.text)
    // getAccessToken, since renamed: the same JSON without a verifier.
    const tokens = await world.redeem(await world.goOn(it), { code_verifier: '' })
    assert.equal(tokens.status, 200, tokens.text)
    const { access_token } = tokens.body
    // validateAccessToken, since removed: a token is not the client's credential (S-120), and the answer is readable.
    const checked = { token: access_token, token_type_hint: 'access_token', client_id: 'app' }
    const refused = await it.browser.xhr('POST', '/token-srv/introspect', checked, {
      authorization: `Bearer ${access_token}`,
    })
    assert.deepEqual([refused.status, refused.body.error], [401, 'invalid_client'])
    const query = { client_id: 'app', redirect_uri: callback, response_type: 'code', scope: 'openid', prompt: 'none' }
    const pkce = { code_challenge: s256('v'.repeat(43)), code_challenge_method: 'S256' }
    const silent = () => it.browser.get(`/authz-srv/authz?${new URLSearchParams({ ...query, ...pkce })}`)
    assert.ok((await silent()).to.code)
    const away = { access_token_hint: access_token, post_logout_redirect_uri: 'http://localhost:5173' }
    const gone = await it.browser.get(`/session/end_session?${new URLSearchParams(away)}`)
    assert.equal(gone.location.href, 'http://localhost:5173/')
    assert.equal((await silent()).to.error, 'login_required')
  })

  test('31: where a browser has no crypto.subtle: discovery is readable, and a login without PKCE gives tokens', async () => {
    const { world, app, it, initiate } = await open()
    const discovery = await it.browser.xhr('GET', '/.well-known/openid-configuration')
    assert.match(String(discovery.headers['content-type']), /^application\/json/)
    for (const name of ['authorization_endpoint', 'token_endpoint', 'end_session_endpoint']) {
      assert.ok(discovery.body[name], name)
    }
    await world.verify('TOTP', await initiate(), app.code())
    const landed = await world.goOn(it)
    const body = { code: landed.to.code, client_id: 'app', redirect_uri: callback, grant_type: 'authorization_code' }
    const tokens = await it.browser.xhr('POST', '/token-srv/token', body)
    assert.equal(tokens.status, 200, tokens.text)
  })
})

describe('docs/decisions/0004: what a track is worth to somebody who has it', () => {
  test('another browser cannot finish it, with or without a session of its own', async () => {
    const { world, app, it, initiate } = await open()
    await world.verify('TOTP', await initiate(), app.code())
    await world.enrolApp(await world.addUser('eve'))
    const eve = await world.pending('eve')
    for (const browser of [world.browser(), eve.browser]) {
      const stolen = await world.goOn({ ...it, browser })
      assert.equal(stolen.location.origin + stolen.location.pathname, `${base}/identity/error`)
    }
    const native = await world.browser().xhr('POST', `/login-srv/precheck/continue/sdk/${it.track}`)
    assert.deepEqual([native.status, native.body.code], [400, 'VER_0025'])
    assert.match((await world.goOn(it)).location.hash, /^#code=/, 'its own browser can, still')
  })

  test('a caller that keeps no cookies can finish what it began itself', async () => {
    const world = await openCidaasWorld()
    const app = await world.enrolApp(await world.addUser('ada'))
    const curl = world.browser({ 'sec-fetch-mode': '', cookie: '' })
    const it = await world.pending('ada', { browser: curl })
    const asked = await world.initiate(it, 'TOTP')
    await world.verify('TOTP', asked.body.data.exchange_id.exchange_id, app.code())
    const done = await curl.xhr('POST', `/login-srv/precheck/continue/${it.track}`)
    assert.match(done.location.hash, /^#code=/)
  })

  test('AC-22: headers that claim another address neither skip the second factor nor reset a count', async () => {
    const world = await openCidaasWorld({ addressBudgets: true })
    await world.enrolApp(await world.addUser('ada'))
    const id = await world.requestId()
    let wrong = 0
    for (const claimed of ['10.0.0.1', 'junk', '1.1.1.1, 2.2.2.2', Array(100).fill('9.9.9.9').join(','), '::1']) {
      const browser = world.browser({ 'x-forwarded-for': claimed })
      const login = await world.signIn(browser, 'ada', id)
      assert.equal('code' in login.to, false, claimed)
      for (let n = 0; n < 3; n++, wrong++) await world.signIn(browser, 'ada', id, { password: `wrong ${wrong}` })
    }
    for (let n = 0; n < 12; n++) {
      await world.signIn(world.browser({ 'x-forwarded-for': `8.8.8.${n}` }), 'ada', id, { password: 'no' })
    }
    const locked = await world.signIn(world.browser({ 'x-forwarded-for': '7.7.7.7' }), 'ada', id)
    assert.equal(locked.to.error, 'too_many_attempts')
  })

  test('AC-57: before the password nobody learns what anybody has', async () => {
    const { world, it } = await open()
    const id = await world.requestId()
    const list = async (body: object) =>
      (
        await world
          .browser()
          .xhr('POST', '/verification-srv/v2/setup/public/configured/list', { request_id: id, ...body })
      ).text
    const [ada, user] = [await list({ email: 'ada@example.com' }), await list({ sub: it.sub })]
    assert.equal(ada, await list({ email: 'nobody@example.com' }))
    assert.equal(ada, user)
    assert.equal(ada, await list({ q: uuid }))
    const none = await world
      .browser()
      .xhr('POST', '/verification-srv/v2/setup/public/configured/list', { email: 'ada@example.com' })
    assert.equal(none.status, 400)
    const exists = async (name: string) =>
      (await world.browser().xhr('POST', `/useractions-srv/userexistence/${id}`, { email: `${name}@example.com` })).text
    assert.equal(await exists('ada'), await exists('nobody'))
  })

  test('S-102: wrong password and unknown user lead to the same page', async () => {
    const world = await openCidaasWorld()
    await world.addUser('ada')
    const id = await world.requestId()
    const page = async (name: string) => {
      const reply = await world.signIn(world.browser(), name, id, { password: 'wrong' })
      const { username: _typed, ...rest } = reply.to
      return JSON.stringify([reply.location.pathname, rest])
    }
    assert.equal(await page('ada'), await page('nobody'))
    assert.match(await page('ada'), /invalid_username_password/)
  })
})
