import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { s256 } from '#crypto/digest.ts'
import { readRefresh } from './refresh.ts'
import { base, site } from './testing/site.ts'
import { apiAudience, application, issuer, tenantId, user, world } from './testing/world.ts'

let w: Awaited<ReturnType<typeof world>>
let at: Awaited<ReturnType<typeof site>>
before(async () => {
  w = await world([application('web2')])
  at = await site(w)
})
after(() => at.close())
const web = { client_id: 'web', client_secret: 'web-secret' }
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const alive = async (token: string) =>
  (await readRefresh(w.store, { tenant: tenantId, application: w.web, token, now: w.clock.now() })).yes !== undefined

test('user info answers for both kinds of access token, by GET and POST, header and form', async () => {
  const jwt = (await w.issue()).answer.access_token
  const opaque = (await w.issue({ audience: undefined })).answer.access_token
  const expected = {
    sub: 'auth0|u1',
    name: 'Ada',
    updated_at: new Date(user.updatedAt).toISOString(),
    email: 'ada@example.com',
    email_verified: true,
  }
  for (const token of [jwt, opaque]) {
    assert.deepEqual(await (await at.fetch('/userinfo', bearer(token))).json(), expected)
    assert.deepEqual(await (await at.fetch('/userinfo', { method: 'POST', ...bearer(token) })).json(), expected)
    assert.deepEqual(await (await at.post('/userinfo', { access_token: token })).json(), expected)
  }
})

test('user info refuses everything else with 401 and a challenge', async () => {
  const { answer } = await w.issue()
  const noOpenid = (await w.issue({ scope: ['read:things'] })).answer.access_token
  const good = answer.access_token
  const rows: readonly (readonly [string, string, RequestInit])[] = [
    ['nothing', '/userinfo', {}],
    ['in the query (S-121)', `/userinfo?access_token=${good}`, {}],
    ['ID token', '/userinfo', bearer(answer.id_token ?? '')],
    ['refresh token', '/userinfo', bearer(answer.refresh_token ?? '')],
    ['flow token (S-57)', '/userinfo', bearer('Fe26.2*x*y')],
    ['token for another audience', '/userinfo', bearer(noOpenid)],
    ['unbound token as DPoP', '/userinfo', { headers: { authorization: `DPoP ${good}` } }],
  ]
  for (const [name, path, init] of rows) {
    const refused = await at.fetch(path, init)
    assert.equal(refused.status, 401, name)
    assert.match(refused.headers.get('www-authenticate') ?? '', /^Bearer/, name)
  }
  const opaqueWithout = (await w.issue({ audience: undefined, scope: ['email'] })).answer.access_token
  assert.equal((await at.fetch('/userinfo', bearer(opaqueWithout))).status, 403)
})

test('a token bound to a key is good with a proof of that key and never without', async () => {
  const pair = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(pair.publicKey)
  const token = (await w.issue({ dpopJkt: await calculateJwkThumbprint(jwk) })).answer.access_token
  const proof = (jti: string) =>
    new SignJWT({ jti, iat: Math.floor(w.clock.now() / 1000), htm: 'GET', htu: `${base}/userinfo`, ath: s256(token) })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .sign(pair.privateKey)
  const send = (authorization: string, dpop?: string) =>
    at.fetch('/userinfo', { headers: { authorization, ...(dpop === undefined ? {} : { dpop }) } })
  assert.equal((await send(`Bearer ${token}`)).status, 401)
  assert.equal((await send(`DPoP ${token}`)).status, 401)
  assert.equal((await send(`Bearer ${token}`, await proof('a'))).status, 401)
  assert.equal((await send(`DPoP ${token}`, await proof('b'))).status, 200)
  assert.equal((await send(`DPoP ${token}`, await proof('b'))).status, 401, 'replayed')
})

test('revocation answers 200 with nothing, for form and JSON, known and unknown tokens', async () => {
  const json = { method: 'POST', headers: { 'content-type': 'application/json' } }
  const form = (await w.issue()).answer.refresh_token ?? ''
  const other = (await w.issue()).answer.refresh_token ?? ''
  for (const answer of [
    await at.post('/oauth/revoke', { ...web, token: form, token_type_hint: 'refresh_token' }),
    await at.fetch('/oauth/revoke', { ...json, body: JSON.stringify({ ...web, token: other }) }),
    await at.post('/oauth/revoke', { ...web, token: 'unknown' }),
    await at.post('/oauth/revoke', { ...web, token: 'a.b.c' }),
  ]) {
    assert.equal(answer.status, 200)
    assert.equal(await answer.text(), '')
  }
  assert.equal(await alive(form), false)
  assert.equal(await alive(other), false)
})

test('revoking a refresh token ends its access tokens; a stranger’s token stays (S-120)', async () => {
  const { answer } = await w.issue()
  const stranger = { client_id: 'web2', client_secret: 'web2-secret' }
  const token = answer.refresh_token ?? ''
  assert.equal((await at.post('/oauth/revoke', { ...stranger, token })).status, 200)
  assert.equal(await alive(token), true)
  assert.equal((await at.fetch('/userinfo', bearer(answer.access_token))).status, 200)
  await at.post('/oauth/revoke', { ...web, token })
  assert.equal((await at.fetch('/userinfo', bearer(answer.access_token))).status, 401)
  const opaque = (await w.issue({ audience: undefined })).answer.access_token
  await at.post('/oauth/revoke', { ...web, token: opaque })
  assert.equal((await at.fetch('/userinfo', bearer(opaque))).status, 401)
})

test('revocation refuses who does not say or prove which client it is, and a parameter sent twice (S-121)', async () => {
  const refused = async (params: Record<string, string>) => {
    const answer = await at.post('/oauth/revoke', params)
    return [answer.status, ((await answer.json()) as { error: string }).error]
  }
  assert.deepEqual(await refused({ client_id: 'web', token: 'x' }), [401, 'invalid_client'])
  assert.deepEqual(await refused({ client_id: 'web', client_secret: 'no', token: 'x' }), [401, 'invalid_client'])
  assert.deepEqual(await refused({ token: 'x' }), [400, 'invalid_request'])
  assert.deepEqual(await refused(web), [400, 'invalid_request'])
  const twice = new URLSearchParams({ ...web, token: 'x' })
  twice.append('token', 'y')
  assert.equal((await at.fetch('/oauth/revoke', { method: 'POST', body: twice })).status, 400)
})

test('introspection tells the client a token was made for, and nobody else (S-120)', async () => {
  const { answer } = await w.issue()
  const stranger = { client_id: 'web2', client_secret: 'web2-secret' }
  const ask = async (params: Record<string, string>) =>
    (await (await at.post('/oauth/introspect', params)).json()) as Record<string, unknown>
  const about = await ask({ ...web, token: answer.access_token })
  assert.deepEqual(
    [about.active, about.sub, about.client_id, about.iss, about.acr],
    [true, 'auth0|u1', 'web', issuer, 'urn:polyfactor:aal2'],
  )
  assert.deepEqual(about.aud, [apiAudience.id, `${issuer}userinfo`])
  const refresh = await ask({ ...web, token: answer.refresh_token ?? '' })
  assert.deepEqual([refresh.active, refresh.sub], [true, 'auth0|u1'])
  for (const token of [answer.access_token, answer.refresh_token ?? ''])
    assert.deepEqual(await ask({ ...stranger, token }), { active: false })
  for (const token of ['x', answer.id_token ?? '']) assert.deepEqual(await ask({ ...web, token }), { active: false })
  assert.equal((await at.post('/oauth/introspect', { client_id: 'spa', token: answer.access_token })).status, 401)
})

test('discovery names the issuer with its slash and only what there is, under both names', async () => {
  const document = (await (await at.fetch('/.well-known/openid-configuration')).json()) as Record<string, unknown>
  assert.equal(document.issuer, issuer)
  assert.equal(document.token_endpoint, `${base}/oauth/token`)
  assert.deepEqual(document.code_challenge_methods_supported, ['S256'])
  assert.deepEqual(await (await at.fetch('/.well-known/oauth-authorization-server')).json(), document)
  const own = await at.fetch('/.well-known/jwks.json')
  const { keys } = (await own.json()) as { keys: Record<string, unknown>[] }
  assert.ok(keys.length >= 4 && keys.every((key) => key.use === 'sig' && key.kid && key.alg && !('d' in key)))
})
