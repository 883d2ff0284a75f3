import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemAudit } from '#engine/events.ts'
import { dropAuthenticators } from '#engine/manage-authenticators.ts'
import { remove } from '#ports/store.ts'
import {
  allCapabilities,
  allTypes,
  api,
  assertError,
  clientId,
  openEntraWorld,
  otherClientId,
  payload,
  type Reply,
} from '#test/support/entra.ts'
import { otherThan, passwordOf } from '#test/support/world.ts'

/** entra.md §10: every pitfall by its number; 11, 46 and 58, which are the SDK’s own, stand in test/browser/entra-native.test.ts. */

const always = { tenant: { mfa: { mode: 'ALWAYS' } } } as const
const tokenParams = { client_info: '1', scope: 'openid profile offline_access' }

describe('request handling', () => {
  test('1. a challenge list without redirect is refused', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada')
    for (const path of ['/oauth2/v2.0/initiate', '/signup/v1.0/start', '/resetpassword/v1.0/start']) {
      const params = { username: 'ada@example.com', challenge_type: 'password oob' }
      assertError(await it.post(path, params), 'unsupported_challenge_type', 901007)
    }
  })
  test('2. the list may be in any order and case, with any blanks', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada')
    for (const challenge_type of ['redirect  OOB\tpassword', ' REDIRECT PassWord ', 'redirect redirect password']) {
      const reply = await it.initiate('ada', { challenge_type })
      assert.ok(reply.body.continuation_token, reply.text)
    }
    assertError(await it.initiate('ada', { challenge_type: 'fax redirect' }), 'unsupported_challenge_type')
  })
  test('3. without capabilities MFA that is due is a redirect with its reason', async () => {
    const it = await openEntraWorld(always)
    const ada = await it.addUser('ada')
    const none = await it.password('ada', {}, { capabilities: undefined })
    assert.deepEqual(none.body, {
      challenge_type: 'redirect',
      redirect_reason: 'Client is missing registration_required capability',
    })
    await it.enrolAddress(ada, 'sms', '+15555550100')
    const held = await it.password('ada', {}, { capabilities: 'registration_required' })
    assert.equal(held.status, 200)
    assert.equal(held.body.redirect_reason, 'Client is missing mfa_required capability')
  })
  test('4. capabilities named at the start of a sign-up count at its token call', async () => {
    const it = await openEntraWorld(always)
    assert.equal((await signUp(it, 'new', allCapabilities)).body.suberror, 'registration_required')
    assert.equal((await signUp(it, 'newer', undefined)).body.challenge_type, 'redirect')
  })
  test('5. the older name and commas are understood', async () => {
    const it = await openEntraWorld(always)
    await it.addUser('ada')
    const start = { capabilities: undefined, capability: 'mfa_required,registration_required' }
    assert.equal((await it.password('ada', {}, start)).body.suberror, 'registration_required')
  })
  test('6. a reset with password among the challenge types is no error', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada')
    const started = await it.post('/resetpassword/v1.0/start', {
      username: 'ada@example.com',
      challenge_type: allTypes,
    })
    const { continuation_token } = started.body
    const asked = await it.post('/resetpassword/v1.0/challenge', { continuation_token, challenge_type: allTypes })
    assert.equal(asked.body.challenge_type, 'oob', asked.text)
  })
  test('7. a second factor is challenged with an id alone, and with a list beside it; never without an id', async () => {
    const it = await openEntraWorld()
    const ada = await it.addUser('ada')
    const { id } = await it.enrolAddress(ada, 'sms', '+15555550100')
    const continuation_token = await it.until('mfa_required', 'ada')
    for (const challenge_type of [undefined, allTypes]) {
      const asked = await it.post('/oauth2/v2.0/challenge', { continuation_token, id, challenge_type })
      assert.equal(asked.body.challenge_channel, 'sms', asked.text)
    }
    assertError(
      await it.post('/oauth2/v2.0/challenge', { continuation_token }),
      'invalid_request',
      901001,
      'introspect_required',
    )
  })
  test('8. client_info comes for 1 and for true', async () => {
    const it = await openEntraWorld()
    const ada = await it.addUser('ada')
    for (const client_info of ['1', 'true']) {
      const reply = await it.password('ada', { client_info })
      const info = JSON.parse(Buffer.from(reply.body.client_info, 'base64url').toString())
      assert.deepEqual(info, { uid: ada.id, utid: 'demo' })
    }
  })
  test('9. empty headers, unknown members and query parameters do no harm', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada')
    const params = { username: 'ada@example.com', challenge_type: allTypes, nca: '1', 'x-client-SKU': 'msal.browser' }
    const headers = { 'x-client-os': '', 'x-client-cpu': '' }
    const reply = await it.post('/demo/oauth2/v2.0/initiate?dc=ESTS-PUB&username=eve', params, headers)
    assert.equal(reply.status, 200, reply.text)
  })
  test('10. one tenant in both forms and any case, under any prefix; a token of one works under the other', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada')
    const paths = ['/demo', '/DEMO.onmicrosoft.com', '/api/Demo', '/a/b/demo.OnMicrosoft.com', '/a/b/c/demo', '']
    const params = { username: 'ada@example.com', challenge_type: allTypes }
    for (const one of paths) {
      const begun = await it.send('POST', `${one}/oauth2/v2.0/initiate`, form({ client_id: clientId, ...params }))
      assert.equal(begun.status, 200, `${one} ${begun.text}`)
      const { continuation_token } = begun.body
      const next = form({ client_id: clientId, continuation_token, challenge_type: allTypes })
      const asked = await it.send('POST', '/x/demo.onmicrosoft.com/oauth2/v2.0/challenge', next)
      assert.equal(asked.body.challenge_type, 'password', `${one} ${asked.text}`)
    }
    const nobody = await it.send('POST', '/nobody/oauth2/v2.0/initiate', form({ client_id: clientId, ...params }))
    assertError(nobody, 'invalid_request', 90002)
  })
  test('12. a name with blanks and capitals is the same account, whose preferred_username stays', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada')
    const reply = await it.password('ada', {}, { username: '  ADA@Example.COM ' })
    assert.equal(payload(reply.body.id_token).preferred_username, 'ada@example.com')
  })
  test('13. a plus in addresses and numbers survives', async () => {
    const it = await openEntraWorld(always)
    await it.addUser('ada', { email: 'ada+one@example.com' })
    const reply = await it.password('ada', {}, { username: 'ada+one@example.com' })
    const done = await it.register(reply.body.continuation_token, 'sms', '+1 555-555-0100')
    assert.equal(done.status, 200, done.text)
    assert.equal((await it.outbox()).filter((one) => one.to === '+15555550100').length, 1)
  })
})

describe('continuation tokens', () => {
  test('14. wrong, then right, with the same token: password and code', async () => {
    const it = await openEntraWorld()
    const ada = await it.addUser('ada')
    await it.enrolAddress(ada, 'sms', '+15555550100')
    const begun = await it.initiate('ada')
    const { continuation_token } = begun.body
    const grant = { continuation_token, grant_type: 'password', ...tokenParams }
    assertError(await it.post('/oauth2/v2.0/token', { ...grant, password: 'not this one' }), 'invalid_grant', 50126)
    const right = await it.post('/oauth2/v2.0/token', { ...grant, password: passwordOf('ada') })
    const second = right.body.continuation_token
    const listed = await it.post('/oauth2/v2.0/introspect', { continuation_token: second })
    await it.post('/oauth2/v2.0/challenge', { continuation_token: second, id: listed.body.methods[0].id })
    const code = await it.lastCode()
    const oob = { continuation_token: second, grant_type: 'mfa_oob', ...tokenParams }
    const wrong = await it.post('/oauth2/v2.0/token', { ...oob, oob: otherThan(code) })
    assertError(wrong, 'invalid_grant', 50181, 'invalid_oob_value')
    assert.equal((await it.post('/oauth2/v2.0/token', { ...oob, oob: code })).status, 200)
  })
  test('15. after two resends the first token and the newest code do; an older code does not', async () => {
    const it = await openEntraWorld()
    await it.addUser('otto', { passwordHash: undefined })
    const begun = await it.initiate('otto')
    const codes: string[] = []
    let { continuation_token } = begun.body
    for (let n = 0; n < 3; n++) {
      const sent = await it.post('/oauth2/v2.0/challenge', { continuation_token, challenge_type: allTypes })
      continuation_token = sent.body.continuation_token
      codes.push(await it.lastCode())
    }
    const grant = { continuation_token: begun.body.continuation_token, grant_type: 'oob', ...tokenParams }
    const old = await it.post('/oauth2/v2.0/token', { ...grant, oob: codes[0] })
    assertError(old, 'invalid_grant', 50181, 'invalid_oob_value')
    assert.equal((await it.post('/oauth2/v2.0/token', { ...grant, oob: codes[2] })).status, 200)
  })
  test('16. after a switch to SMS the code by e-mail verifies nothing, whichever token comes with it', async () => {
    const it = await openEntraWorld()
    const ada = await it.addUser('ada')
    const mail = await it.enrolAddress(ada, 'email', 'ada.two@example.com')
    const text = await it.enrolAddress(ada, 'sms', '+15555550100')
    const continuation_token = await it.until('mfa_required', 'ada')
    const byMail = await it.post('/oauth2/v2.0/challenge', { continuation_token, id: mail.id })
    const mailed = await it.lastCode()
    const bySms = await it.post('/oauth2/v2.0/challenge', { continuation_token, id: text.id })
    const sent = await it.lastCode()
    for (const asked of [byMail, bySms]) {
      const { continuation_token: token } = asked.body
      const grant = { continuation_token: token, grant_type: 'mfa_oob', oob: mailed, ...tokenParams }
      assertError(await it.post('/oauth2/v2.0/token', grant), 'invalid_grant', 50181, 'invalid_oob_value')
    }
    const done = await it.post('/oauth2/v2.0/token', {
      continuation_token: byMail.body.continuation_token,
      grant_type: 'mfa_oob',
      oob: sent,
    })
    assert.equal(done.status, 200, done.text)
  })
  test('17. ten polls with one token', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada')
    const { continuation_token } = (await reset(it, 'ada')).body
    for (let n = 0; n < 10; n++) {
      const polled = await it.post('/resetpassword/v1.0/poll_completion', { continuation_token })
      assert.equal(polled.body.status, 'succeeded', polled.text)
      assert.ok(polled.body.continuation_token)
    }
  })
  test('18. tokens of another flow, client, tenant or dialect do not exist here', async () => {
    const it = await openEntraWorld(always)
    await it.addUser('ada')
    const started = await it.post('/signup/v1.0/start', { username: 'new@example.com', challenge_type: allTypes })
    const token = started.body.continuation_token
    const enrolling = await it.until('registration_required', 'ada')
    const foreign: readonly (readonly [string, Record<string, string>])[] = [
      ['/register/v1.0/introspect', { continuation_token: token }],
      ['/resetpassword/v1.0/challenge', { continuation_token: enrolling, challenge_type: allTypes }],
      ['/oauth2/v2.0/introspect', { continuation_token: enrolling }],
      ['/register/v1.0/introspect', { continuation_token: enrolling, client_id: otherClientId }],
      ['/Other/register/v1.0/introspect', { continuation_token: enrolling }],
      ['/register/v1.0/introspect', { continuation_token: `${enrolling.slice(0, -1)}A` }],
      ['/register/v1.0/introspect', { continuation_token: enrolling.replace(/\.1\./, '.2.') }],
      ['/register/v1.0/introspect', { continuation_token: (await it.ticket('ada')).handle as string }],
    ]
    for (const [path, params] of foreign) assertError(await it.post(path, params), 'invalid_request', 55200)
    assert.equal((await it.post('/register/v1.0/introspect', { continuation_token: enrolling })).status, 200)
  })
  test('19. after success the token is dead, at every step', async () => {
    const it = await openEntraWorld(always)
    await it.addUser('ada')
    const begun = await it.initiate('ada')
    const { continuation_token } = begun.body
    const grant = { continuation_token, grant_type: 'password', password: passwordOf('ada'), ...tokenParams }
    const first = await it.post('/oauth2/v2.0/token', grant)
    assertError(await it.post('/oauth2/v2.0/token', grant), 'invalid_request', 55200)
    const second = first.body.continuation_token
    await it.post('/register/v1.0/challenge', {
      continuation_token: second,
      challenge_type: 'oob',
      challenge_target: '+15555550100',
    })
    const proof = { continuation_token: second, grant_type: 'oob', oob: await it.lastCode() }
    const stored = await it.post('/register/v1.0/continue', proof)
    assert.equal(stored.status, 200, stored.text)
    assertError(await it.post('/register/v1.0/continue', proof), 'invalid_request', 55200)
    const last = { continuation_token: stored.body.continuation_token, grant_type: 'continuation_token' }
    assert.equal((await it.post('/oauth2/v2.0/token', last)).status, 200)
    assertError(await it.post('/oauth2/v2.0/token', last), 'invalid_request', 55200)
  })
  test('19b. of two right answers at once one gets tokens', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada')
    const { continuation_token } = (await it.initiate('ada')).body
    const grant = { continuation_token, grant_type: 'password', password: passwordOf('ada'), ...tokenParams }
    const both = await Promise.all([it.post('/oauth2/v2.0/token', grant), it.post('/oauth2/v2.0/token', grant)])
    assert.deepEqual(both.map((one) => one.status).toSorted(), [200, 400])
  })
  test('20. an old token has expired, which is another error than an unknown one', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada')
    const { continuation_token } = (await it.initiate('ada')).body
    it.clock.advance(601)
    const late = await it.post('/oauth2/v2.0/challenge', { continuation_token, challenge_type: allTypes })
    assertError(late, 'expired_token', 552003)
  })
  test('21. the password grant with a token of a sign-up is refused', async () => {
    const it = await openEntraWorld()
    const { continuation_token } = (await signUpToToken(it, 'new')).body
    const grant = { continuation_token, grant_type: 'password', password: passwordOf('new') }
    assertError(await it.post('/oauth2/v2.0/token', grant), 'invalid_request', 55200)
  })
  test('22. a user name may come with the last grant or not; a wrong one is refused', async () => {
    const it = await openEntraWorld()
    const { continuation_token } = (await signUpToToken(it, 'new')).body
    const grant = { continuation_token, grant_type: 'continuation_token', ...tokenParams }
    const wrong = await it.post('/oauth2/v2.0/token', { ...grant, username: 'ada@example.com' })
    assertError(wrong, 'invalid_request', 55200)
    assert.equal((await it.post('/oauth2/v2.0/token', { ...grant, username: 'NEW@example.com' })).status, 200)
    const other = (await signUpToToken(it, 'newer')).body
    const bare = { continuation_token: other.continuation_token, grant_type: 'continuation_token' }
    assert.equal((await it.post('/oauth2/v2.0/token', bare)).status, 200)
  })
  test('23. the errors that go on carry a token', async () => {
    const it = await openEntraWorld({
      tenant: { mfa: { mode: 'ALWAYS' }, signUp: { attributes: [{ name: 'city', required: true }] } },
    })
    const started = await it.post('/signup/v1.0/start', { username: 'new@example.com', challenge_type: allTypes })
    const { continuation_token } = started.body
    await it.post('/signup/v1.0/challenge', { continuation_token, challenge_type: allTypes })
    const oob = { continuation_token, grant_type: 'oob', oob: await it.lastCode() }
    const password = await it.post('/signup/v1.0/continue', oob)
    assertError(password, 'credential_required', 55103)
    const attributes = await it.post('/signup/v1.0/continue', {
      continuation_token: password.body.continuation_token,
      grant_type: 'password',
      password: passwordOf('new'),
    })
    assertError(attributes, 'attributes_required', 55106)
    assert.deepEqual(attributes.body.required_attributes, [{ name: 'city', type: 'string', required: true }])
    const done = await it.post('/signup/v1.0/continue', {
      continuation_token: attributes.body.continuation_token,
      grant_type: 'attributes',
      attributes: JSON.stringify({ city: 'Bonn' }),
    })
    assert.ok(done.body.continuation_token, done.text)
  })
})

describe('bodies', () => {
  test('24. and 30. every error is JSON with status 400', async () => {
    const it = await openEntraWorld()
    const big = { payload: 'a='.padEnd(70_000, 'x'), headers: { 'content-type': 'application/x-www-form-urlencoded' } }
    const json = { payload: '{"client_id":"x"}', headers: { 'content-type': 'application/json' } }
    const broken = { payload: 'a=%ZZ', headers: { 'content-type': 'application/x-www-form-urlencoded' } }
    for (const more of [big, json, broken, {}]) {
      const reply = await it.send('POST', '/demo/oauth2/v2.0/token', more)
      assertError(reply, 'invalid_request')
      assert.match(String(reply.headers['content-type']), /^application\/json/)
    }
  })
  test('25. and 34. numbers are numbers and the correlation is a UUID, the caller’s own where it is one', async () => {
    const it = await openEntraWorld()
    const mine = '0192f0c1-1111-7111-8111-111111111111'
    const reply = await it.initiate('nobody')
    assertError(reply, 'user_not_found', 50034)
    assert.match(reply.body.correlation_id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    const params = { username: 'nobody', challenge_type: allTypes }
    const again = await it.post('/oauth2/v2.0/initiate', params, { 'client-request-id': mine })
    assert.equal(again.body.correlation_id, mine)
    assert.equal(again.headers['x-ms-request-id'], mine)
    assert.equal(again.headers['client-request-id'], mine)
    const text = new RegExp(
      `^AADSTS50034: .+ Trace ID: ${again.body.trace_id} Correlation ID: ${mine} Timestamp: \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ$`,
    )
    assert.match(again.body.error_description, text)
    assert.match(again.body.timestamp, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/)
    const odd = await it.post('/oauth2/v2.0/initiate', params, { 'client-request-id': 'not a uuid' })
    assert.notEqual(odd.body.correlation_id, 'not a uuid')
  })
  test('26. to 28. and 33. and 35. to 37. shapes the SDKs insist on', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada')
    const reply = await it.password('ada', { scope: undefined })
    assert.equal(reply.body.token_type, 'Bearer')
    for (const name of ['access_token', 'id_token', 'refresh_token', 'client_info', 'scope']) {
      assert.equal(typeof reply.body[name], 'string', name)
    }
    const empty = await it.post('/oauth2/v2.0/initiate', { challenge_type: allTypes })
    assertError(empty, 'invalid_request', 90100)
    assert.match(empty.body.error_description, /username parameter is empty or not valid/)
  })
  test('29. the scope of an answer says what a cache is asked for', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada')
    const plain = await it.password('ada', { scope: 'openid' })
    assert.equal(plain.body.scope, 'openid profile offline_access')
    const forApi = await it.password('ada', { scope: `${api}/read:things` })
    assert.equal(forApi.body.scope, `openid profile offline_access ${api}/read:things`)
    assert.equal(payload(forApi.body.access_token).aud, api)
    assert.equal(forApi.body.expires_in, 600)
    const whole = await it.password('ada', { scope: `${api}/.default` })
    for (const word of [`${api}/.default`, `${api}/read:things`, `${api}/write:things`, 'openid', 'profile']) {
      assert.ok(whole.body.scope.split(' ').includes(word), word)
    }
    for (const scope of ['https://other.example/read', `${api}/nothing`, 'read:things']) {
      assertError(await it.password('ada', { scope }), 'invalid_scope', 70011)
    }
  })
  test('31. the announced length is the code’s', async () => {
    const it = await openEntraWorld()
    await it.addUser('otto', { passwordHash: undefined })
    const { continuation_token } = (await it.initiate('otto')).body
    const sent = await it.post('/oauth2/v2.0/challenge', { continuation_token, challenge_type: allTypes })
    assert.equal(sent.body.code_length, (await it.lastCode()).length)
    assert.equal(sent.body.challenge_target_label, 'o***@example.com')
  })
})

describe('flow', () => {
  test('32. a channel or country that is not enabled is told by the sub-error alone', async () => {
    const it = await openEntraWorld(always)
    await it.setTenant({ phone: { countries: ['US'], blockedPrefixes: ['+1555666'], strict: false } })
    await it.addUser('ada')
    const continuation_token = await it.until('registration_required', 'ada')
    const ask = (challenge_target: string) =>
      it.post('/register/v1.0/challenge', { continuation_token, challenge_type: 'oob', challenge_target })
    assertError(await ask('+4915123456789'), 'access_denied', 550024, 'provider_blocked_by_admin')
    assertError(await ask('+15556660100'), 'access_denied', 550024, 'provider_blocked_by_rep')
    await it.setTenant({ factors: it.tenant.factors.filter((kind) => kind !== 'sms' && kind !== 'voice') })
    assertError(await ask('+15555550100'), 'access_denied', 550024, 'provider_blocked_by_admin')
  })
  describe('a user whose only factor has no words here is sent to the pages, and registers nothing', () => {
    for (const kind of ['totp', 'webauthn', 'push', 'recovery_code']) {
      for (const mode of ['ALWAYS', 'OFF'] as const) {
        test(`${kind}, with mode ${mode}`, async () => {
          const it = await openEntraWorld({ tenant: { mfa: { mode } } })
          const ada = await it.addUser('ada', { mfaEnabled: mode === 'OFF' })
          await it.enrolApp(ada)
          for (const row of await it.authenticators(ada)) {
            if (row.factor === 'totp') await it.put('authenticators', { ...row, factor: kind })
            else
              await it.store.change({}, () => ({ result: 0, writes: [remove('authenticators', row.tenant, row.id)] }))
          }
          const add = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c4' } } })
          for (const claims of [undefined, add]) {
            const reply = await it.password('ada', { claims })
            assert.deepEqual([reply.status, reply.body], [200, { challenge_type: 'redirect' }])
          }
        })
      }
    }
  })
  test('38. what an ordinary sign-in has answered with mfa_oob or a registration, it does not ask for again', async () => {
    const it = await openEntraWorld(always)
    const ada = await it.addUser('ada')
    const registered = await it.register(await it.until('registration_required', 'ada'), 'sms', '+15555550100')
    assert.equal(registered.status, 200, 'no mfa_required after a registration')
    await it.enrolAddress(ada, 'email', 'ada.two@example.com')
    const proved = await it.mfa(await it.until('mfa_required', 'ada'), 'sms')
    assert.equal(proved.status, 200, 'no registration_required after a second factor')
  })
  test('39. preverified is followed by its own grant, and not by a code', async () => {
    const it = await openEntraWorld(always)
    const needs = await signUp(it, 'new', allCapabilities)
    const { continuation_token } = needs.body
    const asked = await it.post('/register/v1.0/challenge', {
      continuation_token,
      challenge_type: 'oob',
      challenge_target: 'New@Example.com',
      challenge_channel: 'email',
    })
    assert.equal(asked.body.challenge_type, 'preverified', asked.text)
    const bug = await it.post('/register/v1.0/continue', { continuation_token, grant_type: 'oob', oob: '000000' })
    assertError(bug, 'invalid_request', 55200)
    const stored = await it.post('/register/v1.0/continue', { continuation_token, grant_type: 'continuation_token' })
    assert.equal(stored.status, 200, stored.text)
    const done = await it.post('/oauth2/v2.0/token', {
      continuation_token: stored.body.continuation_token,
      grant_type: 'continuation_token',
    })
    assert.equal(done.status, 200, done.text)
    assert.deepEqual(payload(done.body.access_token).amr, ['pwd', 'otp'], 'a code by e-mail adds no mfa')
  })
  test('40. nothing is preverified for another address, nor outside the sign-up', async () => {
    const it = await openEntraWorld(always)
    const needs = await signUp(it, 'new', allCapabilities)
    const ask = (continuation_token: string, challenge_target: string) =>
      it.post('/register/v1.0/challenge', { continuation_token, challenge_type: 'oob', challenge_target })
    assert.equal((await ask(needs.body.continuation_token, 'second@example.com')).body.challenge_type, 'oob')
    const bug = { continuation_token: needs.body.continuation_token, grant_type: 'continuation_token' }
    assertError(await it.post('/register/v1.0/continue', bug), 'invalid_request', 55200)
    await it.addUser('ada')
    const later = await it.until('registration_required', 'ada')
    assert.equal((await ask(later, 'ada@example.com')).body.challenge_type, 'oob')
  })
  test('41. with the last method gone the policy asks for a new one', async () => {
    const it = await openEntraWorld(always)
    const ada = await it.addUser('ada')
    await it.enrolAddress(ada, 'sms', '+15555550100')
    assert.equal((await it.password('ada')).body.suberror, 'mfa_required')
    const event = systemAudit(it.parts, it.tenant.id, 'factor.removed')
    await dropAuthenticators(it.parts, it.tenant, ada.id, (one) => one.factor === 'sms', event)
    assert.equal((await it.password('ada')).body.suberror, 'registration_required')
  })
  test('42. a user with only SMS, and SMS switched off: never on the password alone', async () => {
    const it = await openEntraWorld(always)
    const ada = await it.addUser('ada')
    await it.enrolAddress(ada, 'sms', '+15555550100')
    await it.setTenant({ factors: ['password', 'email'] })
    const reply = await it.password('ada')
    assert.deepEqual([reply.status, reply.body], [200, { challenge_type: 'redirect' }])
  })
  test('43. after an e-mail code e-mail is neither asked for nor offered', async () => {
    const it = await openEntraWorld(always)
    const otto = await it.addUser('otto', { passwordHash: undefined })
    const first = await emailFirst(it, 'otto')
    assertError(first, 'invalid_grant', 50079, 'registration_required')
    const { continuation_token } = first.body
    const listed = await it.post('/register/v1.0/introspect', { continuation_token })
    assert.deepEqual(listed.body.methods, [{ id: 'sms', challenge_type: 'oob', challenge_channel: 'sms' }])
    await it.enrolAddress(otto, 'email', 'otto@example.com')
    await it.enrolAddress(otto, 'sms', '+15555550100')
    const second = await emailFirst(it, 'otto')
    assertError(second, 'invalid_grant', 50076, 'mfa_required')
    const methods = await it.post('/oauth2/v2.0/introspect', { continuation_token: second.body.continuation_token })
    assert.deepEqual(
      methods.body.methods.map((one: { challenge_channel: string }) => one.challenge_channel),
      ['sms'],
    )
  })
  test('44. who has no password cannot reset one', async () => {
    const it = await openEntraWorld()
    await it.addUser('otto', { passwordHash: undefined })
    const params = { username: 'otto@example.com', challenge_type: allTypes }
    assertError(await it.post('/resetpassword/v1.0/start', params), 'invalid_request', 500222)
  })
  test('a password that has to be changed is changed by a reset; terms to agree to are for the pages', async () => {
    const it = await openEntraWorld()
    const ada = await it.addUser('ada', { mustChangePassword: true })
    assertError(await it.password('ada'), 'invalid_request', 50142)
    const { continuation_token } = (await reset(it, 'ada')).body
    const done = await it.post('/oauth2/v2.0/token', { continuation_token, grant_type: 'continuation_token' })
    assert.equal(done.status, 200, done.text)
    assert.equal((await it.user(ada.id)).mustChangePassword, undefined)
    const application = await it.store.get('applications', it.tenant.id, clientId)
    assert.ok(application)
    await it.put('applications', { ...application, consents: [{ id: 'terms', version: '1', name: 'Terms' }] })
    await it.addUser('bob')
    assert.deepEqual((await it.password('bob')).body, { challenge_type: 'redirect' })
  })
  test('45. a user made by an administrator signs in like any other', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada', { emailVerified: false })
    assert.equal((await it.password('ada')).status, 200)
  })
  test('47. a refresh for a user who now needs MFA asks for a sign-in, and keeps the token', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada')
    const first = await it.password('ada')
    await it.setTenant({ mfa: { mode: 'ALWAYS' } })
    const grant = { grant_type: 'refresh_token', refresh_token: first.body.refresh_token, ...tokenParams }
    assertError(await it.post('/oauth2/v2.0/token', grant), 'interaction_required', 50076)
    await it.setTenant({ mfa: undefined })
    assert.equal((await it.post('/oauth2/v2.0/token', grant)).status, 200)
  })
  test('48. what claims asked for at the password is in the token of mfa_oob; nonsense is refused', async () => {
    const it = await openEntraWorld()
    const ada = await it.addUser('ada')
    await it.enrolAddress(ada, 'sms', '+15555550100')
    const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c4' } } })
    const token = await it.until('mfa_required', 'ada', { claims })
    const opened = await it.mfa(token, 'sms')
    assertError(opened, 'invalid_grant', 50079, 'registration_required')
    const done = await it.register(opened.body.continuation_token, 'email', 'ada.two@example.com')
    assert.deepEqual(payload(done.body.access_token).acrs, ['c4'])
    assertError(await it.password('ada', { claims: '{' }), 'invalid_request')
    const c9 = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c9' } } })
    assertError(await it.password('ada', { claims: c9 }), 'access_denied', 53003)
  })
  test('49. and 50. too many messages are throttled with their number', async () => {
    const it = await openEntraWorld()
    await it.addUser('otto', { passwordHash: undefined })
    const { continuation_token } = (await it.initiate('otto')).body
    let last: Reply | undefined
    for (let n = 0; n < 25; n++) {
      last = await it.post('/oauth2/v2.0/challenge', { continuation_token, challenge_type: allTypes })
      if (last.status !== 200) break
    }
    assertError(last as Reply, 'invalid_request', 701014)
  })
  test('51. of two sign-ups for one address one is refused', async () => {
    const it = await openEntraWorld()
    const one = await startSignUp(it, 'new')
    const codeOne = await it.lastCode()
    const other = await startSignUp(it, 'new')
    const codeOther = await it.lastCode()
    const proved = await Promise.all([
      it.post('/signup/v1.0/continue', { continuation_token: one, grant_type: 'oob', oob: codeOne }),
      it.post('/signup/v1.0/continue', { continuation_token: other, grant_type: 'oob', oob: codeOther }),
    ])
    assert.deepEqual(proved.map((it) => it.status).toSorted(), [200, 400])
    assert.equal(proved.find((it) => it.status === 400)?.body.error, 'user_already_exists')
  })
  test('52. a reset ends older sessions', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada')
    const before = await it.password('ada')
    it.clock.advance(1)
    await reset(it, 'ada')
    const grant = { grant_type: 'refresh_token', refresh_token: before.body.refresh_token }
    assertError(await it.post('/oauth2/v2.0/token', grant), 'invalid_grant', 700082, 'bad_token')
  })
  test('53. by default it tells who is known, as the vendor does', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada')
    assertError(await it.initiate('nobody'), 'user_not_found', 50034)
    const start = { username: 'nobody@example.com', challenge_type: allTypes }
    assertError(await it.post('/resetpassword/v1.0/start', start), 'user_not_found', 50034)
    const taken = { username: 'ada@example.com', challenge_type: allTypes }
    assertError(await it.post('/signup/v1.0/start', taken), 'user_already_exists', 1003037)
  })
  describe('53. where the tenant hides who is known (S-102)', () => {
    const open = async () => {
      const it = await openEntraWorld()
      await it.setTenant({ hideUnknownUsers: true })
      await it.addUser('ada')
      await it.addUser('otto', { passwordHash: undefined })
      return it
    }
    /** An answer without what is new in each. */
    const shape = ({ status, body, headers }: Reply) => {
      const { continuation_token, timestamp, trace_id, correlation_id, error_description = '', ...rest } = body
      const [text] = String(error_description).split(' Trace ID')
      return { status, rest, text, goesOn: continuation_token !== undefined, names: Object.keys(headers).toSorted() }
    }
    const same = async (go: (name: string) => Promise<Reply[]>, known: string, label = true) => {
      const [one, other] = [await go(known), await go('nobody')].map((all) => all.map(shape))
      const plain = (all: unknown) => JSON.stringify(all).replaceAll(/[a-z]\*{3}@/g, label ? '?***@' : '$&')
      assert.equal(plain(one), plain(other))
      return one
    }
    test('sign-in by password, with the same ladder for wrong ones', async () => {
      const it = await open()
      await same(async (name) => {
        const all: Reply[] = [await it.initiate(name)]
        const { continuation_token } = all[0]?.body ?? {}
        all.push(await it.post('/oauth2/v2.0/challenge', { continuation_token, challenge_type: allTypes }))
        for (let n = 0; n < 12; n++) {
          const grant = { continuation_token, grant_type: 'password', password: 'not this one', ...tokenParams }
          all.push(await it.post('/oauth2/v2.0/token', grant))
        }
        return all
      }, 'ada')
    })
    test('sign-in by code: said to be sent, never right, and not sent', async () => {
      const it = await open()
      const challenge_type = 'oob redirect'
      await same(async (name) => {
        const all: Reply[] = [await it.initiate(name, { challenge_type })]
        const { continuation_token } = all[0]?.body ?? {}
        for (let n = 0; n < 25; n++) {
          all.push(await it.post('/oauth2/v2.0/challenge', { continuation_token, challenge_type }))
        }
        for (let n = 0; n < 7; n++) {
          const grant = { continuation_token, grant_type: 'oob', oob: 'abcdef', ...tokenParams }
          all.push(await it.post('/oauth2/v2.0/token', grant))
        }
        return all
      }, 'otto')
      assert.deepEqual(
        (await it.outbox()).filter((one) => one.to === 'nobody@example.com'),
        [],
      )
    })
    for (const [title, known] of [
      ['of a user with another mailbox as a method', 'ada'],
      ['of a user without a password', 'otto'],
    ] as const) {
      test(`a reset, ${title}`, async () => {
        const it = await open()
        const users = await it.store.list('users', it.tenant.id, { limit: 10 })
        const user = users.find((one) => one.email === `${known}@example.com`)
        if (known === 'ada' && user !== undefined) await it.enrolAddress(user, 'email', 'private@example.net')
        await same(async (name) => {
          const start = { username: `${name}@example.com`, challenge_type: allTypes }
          const all: Reply[] = [await it.post('/resetpassword/v1.0/start', start)]
          const { continuation_token } = all[0]?.body ?? {}
          const ask = { continuation_token, challenge_type: allTypes }
          all.push(await it.post('/resetpassword/v1.0/challenge', ask))
          for (let n = 0; n < 7; n++) {
            const grant = { continuation_token, grant_type: 'oob', oob: 'abcdef' }
            all.push(await it.post('/resetpassword/v1.0/continue', grant))
          }
          return all
        }, known)
        assert.deepEqual(
          (await it.outbox()).filter((one) => one.to === 'nobody@example.com' || one.to === 'otto@example.com'),
          [],
        )
      })
    }
    test('a sign-up, until the address is proved: then its owner learns that there is an account', async () => {
      const it = await open()
      await same(async (name) => {
        const start = { username: `${name}@example.com`, password: passwordOf('new'), challenge_type: allTypes }
        const all: Reply[] = [await it.post('/signup/v1.0/start', start)]
        const { continuation_token } = all[0]?.body ?? {}
        all.push(await it.post('/signup/v1.0/challenge', { continuation_token, challenge_type: allTypes }))
        const grant = { continuation_token, grant_type: 'oob', oob: 'abcdef' }
        all.push(await it.post('/signup/v1.0/continue', grant))
        return all
      }, 'ada')
      assertError(await signUpToToken(it, 'ada'), 'user_already_exists', 1003037)
    })
    test('a guessed code for nobody is not right either', async () => {
      const it = await open()
      const { continuation_token } = (await it.initiate('nobody', { challenge_type: 'oob redirect' })).body
      await it.post('/oauth2/v2.0/challenge', { continuation_token, challenge_type: 'oob redirect' })
      const oob = await it.post('/oauth2/v2.0/token', { continuation_token, grant_type: 'oob', oob: '000000' })
      assertError(oob, 'invalid_grant', 50181, 'invalid_oob_value')
      const { continuation_token: other } = (await it.initiate('nobody')).body
      // Somebody signs up meanwhile, with this very password: the flow was for nobody, and stays so.
      await it.addUser('nobody')
      const grant = { continuation_token: other, grant_type: 'password', password: passwordOf('nobody') }
      assertError(await it.post('/oauth2/v2.0/token', grant), 'invalid_request', 55200)
    })
  })
  test('54. two flows of one user do not disturb each other', async () => {
    const it = await openEntraWorld()
    await it.addUser('otto', { passwordHash: undefined })
    const flows: { continuation_token: string; oob: string }[] = []
    for (let n = 0; n < 2; n++) {
      const { continuation_token } = (await it.initiate('otto')).body
      await it.post('/oauth2/v2.0/challenge', { continuation_token, challenge_type: allTypes })
      flows.push({ continuation_token, oob: await it.lastCode() })
    }
    for (const flow of flows) {
      assert.equal((await it.post('/oauth2/v2.0/token', { ...flow, grant_type: 'oob' })).status, 200)
    }
  })
  test('an application without native authentication, a confidential one, and none', async () => {
    const it = await openEntraWorld()
    assertError(await it.initiate('ada', { client_id: 'plain' }), 'invalid_client', undefined, 'nativeauthapi_disabled')
    assertError(await it.initiate('ada', { client_id: 'web' }), 'invalid_client', 7000218)
    assertError(await it.initiate('ada', { client_id: 'nobody' }), 'unauthorized_client', 700016)
    assertError(await it.initiate('ada', { client_id: undefined }), 'invalid_request', 900144)
    assertError(await it.post('/oauth2/v2.0/token', { grant_type: 'sms' }), 'unsupported_grant_type', 70003)
  })
})

describe('browser', () => {
  const origin = 'https://app.example'
  test('55. a preflight with any x- header', async () => {
    const it = await openEntraWorld()
    const reply = await it.send('OPTIONS', '/demo/oauth2/v2.0/initiate', {
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-anything,x-client-sku,client-request-id,authorization',
      },
    })
    assert.equal(reply.status, 204)
    assert.equal(reply.headers['access-control-allow-origin'], origin)
    const allowed = String(reply.headers['access-control-allow-headers']).split(', ')
    for (const name of ['x-anything', 'x-client-sku', 'client-request-id', 'authorization']) {
      assert.ok(allowed.includes(name), name)
    }
  })
  test('56. and 57. CORS headers on errors and on refreshes, with the ids to be read', async () => {
    const it = await openEntraWorld()
    for (const reply of [
      await it.post('/oauth2/v2.0/initiate', {}, { origin }),
      await it.post('/oauth2/v2.0/token', { grant_type: 'refresh_token', refresh_token: 'x' }, { origin }),
      await it.send('POST', '/demo/oauth2/v2.0/token', {
        headers: { origin, 'content-type': 'text/plain' },
        payload: 'x',
      }),
    ]) {
      assert.equal(reply.status, 400)
      assert.equal(reply.headers['access-control-allow-origin'], origin)
      assert.match(String(reply.headers['access-control-expose-headers']), /x-ms-request-id/)
    }
    const stranger = await it.post('/oauth2/v2.0/initiate', {}, { origin: 'https://evil.example' })
    assert.equal(stranger.headers['access-control-allow-origin'], undefined)
  })
  test('56. also while the store is away: JSON, with CORS headers, and never a page', async () => {
    const it = await openEntraWorld()
    await it.addUser('ada')
    const { continuation_token } = (await it.initiate('ada')).body
    assert.equal((await it.post('/oauth2/v2.0/initiate', {}, { origin })).status, 400)
    await it.store.close()
    for (const path of ['/oauth2/v2.0/initiate', '/oauth2/v2.0/token', '/register/v1.0/introspect']) {
      const params = {
        continuation_token,
        grant_type: 'password',
        username: 'ada@example.com',
        challenge_type: allTypes,
      }
      const reply = await it.post(path, params, { origin })
      assert.ok(reply.status >= 500, `${reply.status} ${reply.text}`)
      assert.equal(reply.headers['access-control-allow-origin'], origin, path)
      assert.ok(['temporarily_unavailable', 'server_error'].includes(reply.body.error), reply.text)
      assert.match(reply.body.correlation_id, /^[0-9a-f-]{36}$/)
    }
  })
})

type World = Awaited<ReturnType<typeof openEntraWorld>>

function form(params: Record<string, string>) {
  return {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams(params).toString(),
  }
}

async function startSignUp(it: World, name: string, capabilities?: string): Promise<string> {
  const started = await it.post('/signup/v1.0/start', {
    username: `${name}@example.com`,
    password: passwordOf(name),
    challenge_type: allTypes,
    capabilities,
  })
  const { continuation_token } = started.body
  await it.post('/signup/v1.0/challenge', { continuation_token, challenge_type: allTypes })
  return continuation_token
}

/** A sign-up up to the token that asks for tokens. */
async function signUpToToken(it: World, name: string, capabilities?: string): Promise<Reply> {
  const continuation_token = await startSignUp(it, name, capabilities)
  return await it.post('/signup/v1.0/continue', { continuation_token, grant_type: 'oob', oob: await it.lastCode() })
}

async function signUp(it: World, name: string, capabilities: string | undefined): Promise<Reply> {
  const done = await signUpToToken(it, name, capabilities)
  return await it.post('/oauth2/v2.0/token', {
    continuation_token: done.body.continuation_token,
    grant_type: 'continuation_token',
    username: `${name}@example.com`,
  })
}

/** A password reset up to `submit`. */
async function reset(it: World, name: string): Promise<Reply> {
  const params = { username: `${name}@example.com`, challenge_type: allTypes, capabilities: allCapabilities }
  const { continuation_token } = (await it.post('/resetpassword/v1.0/start', params)).body
  await it.post('/resetpassword/v1.0/challenge', { continuation_token, challenge_type: allTypes })
  const oob = { continuation_token, grant_type: 'oob', oob: await it.lastCode() }
  const proved = await it.post('/resetpassword/v1.0/continue', oob)
  return await it.post('/resetpassword/v1.0/submit', {
    continuation_token: proved.body.continuation_token,
    new_password: `a new and quite long password of ${name}`,
  })
}

async function emailFirst(it: World, name: string): Promise<Reply> {
  const { continuation_token } = (await it.initiate(name)).body
  await it.post('/oauth2/v2.0/challenge', { continuation_token, challenge_type: allTypes })
  return await it.post('/oauth2/v2.0/token', { continuation_token, grant_type: 'oob', oob: await it.lastCode() })
}
