import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import fc from 'fast-check'
import { type Auth0World, base, bearer, openAuth0World, type Reply } from '#test/support/auth0.ts'
import { accountGroup } from './account/routes.ts'
import { accountScopes } from './audience.ts'
import { managementGroup } from './management/routes.ts'
import { grants } from './token.ts'

/*
 * Nothing a client can send makes these endpoints fall, leak or spend anything: malformed bodies 400, oversized 413,
 * wrong methods 405, wrong media types 415, always JSON, and a valid code still works afterwards.
 */

const own = 'http://auth0.com/oauth/grant-type/'
const oob = `${own}mfa-oob`
const credentials = { client_id: 'web', client_secret: 'web-secret' }

/** Every POST endpoint without a page, with the members it reads. */
const endpoints: Readonly<Record<string, readonly string[]>> = {
  '/oauth/token': [
    'grant_type',
    'client_id',
    'client_secret',
    'client_assertion',
    'client_assertion_type',
    'username',
    'password',
    'realm',
    'audience',
    'scope',
    'mfa_token',
    'otp',
    'oob_code',
    'binding_code',
    'recovery_code',
    'refresh_token',
    'code',
    'redirect_uri',
    'code_verifier',
  ],
  '/mfa/associate': ['authenticator_types', 'oob_channels', 'phone_number', 'email', 'mfa_token', 'client_secret'],
  '/mfa/challenge': ['mfa_token', 'client_id', 'client_secret', 'challenge_type', 'authenticator_id', 'oob_channel'],
  '/dbconnections/signup': [
    'client_id',
    'email',
    'password',
    'connection',
    'username',
    'phone_number',
    'user_metadata',
  ],
  '/dbconnections/change_password': ['client_id', 'email', 'connection'],
  '/passwordless/start': ['client_id', 'client_secret', 'connection', 'email', 'phone_number', 'send', 'authParams'],
  '/oauth/revoke': ['client_id', 'client_secret', 'token', 'token_type_hint'],
  '/oauth/introspect': ['client_id', 'client_secret', 'token', 'token_type_hint'],
}
const paths = Object.keys(endpoints)

let it: Auth0World
/** A login that waits for the code of an SMS; whatever else is sent, it must stay as good as it is. */
let waiting: Record<string, string>

before(async () => {
  it = await openAuth0World()
  await it.addUser('ada')
  await it.enrolSms('ada')
  waiting = await newWaiting()
})

async function newWaiting(): Promise<Record<string, string>> {
  const mfa_token = await it.mfaToken('ada')
  const asked = await it.post('/mfa/challenge', { ...credentials, mfa_token, challenge_type: 'oob' })
  assert.equal(asked.status, 200, asked.text)
  return { grant_type: oob, mfa_token, oob_code: asked.body.oob_code, binding_code: await it.lastCode() }
}

/** The code that was waiting all the while works; the next one waits for the next test. */
async function nothingWasSpent(): Promise<void> {
  const done = await it.token(waiting)
  assert.equal(done.status, 200, done.text)
  // The budget of messages is no matter here.
  it.clock.advance(3_600)
  waiting = await newWaiting()
}

/** What every answer is, whatever was asked: JSON, no success by accident, no stack. */
function plain(reply: Reply, what: string): void {
  assert.ok(reply.status < 500, `${what}: ${reply.status} ${reply.text}`)
  assert.match(String(reply.headers['content-type'] ?? 'application/json'), /^application\/json/, what)
  assert.doesNotMatch(reply.text, /\bat .*\.ts:|node:internal|Error:/, what)
  assert.equal(reply.headers['www-authenticate'] !== undefined && what.startsWith('/oauth/token'), false, what)
  if (reply.status >= 400) {
    const { error, code, error_description, description } = reply.body ?? {}
    assert.equal(typeof (error ?? code), 'string', `${what}: ${reply.text}`)
    assert.ok((error_description ?? description) !== '', what)
  }
}

const send = (path: string, payload: string, type = 'application/json', headers: Record<string, string> = {}) =>
  it.send('POST', path, { headers: { 'content-type': type, ...headers }, payload })

describe('bad input', () => {
  test('malformed bodies are 400 invalid_request', async () => {
    const json = ['{', '{"a":}', '[1,', 'nonsense', '"', '{"a":1}{"b":2}', '{"__proto__":1}x', '\u0000', '{"a":NaN}']
    for (const path of paths) {
      for (const payload of json) {
        const reply = await send(path, payload)
        plain(reply, `${path} ${payload}`)
        assert.equal(reply.status, 400, `${path} ${payload}: ${reply.text}`)
      }
      for (const payload of ['%', 'a=%zz', 'a=%ff', '%c3%28=1']) {
        const reply = await send(path, payload, 'application/x-www-form-urlencoded')
        plain(reply, `${path} ${payload}`)
        assert.ok(reply.status >= 400, `${path} ${payload}: ${reply.text}`)
      }
    }
    await nothingWasSpent()
  })

  test('JSON that is no object is refused, never read', async () => {
    for (const path of paths) {
      for (const payload of ['null', '1', '"text"', '[]', '[{}]', 'true', '[["grant_type","password"]]']) {
        const reply = await send(path, payload)
        plain(reply, `${path} ${payload}`)
        assert.ok(reply.status >= 400, `${path} ${payload}: ${reply.text}`)
      }
    }
  })

  test('a wrong type is refused for every member of every endpoint', async () => {
    const wrong: readonly unknown[] = [
      0,
      -1,
      1e308,
      true,
      null,
      [],
      {},
      ['x'],
      { toString: 'x' },
      [['x']],
      '',
      'x'.repeat(8_000),
      '\u0000',
      '\ud800',
      '𝕏'.repeat(100),
    ]
    for (const [path, members] of Object.entries(endpoints)) {
      for (const member of members) {
        for (const value of wrong) {
          const body = { ...credentials, mfa_token: 'x', [member]: value }
          const reply = await it.post(path, body, path === '/mfa/associate' ? bearer('x') : {})
          plain(reply, `${path} ${member} ${JSON.stringify(value)?.slice(0, 40)}`)
        }
      }
    }
    await nothingWasSpent()
  })

  test('a wrong type is refused for every member of every grant', async () => {
    const members = endpoints['/oauth/token']?.slice(5) ?? []
    for (const grant_type of Object.keys(grants)) {
      for (const member of members) {
        for (const value of [0, null, [], { $ne: '' }, ['ada@example.com'], '\u0000', 'x'.repeat(8_000)]) {
          const filled = Object.fromEntries(members.map((name) => [name, 'x']))
          const body = { ...credentials, ...filled, realm: 'users', audience: undefined, grant_type, [member]: value }
          const reply = await it.post('/oauth/token', body)
          plain(reply, `/oauth/token ${grant_type} ${member} ${JSON.stringify(value).slice(0, 40)}`)
          assert.ok(reply.status >= 400)
        }
      }
    }
  })

  test('wrong types at the association, with a good token', async () => {
    await it.addUser('bob')
    const token = bearer(await it.mfaToken('bob'))
    const values: readonly unknown[] = [
      0,
      null,
      {},
      [],
      [0],
      [null],
      [[]],
      [{}],
      'webauthn',
      ['otp', 'oob'],
      'x'.repeat(999),
    ]
    for (const authenticator_types of values) {
      const reply = await it.post('/mfa/associate', { authenticator_types }, token)
      plain(reply, `types ${JSON.stringify(authenticator_types)}`)
      assert.equal(reply.status, 400)
    }
    for (const oob_channels of values) {
      const reply = await it.post('/mfa/associate', { authenticator_types: ['oob'], oob_channels }, token)
      plain(reply, `channels ${JSON.stringify(oob_channels)}`)
      assert.equal(reply.status, 400)
    }
    assert.deepEqual((await it.get('/mfa/authenticators', token)).body, [])
  })

  test('an oversized body is 413', async () => {
    for (const path of paths) {
      const reply = await send(path, JSON.stringify({ a: 'x'.repeat(70_000) }))
      plain(reply, path)
      assert.equal(reply.status, 413, `${path}: ${reply.text}`)
    }
  })

  test('a wrong method is 405 and names the right ones', async () => {
    for (const path of paths) {
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE'] as const) {
        const reply = await it.send(method, path)
        plain(reply, `${method} ${path}`)
        assert.equal(reply.status, 405, `${method} ${path}`)
        assert.match(String(reply.headers.allow), /\bPOST\b/)
        assert.equal(reply.body.error, 'method_not_allowed')
      }
    }
    const list = await it.post('/mfa/authenticators', {})
    assert.deepEqual([list.status, list.body.error], [405, 'method_not_allowed'])
    assert.match(String(list.headers.allow), /\bGET\b/)
  })

  test('a wrong media type is 415', async () => {
    for (const path of paths) {
      for (const type of ['text/plain', 'text/html', 'application/xml', 'multipart/form-data; boundary=x', 'x', '']) {
        const reply = await send(path, '{"grant_type":"password"}', type)
        plain(reply, `${path} ${type}`)
        assert.equal(reply.status, 415, `${path} ${type}: ${reply.text}`)
      }
      const zipped = await send(path, 'x', 'application/json', { 'content-encoding': 'gzip' })
      assert.equal(zipped.status, 415)
    }
  })

  test('a repeated parameter is 400 invalid_request, also in the query (S-121)', async () => {
    const form = 'application/x-www-form-urlencoded'
    const pair = 'client_id=web&client_secret=web-secret'
    for (const path of paths) {
      for (const payload of [`${pair}&client_id=other`, `${pair}&client_id=web`, `${pair}&x=1&x=2`]) {
        const reply = await send(path, payload, form)
        plain(reply, `${path} ${payload}`)
        assert.equal(reply.status, 400, `${path} ${payload}: ${reply.text}`)
        // Said as such, and not because something else is missing.
        const { error, error_description } = reply.body
        assert.equal(error, 'invalid_request', path)
        assert.match(error_description, /more than once|Repeated/, path)
      }
    }
    const twice = new URLSearchParams({ ...credentials, ...waiting })
    twice.append('binding_code', '000000')
    const reply = await send('/oauth/token', twice.toString(), form)
    assert.deepEqual([reply.status, reply.body.error], [400, 'invalid_request'])
    await nothingWasSpent()
  })

  test('unknown members are ignored, unless their names are those of objects', async () => {
    const odd = await it.post('/oauth/token', { ...credentials, ...waiting, constructor: 'y' })
    assert.deepEqual([odd.status, odd.body.error], [400, 'invalid_request'])
    const done = await it.token({ ...waiting, extra: 'x', 'auth0-x': '1' })
    assert.equal(done.status, 200, done.text)
    it.clock.advance(3_600)
    waiting = await newWaiting()
  })

  test('an id in a path may be anything', async () => {
    const token = bearer(await it.mfaApiToken('ada'))
    const ids = ['x', '%', '%zz', '%00', '%2e%2e%2f', 'sms%7C', 'sms|dev_x', '%F0%9F%98%80', 'x'.repeat(3_000), '..']
    for (const id of ids) {
      const reply = await it.send('DELETE', `/mfa/authenticators/${id}`, { headers: token })
      plain(reply, `DELETE ${id.slice(0, 20)}`)
      assert.ok([400, 404, 405].includes(reply.status), `${id.slice(0, 20)} ${reply.status}`)
    }
    assert.equal((await it.get('/mfa/authenticators', token)).body.length > 0, true)
  })

  test('an Authorization header may be anything', async () => {
    const values = [
      '',
      ' ',
      'Bearer',
      'Basic',
      'Basic !!!',
      'Basic Og==',
      'Bearer a.b.c',
      `Bearer ${'x'.repeat(7_000)}`,
    ]
    for (const authorization of [...values, 'DPoP x', 'Digest x', 'Bearer .. ', 'Basic d2ViOndyb25n']) {
      for (const path of paths) {
        const reply = await it.post(path, { grant_type: 'password', username: 'x', password: 'x' }, { authorization })
        plain(reply, `${path} ${authorization.slice(0, 20)}`)
        assert.ok(reply.status >= 400 || path === '/oauth/revoke', `${path} ${authorization}`)
      }
      plain(await it.get('/mfa/authenticators', { authorization }), authorization)
      // Its refusal is in a header where no token came at all (RFC 6750 section 3.1).
      assert.equal((await it.get('/userinfo', { authorization })).status, 401, authorization)
    }
  })
})

describe('fuzz', () => {
  const words = fc.constantFrom(
    ...Object.keys(grants),
    'otp',
    'oob',
    'sms',
    'email',
    'web',
    'web-secret',
    'spa',
    'users',
    'ada@example.com',
    '+15551234567',
    'openid offline_access',
    'https://localhost:3443/mfa/',
    '000000',
    'code',
  )
  const value = fc.oneof(
    { weight: 4, arbitrary: words },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
    { weight: 1, arbitrary: words.map((word) => [word]) },
  )
  const bodies = fc.constantFrom(...paths).chain((path) =>
    fc.record({
      path: fc.constant(path),
      members: fc.dictionary(fc.constantFrom(...(endpoints[path] ?? []), '__proto__', 'x'), value, { maxKeys: 8 }),
      known: fc.boolean(),
      form: fc.boolean(),
      withToken: fc.boolean(),
    }),
  )

  test('no body makes an endpoint fall, and nothing is spent', async () => {
    const runs = Number(process.env.FUZZ ?? 600)
    await fc.assert(
      fc.asyncProperty(bodies, async ({ path, members, known, form, withToken }) => {
        const body = { ...members, ...(known ? credentials : {}) }
        const headers: Record<string, string> = withToken ? bearer('made-up') : {}
        const strings = Object.entries(body).filter((one): one is [string, string] => typeof one[1] === 'string')
        const reply = form
          ? await it.form(path, Object.fromEntries(strings.map(([k, v]) => [k, v.toWellFormed()])), headers)
          : await it.post(path, body, headers)
        plain(reply, path)
      }),
      { numRuns: runs, seed: Number(process.env.FUZZ_SEED ?? 20_261_122) },
    )
    await nothingWasSpent()
  })

  test('no bytes make an endpoint fall', async () => {
    const types = [
      'application/json',
      'application/x-www-form-urlencoded',
      'application/json; charset=utf-16',
      'text/x',
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.constantFrom(...types),
        fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.json()),
        async (path, type, payload) => plain(await send(path, payload, type), `${path} ${type}`),
      ),
      { numRuns: 300, seed: Number(process.env.FUZZ_SEED ?? 20_261_122) },
    )
    await nothingWasSpent()
  })

  test('no request makes the Management API or My Account fall', async () => {
    const world = await openAuth0World()
    const ada = await world.addUser('ada')
    await world.enrolSms('ada')
    const machine = await machineToken(world)
    const own = await accountToken(world)
    const dialect = { engine: world.engine, keys: world.keys, oidc: undefined as never }
    const routes = [managementGroup(dialect), accountGroup(dialect)].flatMap((group) =>
      group.routes.flatMap((route) => ('method' in route ? [{ method: route.method, path: route.path }] : [])),
    )
    assert.ok(routes.length > 30, `${routes.length} routes`)
    const ids = [`auth0|${ada.id}`, 'auth0|nobody', 'sms', 'otp', 'phone|dev_x', 'dev_x', '%', 'x'.repeat(200), '..']
    const id = fc.oneof(fc.constantFrom(...ids), fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }))
    const members = ['type', 'phone_number', 'email', 'totp_secret', 'name', 'enabled', 'message_types', 'provider']
    const more = ['user_id', 'otp_code', 'auth_session', 'password', 'connection', 'preferred_authentication_method']
    const words = fc.constantFrom(
      'phone',
      'totp',
      'email',
      'sms',
      'voice',
      'recovery-code',
      'all-applications',
      `auth0|${ada.id}`,
    )
    const anything = fc.oneof(words, fc.boolean(), fc.jsonValue({ maxDepth: 2 }), fc.array(words, { maxLength: 3 }))
    const body = fc.oneof(
      { weight: 3, arbitrary: fc.dictionary(fc.constantFrom(...members, ...more), anything, { maxKeys: 5 }) },
      { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
      {
        weight: 1,
        arbitrary: fc.array(fc.dictionary(fc.constantFrom(...members), anything, { maxKeys: 4 }), { maxLength: 3 }),
      },
    )
    const query = fc.dictionary(
      fc.constantFrom('page', 'per_page', 'include_totals', 'type', 'q', 'email'),
      fc.string(),
      { maxKeys: 3 },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...routes),
        fc.array(id, { minLength: 3, maxLength: 3 }),
        query,
        body,
        fc.constantFrom('right', 'right', 'right', 'wrong', 'none'),
        async ({ method, path }, names, asked, payload, who) => {
          let n = 0
          const filled = path.replace(/:[a-z]+/g, () => encodeURIComponent((names[n++] ?? 'x').toWellFormed()))
          const search = new URLSearchParams(Object.entries(asked).map(([k, v]) => [k, v.toWellFormed()]))
          const token = path.startsWith('/api/') === (who === 'right') ? machine : own
          const reply = await world.send(method, `${filled}?${search}`, {
            headers: { 'content-type': 'application/json', ...(who === 'none' ? {} : bearer(token)) },
            ...(method === 'GET' || method === 'DELETE' ? {} : { payload: JSON.stringify(payload) }),
          })
          assert.ok(reply.status < 500, `${method} ${path} ${JSON.stringify(payload)}: ${reply.status} ${reply.text}`)
          assert.doesNotMatch(reply.text, /\bat .*\.ts:|node:internal/)
          if (reply.status !== 204) assert.match(String(reply.headers['content-type']), /json/, `${method} ${path}`)
          if (who !== 'right' && !reply.text.includes('not_found')) assert.ok(reply.status >= 400, `${method} ${path}`)
        },
      ),
      { numRuns: Number(process.env.FUZZ ?? 600), seed: Number(process.env.FUZZ_SEED ?? 20_261_122) },
    )
  })
})

/** A machine that may do everything. */
async function machineToken(world: Auth0World): Promise<string> {
  const m2m = await world.store.get('applications', world.tenant.id, 'm2m')
  const audience = `${base}/api/v2/`
  const nouns = ['guardian_factors', 'mfa_policies', 'users', 'authentication_methods', 'guardian_enrollments']
  const scopes = nouns.flatMap((noun) => ['read', 'create', 'update', 'delete'].map((verb) => `${verb}:${noun}`))
  const clientGrants = [{ audience, scopes: [...scopes, 'create:guardian_enrollment_tickets'] }]
  if (m2m) await world.put('applications', { ...m2m, clientGrants })
  const machine = { client_id: 'm2m', client_secret: 'm2m-secret', grant_type: 'client_credentials', audience }
  const reply = await world.token(machine)
  return reply.body.access_token ?? assert.fail(reply.text)
}

/** Ada's own token for everything at My Account. */
async function accountToken(world: Auth0World): Promise<string> {
  const { mfa_token } = (await world.password('ada', { audience: `${base}/me/`, scope: accountScopes.join(' ') })).body
  const asked = await world.post('/mfa/challenge', { ...credentials, mfa_token, challenge_type: 'oob' })
  const grant = { grant_type: oob, mfa_token, oob_code: asked.body.oob_code, binding_code: await world.lastCode() }
  const reply = await world.token(grant)
  return reply.body.access_token ?? assert.fail(reply.text)
}
