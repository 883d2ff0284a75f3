import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Browser, type CidaasWorld, openCidaasWorld, type Reply } from '../support/cidaas.ts'

const claims = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())

async function open() {
  const world = await openCidaasWorld()
  const app = await world.enrolApp(await world.addUser('ada'))
  const tv = world.browser({ 'user-agent': 'Television/1.0' })
  const begun = await tv.xhr('GET', '/authz-srv/device/authz?client_id=tv')
  assert.equal(begun.status, 200, begun.text)
  const poll = (over: Record<string, string> = {}) =>
    tv.form('/token-srv/token', {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: begun.body.device_code,
      client_id: 'tv',
      ...over,
    })
  return { world, app, poll, code: begun.body.user_code as string, begun }
}

/** Enters the code, signs in with password and second factor: the page that asks. */
async function untilAsked(world: CidaasWorld, browser: Browser, code: string, otp: string): Promise<Reply> {
  const start = await browser.get(`/token-srv/device/verify?user_code=${code}`)
  const requestId = start.to.requestId ?? ''
  const login = await world.signIn(browser, 'ada', requestId)
  assert.equal(login.location.hostname, 'pages.example', 'the second factor is asked for here too')
  const it = { browser, requestId, track: login.to.track_id ?? '', sub: login.to.sub ?? '' }
  const asked = await world.initiate(it, 'TOTP')
  await world.verify('TOTP', asked.body.data.exchange_id.exchange_id, otp)
  const landed = await world.goOn(it)
  assert.equal('code' in landed.to, false, 'the browser gets no code')
  return landed
}

const button = (page: Reply, answer: string): Record<string, string> => {
  const field = (name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(page.text)?.[1] ?? assert.fail(name)
  return { requestId: field('requestId'), confirm: field('confirm'), answer }
}

describe('cidaas.md §2.10: the device flow', () => {
  test('a person enters the code, signs in, is asked, and the device gets its tokens once', async () => {
    const { world, app, poll, code, begun } = await open()
    assert.match(code, /^[BCDFGHJKLMNPQRSTVWXZ]{8}$/)
    assert.equal(begun.body.verification_uri_complete, `${begun.body.verification_uri}?user_code=${code}`)
    assert.equal((await poll()).body.error, 'authorization_pending')
    assert.equal((await poll()).body.error, 'slow_down')
    const browser = world.browser()
    const landed = await untilAsked(world, browser, code, app.code())
    const page = await browser.get(landed.location.pathname + landed.location.search)
    assert.match(page.text, /<b>tv<\/b> asks to be connected, from 127\.0\.0\.1 \(Television\/1\.0\)/)
    world.clock.advance(15)
    assert.equal((await poll()).body.error, 'authorization_pending', 'nothing before the button')
    const done = await browser.form('/token-srv/device/approve', button(page, 'yes'))
    assert.equal(done.location.pathname, '/identity/device_success_page')
    world.clock.advance(15)
    assert.equal((await poll({ client_id: 'app' })).body.error, 'unauthorized_client')
    const tokens = await poll()
    assert.equal(tokens.status, 200, tokens.text)
    assert.deepEqual(claims(tokens.body.access_token).amr.slice(0, 2), ['10', '60'])
    world.clock.advance(15)
    assert.equal((await poll()).body.error, 'invalid_grant')
  })

  test('AC-64: only the browser that entered the code approves, with the button of its own page', async () => {
    const { world, app, poll, code } = await open()
    const browser = world.browser()
    const landed = await untilAsked(world, browser, code, app.code())
    const path = landed.location.pathname + landed.location.search
    const page = await browser.get(path)
    const other = world.browser()
    world.clock.advance(30)
    const elsewhere = await other.get('/token-srv/device/verify')
    assert.equal(elsewhere.location.pathname, '/identity/device_init_code')
    for (const reply of [
      await other.get(path),
      await other.form('/token-srv/device/approve', button(page, 'yes')),
      await browser.form('/token-srv/device/approve', { ...button(page, 'yes'), confirm: 'guessed' }),
    ]) {
      assert.equal(reply.location.pathname, '/identity/error')
    }
    assert.equal((await poll()).body.error, 'authorization_pending')
    await browser.form('/token-srv/device/approve', button(page, 'no'))
    world.clock.advance(30)
    assert.equal((await poll()).body.error, 'access_denied')
  })

  test('wrong codes lead back to the page, and guessing ends', async () => {
    const world = await openCidaasWorld({ addressBudgets: true })
    const guess = async () => (await world.browser().get('/token-srv/device/verify?user_code=BCDFGHJK')).to.error
    const said = new Set<string | undefined>()
    for (let n = 0; n < 25; n++) said.add(await guess())
    assert.deepEqual([...said], ['invalid_user_code', 'too_many_attempts'])
  })

  test('a client that may not, one that is none, and a code that is over', async () => {
    const { world, poll } = await open()
    const start = async (query: string) =>
      (await world.browser().xhr('GET', `/authz-srv/device/authz${query}`)).body.error
    assert.deepEqual(
      [await start(''), await start('?client_id=none'), await start('?client_id=app')],
      ['invalid_request', 'invalid_client', 'unauthorized_client'],
    )
    world.clock.advance(601)
    assert.equal((await poll()).body.error, 'expired_token')
    assert.equal((await poll({ device_code: 'x' })).body.error, 'invalid_grant')
  })
})
