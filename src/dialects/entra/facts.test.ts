import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { remove } from '#ports/store.ts'
import { allTypes, assertError, clientId, type EntraWorld, openEntraWorld, payload } from '#test/support/entra.ts'
import { otherThan, passwordOf } from '#test/support/world.ts'

/** Single facts of entra.md, beside the pitfalls of its §10: who is answered with which id, class and number. */

const mine = '0192f0c1-1111-7111-8111-111111111111'
const form = 'application/x-www-form-urlencoded'
/** 257 characters without a pattern, which no list of bad passwords knows. */
const long = Array.from({ length: 257 }, (_, n) => String.fromCharCode(33 + ((n * 37) % 90))).join('')

describe('the caller’s correlation id (§0.4)', () => {
  test('comes back with what is refused before an endpoint looks at it', async () => {
    const it = await openEntraWorld()
    const path = '/demo/oauth2/v2.0/initiate'
    const headers = { 'client-request-id': mine, 'content-type': form }
    const all = {
      'another content type': await it.send('POST', path, {
        headers: { ...headers, 'content-type': 'application/json' },
        payload: '{}',
      }),
      'a form that cannot be read': await it.send('POST', path, { headers, payload: 'a=%ZZ' }),
      'another method': await it.send('GET', path, { headers: { 'client-request-id': mine } }),
      'an unknown tenant': await it.send('POST', '/nobody/oauth2/v2.0/initiate', { headers, payload: 'client_id=x' }),
    }
    for (const [what, reply] of Object.entries(all)) {
      assert.equal(reply.body.correlation_id, mine, what)
      assert.equal(reply.headers['client-request-id'], mine, what)
      assert.equal(reply.headers['x-ms-request-id'], mine, what)
      assert.match(reply.body.error_description, new RegExp(`Correlation ID: ${mine} `), what)
    }
  })
  test('is read from the query where a refresh stays a simple request', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada')
    const { refresh_token } = (await it.password('ada')).body
    const path = `/demo/oauth2/v2.0/token?client-request-id=${mine}`
    const send = (refresh: string) => it.post(path, { grant_type: 'refresh_token', refresh_token: refresh })
    assert.equal((await send(refresh_token)).headers['client-request-id'], mine)
    const refused = await send('nobody’s')
    assertError(refused, 'invalid_grant', 700082, 'bad_token')
    assert.equal(refused.body.correlation_id, mine)
  })
})

test('the base of the vendor’s sample proxy, /api without a tenant, is the host’s tenant (§0.3)', async () => {
  const it = await openEntraWorld()
  await it.addUser('ada')
  const { continuation_token } = (await it.initiate('ada')).body
  const payload = new URLSearchParams({ client_id: clientId, continuation_token, challenge_type: allTypes }).toString()
  const ask = (base: string) =>
    it.send('POST', `${base}/oauth2/v2.0/challenge`, { headers: { 'content-type': form }, payload })
  assert.equal((await ask('/api')).body.challenge_type, 'password')
  for (const base of ['/nobody', '/demo/api']) assertError(await ask(base), 'invalid_request', 90002)
})

test('an address that can be none is a bad user name at all three starts, not an unknown user (§5.2)', async () => {
  const it = await openEntraWorld()
  for (const path of ['/oauth2/v2.0/initiate', '/signup/v1.0/start', '/resetpassword/v1.0/start']) {
    for (const username of ['ada@', '@example.com', 'ada@@example.com', 'a da@example.com']) {
      const reply = await it.post(path, { username, challenge_type: allTypes })
      assertError(reply, 'invalid_request', 90100)
      assert.match(reply.body.error_description, /username parameter is empty or not valid/, path)
    }
  }
})

describe('a first proof that could not be right (§1.3)', () => {
  const start = async (it: EntraWorld, name: string) => {
    const { continuation_token } = (await it.initiate(name)).body
    await it.post('/oauth2/v2.0/challenge', { continuation_token, challenge_type: allTypes })
    return continuation_token as string
  }
  const vanish = async (it: EntraWorld, name: string) => {
    const users = await it.store.list('users', it.tenant.id, { limit: 10 })
    const user = users.find((one) => one.email === `${name}@example.com`)
    assert.ok(user)
    await it.store.change({}, () => ({ result: undefined, writes: [remove('users', it.tenant.id, user.id)] }))
  }
  test('a code where a password is asked for is the wrong grant for the step', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada')
    const continuation_token = await start(it, 'ada')
    const oob = await it.post('/oauth2/v2.0/token', { continuation_token, grant_type: 'oob', oob: '123456' })
    assertError(oob, 'invalid_request', 55200)
    const grant = { continuation_token, grant_type: 'password', password: passwordOf('ada') }
    assert.equal((await it.post('/oauth2/v2.0/token', grant)).status, 200)
  })
  test('a password where a code is asked for has the number that says so', async () => {
    const it = await openEntraWorld()
    await it.addUser('otto', { passwordHash: undefined })
    const continuation_token = await start(it, 'otto')
    const grant = { continuation_token, grant_type: 'password', password: passwordOf('otto') }
    assertError(await it.post('/oauth2/v2.0/token', grant), 'invalid_grant', 400002)
    const oob = { continuation_token, grant_type: 'oob', oob: await it.lastCode() }
    assert.equal((await it.post('/oauth2/v2.0/token', oob)).status, 200)
  })
  test('whoever has gone since the start is an unknown user, by password and by code', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada')
    await it.addUser('otto', { passwordHash: undefined })
    const ada = await start(it, 'ada')
    const otto = await start(it, 'otto')
    const oob = await it.lastCode()
    await vanish(it, 'ada')
    await vanish(it, 'otto')
    const grant = { continuation_token: ada, grant_type: 'password', password: passwordOf('ada') }
    assertError(await it.post('/oauth2/v2.0/token', grant), 'invalid_grant', 50034)
    const code = { continuation_token: otto, grant_type: 'oob', oob }
    assertError(await it.post('/oauth2/v2.0/token', code), 'invalid_grant', 50034)
  })
  test('where the tenant hides who is known, neither is told apart from a wrong one', async () => {
    const it = await openEntraWorld()
    await it.setTenant({ hideUnknownUsers: true })
    await it.addUser('ada')
    await it.addUser('otto', { passwordHash: undefined })
    const ada = await start(it, 'ada')
    const otto = await start(it, 'otto')
    const oob = await it.post('/oauth2/v2.0/token', { continuation_token: ada, grant_type: 'oob', oob: '123456' })
    assertError(oob, 'invalid_grant', 50181, 'invalid_oob_value')
    const byPassword = { continuation_token: otto, grant_type: 'password', password: passwordOf('otto') }
    assertError(await it.post('/oauth2/v2.0/token', byPassword), 'invalid_grant', 50126)
    await vanish(it, 'ada')
    const gone = { continuation_token: ada, grant_type: 'password', password: passwordOf('ada') }
    assertError(await it.post('/oauth2/v2.0/token', gone), 'invalid_grant', 50126)
  })
})

test('a grant that a continue call does not know is invalid_grant there, and a missing one a missing parameter', async () => {
  const it = await openEntraWorld({ tenant: { mfa: { mode: 'ALWAYS' } } })
  await it.addUser('ada')
  const start = async (path: string, username: string) =>
    (await it.post(path, { username, challenge_type: allTypes })).body.continuation_token as string
  const tokens = {
    '/signup/v1.0/continue': await start('/signup/v1.0/start', 'new@example.com'),
    '/resetpassword/v1.0/continue': await start('/resetpassword/v1.0/start', 'ada@example.com'),
    '/register/v1.0/continue': await it.until('registration_required', 'ada'),
  }
  for (const [path, continuation_token] of Object.entries(tokens)) {
    assertError(await it.post(path, { continuation_token, grant_type: 'mfa_oob', oob: '1' }), 'invalid_grant', 70003)
    assertError(await it.post(path, { continuation_token, oob: '1' }), 'invalid_request', 900144)
  }
  const untyped = { continuation_token: tokens['/register/v1.0/continue'], challenge_target: '+15555550100' }
  assertError(await it.post('/register/v1.0/challenge', untyped), 'invalid_request', 900144)
})

test('a new password of more than 256 characters is too long, wherever one is chosen (§5.1)', async () => {
  const it = await openEntraWorld()
  await it.addUser('ada')
  const refused = async (path: string, params: Record<string, string>) =>
    assertError(await it.post(path, params), 'invalid_grant', 399246, 'password_too_long')
  const proved = async (base: string, username: string) => {
    const { continuation_token } = (await it.post(`${base}/start`, { username, challenge_type: allTypes })).body
    await it.post(`${base}/challenge`, { continuation_token, challenge_type: allTypes })
    const oob = { continuation_token, grant_type: 'oob', oob: await it.lastCode() }
    return (await it.post(`${base}/continue`, oob)).body.continuation_token as string
  }
  for (const password of [long, 'x'.repeat(2_000)]) {
    await refused('/signup/v1.0/start', { username: 'new@example.com', challenge_type: allTypes, password })
    const signUp = { continuation_token: await proved('/signup/v1.0', 'new@example.com'), grant_type: 'password' }
    await refused('/signup/v1.0/continue', { ...signUp, password })
  }
  const continuation_token = await proved('/resetpassword/v1.0', 'ada@example.com')
  await refused('/resetpassword/v1.0/submit', { continuation_token, new_password: long })
  const fits = await it.post('/resetpassword/v1.0/submit', { continuation_token, new_password: long.slice(1) })
  assert.equal(fits.status, 200, fits.text)
})

test('who has a user name too is called the same in both tokens: by the address (§4.2)', async () => {
  const it = await openEntraWorld()
  await it.addUser('ada', { username: 'countess' })
  for (const name of ['ada', 'countess']) {
    const begun = await it.post('/oauth2/v2.0/initiate', {
      username: name === 'ada' ? 'ada@example.com' : name,
      challenge_type: allTypes,
    })
    const reply = await it.post('/oauth2/v2.0/token', {
      continuation_token: begun.body.continuation_token,
      grant_type: 'password',
      password: passwordOf('ada'),
    })
    assert.equal(reply.status, 200, reply.text)
    for (const token of [reply.body.id_token, reply.body.access_token]) {
      assert.equal(payload(token).preferred_username, 'ada@example.com')
    }
  }
})

test('after too many wrong codes no more are sent, in the words of the challenge calls; the lock is the token’s (§5.2)', async () => {
  const it = await openEntraWorld()
  const user = await it.addUser('ada')
  await it.addUser('otto', { passwordHash: undefined })
  await it.enrolAddress(user, 'sms', '+15555550100')
  const { continuation_token: first } = (await it.initiate('otto')).body
  const { continuation_token: second } = (await it.password('ada')).body
  const [method] = (await it.post('/oauth2/v2.0/introspect', { continuation_token: second })).body.methods
  for (const [ask, grant_type] of [
    [{ continuation_token: first }, 'oob'],
    [{ continuation_token: second, id: method.id }, 'mfa_oob'],
  ] as const) {
    assert.equal((await it.post('/oauth2/v2.0/challenge', ask)).status, 200)
    const oob = otherThan(await it.lastCode())
    for (let n = 0; n < 5; n++) {
      const { continuation_token } = ask
      const wrong = await it.post('/oauth2/v2.0/token', { continuation_token, grant_type, oob })
      assertError(wrong, 'invalid_grant', 50181, 'invalid_oob_value')
    }
    const resent = await it.post('/oauth2/v2.0/challenge', ask)
    assertError(resent, 'invalid_request', 701014)
    assert.ok(Number(resent.headers['retry-after']) > 0)
  }
})
