import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import { s256 } from '#crypto/digest.ts'
import type { User } from '#model/user.ts'
import { signedInCookie } from '#oidc/testing/sign-in.ts'
import { type Browser, base, type CidaasWorld, callback, openCidaasWorld, type Reply } from '../support/cidaas.ts'

const verifier = 'v'.repeat(43)
const ours = { 'sec-fetch-site': 'same-origin' }

/** One session for all dialects of a tenant: who is signed in at one door is signed in at the other. */
describe('a session shared with our hosted pages', () => {
  let world: CidaasWorld
  let ada: User
  beforeEach(async () => {
    world = await openCidaasWorld()
    ada = await world.addUser('ada')
  })

  const query = (over: Record<string, string>) =>
    new URLSearchParams({
      client_id: 'plain',
      redirect_uri: callback,
      response_type: 'code',
      scope: 'openid',
      state: 's',
      code_challenge: s256(verifier),
      code_challenge_method: 'S256',
      prompt: 'none',
      ...over,
    })
  const authz = (at: Browser, over: Record<string, string> = {}) => at.get(`/authz-srv/authz?${query(over)}`)
  /** The front door of the hosted pages and of the Auth0 dialect. */
  const authorize = (at: Browser) => at.get(`/authorize?${query({})}`)
  const redeem = (reply: Reply, client = 'plain') => world.redeem(reply, { client_id: client, code_verifier: verifier })
  /** Somebody who has signed in on our hosted pages. */
  async function onHostedPages(user: User): Promise<Browser> {
    const browser = world.browser(ours)
    const cookies = await signedInCookie(world.oidc, {
      tenant: world.tenant,
      base,
      user: user.id,
      at: world.clock.now(),
    })
    for (const pair of cookies.split('; ')) browser.jar.set(...(pair.split(/=(.*)/s).slice(0, 2) as [string, string]))
    return browser
  }
  /** Somebody who has signed in through cidaas' calls. */
  async function here(headers: Record<string, string> = ours, name = 'ada', browser = world.browser(headers)) {
    const landed = await world.signIn(browser, name, await world.requestId({ client_id: 'plain' }))
    assert.ok(landed.to.code, landed.location.href)
    return { browser, landed }
  }
  const signOut = async (at: Browser, tokens: Reply) =>
    await at.get(`/session/end_session?${new URLSearchParams({ id_token_hint: tokens.body.id_token })}`)

  test('signed in on our pages, a browser gets its code here', async () => {
    const browser = await onHostedPages(ada)
    const tokens = await redeem(await authz(browser))
    assert.equal(decodeJwt(tokens.body.access_token).sub, ada.id)
    assert.equal((await authz(world.browser())).to.error, 'login_required')
  })

  test('signed in here from our own page, it gets one there', async () => {
    const { browser } = await here()
    const reply = await authorize(browser)
    assert.ok(reply.to.code, reply.location.href)
    assert.ok((await authz(browser)).to.code)
  })

  test('AC-12: what was proved at one door is what counts at the other', async () => {
    const browser = await onHostedPages(ada)
    await world.enrolApp(ada)
    const silent = await authz(browser, { client_id: 'app' })
    assert.equal(silent.to.error, 'interaction_required')
    const page = await authz(browser, { client_id: 'app', prompt: '' })
    assert.ok(page.to.track_id)
    assert.equal('code' in page.to, false)
  })

  test('a second factor given here raises the session there, under a new cookie (S-125)', async () => {
    const app = await world.enrolApp(ada)
    const browser = await onHostedPages(ada)
    const before = new Map(browser.jar)
    const { to } = await authz(browser, { client_id: 'app', prompt: '' })
    const it = { browser, requestId: to.requestId ?? '', track: to.track_id ?? '', sub: to.sub ?? '' }
    const asked = await world.initiate(it, 'TOTP')
    await world.verify('TOTP', asked.body.data.exchange_id.exchange_id, app.code())
    assert.ok((await world.goOn(it)).to.code)
    const [session] = await world.oidc.sessions.list(world.tenant.id, ada.id)
    assert.deepEqual(session?.amr.includes('mfa'), true)
    const cookie = [...browser.jar.keys()].find((name) => name.endsWith('_session')) ?? ''
    assert.notEqual(browser.jar.get(cookie), before.get(cookie))
    assert.ok((await authz(browser, { client_id: 'app' })).to.code)
  })

  test('signed out here is signed out there, and what it gave is dead', async () => {
    const { browser, landed } = await here()
    const tokens = await world.redeem(landed, { client_id: 'plain' })
    await signOut(browser, tokens)
    assert.equal((await authorize(browser)).to.error, 'login_required')
    assert.equal((await authz(browser)).to.error, 'login_required')
    assert.equal((await world.oidc.sessions.list(world.tenant.id, ada.id)).length, 0)
  })

  test('signed out there is signed out here, also for a browser that keeps its cookie of this dialect', async () => {
    const { browser } = await here()
    const [session] = await world.oidc.sessions.list(world.tenant.id, ada.id)
    assert.ok(session)
    assert.equal(await world.oidc.sessions.end(world.parts, world.caller(), ada.id, session.id), true)
    assert.ok([...browser.jar.keys()].some((name) => name.endsWith('cidaas_sso')))
    assert.equal((await authz(browser)).to.error, 'login_required')
  })

  test('a hint names the session to its application alone, and ends it from another browser', async () => {
    const { browser, landed } = await here()
    const first = await world.redeem(landed, { client_id: 'plain' })
    await world.setApplication('app', { mfa: { mode: 'OFF' } })
    const second = await redeem(await authz(browser, { client_id: 'app' }), 'app')
    const third = await redeem(await authz(browser))
    const sid = (it: Reply) => decodeJwt(it.body.id_token).sid
    assert.equal(sid(third), sid(first))
    assert.notEqual(sid(second), sid(first))
    await signOut(world.browser(), first)
    assert.equal((await authz(browser)).to.error, 'login_required')
    assert.equal((await authorize(browser)).to.error, 'login_required')
  })

  test('applications that want to hear of it are told, by the sid their tokens have', async () => {
    await world.setApplication('plain', { backchannelLogoutUri: 'https://app.example/logout' })
    const { browser, landed } = await here()
    const tokens = await world.redeem(landed, { client_id: 'plain' })
    await signOut(browser, tokens)
    const [told] = (await world.outbox()).filter((it) => it.channel === 'logout')
    const said = JSON.parse(told?.text ?? '{}')
    assert.deepEqual(said, { issuer: base, subject: ada.id, sid: decodeJwt(tokens.body.id_token).sid })
  })

  for (const [who, headers, shared] of [
    ['our own page, whatever it tells of itself', { 'sec-fetch-site': 'same-origin', origin: 'null' }, true],
    ['a page the tenant has registered', { 'sec-fetch-site': 'cross-site', origin: 'https://pages.example' }, true],
    ['a page of anybody', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, false],
    ['a page that hides where it is', { 'sec-fetch-site': 'cross-site', origin: 'null' }, false],
    ['a page of an application', { 'sec-fetch-site': 'same-site', origin: 'http://localhost:5173' }, false],
    ['a caller that says nothing', {}, false],
  ] as const) {
    test(`docs/decisions/0004: a login sent by ${who} signs in ${shared ? 'everywhere' : 'here alone'}`, async () => {
      const { browser } = await here({ ...headers })
      assert.equal('code' in (await authorize(browser)).to, shared)
      assert.ok((await authz(browser)).to.code)
    })
  }

  test('a login of somebody else takes the place of the one before, at both doors', async () => {
    const eve = await world.addUser('eve')
    const browser = await onHostedPages(ada)
    await here(ours, 'eve', browser)
    assert.equal(decodeJwt((await redeem(await authz(browser))).body.access_token).sub, eve.id)
    assert.equal((await world.oidc.sessions.list(world.tenant.id, ada.id)).length, 0)
    assert.ok((await authorize(browser)).to.code)
  })

  test('S-123: signing out without a hint is asked about with a token of this browser', async () => {
    const browser = await onHostedPages(ada)
    const page = await browser.get('/session/end_session')
    const confirm = /name="confirm" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
    const another = await onHostedPages(ada)
    await another.form('/session/end_session', { confirm })
    assert.ok((await authz(another)).to.code, 'the token of another browser')
    await browser.form('/session/end_session', { confirm })
    assert.equal((await authz(browser)).to.error, 'login_required')
  })

  test('native applications keep no session, and none is shared', async () => {
    const requestId = await world.requestId({ client_id: 'plain' })
    const body = {
      username: 'ada@example.com',
      username_type: 'email',
      password: 'the quite long password of ada',
      requestId,
    }
    const reply = await world.browser(ours).xhr('POST', '/login-srv/login/sdk', body)
    assert.ok(reply.body.data.code)
    assert.equal((await world.oidc.sessions.list(world.tenant.id, ada.id)).length, 0)
  })

  test('the list of browsers has each once, and signs it out everywhere', async () => {
    const { browser, landed } = await here()
    const tokens = await world.redeem(landed, { client_id: 'plain' })
    const bearer = { authorization: `Bearer ${tokens.body.access_token}` }
    const list = await browser.xhr('GET', '/device-srv/devices', undefined, bearer)
    assert.equal(list.body.data.length, 1)
    const gone = await browser.xhr('DELETE', `/device-srv/device/${list.body.data[0].device_id}`, {}, bearer)
    assert.equal(gone.status, 200)
    assert.equal((await authorize(browser)).to.error, 'login_required')
    assert.equal((await authz(browser)).to.error, 'login_required')
  })
})
