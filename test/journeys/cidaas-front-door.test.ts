import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import { s256 } from '#crypto/digest.ts'
import { type Browser, base, type CidaasWorld, callback, openCidaasWorld, type Reply } from '../support/cidaas.ts'

const claims = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
const verifier = 'a-verifier-that-is-long-enough-to-be-one-of-them'

/** What the SDK's loginWithBrowser asks for, in its order (cidaas.md §2.3). */
const authzUrl = (over: Record<string, string | undefined> = {}): string => {
  const params = {
    client_id: 'app',
    redirect_uri: callback,
    response_type: 'code',
    scope: 'openid profile email',
    state: '0123456789abcdef0123456789abcdef;{"app":"data"}',
    code_challenge: s256(verifier),
    code_challenge_method: 'S256',
    view_type: 'login',
    nonce: '1795295955974',
    ...over,
  }
  const set = Object.entries(params).filter((it): it is [string, string] => it[1] !== undefined)
  return `/authz-srv/authz?${new URLSearchParams(set)}`
}

const formToken = (world: CidaasWorld, fields: Record<string, string>): Promise<Reply> =>
  world.browser().form('/token-srv/token', { client_id: 'app', ...fields })

/** The browser variant up to its tokens (cidaas.md §10.3). */
async function signedIn(world: CidaasWorld, name: string, over: Record<string, string> = {}) {
  const app = await world.enrolApp(await world.addUser(name))
  const browser = world.browser()
  const start = await browser.get(authzUrl(over))
  assert.equal(start.location.pathname, '/user-ui/login', start.text)
  const login = await world.signIn(browser, name, start.to.requestId ?? '')
  const it = { browser, requestId: start.to.requestId ?? '', track: login.to.track_id ?? '', sub: login.to.sub ?? '' }
  const asked = await world.initiate(it, 'TOTP')
  const proved = await world.verify('TOTP', asked.body.data.exchange_id.exchange_id, app.code())
  assert.equal(proved.status, 200, proved.text)
  const landed = await world.goOn(it)
  const tokens = await formToken(world, {
    grant_type: 'authorization_code',
    redirect_uri: callback,
    code: landed.to.code ?? '',
    code_verifier: verifier,
  })
  return { app, browser, landed, tokens }
}

test('cidaas.md §2.1: a tenant that chose it serves cidaas’ discovery, with the authority as issuer; others do not', async () => {
  const world = await openCidaasWorld()
  const ask = async () => (await world.browser().xhr('GET', '/.well-known/openid-configuration')).body
  const document = await ask()
  assert.equal(document.issuer, base)
  assert.equal(document.authorization_endpoint, `${base}/authz-srv/authz`)
  assert.equal(document.token_endpoint, `${base}/token-srv/token`)
  assert.equal(document.end_session_endpoint, `${base}/session/end_session`)
  assert.equal(document.userinfo_endpoint, `${base}/users-srv/userinfo`)
  assert.equal(document.jwks_uri, `${base}/.well-known/jwks.json`)
  assert.deepEqual(document.response_types_supported, ['code'])
  for (const name of ['mobile_number', 'identities', 'groups']) assert(document.claims_supported.includes(name), name)
  assert.equal('pushed_authorization_request_endpoint' in document, false)
  await world.setTenant({ discovery: undefined })
  assert.equal((await ask()).issuer, `${base}/`)
})

test('cidaas.md §2.5, §10.2 rows 1 to 3: tenant, request and application as a login page reads them', async () => {
  const world = await openCidaasWorld()
  const page = world.browser()
  const tenant = await page.xhr('GET', '/public-srv/tenantinfo/basic')
  assert.deepEqual(tenant.body.data.allowLoginWith, ['EMAIL', 'MOBILE', 'USER_NAME'])
  const id = await world.requestId()
  const client = await page.xhr('GET', `/public-srv/public/${id}`)
  assert.equal(client.body.data.client_name, 'app')
  const unknown = await page.xhr('GET', '/public-srv/public/11111111-1111-4111-8111-111111111111')
  assert.deepEqual([unknown.status, unknown.body.code], [400, 'PUB10001'])
})

test('cidaas.md §10.3: redirect login with PKCE, state echoed byte for byte, refresh, userinfo', async () => {
  const world = await openCidaasWorld()
  const { landed, tokens } = await signedIn(world, 'ada', { scope: 'openid profile email offline_access' })
  assert.match(landed.location.href, /^http:\/\/localhost:5173\/callback\?code=/)
  assert.equal(landed.to.state, '0123456789abcdef0123456789abcdef;{"app":"data"}')
  assert.equal(landed.to.iss, base)
  assert.equal(tokens.status, 200, tokens.text)
  const first = claims(tokens.body.id_token)
  world.clock.advance(60)
  const refreshed = await formToken(world, {
    grant_type: 'refresh_token',
    refresh_token: tokens.body.refresh_token,
    scope: 'openid profile email offline_access',
  })
  assert.equal(refreshed.status, 200, refreshed.text)
  const second = claims(refreshed.body.id_token)
  assert.deepEqual(
    [second.sub, second.auth_time, second.azp, second.amr],
    [first.sub, first.auth_time, first.azp, first.amr],
  )
  assert.deepEqual(claims(refreshed.body.access_token).scopes, ['openid', 'profile', 'email', 'offline_access'])
})

test('cidaas.md §2.6: access and ID tokens live a day, and the answer says so, renewed ones too', async () => {
  const world = await openCidaasWorld()
  await world.addUser('ada')
  const id = await world.requestId({ client_id: 'plain', scope: 'openid offline_access' })
  const first = await world.redeem(await world.signIn(world.browser(), 'ada', id), { client_id: 'plain' })
  const grant = { grant_type: 'refresh_token', refresh_token: first.body.refresh_token, client_id: 'plain' }
  const renewed = await world.browser().xhr('POST', '/token-srv/token', grant)
  for (const { status, text, body } of [first, renewed]) {
    assert.equal(status, 200, text)
    assert.deepEqual([body.expires_in, body.id_token_expires_in], [86_400, 86_400])
    for (const { exp, iat } of [decodeJwt(body.id_token), decodeJwt(body.access_token)]) {
      assert.equal(Number(exp) - Number(iat), 86_400)
    }
  }
})

test('cidaas.md §3.1: a login by the sub an application knows, and a provider in any case', async () => {
  const world = await openCidaasWorld()
  const ada = await world.addUser('ada')
  const by = async (username: string, username_type: string, over: Record<string, string> = {}) => {
    const id = await world.requestId({ client_id: 'plain' })
    return await world.signIn(world.browser(), 'ada', id, { username, username_type, ...over })
  }
  for (const type of ['sub', 'identityid']) {
    const tokens = await world.redeem(await by(ada.id, type), { client_id: 'plain' })
    assert.deepEqual([tokens.body.sub, decodeJwt(tokens.body.access_token).amr], [ada.id, ['10', 'pwd']])
    const wrong = await by(ada.id, type, { password: 'wrong' })
    const nobody = await by('11111111-1111-4111-8111-111111111111', type)
    for (const { to } of [wrong, nobody]) assert.equal(to.error, 'invalid_username_password')
    assert.deepEqual([wrong.to.username, wrong.to.username_type], [ada.id, type], 'the page gets back what was typed')
  }
  assert.equal((await by(ada.id, 'email')).to.error, 'invalid_username_password')
  assert.ok((await by('ada@example.com', 'email', { provider: 'SELF' })).to.code)
})

test('S-111: a refresh token that was used before ends its family', async () => {
  const world = await openCidaasWorld()
  const { tokens } = await signedIn(world, 'ada', { scope: 'openid offline_access' })
  const refresh = (refresh_token: string) => formToken(world, { grant_type: 'refresh_token', refresh_token })
  const next = await refresh(tokens.body.refresh_token)
  world.clock.advance(60)
  assert.equal((await refresh(tokens.body.refresh_token)).body.error, 'invalid_grant')
  assert.equal((await refresh(next.body.refresh_token)).body.error, 'invalid_grant')
})

describe('cidaas.md §2.3: what the front door refuses', () => {
  const refused = async (over: Record<string, string | undefined>) => {
    const world = await openCidaasWorld()
    return await world.browser().get(authzUrl(over))
  }
  for (const [what, over, code] of [
    ['no client', { client_id: undefined }, 'AUTH10001'],
    ['an unknown client', { client_id: 'nobody' }, 'AUTH10001'],
    ['no response type', { response_type: undefined }, 'AUTH10002'],
    ['a redirect URI that is not registered', { redirect_uri: 'https://evil.example/callback' }, 'AUTH10003'],
    ['a redirect URI with something after it', { redirect_uri: `${callback}/x` }, 'AUTH10003'],
  ] as const) {
    test(`${what}: the error page, never the redirect URI`, async () => {
      const reply = await refused(over)
      assert.equal(reply.location.origin + reply.location.pathname, `${base}/identity/error`)
      assert.equal(reply.to.error_code, code)
    })
  }
  for (const [what, over, error] of [
    ['no PKCE', { code_challenge: undefined }, 'invalid_request'],
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['the implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
    ['a silent login of nobody', { prompt: 'none' }, 'login_required'],
  ] as const) {
    test(`${what}: back to the application, with its state`, async () => {
      const reply = await refused(over)
      assert.equal(reply.location.origin + reply.location.pathname, callback)
      assert.equal(reply.to.error, error)
      assert.equal(reply.to.state, '0123456789abcdef0123456789abcdef;{"app":"data"}')
    })
  }
})

describe('single sign-on', () => {
  const again = (browser: Browser, over: Record<string, string> = {}) => browser.get(authzUrl(over))

  test('a browser that is signed in gets a code at once, silently too', async () => {
    const world = await openCidaasWorld()
    const { browser } = await signedIn(world, 'ada')
    assert.equal('code' in (await again(browser)).to, true)
    assert.equal('code' in (await again(browser, { prompt: 'none' })).to, true)
  })

  test('S-127: a session ends after an hour without use, and after a day however much it is used', async () => {
    const world = await openCidaasWorld()
    const { browser } = await signedIn(world, 'ada')
    const silent = async () => (await again(browser, { prompt: 'none' })).to.error
    for (let hour = 0; hour < 23; hour++) {
      world.clock.advance(3_590)
      assert.equal(await silent(), undefined, `hour ${hour}`)
    }
    world.clock.advance(3_590)
    assert.equal(await silent(), undefined)
    world.clock.advance(300)
    assert.equal(await silent(), 'login_required', 'a day')
    const { browser: other } = await signedIn(world, 'bea')
    world.clock.advance(3_601)
    assert.equal((await again(other, { prompt: 'none' })).to.error, 'login_required', 'an hour')
  })

  test('S-128: blocking a user ends single sign-on at the next request', async () => {
    const world = await openCidaasWorld()
    const { browser, tokens } = await signedIn(world, 'ada')
    await world.put('users', { ...(await world.user(tokens.body.sub)), blocked: true })
    assert.equal((await again(browser, { prompt: 'none' })).to.error, 'login_required')
    assert.equal((await again(browser)).location.pathname, '/user-ui/login')
  })

  test('cidaas.md §11.25: prompt=login during single sign-on asks for the second factor again', async () => {
    const world = await openCidaasWorld()
    const { browser } = await signedIn(world, 'ada')
    const start = await again(browser, { prompt: 'login' })
    assert.equal(start.location.pathname, '/user-ui/login')
    const login = await world.signIn(browser, 'ada', start.to.requestId ?? '')
    assert.equal(login.location.hostname, 'pages.example')
    world.clock.advance(61)
    assert.equal((await again(browser, { max_age: '60' })).location.pathname, '/user-ui/login')
  })

  test('AC-12: a session on the password alone meets the second factor where the next application asks for it', async () => {
    const world = await openCidaasWorld()
    await world.enrolApp(await world.addUser('ada'))
    const browser = world.browser()
    const plain = await browser.get(authzUrl({ client_id: 'plain' }))
    assert.equal('code' in (await world.signIn(browser, 'ada', plain.to.requestId ?? '')).to, true)
    const asked = await again(browser)
    assert.equal(asked.location.hostname, 'pages.example')
    assert.deepEqual([asked.to.hint, asked.to.iss, asked.to.sub], ['stepup-required', base, asked.to.q])
    assert.equal((await again(browser, { prompt: 'none' })).to.error, 'interaction_required')
  })

  test('cidaas.md §4.8: an application that names cidaas:acr:strong gets it where no rule asks', async () => {
    const world = await openCidaasWorld()
    const app = await world.enrolApp(await world.addUser('ada'))
    const browser = world.browser()
    const start = await browser.get(authzUrl({ client_id: 'plain', acr_values: 'cidaas:acr:strong' }))
    const login = await world.signIn(browser, 'ada', start.to.requestId ?? '')
    const it = { browser, requestId: start.to.requestId ?? '', track: login.to.track_id ?? '', sub: login.to.sub ?? '' }
    const meta = await browser.xhr('GET', `/token-srv/prelogin/metadata/${it.track}`)
    assert.equal(meta.body.data.meta_data.acr_values, 'cidaas:acr:strong')
    assert.equal(meta.body.data.meta_data.terminal_error, 'stepup-required')
    const asked = await world.initiate(it, 'TOTP')
    await world.verify('TOTP', asked.body.data.exchange_id.exchange_id, app.code())
    const landed = await world.goOn(it)
    const fields = { client_id: 'plain', grant_type: 'authorization_code', redirect_uri: callback }
    const tokens = await formToken(world, { ...fields, code: landed.to.code ?? '', code_verifier: verifier })
    assert.equal(claims(tokens.body.access_token).acr, 'cidaas:acr:strong')
  })
})

describe('cidaas.md §10.7: signing out', () => {
  const url = (params: Record<string, string>) => `/session/end_session?${new URLSearchParams(params)}`

  test('with a hint: at once, back to the application with its state; afterwards nothing is left', async () => {
    const world = await openCidaasWorld()
    const { browser, tokens } = await signedIn(world, 'ada', { scope: 'openid offline_access' })
    const out = await browser.get(
      url({ id_token_hint: tokens.body.id_token, post_logout_redirect_uri: 'http://localhost:5173', state: 'x;y' }),
    )
    assert.equal(out.location.href, 'http://localhost:5173/?state=x%3By')
    assert.equal((await browser.get(authzUrl({ prompt: 'none' }))).to.error, 'login_required')
    const refresh_token = tokens.body.refresh_token
    assert.equal((await formToken(world, { grant_type: 'refresh_token', refresh_token })).body.error, 'invalid_grant')
  })

  test('S-123: without a hint it asks first, and the page’s own button does it', async () => {
    const world = await openCidaasWorld()
    const { browser } = await signedIn(world, 'ada')
    const page = await browser.get(url({ client_id: 'app', post_logout_redirect_uri: 'http://localhost:5173' }))
    assert.equal(page.status, 200)
    const confirm = /name="confirm" value="([^"]+)"/.exec(page.text)?.[1] ?? assert.fail(page.text)
    await browser.form('/session/end_session', { confirm: 'guessed' })
    assert.equal('code' in (await browser.get(authzUrl())).to, true, 'still signed in')
    const fields = { confirm, client_id: 'app', post_logout_redirect_uri: 'http://localhost:5173' }
    const out = await browser.form('/session/end_session', fields)
    assert.equal(out.location.href, 'http://localhost:5173/')
    assert.equal((await browser.get(authzUrl({ prompt: 'none' }))).to.error, 'login_required')
  })

  test('cidaas.md §11.33: an address that is not registered is no way out', async () => {
    const world = await openCidaasWorld()
    const { browser, tokens } = await signedIn(world, 'ada')
    const params = { id_token_hint: tokens.body.id_token, post_logout_redirect_uri: 'https://evil.example' }
    assert.equal((await browser.get(url(params))).location.href, `${base}/identity/logout_success`)
  })

  test('the hint of somebody else, or one that was altered, signs nobody out', async () => {
    const world = await openCidaasWorld()
    const { browser } = await signedIn(world, 'ada')
    const eve = await signedIn(world, 'eve')
    assert.equal((await browser.get(url({ id_token_hint: eve.tokens.body.id_token }))).status, 200)
    assert.equal((await browser.get(url({ id_token_hint: `${eve.tokens.body.id_token}x` }))).status, 200)
    assert.equal('code' in (await browser.get(authzUrl())).to, true)
  })
})

describe('cidaas.md §2.6 to §2.9: tokens', () => {
  test('S-110: a code works once, within a minute, for its client and redirect URI', async () => {
    const world = await openCidaasWorld()
    const app = await world.enrolApp(await world.addUser('ada'))
    const land = async () => {
      const it = await world.pending('ada')
      const asked = await world.initiate(it, 'TOTP')
      world.clock.advance(30)
      await world.verify('TOTP', asked.body.data.exchange_id.exchange_id, app.code())
      return await world.goOn(it)
    }
    const first = await land()
    assert.equal((await world.redeem(first, { client_id: 'plain' })).body.error, 'invalid_grant')
    assert.equal((await world.redeem(first, { redirect_uri: 'http://localhost:5173/' })).body.error, 'invalid_grant')
    const tokens = await world.redeem(first)
    assert.equal(tokens.status, 200)
    assert.equal((await world.redeem(first)).body.error, 'invalid_grant')
    const bearer = { authorization: `Bearer ${tokens.body.access_token}` }
    const after = await world.browser().xhr('GET', '/users-srv/userinfo', undefined, bearer)
    assert.equal(after.status, 401, 'a second use ends what the first gave')
    const late = await land()
    world.clock.advance(61)
    assert.equal((await world.redeem(late)).body.error, 'invalid_grant')
  })

  test('S-112: implicit and internal grants are off, and the password grant is for those who have it', async () => {
    const world = await openCidaasWorld()
    await world.addUser('ada')
    for (const grant_type of ['implicit', 'internal']) {
      assert.equal((await formToken(world, { grant_type })).body.error, 'unsupported_grant_type')
    }
    const fields = { grant_type: 'password', username: 'ada@example.com', password: 'x' }
    assert.equal((await formToken(world, fields)).body.error, 'unauthorized_client')
  })

  test('AC-12: a refresh is asked for the second factor the rules have come to want, and keeps its token', async () => {
    const world = await openCidaasWorld()
    await world.enrolApp(await world.addUser('ada'))
    const id = await world.requestId({ client_id: 'plain', scope: 'openid offline_access' })
    const tokens = await world.redeem(await world.signIn(world.browser(), 'ada', id), { client_id: 'plain' })
    const refresh = () =>
      formToken(world, { client_id: 'plain', grant_type: 'refresh_token', refresh_token: tokens.body.refresh_token })
    await world.setTenant({ mfa: { mode: 'ALWAYS' } })
    const asked = await refresh()
    assert.deepEqual([asked.status, asked.body.error], [400, 'interaction_required'])
    await world.setTenant({ mfa: { mode: 'OFF' } })
    assert.equal((await refresh()).status, 200)
  })

  test('AC-12: a password grant meets MFA, and continue answers with its tokens', async () => {
    const world = await openCidaasWorld()
    const app = await world.enrolApp(await world.addUser('ada'))
    const asked = await world.browser().xhr('POST', '/token-srv/token', {
      grant_type: 'password',
      client_id: 'trusted',
      username: 'ada@example.com',
      password: 'the quite long password of ada',
      scope: 'openid',
    })
    assert.deepEqual([asked.status, asked.body.error], [400, 'mfa_required'])
    const native = world.browser()
    const goOn = () => native.xhr('POST', `/login-srv/precheck/continue/sdk/${asked.body.track_id}`)
    assert.equal((await goOn()).status, 417)
    const it = { browser: native, requestId: asked.body.requestId, track: asked.body.track_id, sub: asked.body.sub }
    const begun = await world.initiate(it, 'TOTP')
    assert.equal(begun.status, 200, begun.text)
    await world.verify('TOTP', begun.body.data.exchange_id.exchange_id, app.code())
    const tokens = await goOn()
    assert.equal(tokens.status, 200, tokens.text)
    assert.deepEqual(claims(tokens.body.access_token).amr.slice(0, 2), ['10', '60'])
    assert.equal((await goOn()).status, 400, 'once')
  })

  test('introspection tells the client a token was made for, and nobody else; scopes may be asked for', async () => {
    const world = await openCidaasWorld()
    const machine = { client_id: 'backend', client_secret: 'backend-secret' }
    const xhr = (path: string, body: object) => world.browser().xhr('POST', path, body)
    const got = await xhr('/token-srv/token', { ...machine, grant_type: 'client_credentials' })
    assert.equal(got.status, 200, got.text)
    const ask = (more: object) => xhr('/token-srv/introspect', { ...machine, token: got.body.access_token, ...more })
    assert.deepEqual((await ask({})).body.scopes, ['cidaas:verification_read'])
    assert.equal((await ask({ scopes: ['cidaas:verification_read', 'x'] })).body.active, true)
    assert.equal(
      (await ask({ scopes: ['x', 'cidaas:verification_read'], strictScopeValidation: true })).body.active,
      false,
    )
    assert.equal((await ask({ roles: ['ADMIN'] })).body.active, false)
    const app = await world.enrolApp(await world.addUser('ada'))
    const tokens = await world.tokens('ada', app.code())
    assert.deepEqual((await ask({ token: tokens.body.access_token })).body, { active: false })
  })

  test('S-120: revoking a refresh token ends its access token', async () => {
    const world = await openCidaasWorld()
    const { tokens } = await signedIn(world, 'ada', { scope: 'openid offline_access' })
    const fields = { token: tokens.body.refresh_token, token_type_hint: 'refresh_token', client_id: 'app' }
    assert.equal((await world.browser().form('/token-srv/revoke', fields)).status, 200)
    const bearer = { authorization: `Bearer ${tokens.body.access_token}` }
    const after = await world.browser().xhr('GET', '/users-srv/userinfo', undefined, bearer)
    assert.deepEqual([after.status, after.body.error], [401, 'Access denied for this resource'])
  })

  test('S-57: neither a track nor an ID token opens anything', async () => {
    const world = await openCidaasWorld()
    const { tokens } = await signedIn(world, 'ada')
    const it = await world.pending('ada')
    for (const token of [it.track, it.sub, tokens.body.id_token, '[object Object]']) {
      const reply = await world.browser().xhr('GET', '/users-srv/userinfo', undefined, {
        authorization: `Bearer ${token}`,
      })
      assert.equal(reply.status, 401)
    }
  })
})
