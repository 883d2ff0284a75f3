import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { allTypes, otherClientId, type Reply } from '#test/support/entra.ts'
import {
  assertActionError,
  authorizePath,
  methodIn,
  openPreviewWorld,
  type PreviewWorld,
  pkce,
} from '#test/support/entra-preview.ts'
import { otherThan, passwordOf } from '#test/support/world.ts'

/** What an attacker would try with the headless API. */

const always = { tenant: { mfa: { mode: 'ALWAYS' } } } as const
const phone = '+15555550100'

/** An answer without what differs from request to request. */
const shapeOf = (reply: Reply): object => ({
  status: reply.status,
  text: reply.text
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id')
    .replace(/[A-Za-z0-9_-]{43}\.[\w.-]+/g, 'token')
    .replace(/\d{4}-\d\d-\d\d[T ][\d:]+Z/g, 'time'),
  headers: Object.fromEntries(
    Object.entries(reply.headers).filter(([name]) => !/request-id|^date$|content-length/.test(name)),
  ),
})

describe('tokens', () => {
  test('a passed step’s token is dead, whichever it was, and the flow goes on with the newest', async () => {
    const it = await openPreviewWorld(always)
    await it.enrolAddress(await it.addUser('ada'), 'sms', phone)
    const entry = await it.authorize(pkce)
    const first = { continuationToken: entry.body.continuation_token, username: 'ada@example.com' }
    const begun = await it.act(entry.body.sign_in, first)
    assertActionError(await it.act(entry.body.sign_in, first), 'invalidRequest', 'invalidContinuationToken')
    const href = methodIn(begun, 'password')._links.challenge.href.replace('challenge', 'verify')
    const second = { continuationToken: begun.body.continuationToken, password: passwordOf('ada') }
    const needs = await it.act(href, second)
    assert.equal(needs.body.action, 'challenge', needs.text)
    assertActionError(await it.act(href, second), 'invalidRequest', 'invalidContinuationToken')
    const done = await it.prove(needs, 'sms', async () => ({ otp: await it.lastCode() }))
    assertActionError(
      await it.act(methodIn(needs, 'sms')._links.challenge.href, { continuationToken: needs.body.continuationToken }),
      'invalidRequest',
      'invalidContinuationToken',
    )
    const given = await it.code(done)
    assert.equal(given.status, 200)
    const replayed = await it.code(done)
    assert.deepEqual([replayed.status, replayed.body.error], [400, 'invalid_request'])
    const drafted = await it.authorize({ auth_session: done.body.continuationToken })
    assert.deepEqual([drafted.status, drafted.body.error], [400, 'invalid_session'])
  })

  test('of requests with one token at one time a single one gets a successor, and a single one the code', async () => {
    const it = await openPreviewWorld()
    await it.addUser('ada')
    const entry = await it.authorize(pkce)
    const body = { continuationToken: entry.body.continuation_token, username: 'ada@example.com' }
    const begun = await Promise.all(Array.from({ length: 8 }, () => it.act(entry.body.sign_in, body)))
    assert.equal(begun.filter((one) => one.status === 200).length, 1)
    const done = await it.password('ada')
    const codes = await Promise.all(Array.from({ length: 8 }, () => it.code(done)))
    assert.equal(codes.filter((one) => one.body.code !== undefined).length, 1)
  })

  test('one of another client is refused, audited with both names, and stays usable', async () => {
    const it = await openPreviewWorld()
    await it.addUser('ada')
    const done = await it.password('ada')
    const stolen = await it.authorize({ client_id: otherClientId, auth_session: done.body.continuationToken })
    assert.deepEqual([stolen.status, stolen.body.error], [400, 'invalid_session'])
    const [event] = (await it.events('proof.checked')).filter((one) => one.reason === 'ticket-of-other-client')
    assert.ok(event !== undefined)
    const begun = await it.start('sign_in', { username: 'ada@example.com' })
    const { continuationToken } = begun.body
    const foreign = await it.act(methodIn(begun, 'password')._links.challenge.href, {
      continuationToken,
      clientId: otherClientId,
    })
    assertActionError(foreign, 'invalidRequest', 'invalidContinuationToken')
    assert.equal((await it.tokens(done)).status, 200)
  })

  test('one that is made up, altered, of the older generation or of another tenant is refused', async () => {
    const it = await openPreviewWorld()
    await it.addUser('ada')
    const begun = await it.start('sign_in', { username: 'ada@example.com' })
    const { href } = methodIn(begun, 'password')._links.challenge
    const token: string = begun.body.continuationToken
    const [id, stage, ...rest] = token.split('.')
    const older = (await it.initiate('ada')).body.continuation_token
    for (const bad of ['x', `${token}x`, [id, Number(stage) + 1, ...rest].join('.'), older]) {
      assertActionError(await it.act(href, { continuationToken: bad }), 'invalidRequest', 'invalidContinuationToken')
    }
    await it.put('tenants', {
      ...((await it.store.get('tenants', 'Other' as never, 'Other')) as never as object),
      nativePreview: 'sdk',
    } as never)
    const abroad = await it.act(href.replace('/demo/', '/other/'), { continuationToken: token })
    assertActionError(abroad, 'invalidRequest', 'invalidContinuationToken')
    const back = await it.post('/oauth2/v2.0/challenge', { continuation_token: token, challenge_type: allTypes })
    assert.deepEqual([back.status, back.body.error_codes], [400, [55200]])
  })

  test('one expires after 600 s, whichever step it is of', async () => {
    const it = await openPreviewWorld()
    await it.addUser('ada')
    const begun = await it.start('sign_in', { username: 'ada@example.com' })
    it.clock.advance(601)
    const { continuationToken } = begun.body
    const late = await it.act(methodIn(begun, 'password')._links.challenge.href, { continuationToken })
    assertActionError(late, 'expiredToken', 'expiredContinuationToken')
    const done = await it.password('ada')
    it.clock.advance(601)
    const over = await it.authorize({ auth_session: done.body.continuationToken })
    assert.equal(over.body.error, 'invalid_session')
  })

  test('an entry’s token leads nowhere but to its three ways', async () => {
    const it = await openPreviewWorld()
    const { body } = await it.authorize(pkce)
    const continuationToken = body.continuation_token
    for (const path of ['methods/password/password/verify', 'methods/phone/enroll', 'attributes', 'password/poll']) {
      const tried = await it.act(`/demo/api/native/${path}`, { continuationToken, password: passwordOf('ada') })
      assertActionError(tried, 'invalidRequest', 'invalidContinuationToken')
    }
    assert.equal((await it.code({ body: { state: 'continue', continuationToken } } as Reply)).status, 400)
  })
})

describe('codes', () => {
  const coded = async (it: PreviewWorld, params?: Record<string, string | undefined>): Promise<string> =>
    (await it.code(await it.password('ada', params))).body.code

  test('S-110: a code is good once, and a second use ends what the first gave', async () => {
    const it = await openPreviewWorld()
    await it.addUser('ada')
    const code = await coded(it)
    const tokens = await it.redeem(code)
    assert.equal(tokens.status, 200)
    const again = await it.redeem(code)
    assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant'])
    const { refresh_token } = tokens.body
    const renewed = await it.post('/oauth2/v2.0/token', { grant_type: 'refresh_token', refresh_token })
    assert.equal(renewed.status, 400)
  })

  test('S-110: of 20 redemptions at one time a single one succeeds', async () => {
    const it = await openPreviewWorld()
    await it.addUser('ada')
    const code = await coded(it)
    const all = await Promise.all(Array.from({ length: 20 }, () => it.redeem(code)))
    assert.equal(all.filter((one) => one.status === 200).length, 1)
  })

  test('a code ends after 60 s, and with the password it was earned by', async () => {
    const it = await openPreviewWorld()
    await it.addUser('ada')
    const old = await coded(it)
    it.clock.advance(61)
    assert.equal((await it.redeem(old)).body.error, 'invalid_grant')
    const begun = await it.start('reset_password', { username: 'ada@example.com' })
    const proved = await it.prove(begun, 'email', async () => ({ otp: await it.lastCode() }))
    const code = await coded(it)
    const done = await it.password('ada')
    it.clock.advance(1)
    const { continuationToken } = proved.body
    const body = { continuationToken, newPassword: 'another quite long password' }
    assert.equal((await it.act(proved.body._links.update.href, body, { method: 'PUT' })).status, 200)
    assert.equal((await it.redeem(code)).body.error, 'invalid_grant')
    assert.equal((await it.code(done)).body.code, undefined, 'and what had not become a code yet')
  })

  test('S-108: a code is bound to client and verifier, and to its own kind of request', async () => {
    const it = await openPreviewWorld()
    await it.addUser('ada')
    const bad = { error: 'invalid_grant', status: 400 }
    const refused = async (code: string, more: Record<string, string | undefined>) => {
      const { status, body } = await it.redeem(code, more)
      assert.deepEqual({ error: body.error, status }, bad, JSON.stringify(more))
    }
    const bound = await coded(it)
    await refused(bound, { client_id: otherClientId })
    await refused(bound, { code_verifier: undefined })
    await refused(bound, { code_verifier: `${'b'.repeat(43)}` })
    await refused(bound, { redirect_uri: 'https://app.example/' })
    assert.equal((await it.redeem(bound)).status, 200, 'none of it has spent the code')
    const free = await coded(it, { code_challenge: undefined, code_challenge_method: undefined })
    await refused(free, {})
    assert.equal((await it.redeem(free, { code_verifier: undefined })).status, 200)
    const plain = await it.authorize({ code_challenge: 'c'.repeat(43), code_challenge_method: 'plain' })
    assert.deepEqual([plain.status, plain.body.error], [400, 'invalid_request'])
    const halved = await it.authorize({ code_challenge: pkce.code_challenge })
    assert.equal(halved.body.error, 'invalid_request')
  })

  test('S-49: scope and API are those of the entry, whatever later requests say', async () => {
    const it = await openPreviewWorld()
    await it.addUser('ada')
    const done = await it.password('ada', { scope: 'openid' })
    const given = await it.authorize({
      continuation_token: done.body.continuationToken,
      scope: 'https://api.example/.default',
    })
    const tokens = await it.redeem(given.body.code, { scope: 'https://api.example/.default' })
    assert.equal(tokens.status, 200, tokens.text)
    assert.doesNotMatch(tokens.body.scope, /api\.example/)
  })
})

describe('the switch', () => {
  const probe = (it: PreviewWorld, path: string) => {
    const origin = { origin: 'https://app.example' }
    const json = { 'content-type': 'application/json' }
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    return Promise.all([
      it.send('POST', path, { headers: { ...form, ...origin }, payload: 'client_id=x' }),
      it.send('POST', path, { headers: json, payload: '{"continuationToken":"x"}' }),
      it.send('POST', path, { headers: json, payload: '{' }),
      it.send('PUT', path, { headers: json, payload: '{}' }),
      it.send('GET', path, { headers: origin }),
      it.send('OPTIONS', path, { headers: { ...origin, 'access-control-request-method': 'POST' } }),
    ])
  }

  test('off, every path is answered as one that never was', async () => {
    const it = await openPreviewWorld()
    // An origin the server has let in before must not be told more than others either.
    await it.authorize({}, { origin: 'https://app.example' })
    await it.setTenant({ nativePreview: undefined })
    const never = (await probe(it, '/demo/never/was/there')).map(shapeOf)
    assert.ok((await probe(it, '/demo/never/was/there')).every((one) => one.status === 404))
    for (const path of [
      authorizePath,
      '/demo/api/native/signin',
      '/demo/api/native/password',
      '/demo/api/native/methods/sms/x/verify',
      '/nobody/oauth2/v2.0/authorize-challenge',
      '/api/demo/oauth2/v2.0/authorize-challenge',
    ]) {
      assert.deepEqual((await probe(it, path)).map(shapeOf), never, path)
    }
  })

  test('turned off, it ends what was begun: tokens and codes', async () => {
    const it = await openPreviewWorld()
    await it.addUser('ada')
    const done = await it.password('ada')
    const given = await it.code(await it.password('ada'))
    await it.setTenant({ nativePreview: undefined })
    assert.equal((await it.authorize({ continuation_token: done.body.continuationToken })).status, 404)
    const late = await it.redeem(given.body.code)
    assert.deepEqual([late.status, late.body.error], [400, 'invalid_grant'])
  })
})

describe('S-102: where the tenant hides who is known', () => {
  const hiding = { tenant: { hideUnknownUsers: true } } as const

  test('a sign-in begins and fails alike for somebody, for nobody, and for who has no way in', async () => {
    const it = await openPreviewWorld(hiding)
    await it.addUser('ada')
    await it.addUser('una', { passwordHash: undefined, email: undefined, username: 'una' } as never)
    const walk = async (username: string) => {
      const begun = await it.start('sign_in', { username })
      const { continuationToken } = begun.body
      const asked = await it.act(methodIn(begun, 'password')._links.challenge.href, { continuationToken })
      const wrong = await it.act(asked.body._links.verify.href, { continuationToken, password: 'not this one at all' })
      assert.equal(wrong.status, 400)
      return [begun, asked, wrong].map(shapeOf)
    }
    const known = await walk('ada@example.com')
    assert.deepEqual(await walk('nobody@example.com'), known)
    assert.deepEqual(await walk('una'), known)
  })

  test('a reset begins alike, sends to its owner only, and no code is right for nobody', async () => {
    const it = await openPreviewWorld(hiding)
    await it.addUser('ada')
    await it.addUser('otto', { passwordHash: undefined })
    const walk = async (name: string) => {
      const begun = await it.start('reset_password', { username: `${name}@example.com` })
      const { continuationToken } = begun.body
      const asked = await it.act(methodIn(begun, 'email')._links.challenge.href, { continuationToken })
      const code = name === 'ada' ? otherThan(await it.lastCode()) : '123456'
      const wrong = await it.act(asked.body._links.verify.href, { continuationToken, otp: code })
      return [begun, asked, wrong].map((one) => JSON.stringify(shapeOf(one)).replaceAll(`${name[0]}***`, 'x***'))
    }
    const known = await walk('ada')
    const sent = (await it.outbox()).length
    assert.deepEqual(await walk('nobody'), known)
    assert.deepEqual(await walk('otto'), known)
    assert.equal((await it.outbox()).length, sent)
  })

  test('a sign-up looks the same until the address is proved', async () => {
    const it = await openPreviewWorld(hiding)
    await it.addUser('ada')
    const begin = async (name: string) =>
      JSON.stringify(shapeOf(await it.start('sign_up', { username: `${name}@example.com` }))).replaceAll(
        `${name[0]}***`,
        'x***',
      )
    assert.equal(await begin('nobody'), await begin('ada'))
  })
})

test('S-17: five wrong codes end a code, and a new one does not bring new attempts', async () => {
  const it = await openPreviewWorld(always)
  await it.enrolAddress(await it.addUser('ada'), 'sms', phone)
  const needs = await it.password('ada')
  const { continuationToken } = needs.body
  const { href } = methodIn(needs, 'sms')._links.challenge
  const asked = await it.act(href, { continuationToken })
  const right = await it.lastCode()
  const verify = (otp: string) => it.act(asked.body._links.verify.href, { continuationToken, otp })
  for (let n = 0; n < 5; n++) assert.equal((await verify(otherThan(right))).status, 400)
  const sixth = await verify(right)
  assert.ok(sixth.status >= 400 && sixth.body.state === undefined, sixth.text)
  const resent = await it.act(href, { continuationToken })
  assertActionError(resent, 'accessDenied', 'tooManyAttempts', 429)
  assert.ok(Number(resent.headers['retry-after']) > 0)
})
