import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import type { NewUser } from '#engine/accounts/create.ts'
import type { Application } from '#model/application.ts'
import { callback, openCidaasWorld, type Pending, type Reply } from '../support/cidaas.ts'

/** Conditions about what an application is told: numbers, scopes, claims, groups (cidaas.md §4.9). */

async function open(application: Partial<Application>, user: NewUser = {}) {
  const world = await openCidaasWorld()
  await world.setApplication('app', { mfa: { mode: 'OFF' }, ...application })
  const ada = await world.addUser('ada', user)
  return { world, ada }
}
const metadata = async (it: Pending) =>
  (await it.browser.xhr('GET', `/token-srv/prelogin/metadata/${it.track}`)).body.data
const accept = (it: Pending, what: 'scope' | 'claim', body: object) =>
  it.browser.xhr('POST', `/consent-management-srv/consent/${what}/accept`, { client_id: 'app', sub: it.sub, ...body })
const next = (it: Pending, reply: Reply): Pending => ({ ...it, track: reply.to.track_id ?? '' })

describe('a telephone number that has to be verified', () => {
  test('a code to the number of the account, then on', async () => {
    const { world, ada } = await open({ needsVerifiedPhone: true }, { phoneNumber: '+15555550101' })
    const it = await world.pending('ada')
    assert.equal((await metadata(it)).validation_type, 'communication_medium_verification')
    const early = await world.goOn(it)
    assert.deepEqual([early.location.pathname, early.to.track_id], ['/identity/verification_init', it.track])
    const fields = { requestId: it.requestId, sub: it.sub, verificationMedium: 'mobile', processingType: 'CODE' }
    const page = await it.browser.form('/verification-actions-srv/account/initiation', fields)
    const [text] = await world.outbox()
    assert.deepEqual([text?.channel, text?.to], ['sms', '+15555550101'])
    const submit = (code: string) =>
      it.browser.xhr('POST', '/verification-actions-srv/account', { accvid: page.to.accvid, code })
    assert.equal((await submit('000000')).body.code, 'VER_0041')
    assert.equal((await submit(await world.lastCode())).status, 200)
    assert.equal((await submit(await world.lastCode())).status, 417, 'once')
    assert.equal((await world.user(ada.id)).phoneVerified, true)
    assert.ok((await world.goOn(it)).to.code)
  })

  test('S-17: five wrong codes end it for this login', async () => {
    const { world } = await open({ needsVerifiedPhone: true }, { phoneNumber: '+15555550101' })
    const it = await world.pending('ada')
    const fields = { requestId: it.requestId, mobile: '+15555550101', verificationMedium: 'mobile' }
    const page = await it.browser.form('/verification-actions-srv/account/initiation', fields)
    const submit = (code: string) =>
      it.browser.xhr('POST', '/verification-actions-srv/account', { accvid: page.to.accvid, code })
    for (let n = 0; n < 5; n++) assert.equal((await submit('000000')).status, 417)
    assert.equal((await submit(await world.lastCode())).status, 417)
  })

  test('e-mail and number in one login, one after the other', async () => {
    const both = { needsVerifiedEmail: true, needsVerifiedPhone: true }
    const { world } = await open(both, { emailVerified: false, phoneNumber: '+15555550101' })
    let it = await world.pending('ada')
    for (const channel of ['email', 'sms']) {
      const fields = { requestId: it.requestId, sub: it.sub }
      const page = await it.browser.form('/verification-actions-srv/account/initiation', fields)
      assert.equal((await world.outbox()).at(-1)?.channel, channel)
      const body = { accvid: page.to.accvid, code: await world.lastCode() }
      await it.browser.xhr('POST', '/verification-actions-srv/account', body)
      const reply = await world.goOn(it)
      if (channel === 'sms') assert.ok(reply.to.code, reply.location.href)
      else it = next(it, reply)
    }
  })
})

describe('what the scopes of a request say about a person', () => {
  test('they agree once; a scope that is new is asked about again', async () => {
    const { world } = await open({ asksForScopes: true })
    const it = await world.pending('ada')
    const said = await metadata(it)
    assert.deepEqual([said.validation_type, said.meta_data.scopes], ['scope_consent', ['profile', 'email']])
    const early = await world.goOn(it)
    assert.deepEqual([early.location.pathname, early.to.error], ['/identity/consent_scopes', 'scope_consent'])
    assert.equal((await accept(it, 'scope', { scopes: ['profile'] })).status, 200)
    assert.deepEqual((await metadata(it)).meta_data.scopes, ['email'])
    assert.ok((await world.goOn(it)).to.track_id, 'not all of it')
    assert.equal((await accept(it, 'scope', { scopes: ['email', 'phone', 'openid'] })).status, 200)
    assert.ok((await world.goOn(it)).to.code)
    const again = await world.signIn(world.browser(), 'ada', await world.requestId())
    assert.ok(again.to.code, 'once')
    const more = await world.signIn(world.browser(), 'ada', await world.requestId({ scope: 'openid email phone' }))
    assert.equal(more.location.pathname, '/identity/consent_scopes')
  })

  test('nobody agrees for somebody else, for another application, or in another kind of consent', async () => {
    const { world } = await open({ asksForScopes: true })
    const it = await world.pending('ada')
    const body = { scopes: ['profile', 'email'] }
    for (const sub of ['11111111-1111-4111-8111-111111111111', it.track, 'ada@example.com']) {
      assert.equal((await accept({ ...it, sub }, 'scope', body)).status, 400)
    }
    assert.equal((await accept(it, 'scope', { ...body, client_id: 'plain' })).status, 400)
    assert.equal((await accept(it, 'claim', { accepted_claims: body.scopes })).status, 400)
    assert.equal((await world.goOn(it)).to.error, 'scope_consent')
  })
})

describe('claims that are asked for one by one', () => {
  const claim = JSON.stringify({ userinfo: { birthdate: null }, address: { essential: true } })

  test('they are agreed to, kept, and can be taken back', async () => {
    const { world } = await open({})
    const sign = async () => await world.signIn(world.browser(), 'ada', await world.requestId({ claim }))
    const browser = world.browser()
    const requestId = await world.requestId({ claim })
    const reply = await world.signIn(browser, 'ada', requestId)
    const it = { browser, requestId, track: reply.to.track_id ?? '', sub: reply.to.sub ?? '' }
    const said = await metadata(it)
    assert.deepEqual([said.validation_type, said.meta_data.claims], ['claim_consent', ['birthdate', 'address']])
    await accept(it, 'claim', { accepted_claims: ['birthdate', 'address', 'other'] })
    const landed = await world.goOn(it)
    const tokens = await world.redeem(landed)
    assert.ok((await sign()).to.code, 'kept')
    const headers = { authorization: `Bearer ${tokens.body.access_token}` }
    const revoke = (body: object, own = headers) =>
      browser.xhr('POST', '/consent-management-srv/consent/claim/revoke', body, own as Record<string, string>)
    assert.equal((await revoke({ revoked_claims: ['address'] }, {} as typeof headers)).status, 401)
    assert.equal((await revoke({ sub: 'other', revoked_claims: ['address'] })).status, 403)
    const gone = await revoke({ client_id: 'app', sub: tokens.body.sub, revoked_claims: ['address', 'never'] })
    assert.deepEqual(gone.body.data.revoked_claims, ['address'])
    assert.equal((await sign()).location.pathname, '/identity/consent_scopes')
  })

  test('what is no list of claims asks for nothing', async () => {
    const { world } = await open({})
    for (const bad of ['', 'no json', '7', '{"id_token":{"":1}}', '[1,{}]']) {
      const reply = await world.signIn(world.browser(), 'ada', await world.requestId({ claim: bad }))
      assert.ok(reply.to.code, bad)
    }
  })
})

describe('the group somebody comes in', () => {
  const groups = [
    { id: 'north', type: 'region', roles: ['member'] },
    { id: 'south', type: 'region', roles: ['member', 'lead'] },
    { id: 'staff', type: 'team', roles: [] },
  ]
  const scope = 'openid groups offline_access'
  const open2 = (over: Partial<Application> = {}, of = groups) =>
    open({ groupSelection: { types: ['region'] }, ...over }, { groups: of })
  const begin = async (world: Awaited<ReturnType<typeof open>>['world']): Promise<Pending> => {
    const browser = world.browser()
    const requestId = await world.requestId({ scope })
    const { to } = await world.signIn(browser, 'ada', requestId)
    return { browser, requestId, track: to.track_id ?? '', sub: to.sub ?? '' }
  }
  const said = (jwt: string) => decodeJwt(jwt).groups as { groupId: string }[]

  test('continue names it; tokens say it, renewed ones too', async () => {
    const { world } = await open2()
    const it = await begin(world)
    const meta = await metadata(it)
    assert.equal(meta.validation_type, 'group_selection')
    assert.deepEqual(
      meta.meta_data.groups.map((one: { groupId: string }) => one.groupId),
      ['north', 'south'],
    )
    const path = `/login-srv/precheck/continue/${it.track}`
    assert.equal((await it.browser.form(path)).to.error, 'group_selection')
    for (const group_id of ['staff', 'east']) {
      const no = await it.browser.form(path, { group_id })
      assert.deepEqual([no.location.pathname, no.to.error], ['/identity/group_selection', 'invalid_group'])
    }
    const tokens = await world.redeem(await it.browser.form(path, { group_id: 'south' }))
    const south = [{ groupId: 'south', groupType: 'region', roles: ['member', 'lead'] }]
    assert.deepEqual(said(tokens.body.access_token), south)
    const form = { grant_type: 'refresh_token', refresh_token: tokens.body.refresh_token, client_id: 'app' }
    const renewed = await it.browser.form('/token-srv/token', form)
    assert.deepEqual(said(renewed.body.access_token), south)
  })

  test('cidaas.md §2.9: introspection says them, and whether they are those that are asked for', async () => {
    const { world } = await open2({ groupSelection: undefined })
    const id = await world.requestId({ client_id: 'backend', scope })
    const as = { client_id: 'backend', client_secret: 'backend-secret' }
    const tokens = await world.redeem(await world.signIn(world.browser(), 'ada', id), as)
    assert.equal(tokens.status, 200, tokens.text)
    const ask = async (over: object) =>
      (await world.browser().xhr('POST', '/token-srv/introspect', { token: tokens.body.access_token, ...as, ...over }))
        .body
    assert.deepEqual(
      (await ask({})).groups.map((it: { groupId: string }) => it.groupId),
      ['north', 'south', 'staff'],
    )
    const east = { groupId: 'east' }
    const lead = { groupType: 'region', roles: ['lead'] }
    const both = { groupId: 'south', roles: ['lead', 'owner'] }
    for (const [groups, strict, active] of [
      [[lead], false, true],
      [[east], false, false],
      [[east, lead], false, true],
      [[east, lead], true, false],
      [[both], false, true],
      [[{ ...both, strictRoleValidation: true }], false, false],
      [[{ groupId: 'staff', roles: ['lead'] }], false, false],
    ] as const) {
      const said = (await ask({ groups, strictGroupValidation: strict })).active
      assert.equal(said, active, JSON.stringify({ groups, strict }))
    }
    assert.equal((await ask({ roles: ['admin'] })).active, false)
  })

  test('who is in one of them is not asked, unless the application always wants it; who is in none never is', async () => {
    const one = await open2({}, groups.slice(1))
    const free = await one.world.signIn(one.world.browser(), 'ada', await one.world.requestId({ scope }))
    const tokens = await one.world.redeem(free)
    assert.deepEqual(
      said(tokens.body.access_token).map((it) => it.groupId),
      ['south', 'staff'],
    )
    await one.world.setApplication('app', { groupSelection: { always: true, groups: ['south'] } })
    assert.equal((await metadata(await begin(one.world))).validation_type, 'group_selection')
    const none = await open2({}, [])
    assert.ok((await none.world.signIn(none.world.browser(), 'ada', await none.world.requestId())).to.code)
  })

  test('native applications name it in JSON', async () => {
    const { world } = await open2()
    const requestId = await world.requestId({ scope })
    const body = { requestId, username: 'ada@example.com', password: 'the quite long password of ada' }
    const first = await world.browser().xhr('POST', '/login-srv/login/sdk', body)
    assert.equal(first.body.error.error, 'group_selection')
    const path = `/login-srv/precheck/continue/sdk/${first.body.error.track_id}`
    assert.equal((await world.browser().xhr('POST', path, { groupId: 'nowhere' })).status, 417)
    const done = await world.browser().xhr('POST', path, { groupId: 'north' })
    assert.equal(typeof done.body.data.code, 'string', done.text)
  })
})

test('cidaas.md §4.10: second factor, terms, scopes, claims, group, in this order in one login', async () => {
  const application = {
    mfa: { mode: 'ALWAYS' as const },
    consents: [{ id: 'terms', version: '1', name: 'Terms' }],
    asksForScopes: true,
    groupSelection: {},
  }
  const groups = ['a', 'b'].map((id) => ({ id, roles: [] }))
  const { world, ada } = await open(application, { groups })
  const app = await world.enrolApp(ada)
  const browser = world.browser()
  const requestId = await world.requestId({ claim: '["birthdate"]' })
  const { to } = await world.signIn(browser, 'ada', requestId)
  let it: Pending = { browser, requestId, track: to.track_id ?? '', sub: to.sub ?? '' }
  const steps: [string, () => Promise<unknown>][] = [
    [
      'mfa_required',
      async () => {
        const asked = await world.initiate(it, 'TOTP')
        await world.verify('TOTP', asked.body.data.exchange_id.exchange_id, app.code())
      },
    ],
    [
      'common_consent',
      () =>
        browser.xhr('POST', '/consent-management-srv/v2/consent/usage/accept', {
          sub: it.sub,
          consent_id: 'terms',
          consent_version_id: '1',
        }),
    ],
    ['scope_consent', () => accept(it, 'scope', { scopes: ['profile', 'email'] })],
    ['claim_consent', () => accept(it, 'claim', { accepted_claims: ['birthdate'] })],
  ]
  for (const [key, act] of steps) {
    assert.equal((await metadata(it)).validation_type, key)
    await act()
    it = next(it, await world.goOn(it))
  }
  assert.equal((await metadata(it)).validation_type, 'group_selection')
  const landed = await browser.form(`/login-srv/precheck/continue/${it.track}`, { group_id: 'a' })
  assert.ok(landed.location.href.startsWith(callback))
  assert.equal((await world.redeem(landed)).status, 200)
})

test('the terms that count now, by their id', async () => {
  const { world } = await open({ consents: [{ id: 'terms', version: '4', name: 'Terms', url: 'https://a.example/t' }] })
  const path = (id: string) => `/consent-management-srv/v2/consent/versions/details/${id}?locale=de`
  const found = await world.browser().xhr('GET', path('terms'))
  assert.deepEqual([found.body.data.version, found.body.data.consent_locale.locale], ['4', 'de'])
  assert.deepEqual((await world.browser().xhr('GET', path('other'))).body.code, 'PUB10004')
})
