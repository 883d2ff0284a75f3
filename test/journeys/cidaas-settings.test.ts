import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type CidaasWorld, callback, openCidaasWorld, type Reply } from '../support/cidaas.ts'

async function open(scopes: readonly string[]) {
  const world = await openCidaasWorld()
  await world.setApplication('backend', { clientGrants: [{ audience: 'x', scopes }] })
  const page = world.browser()
  const credentials = { client_id: 'backend', client_secret: 'backend-secret', grant_type: 'client_credentials' }
  const token = (await page.xhr('POST', '/token-srv/token', credentials)).body.access_token
  const headers = { authorization: `Bearer ${token}` }
  const ask = (method: string, path: string, body?: unknown) => page.xhr(method, path, body, headers)
  return { world, page, ask }
}

describe('cidaas.md §7.4: applications', () => {
  const all = ['cidaas:apps_read', 'cidaas:apps_write', 'cidaas:apps_delete']
  const wanted = {
    client_name: 'New',
    client_type: 'SINGLE_PAGE',
    redirect_uris: [callback],
    allowed_logout_urls: ['http://localhost:5173/'],
    mfa: { setting: 'ALWAYS' },
    communication_medium_verification: 'email_verification_required_on_usage',
    hosted_page_group: 'mine',
    unknown_setting: { of: 'ours' },
  }

  test('created, read, used, changed member by member, and deleted', async () => {
    const { world, ask } = await open(all)
    const made = await ask('POST', '/apps-srv/clients', wanted)
    assert.equal(made.status, 200, made.text)
    const { client_id, client_secret, communication_medium_verification: media } = made.body.data
    assert.deepEqual([client_secret, media], [undefined, 'email_verification_required_on_usage'])
    await world.addUser('ada')
    const id = await world.requestId({ client_id })
    assert.ok((await world.signIn(world.browser(), 'ada', id)).to.track_id)
    const groups = { alwaysShowGroupSelection: true, selectableGroupTypes: ['team'] }
    const changes = { client_id, client_name: 'Newer', isGroupLoginSelectionEnabled: true, groupSelection: groups }
    assert.equal((await ask('PUT', '/apps-srv/clients', changes)).status, 200)
    const now = (await ask('GET', `/apps-srv/clients/${client_id}`)).body.data
    assert.deepEqual(
      [now.client_name, now.mfa.setting, now.hosted_page_group, now.redirect_uris, now.groupSelection],
      ['Newer', 'ALWAYS', 'mine', [callback], { ...groups, selectableGroups: [] }],
    )
    const off = { client_id, isGroupLoginSelectionEnabled: false, communication_medium_verification: 'none' }
    const without = (await ask('PUT', '/apps-srv/clients', off)).body.data
    assert.equal(without.isGroupLoginSelectionEnabled, false)
    assert.equal('communication_medium_verification' in without, false)
    assert.equal((await ask('DELETE', `/apps-srv/clients/${client_id}`)).status, 200)
    assert.equal((await ask('DELETE', `/apps-srv/clients/${client_id}`)).status, 204)
    assert.equal((await ask('GET', `/apps-srv/clients/${client_id}`)).status, 404)
    const changed = (await world.events('admin.change')).map((it) => it.details?.change)
    assert.deepEqual(changed.slice(-4), ['created', 'updated', 'updated', 'deleted'])
  })

  test('the addresses and grants cidaas has other names for, and grants this server has not', async () => {
    const { world, page, ask } = await open(all)
    const origin = 'https://new.example'
    const more = {
      post_logout_redirect_uris: [`${origin}/bye`],
      allowed_origins: [origin],
      allowed_web_origins: [`${origin}:8443`],
      backchannel_logout_uri: `${origin}/told`,
      grant_types: ['authorization_code', 'implicit', 'refresh_token'],
    }
    const made = await ask('POST', '/apps-srv/clients', { ...wanted, ...more })
    assert.equal(made.status, 200, made.text)
    const it = (await ask('GET', `/apps-srv/clients/${made.body.data.client_id}`)).body.data
    assert.deepEqual(it.post_logout_redirect_uris, ['http://localhost:5173/', `${origin}/bye`])
    assert.deepEqual(it.allowed_web_origins, [origin, `${origin}:8443`])
    assert.deepEqual(
      [it.backchannel_logout_uri, it.grant_types],
      [`${origin}/told`, ['authorization_code', 'refresh_token']],
    )
    const out = new URLSearchParams({ client_id: it.client_id, post_logout_redirect_uri: `${origin}/bye`, state: 's' })
    assert.equal((await page.get(`/session/end_session?${out}`)).location.href, `${origin}/bye?state=s`)
    for (const bad of [{ grant_types: ['implicit'] }, { backchannel_logout_uri: 'http://new.example/told' }]) {
      assert.equal((await ask('POST', '/apps-srv/clients', { ...wanted, ...bad })).status, 400, JSON.stringify(bad))
    }
    const only = await ask('PUT', '/apps-srv/clients', { client_id: it.client_id, grant_types: ['refresh_token'] })
    assert.deepEqual(only.body.data.grant_types, ['refresh_token'])
    await world.addUser('ada')
    const query = { client_id: it.client_id, redirect_uri: callback, response_type: 'code', scope: 'openid' }
    const refused = await page.xhr('POST', '/authz-srv/authrequest/authz/generate', query)
    assert.equal(refused.status, 400, 'a grant that was taken away is gone at once')
  })

  test('S-114: a confidential one has a secret that is shown once and works', async () => {
    const { page, ask } = await open(all)
    const made = await ask('POST', '/apps-srv/clients', { client_name: 'M', client_type: 'NON_INTERACTIVE' })
    const { client_id, client_secret } = made.body.data
    const body = { client_id, client_secret, grant_type: 'client_credentials' }
    assert.equal((await page.xhr('POST', '/token-srv/token', body)).status, 200)
    assert.equal((await ask('GET', `/apps-srv/clients/${client_id}`)).text.includes(client_secret), false)
  })

  test('S-107: addresses by the rules of the configuration, and no name twice', async () => {
    const { ask } = await open(all)
    for (const bad of [
      { client_name: undefined },
      { client_type: 'TOASTER' },
      { redirect_uris: ['javascript:alert(1)'] },
      { redirect_uris: ['https://app.example/*'] },
      { redirect_uris: ['https://app.example/#x'] },
      { redirect_uris: 'https://app.example/' },
      { mfa: { setting: 'NEVER' } },
      { groupSelection: 'x' },
      { client_id: 'x'.repeat(2_000) },
    ]) {
      assert.equal((await ask('POST', '/apps-srv/clients', { ...wanted, ...bad })).status, 400, JSON.stringify(bad))
    }
    const twice = await ask('POST', '/apps-srv/clients', { ...wanted, client_id: 'app' })
    assert.deepEqual([twice.status, twice.body.code], [409, 'VER_0029'])
  })

  test('each only with its own scope', async () => {
    const { ask } = await open(['cidaas:apps_read'])
    assert.equal((await ask('GET', '/apps-srv/clients/app')).status, 200)
    assert.equal((await ask('POST', '/apps-srv/clients', wanted)).status, 403)
    assert.equal((await ask('DELETE', '/apps-srv/clients/app')).status, 403)
  })
})

describe('cidaas.md §7.2: groups of pages', () => {
  const all = ['cidaas:hosted_pages_read', 'cidaas:hosted_pages_write', 'cidaas:hosted_pages_delete']
  const pages = [
    { hosted_page_id: 'login', locale: 'en', url: 'https://pages.example/en/login' },
    { hosted_page_id: 'login', locale: 'de', url: 'https://pages.example/de/login' },
    { hosted_page_id: 'mfa_required', locale: 'en', url: 'https://pages.example/en/mfa' },
  ]
  const login = async (world: CidaasWorld, over: Record<string, string> = {}) => {
    const query = { client_id: 'app', redirect_uri: callback, response_type: 'code', scope: 'openid', ...over }
    const pkce = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' }
    return (await world.browser().get(`/authz-srv/authz?${new URLSearchParams({ ...query, ...pkce })}`)).location
  }

  test('an application is led over the pages of its group, in the language it asks for', async () => {
    const { world, ask } = await open(all)
    const path = '/hostedpages-srv/hpgroup'
    const made = await ask('POST', path, { _id: 'mine', default_locale: 'en', hosted_pages: pages })
    assert.deepEqual([made.status, made.body.data._id, made.body.data.groupOwner], [201, 'mine', 'client'])
    assert.equal((await ask('POST', `${path}/mine`, { default_locale: 'en', hosted_pages: pages })).status, 200)
    const groups: { _id: string }[] = (await ask('GET', path)).body.data
    assert.deepEqual(
      groups.map((it) => it._id),
      ['default', 'mine'],
    )
    await world.setApplication('app', { pageGroup: 'mine' })
    const start = await login(world)
    assert.deepEqual([start.pathname, start.searchParams.get('groupname')], ['/en/login', 'mine'])
    assert.equal((await login(world, { ui_locales: 'de-AT' })).pathname, '/de/login')
    assert.equal((await login(world, { ui_locales: 'fr' })).pathname, '/en/login')
    await world.enrolApp(await world.addUser('ada'))
    const requestId = await world.requestId()
    const at = await world.signIn(world.browser(), 'ada', requestId)
    assert.equal(at.location.href.split('?')[0], 'https://pages.example/en/mfa')
    const wrong = await world.signIn(world.browser(), 'ada', requestId, { password: 'wrong' })
    assert.deepEqual([wrong.location.pathname, wrong.to.groupname], ['/en/login', 'mine'])
    const back = await world.browser().get(`/authz-srv/authz/resolve_redirect/${requestId}`)
    assert.deepEqual([back.location.pathname, back.to.groupname], ['/en/login', 'mine'])
    await world.setApplication('tv', { pageGroup: 'mine' })
    const { user_code } = (await world.browser().xhr('GET', '/authz-srv/device/authz?client_id=tv')).body
    const entered = await world.browser().get(`/token-srv/device/verify?user_code=${user_code}`)
    assert.deepEqual([entered.location.pathname, entered.to.groupname], ['/en/login', 'mine'])
    assert.equal((await ask('GET', `${path}/mine/login?locale=de`)).body.data.url, pages[1]?.url)
    assert.equal((await ask('DELETE', `${path}/mine/login?locale=de`)).status, 200)
    assert.equal((await login(world, { ui_locales: 'de' })).pathname, '/en/login')
    assert.equal((await ask('DELETE', `${path}/mine`)).status, 200)
    assert.equal((await ask('GET', `${path}/mine`)).status, 204)
    assert.equal((await login(world)).pathname, '/user-ui/login', 'the tenant’s own')
  })

  test('the default group is what the configuration says, until somebody writes another', async () => {
    const { world, ask } = await open(all)
    const shown = await ask('GET', '/hostedpages-srv/hpgroup/default')
    assert.deepEqual(shown.body.data.hosted_pages, [
      { hosted_page_id: 'mfa_required', locale: 'en', url: 'https://pages.example/mfa?theme=dark' },
    ])
    await ask('POST', '/hostedpages-srv/hpgroup', { _id: 'default', hosted_pages: pages })
    assert.equal((await login(world)).pathname, '/en/login')
  })

  test('S-107: only pages there are, at addresses the configuration would take; and only with the scope', async () => {
    const { ask } = await open(all)
    const [good] = pages
    for (const bad of [
      { _id: undefined },
      { _id: '../x' },
      { hosted_pages: 'x' },
      { hosted_pages: [{ ...good, url: 'javascript:alert(1)' }] },
      { hosted_pages: [{ ...good, hosted_page_id: 'logon' }] },
      { hosted_pages: [{ ...good, locale: '<b>' }] },
      { default_locale: '?' },
    ]) {
      const reply = await ask('POST', '/hostedpages-srv/hpgroup', { _id: 'mine', hosted_pages: pages, ...bad })
      assert.equal(reply.status, 400, JSON.stringify(bad))
    }
    const less = await open(['cidaas:hosted_pages_read'])
    assert.equal((await less.ask('POST', '/hostedpages-srv/hpgroup', { _id: 'x', hosted_pages: [] })).status, 403)
    assert.equal((await less.page.xhr('GET', '/hostedpages-srv/hpgroup')).status, 401)
  })
})

describe('cidaas.md §6.3: methods of a user, for administrators', () => {
  test('listed and removed, one by one or all but addresses', async () => {
    const { world, ask } = await open(['cidaas:verification_read', 'cidaas:verification_delete'])
    const ada = await world.addUser('ada')
    await world.enrolApp(ada)
    const list = async (method = 'GET', path = '/verification-actions-srv/configurations/') =>
      (await ask(method, `${path}${ada.id}`)).body.data.configured_list.map((it: { type: string }) => it.type)
    assert.deepEqual(await list(), ['TOTP', 'BACKUPCODE'])
    assert.deepEqual(await list('POST', '/verification-srv/v2/setup/admin/configured/list/'), ['TOTP', 'BACKUPCODE'])
    assert.equal((await ask('DELETE', `/verification-actions-srv/configurations/SMS/${ada.id}`)).status, 204)
    assert.equal((await ask('DELETE', `/verification-actions-srv/configurations/SMOKE/${ada.id}`)).status, 400)
    assert.equal((await ask('DELETE', `/verification-actions-srv/configurations/TOTP/${ada.id}`)).status, 200)
    assert.deepEqual(await list(), [])
    assert.ok(
      (await world.outbox()).some((it) => it.to === 'ada@example.com'),
      'the user is told',
    )
    await world.enrolApp(ada)
    assert.equal((await ask('DELETE', `/verification-actions-srv/configurations/${ada.id}`)).status, 200)
    assert.deepEqual(await list(), [])
    const nobody = await ask('GET', '/verification-actions-srv/configurations/nobody')
    assert.deepEqual(nobody.body.data.configured_list, [])
  })

  test('S-66: the last one stays while the user has to have one; and people’s tokens open nothing', async () => {
    const { world, page, ask } = await open(['cidaas:verification_read', 'cidaas:verification_delete'])
    const ada = await world.addUser('ada', { mfaEnabled: true })
    const app = await world.enrolApp(ada)
    const last = await ask('DELETE', `/verification-actions-srv/configurations/TOTP/${ada.id}`)
    assert.deepEqual([last.status, last.body.code], [400, 'VER_0022'])
    const tokens = await world.tokens('ada', app.code())
    const own = { authorization: `Bearer ${tokens.body.access_token}` }
    const path = `/verification-actions-srv/configurations/${ada.id}`
    assert.equal((await page.xhr('GET', path, undefined, own)).status, 401)
    const less = await open(['cidaas:verification_read'])
    assert.equal((await less.ask('DELETE', path)).status, 403)
  })
})

describe('cidaas.md §7.3: methods of an application', () => {
  test('listed for its own machine, as far as it allows them', async () => {
    const { world, ask } = await open(['cidaas:verification_read'])
    const list = async (client: string) => await ask('GET', `/verification-actions-srv/config/${client}`)
    const types = (reply: Reply) => reply.body.data.map((it: { verificationType: string }) => it.verificationType)
    assert.ok(types(await list('backend')).includes('SMS'))
    await world.setApplication('backend', { mfa: { mode: 'OFF', allowedFactors: ['totp'] } })
    assert.deepEqual(types(await list('backend')), ['TOTP', 'BACKUPCODE'])
    const other = await list('app')
    assert.deepEqual([other.status, other.body.error_description], [403, 'clientId does not match with token'])
  })

  test('what this server has no part for says so in the envelope', async () => {
    const { ask } = await open(['cidaas:verification_read'])
    for (const [method, path] of [
      ['POST', '/verification-actions-srv/config'],
      ['GET', '/verification-actions-srv/policies/x'],
      ['GET', '/verification-actions-srv/verification-options'],
      ['POST', '/verification-actions-srv/setup/devices'],
    ] as const) {
      const reply = await ask(method, path, method === 'POST' ? {} : undefined)
      assert.deepEqual([reply.status, reply.body.code, reply.body.success], [417, 'VER_0028', false], path)
    }
  })
})

describe('cidaas.md §2.3, §2.11: the rest of the front door', () => {
  const query = new URLSearchParams({ client_id: 'app', redirect_uri: callback, response_type: 'code', state: 's;1' })

  test('PUT authz ends in account_selection_required, at the application and nowhere else', async () => {
    const world = await openCidaasWorld()
    const page = world.browser()
    const put = await page.xhr('PUT', `/authz-srv/authz?${query}`)
    assert.equal(put.location.href.split('?')[0], callback)
    assert.deepEqual([put.to.error, put.to.state], ['account_selection_required', 's;1'])
    const requestId = await world.requestId()
    const byRequest = await page.xhr('PUT', '/authz-srv/authz', { requestId })
    assert.equal(byRequest.to.error, 'account_selection_required')
    const evil = await page.xhr('PUT', `/authz-srv/authz?client_id=app&redirect_uri=https://evil.example/`)
    assert.equal(evil.location.pathname, '/identity/error')
  })

  test('check_session says whether the session that gave session_state is still there', async () => {
    const world = await openCidaasWorld()
    await world.addUser('ada')
    const browser = world.browser()
    const landed = await world.signIn(browser, 'ada', await world.requestId({ client_id: 'plain' }))
    const session_state = landed.to.session_state
    assert.ok(session_state)
    const asked = { client_id: 'plain', origin: new URL(callback).origin, session_state }
    const check = async (over: object = {}, from = browser) => {
      const cookie = [...from.jar].map(([name, value]) => `${name}=${value}`).join('; ')
      return (await from.xhr('POST', '/session/check_session', { ...asked, ...over }, { cookie })).body.state
    }
    assert.equal(await check(), 'unchanged')
    assert.equal(await check({ client_id: 'app' }), 'changed')
    assert.equal(await check({ origin: 'https://evil.example' }), 'changed')
    assert.equal(await check({}, world.browser()), 'changed')
    assert.equal(await check({ session_state: 'x' }), 'error')
    world.clock.advance(3_601)
    assert.equal(await check(), 'changed')
    const frame = await browser.get('/session/check_session')
    assert.match(frame.text, /check_session\.js/)
    assert.match(String(frame.headers['content-security-policy']), /default-src 'none'; script-src 'self'/)
    assert.match((await browser.get('/session/check_session.js')).text, /postMessage/)
  })

  test('the information of a track, for its own request', async () => {
    const world = await openCidaasWorld()
    await world.enrolApp(await world.addUser('ada'))
    const it = await world.pending('ada')
    const info = (request: string) => it.browser.xhr('GET', `/public-srv/public/trackinfo/${request}/${it.track}`)
    assert.equal((await info(it.requestId)).body.data.validation_type, 'mfa_required')
    assert.equal((await info(await world.requestId())).status, 204)
  })
})
