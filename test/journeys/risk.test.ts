import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { account as accountSchema } from '#dialects/hosted/schemas.ts'
import { listDecisions } from '#engine/risk/decisions.ts'
import type { RiskDecision, RiskRule } from '#model/risk.ts'
import { openAuth0World } from '../support/auth0.ts'
import { openBrowser } from '../support/browser.ts'
import { type CidaasWorld, openCidaasWorld, type Reply } from '../support/cidaas.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { farAway, firefox, home, phone, somePlaces } from '../support/places.ts'
import { postgresKinds, startPostgres } from '../support/postgres.ts'
import { type App, openWorld, tenantId } from '../support/world.ts'

const own = 'http://auth0.com/oauth/grant-type/'

interface Story extends CidaasWorld {
  /** Signs in through the hosted login of the application in SMART mode, up to the page or the code. */
  readonly enter: (from: From) => Promise<Reply>
  /** The same, and the code of the app where it is asked for: the redirect with the code. */
  readonly confirm: (from: From) => Promise<Reply>
  /** The password grant of the other dialect. */
  readonly grant: (from: From, name?: string) => Promise<Reply>
  readonly grantByCode: (from: From, mfaToken: string) => Promise<Reply>
  readonly newest: () => Promise<RiskDecision>
  readonly app: App
}

interface From {
  readonly address: string
  readonly agent: string
}
const atHome: From = { address: home, agent: firefox }
const abroad: From = { address: farAway, agent: firefox }

/** Both dialects on one server behind a proxy, both applications SMART; Ada has an authenticator app. */
async function open(risk?: RiskRule): Promise<Story> {
  const world = await openCidaasWorld({ networks: somePlaces, trustedProxies: ['127.0.0.1/32'] })
  if (risk !== undefined) await world.setTenant({ risk })
  for (const id of ['app', 'trusted']) await world.setApplication(id, { mfa: { mode: 'SMART' } })
  const ada = await world.addUser('ada')
  const app = await world.enrolApp(ada)
  const browserAt = ({ address, agent }: From) => world.browser({ 'user-agent': agent, 'x-forwarded-for': address })
  const enter = async (from: From) => await world.signIn(browserAt(from), 'ada', await world.requestId())
  const auth0 = (from: From, body: object) =>
    browserAt(from).xhr('POST', '/oauth/token', { client_id: 'trusted', ...body })
  return {
    ...world,
    app,
    enter,
    async confirm(from) {
      world.clock.advance(30)
      const browser = browserAt(from)
      const requestId = await world.requestId()
      const page = await world.signIn(browser, 'ada', requestId)
      assert.notEqual(page.to.track_id, undefined, 'should be asked')
      const verification = '/verification-srv/authentication/TOTP'
      const usage = { request_id: requestId, sub: page.to.sub, usage_type: 'MULTIFACTOR_AUTHENTICATION' }
      const asked = await browser.xhr('POST', `${verification}/initiation`, usage)
      assert.equal(asked.status, 200, asked.text)
      const proof = { exchange_id: asked.body.data.exchange_id.exchange_id, pass_code: app.code() }
      assert.equal((await browser.xhr('POST', `${verification}/verification`, proof)).status, 200)
      const track = page.to.track_id ?? ''
      return await world.goOn({ browser, requestId, track, sub: page.to.sub ?? '' })
    },
    grant: (from, name = 'ada') =>
      auth0(from, {
        grant_type: 'password',
        username: `${name}@example.com`,
        password: `the quite long password of ${name}`,
        scope: 'openid',
      }),
    async grantByCode(from, mfaToken) {
      world.clock.advance(30)
      return await auth0(from, { grant_type: `${own}mfa-otp`, mfa_token: mfaToken, otp: app.code() })
    },
    async newest() {
      const [it] = await listDecisions(world.parts, tenantId, ada.id, { limit: 1 })
      return it ?? assert.fail('no decision was stored')
    },
  }
}

const isAsked = (page: Reply): boolean => page.to.track_id !== undefined

test('cidaas: the first login is asked, the known device and network no more, a new country again', async () => {
  const it = await open()
  const first = await it.confirm(atHome)
  assert.equal((await it.redeem(first)).status, 200)
  const second = await it.enter(atHome)
  assert.ok(!isAsked(second))
  const tokens = await it.redeem(second)
  assert.equal(tokens.status, 200, tokens.text)
  assert.ok(isAsked(await it.enter(abroad)))
  const why = await it.newest()
  assert.deepEqual(
    why.findings.map((one) => one.rule),
    ['impossible_travel', 'new_country', 'likelihood'],
  )
  assert.equal(why.level, 'high')
  assert.deepEqual([why.client, why.dialect, why.outcome], ['app', 'cidaas', 'asked'])
  assert.ok(isAsked(await it.enter({ address: home, agent: phone })), 'and a new device')
  assert.ok(!isAsked(await it.enter(atHome)), 'which taught nothing')
})

test('Auth0: the same through the password grant, and what one dialect has learned the other knows', async () => {
  const it = await open()
  const asked = await it.grant(atHome)
  assert.equal(asked.body.error, 'mfa_required', asked.text)
  assert.equal((await it.grantByCode(atHome, asked.body.mfa_token)).status, 200)
  const known = await it.grant(atHome)
  assert.equal(known.status, 200, known.text)
  assert.ok(!isAsked(await it.enter(atHome)))
  assert.equal((await it.grant(abroad)).body.error, 'mfa_required')
  assert.equal((await it.grant({ address: home, agent: '' })).body.error, 'mfa_required')
})

test('high risk: a strong factor by default, refused in both dialects’ words where the tenant says so', async () => {
  const listed: RiskRule = { badAddresses: ['203.0.113.0/24'] }
  const lenient = await open(listed)
  assert.equal((await lenient.grant(abroad)).body.error, 'mfa_required')
  await lenient.addUser('bob')
  const bare = await lenient.grant(abroad, 'bob')
  assert.deepEqual([bare.status, bare.body.error], [403, 'access_denied'], 'nobody enrols a first factor from there')
  const strict = await open({ ...listed, onHigh: 'refuse' })
  const refused = await strict.grant(abroad)
  assert.deepEqual([refused.status, refused.body.error], [403, 'access_denied'])
  assert.match(refused.body.error_description, /suspicious/)
  const page = await strict.enter(abroad)
  assert.ok(!isAsked(page) && page.to.code === undefined)
  assert.equal((await strict.newest()).outcome, 'refused')
  assert.ok(isAsked(await strict.enter(atHome)))
})

test('S-98: while counters cannot be read every login is asked, with the right factor it passes', async () => {
  const it = await open()
  await it.confirm(atHome)
  assert.ok(!isAsked(await it.enter(atHome)))
  const { get } = it.store
  const unreadable = (table: string, ...rest: [never, never]) =>
    table === 'risk_counters' ? Promise.reject(new Error('unreadable')) : get.call(it.store, table as never, ...rest)
  Object.assign(it.store, { get: unreadable })
  assert.ok(isAsked(await it.enter(atHome)))
  assert.deepEqual((await it.newest()).findings[0]?.rule, 'engine_failed')
  const tokens = await it.redeem(await it.confirm(atHome))
  assert.equal(tokens.status, 200, tokens.text)
})

test('AC-22: headers that claim another address do not make a stranger a known one', async () => {
  const it = await open()
  await it.confirm(atHome)
  for (const claimed of [`${home}, ${farAway}`, `${home}, junk, ${farAway}`, `junk`, `${home},,`]) {
    assert.ok(isAsked(await it.enter({ address: claimed, agent: phone })), claimed)
    assert.ok(isAsked(await it.enter({ address: claimed, agent: firefox })), claimed)
  }
})

test('cidaas.md §8: language, device_fp and lat/lon raise a rating, junk and what is as usual do nothing', async () => {
  const it = await open()
  const usual = { 'accept-language': 'de-DE,de;q=0.9', lat: '59.9', lon: '10.8' }
  const enter = async (headers: Readonly<Record<string, string>>, fields: Readonly<Record<string, string>>) => {
    const browser = it.browser({ 'user-agent': firefox, 'x-forwarded-for': home, ...headers })
    const requestId = await it.requestId()
    return { browser, requestId, page: await it.signIn(browser, 'ada', requestId, fields) }
  }
  // The first login is asked, and what its later steps do not say was said at its first one.
  const { browser, requestId, page } = await enter(usual, { device_fp: 'abc' })
  it.clock.advance(30)
  const sub = page.to.sub ?? ''
  const asked = await it.initiate({ browser, requestId, track: page.to.track_id ?? '', sub }, 'TOTP')
  assert.equal((await it.verify('TOTP', asked.body.data.exchange_id.exchange_id, it.app.code())).status, 200)
  assert.equal((await it.redeem(await it.goOn({ browser, requestId, track: page.to.track_id ?? '', sub }))).status, 200)
  const rows: readonly (readonly [object, object, boolean, string])[] = [
    [{}, { device_fp: 'abc' }, false, ''],
    [{ lat: 'junk', lon: '1e3' }, { device_fp: 'abc' }, false, ''],
    [{ acceptlanguage: 'undefined' }, { device_fp: 'abc' }, false, ''],
    [{}, { device_fp: 'undefined' }, false, 'new_fingerprint'],
    [{ acceptlanguage: 'pt' }, { device_fp: 'abc' }, false, 'new_language'],
    [{ acceptlanguage: 'pt' }, { device_fp: 'other' }, true, 'new_language new_fingerprint'],
    [{ lat: '-23.5', lon: '-46.6' }, { device_fp: 'abc' }, true, 'claimed_place'],
    [{ lat: '', lon: '' }, { device_fp: 'abc', lat: '-23.5', lon: '-46.6' }, true, 'claimed_place'],
  ]
  for (const [headers, fields, isOdd, rules] of rows) {
    const tried = await enter({ ...usual, ...headers }, { ...fields })
    assert.equal(isAsked(tried.page), isOdd, JSON.stringify([headers, fields]))
    assert.equal((await it.newest()).findings.map(({ rule }) => rule).join(' '), rules)
  }
})

test('the account page tells its owner why a sign-in was asked for a second factor', async () => {
  const at = await openAuth0World({ tenant: { mfa: { mode: 'SMART' } } })
  const app = await at.enrolApp(await at.addUser('ada'))
  const person = openBrowser(at)
  const begun = await person.post('/u/api/account/sign-in', {})
  person.flow = begun.body.location.split('/').pop()
  await person.state()
  await person.act('password', { login: 'ada@example.com', password: 'the quite long password of ada' })
  const { options } = (await person.state()).body
  const totp = options.find((it: { factor: string }) => it.factor === 'totp')
  at.clock.advance(31)
  await person.act('verify', { option: totp.id, proof: app.code() })
  await person.get((await person.state()).body.location)
  const { activity } = accountSchema.parse((await person.get('/u/api/account')).body)
  const why = activity.filter((it) => it.type === 'login.risk')
  assert.deepEqual(why.map((it) => it.reasons)[0]?.includes('no_history'), true, JSON.stringify(activity))
})

/** Logs in on two servers in turn and answers the score of one login on each of them. */
async function scoresOf(url: string): Promise<readonly (number | undefined)[]> {
  const clock = createFakeClock()
  const more = { url, clock, networks: somePlaces, tenant: { mfa: { mode: 'SMART' } } } as const
  const [one, two] = [await openWorld({ ...more, seed: 'one' }), await openWorld({ ...more, seed: 'two' })]
  const ada = await one.addUser('ada')
  const app = await one.enrolApp(ada)
  const caller = one.caller({ address: home, userAgent: firefox })
  const servers = [one, two, one, two]
  for (const world of servers) {
    clock.advance(30)
    const login = await world.login('ada', { caller })
    if (login.no !== 'more-proof') continue
    const done = await world.answer(await world.flowOf(login.ticket), { kind: 'totp' }, app.code(), caller)
    assert.equal(done.no, undefined)
  }
  const scores: (number | undefined)[] = []
  const elsewhere = one.caller({ address: farAway, userAgent: phone })
  for (const world of servers) {
    await world.login('ada', { caller: elsewhere })
    const [newest] = await listDecisions(world.parts, tenantId, ada.id, { limit: 1 })
    scores.push(newest?.score)
  }
  await Promise.all([one.store.close(), two.store.close()])
  return scores
}

test('the same login has the same score on two servers over one database, SQLite or PostgreSQL', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'risk-'))
  const [kind] = postgresKinds()
  const postgres = kind && (await startPostgres(kind))
  try {
    for (const url of [`sqlite:${join(folder, 'store.db')}`, await postgres?.database('risk')]) {
      assert(url)
      const scores = await scoresOf(url)
      assert.equal(typeof scores[0], 'number')
      assert.equal(new Set(scores).size, 1, String(scores))
    }
  } finally {
    await postgres?.remove()
    rmSync(folder, { recursive: true })
  }
})
