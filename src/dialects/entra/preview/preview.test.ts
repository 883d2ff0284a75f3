import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clientId, payload, type Reply } from '#test/support/entra.ts'
import {
  assertActionError,
  authorizePath,
  home,
  methodIn,
  openPreviewWorld,
  pkce,
  typesIn,
  verifier,
} from '#test/support/entra-preview.ts'
import { otherThan, passwordOf, someApplication } from '#test/support/world.ts'

/** entra.md §12, paragraph by paragraph, and what docs/headless-api.md adds to it. */

const always = { tenant: { mfa: { mode: 'ALWAYS' } } } as const
const phone = '+15555550100'
const form = { 'content-type': 'application/x-www-form-urlencoded' }

describe('1. the entry', () => {
  test('is 401 InsufficientAuthorization with a continuation token and the ways on', async () => {
    const it = await openPreviewWorld()
    const { status, body, headers } = await it.authorize({ scope: 'openid profile' })
    assert.equal(status, 401)
    assert.equal(body.error, 'InsufficientAuthorization')
    assert.match(body.continuation_token, /^[\w.-]{60,}$/)
    assert.deepEqual(
      [body.sign_in, body.sign_up, body.reset_password],
      ['/demo/api/native/signin', '/demo/api/native/signup', '/demo/api/native/resetpassword'],
    )
    assert.equal(body.expires_in, 600)
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers['x-ms-request-id'], body.correlation_id)
  })

  test('speaks the draft’s words to who sends its parameters', async () => {
    const it = await openPreviewWorld()
    const { status, body } = await it.authorize({ response_type: 'code', ...pkce })
    assert.deepEqual([status, body.error], [403, 'insufficient_authorization'])
    assert.equal(body.auth_session, body.continuation_token)
    const other = await it.authorize({ response_type: 'token' })
    assert.deepEqual([other.status, other.body.error], [400, 'unsupported_response_type'])
  })

  test('has no way to sign up where accounts cannot be opened, and none is found without', async () => {
    const it = await openPreviewWorld({ tenant: { signUp: { enabled: false, attributes: [] } } })
    const { body } = await it.authorize()
    assert.equal(body.sign_up, undefined)
    const tried = await it.act('/demo/api/native/signup', {
      continuationToken: body.continuation_token,
      username: 'new@example.com',
    })
    assertActionError(tried, 'accessDenied', 'signUpDisabled')
  })

  test('needs an application for native authentication, and says in flat words what is wrong', async () => {
    const it = await openPreviewWorld()
    const errors = async (params: Record<string, string | undefined>) => (await it.authorize(params)).body.error
    assert.equal(await errors({ client_id: undefined }), 'invalid_request')
    assert.equal(await errors({ client_id: 'nobody' }), 'unauthorized_client')
    assert.equal(await errors({ client_id: 'plain' }), 'invalid_client')
    assert.equal(await errors({ client_id: 'web' }), 'invalid_client')
    assert.equal(await errors({ scope: 'no-such-thing' }), 'invalid_scope')
    assert.equal(await errors({ claims: '{' }), 'invalid_request')
  })
})

describe('2. a start', () => {
  test('answers with an action, the methods and their links', async () => {
    const it = await openPreviewWorld()
    await it.addUser('ada')
    const { status, body } = await it.start('sign_in', { username: ' ADA@example.com ' })
    assert.equal(status, 200)
    assert.deepEqual(
      [body.state, body.action, body.challengeContext],
      ['interactionRequired', 'challenge', { authenticationFactor: 'singleFactor' }],
    )
    assert.deepEqual(body._embedded.methods, [
      {
        id: 'password',
        type: 'password',
        _links: { challenge: { href: '/demo/api/native/methods/password/password/challenge' } },
      },
    ])
  })

  test('masks the mailbox a code would go to', async () => {
    const it = await openPreviewWorld()
    await it.addUser('otto', { passwordHash: undefined })
    const begun = await it.start('sign_in', { username: 'otto@example.com' })
    assert.equal(methodIn(begun, 'email').hint, 'o***@example.com')
  })

  test('refuses what can be no name, and a user nobody knows', async () => {
    const it = await openPreviewWorld()
    for (const username of ['', '  ', 'no@mail@there', 'a\nb', 'x'.repeat(321)]) {
      assertActionError(await it.start('sign_in', { username }), 'invalidRequest', 'invalidUserName')
    }
    assertActionError(await it.start('sign_in', { username: 'nobody@example.com' }), 'invalidRequest', 'userNotFound')
  })

  test('works under any prefix, under both names of the tenant, and in any case', async () => {
    const it = await openPreviewWorld()
    await it.addUser('ada')
    for (const base of ['/demo', '/DEMO', '/demo.onmicrosoft.com', '/api/Demo.onmicrosoft.com', '/a/b/c/demo']) {
      const payload = new URLSearchParams({ client_id: clientId }).toString()
      const begun = await it.send('POST', `${base}/oauth2/v2.0/authorize-challenge`, { headers: form, payload })
      assert.equal(begun.status, 401, base)
      // As the SDK does it: everything from /api/ on, behind its own base.
      const href = `${base}${begun.body.sign_in.slice(begun.body.sign_in.indexOf('/api/'))}`
      const started = await it.act(href, {
        continuationToken: begun.body.continuation_token,
        username: 'ada@example.com',
      })
      assert.equal(started.status, 200, `${base} ${started.text}`)
    }
  })
})

describe('3. challenge and verify', () => {
  test('a password is verified as it is, and a wrong one leaves the same token usable', async () => {
    const it = await openPreviewWorld()
    await it.addUser('ada')
    const begun = await it.start('sign_in', { username: 'ada@example.com' })
    const { continuationToken } = begun.body
    const asked = await it.act(methodIn(begun, 'password')._links.challenge.href, { continuationToken })
    assert.deepEqual([asked.body.action, asked.body.type, asked.body._links.resend], ['verify', 'password', undefined])
    const verify = (password: string) => it.act(asked.body._links.verify.href, { continuationToken, password })
    assertActionError(await verify('this is not the one'), 'invalidGrant', 'invalidUserNameOrPassword')
    const done = await verify(passwordOf('ada'))
    assert.equal(done.body.state, 'continue')
    assertActionError(await verify(passwordOf('ada')), 'invalidRequest', 'invalidContinuationToken')
  })

  test('a code has hint, length and a way to be sent again; the newest counts', async () => {
    const it = await openPreviewWorld()
    await it.addUser('otto', { passwordHash: undefined })
    const begun = await it.start('sign_in', { username: 'otto@example.com' })
    const { continuationToken } = begun.body
    const asked = await it.act(methodIn(begun, 'email')._links.challenge.href, { continuationToken })
    const { hint, codeLength, _links } = asked.body
    assert.deepEqual([hint, codeLength], ['o***@example.com', 6])
    const first = await it.lastCode()
    await it.act(_links.resend.href, { continuationToken })
    const newest = await it.lastCode()
    const verify = (otp: string) => it.act(_links.verify.href, { continuationToken, otp })
    assertActionError(await verify(first === newest ? otherThan(newest) : first), 'invalidGrant', 'invalidOneTimeCode')
    assert.equal((await verify(newest)).body.state, 'continue')
  })

  test('a method of another type, of nobody, or without its member is refused', async () => {
    const it = await openPreviewWorld(always)
    await it.enrolAddress(await it.addUser('ada'), 'sms', phone)
    const begun = await it.start('sign_in', { username: 'ada@example.com' })
    const first = { continuationToken: begun.body.continuationToken }
    const at = '/demo/api/native/methods'
    assertActionError(await it.act(`${at}/email/email/challenge`, first), 'invalidRequest', 'invalidMethod')
    assertActionError(
      await it.act(`${at}/email/email/verify`, { ...first, otp: '1' }),
      'invalidRequest',
      'invalidMethod',
    )
    assertActionError(await it.act(`${at}/password/password/verify`, first), 'invalidRequest', 'missingMember')
    const needs = await it.password('ada')
    const more = { continuationToken: needs.body.continuationToken }
    assertActionError(await it.act(`${at}/sms/none/challenge`, more), 'invalidRequest', 'invalidMethod')
    const { href } = methodIn(needs, 'sms')._links.challenge
    assertActionError(await it.act(href.replace('/sms/', '/email/'), more), 'invalidRequest', 'invalidMethod')
    assertActionError(
      await it.act(href.replace('challenge', 'verify'), { ...more, otp: '1' }),
      'invalidRequest',
      'invalidMethod',
    )
    const asked = await it.act(href, more)
    assertActionError(await it.act(asked.body._links.verify.href, more), 'invalidRequest', 'missingMember')
  })
})

describe('4. further actions', () => {
  test('enroll lists a telephone with its channels; activate stores what was verified', async () => {
    const it = await openPreviewWorld(always)
    const ada = await it.addUser('ada')
    const begun = await it.password('ada', { capabilities: undefined })
    assert.equal(begun.body.action, 'enroll')
    assert.deepEqual(typesIn(begun).toSorted(), ['email', 'phone'])
    assert.deepEqual(methodIn(begun, 'phone').channels, ['sms'])
    const { continuationToken } = begun.body
    const { href } = methodIn(begun, 'phone')._links.enroll
    assertActionError(await it.act(href, { continuationToken }), 'invalidRequest', 'missingMember')
    assertActionError(await it.act(href, { continuationToken, phoneNumber: 'x' }), 'invalidRequest', 'invalidContact')
    const sent = await it.act(href, { continuationToken, phoneNumber: phone, channel: 'sms' })
    assert.deepEqual([sent.body.action, sent.body.hint, sent.body.codeLength], ['activate', '+*********00', 6])
    const again = await it.act(sent.body._links.resend.href, { continuationToken: sent.body.continuationToken })
    assert.equal(again.body.action, 'activate', again.text)
    const otp = await it.lastCode()
    const activate = (code: string) =>
      it.act(again.body._links.activate.href, { continuationToken: again.body.continuationToken, otp: code })
    assertActionError(await activate(otherThan(otp)), 'invalidGrant', 'invalidOneTimeCode')
    assert.equal((await activate(otp)).body.state, 'continue')
    const held = (await it.authenticators(ada)).filter((one) => one.state === 'confirmed')
    assert.deepEqual(
      held.map((one) => [one.factor, one.target]),
      [['sms', phone]],
    )
  })

  test('a channel the tenant has switched off is said as such', async () => {
    const it = await openPreviewWorld({ tenant: { ...always.tenant, factors: ['password', 'email'] } })
    await it.addUser('ada')
    const begun = await it.password('ada')
    const { continuationToken } = begun.body
    const tried = await it.act('/demo/api/native/methods/phone/enroll', { continuationToken, phoneNumber: phone })
    assertActionError(tried, 'accessDenied', 'providerBlockedByAdmin')
  })

  test('collectAttributes asks for what is missing, and names what is not valid', async () => {
    const it = await openPreviewWorld({
      tenant: { signUp: { attributes: [{ name: 'postalCode', required: true, pattern: '[0-9]{5}' }] } },
    })
    const begun = await it.start('sign_up', { username: 'new@example.com' })
    const proved = await it.act(begun.body._links.verify.href, {
      continuationToken: begun.body.continuationToken,
      otp: await it.lastCode(),
    })
    const [, postal] = proved.body.attributes
    assert.deepEqual([postal.attributeId, postal.required, postal.regex], ['postalCode', true, '[0-9]{5}'])
    const submit = (attributes: object) =>
      it.act(proved.body._links.submitAttributes.href, {
        continuationToken: proved.body.continuationToken,
        attributes,
      })
    const bad = await submit({ postalCode: 'none', password: passwordOf('new') })
    assertActionError(bad, 'invalidRequest', 'attributeValidationError')
    assert.deepEqual(bad.body.error.innerError.details[0].attributeIds, ['postalCode'])
    assertActionError(await submit({ password: 'short' }), 'invalidRequest', 'passwordTooShort')
    const half = await submit({ postalCode: '12345' })
    assert.deepEqual([half.body.action, half.body.attributes.length], ['collectAttributes', 1])
    assert.equal((await submit({ password: passwordOf('new') })).body.state, 'continue')
  })

  test('update is a PUT, followed by a poll', async () => {
    const it = await openPreviewWorld()
    await it.addUser('ada')
    const begun = await it.start('reset_password', { username: 'ada@example.com' })
    const proved = await it.prove(begun, 'email', async () => ({ otp: await it.lastCode() }))
    const { href } = proved.body._links.update
    const body = { continuationToken: proved.body.continuationToken, newPassword: 'another quite long password' }
    assert.equal((await it.act(href, body)).status, 405)
    const weak = await it.act(href, { ...body, newPassword: 'password1' }, { method: 'PUT' })
    assert.equal(weak.body.error.code, 'invalidRequest')
    const set = await it.act(href, body, { method: 'PUT' })
    assert.equal(set.body.action, 'poll', set.text)
    const polled = await it.act(set.body._links.poll.href, { continuationToken: set.body.continuationToken })
    assert.equal(polled.body.state, 'continue', polled.text)
  })
})

describe('5. the end', () => {
  test('authorize-challenge gives a code without being told the client, and the code gives tokens', async () => {
    const it = await openPreviewWorld()
    const ada = await it.addUser('ada')
    const done = await it.password('ada')
    const given = await it.code(done)
    assert.equal(given.status, 200, given.text)
    assert.equal(given.body.code, given.body.authorization_code)
    const tokens = await it.redeem(given.body.code)
    assert.equal(tokens.status, 200, tokens.text)
    const { access_token, refresh_token, client_info, scope } = tokens.body
    assert.equal(payload(access_token).sub, ada.id)
    assert.deepEqual(payload(access_token).amr, ['pwd'])
    assert.equal(scope, 'openid profile offline_access')
    assert.equal(JSON.parse(Buffer.from(client_info, 'base64url').toString()).uid, ada.id)
    const renewed = await it.post('/oauth2/v2.0/token', { grant_type: 'refresh_token', refresh_token })
    assert.equal(renewed.status, 200, renewed.text)
    const granted = await it.events('login.granted')
    const first = granted.filter((one) => one.outcome !== 'failure' && one.details?.amr !== undefined)
    assert.equal(first.length, 1, 'one login is one login')
    assert.equal((await it.user(ada.id)).loginCount, 1)
  })

  test('a journey that is not at its end is told where it stands', async () => {
    const it = await openPreviewWorld(always)
    await it.enrolAddress(await it.addUser('ada'), 'sms', phone)
    const needs = await it.password('ada')
    const early = await it.authorize({ auth_session: needs.body.continuationToken })
    assert.deepEqual(
      [early.status, early.body.error, early.body.action],
      [403, 'insufficient_authorization', 'challenge'],
    )
    const done = await it.prove(early, 'sms', async () => ({ otp: await it.lastCode() }))
    assert.equal((await it.tokens(done)).status, 200)
  })

  test('policy is asked again when the code is asked for', async () => {
    const it = await openPreviewWorld()
    const ada = await it.addUser('ada')
    const done = await it.password('ada')
    await it.setTenant(always.tenant)
    const late = await it.code(done)
    assert.deepEqual([late.status, late.body.action], [401, 'enroll'], late.text)
    await it.setTenant({ mfa: { mode: 'OFF' } })
    await it.put('users', { ...(await it.user(ada.id)), blocked: true })
    const again = await it.authorize({ client_id: undefined, continuation_token: late.body.continuationToken })
    assert.equal(again.body.code, undefined)
  })
})

describe('6. errors', () => {
  test('of actions are an object with class, text, time, ids and what narrows it', async () => {
    const it = await openPreviewWorld()
    const id = '01890a5d-ac96-774b-bcce-b302099a8057'
    const entry = await it.authorize()
    const body = { continuationToken: entry.body.continuation_token, username: 'nobody@example.com' }
    const reply = await it.act(entry.body.sign_in, body, { headers: { 'client-request-id': id } })
    const { error } = reply.body
    assert.deepEqual(Object.keys(error), ['code', 'message', 'timestamp', 'traceId', 'correlationId', 'innerError'])
    assert.equal(error.correlationId, id)
    assert.equal(reply.headers['x-ms-request-id'], id)
    assert.match(error.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  })

  test('what the client cannot do is web_redirect_required, in the flat form', async () => {
    const it = await openPreviewWorld(always)
    await it.enrolApp(await it.addUser('ada'))
    await it.setTenant({ factors: ['password', 'totp', 'sms'] })
    const fallback = await it.password('ada', { capabilities: undefined })
    assert.equal(fallback.status, 400)
    assert.deepEqual([fallback.body.error, fallback.body.suberror], ['invalid_grant', 'web_redirect_required'])
  })

  test('of the edge are JSON too', async () => {
    const it = await openPreviewWorld()
    const replies: readonly Reply[] = [
      await it.send('POST', '/demo/api/native/signin', {
        headers: { 'content-type': 'application/json' },
        payload: '{',
      }),
      await it.send('POST', '/demo/api/native/signin', { headers: form, payload: 'a=b' }),
      await it.send('POST', authorizePath, { headers: { 'content-type': 'application/json' }, payload: '{}' }),
      await it.send('GET', authorizePath),
      await it.act('/demo/api/native/signin', { continuationToken: 7 }),
      await it.act('/demo/api/native/signin', [] as never),
    ]
    for (const { body, status } of replies) {
      assert.ok(status >= 400 && status < 500)
      assert.equal(body.error.code, 'invalidRequest')
    }
  })

  test('a member in the query is not read, and a token never comes back in an error', async () => {
    const it = await openPreviewWorld()
    const entry = await it.authorize()
    const token = entry.body.continuation_token
    const reply = await it.send('POST', `/demo/api/native/signin?continuationToken=${token}`, {
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify({ username: 'ada@example.com' }),
    })
    assertActionError(reply, 'invalidRequest', 'malformedRequest')
    assert.ok(!reply.text.includes(token))
  })
})

describe('discovery and browsers', () => {
  test('authorization_challenge_endpoint stands in the metadata while the switch is on', async () => {
    const it = await openPreviewWorld()
    const read = async () => (await it.send('GET', '/demo/v2.0/.well-known/openid-configuration')).body
    assert.equal((await read()).authorization_challenge_endpoint, `${home}${authorizePath}`)
    await it.setTenant({ nativePreview: undefined })
    assert.equal('authorization_challenge_endpoint' in (await read()), false)
  })

  test('§8.1: preflights of POST and PUT with any x- header, and errors that can be read', async () => {
    const it = await openPreviewWorld()
    const origin = 'https://app.example'
    for (const [path, method] of [
      [authorizePath, 'POST'],
      ['/demo/api/native/password', 'PUT'],
      ['/demo/api/native/methods/sms/x/verify', 'POST'],
    ] as const) {
      const headers = {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'content-type,x-anything,client-request-id',
      }
      const preflight = await it.send('OPTIONS', path, { headers })
      assert.equal(preflight.status, 204, path)
      assert.equal(preflight.headers['access-control-allow-origin'], origin)
      assert.match(String(preflight.headers['access-control-allow-methods']), new RegExp(method))
      assert.match(String(preflight.headers['access-control-allow-headers']), /x-anything/)
      assert.equal(preflight.headers['access-control-allow-credentials'], undefined)
    }
    const failed = await it.authorize({ client_id: 'nobody' }, { origin })
    assert.equal(failed.headers['access-control-allow-origin'], origin)
    assert.match(String(failed.headers['access-control-expose-headers']), /x-ms-request-id/)
    const foreign = await it.authorize({}, { origin: 'https://evil.example' })
    assert.equal(foreign.headers['access-control-allow-origin'], undefined)
  })
})

describe('extensions', () => {
  test('are offered to clients that have named them only', async () => {
    const it = await openPreviewWorld(always)
    const ada = await it.addUser('ada')
    await it.enrolApp(ada)
    await it.enrolAddress(ada, 'sms', phone)
    assert.deepEqual(typesIn(await it.password('ada', { capabilities: undefined })), ['sms'])
    assert.deepEqual(typesIn(await it.password('ada', { capabilities: 'ext_totp' })).toSorted(), ['ext_totp', 'sms'])
    const all = typesIn(await it.password('ada'))
    assert.deepEqual(all.toSorted(), ['ext_recovery_code', 'ext_totp', 'ext_voice', 'sms'])
  })

  test('keys are offered where they can be used: to our own origin, those the tenant names, and to no page at all', async () => {
    const it = await openPreviewWorld(always)
    await it.addUser('ada')
    await it.setTenant({ keys: { origins: ['https://app.example'] } as never })
    const offered = async (origin?: string) => {
      const headers: Record<string, string> = origin === undefined ? {} : { origin }
      const entry = await it.authorize({ capabilities: 'ext_webauthn' }, headers)
      const act = (href: string, body: object) => it.act(href, body as never, { headers })
      const continuationToken = entry.body.continuation_token
      const begun = await act(entry.body.sign_in, { continuationToken, username: 'ada@example.com' })
      const asked = await act(methodIn(begun, 'password')._links.challenge.href, {
        continuationToken: begun.body.continuationToken,
      })
      const done = await act(asked.body._links.verify.href, {
        continuationToken: asked.body.continuationToken,
        password: passwordOf('ada'),
      })
      return [entry.body.ext_passkey !== undefined, typesIn(done).includes('ext_webauthn')]
    }
    assert.deepEqual(await offered(), [true, true])
    assert.deepEqual(await offered(home), [true, true])
    assert.deepEqual(await offered('https://app.example'), [true, true])
    assert.deepEqual(await offered('https://other.example'), [false, false])
  })

  test('what is owed besides proofs is done in the browser', async () => {
    const it = await openPreviewWorld()
    const ada = await it.addUser('ada')
    await it.put('applications', {
      ...someApplication(clientId, { type: 'spa', authMethod: 'none', secretDigests: [], nativeAuth: true }),
      needsVerifiedEmail: true,
    })
    await it.put('users', { ...(await it.user(ada.id)), emailVerified: false })
    const owed = await it.password('ada')
    assert.equal(owed.body.suberror, 'web_redirect_required', owed.text)
  })
})

test('a challenge of RFC 7636 is optional with `sdk`, and not with `pkce`', async () => {
  const it = await openPreviewWorld()
  await it.addUser('ada')
  const without = { code_challenge: undefined, code_challenge_method: undefined }
  const given = await it.code(await it.password('ada', without))
  assert.equal((await it.redeem(given.body.code, { code_verifier: undefined })).status, 200)
  await it.setTenant({ nativePreview: 'pkce' })
  const refused = await it.authorize()
  assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_request'])
  const with_ = await it.code(await it.password('ada'))
  assert.equal((await it.redeem(with_.body.code, { code_verifier: verifier })).status, 200)
})
