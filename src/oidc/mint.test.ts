import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { prepare } from './mint.ts'
import { apiAudience, application, issuer, tenantId, user, world } from './testing/world.ts'

test('an answer for an API holds a JWT, an ID token and a refresh token, each as the contract spells it', async () => {
  const w = await world()
  const { answer, minted } = await w.issue({ gty: 'password' })
  assert.equal(answer.token_type, 'Bearer')
  assert.equal(answer.expires_in, 3600)
  assert.equal(answer.scope, 'openid profile email offline_access read:things')
  const jwks = createLocalJWKSet((await w.keys.snapshot(tenantId, [])).jwks as unknown as JSONWebKeySet)
  const currentDate = new Date(w.clock.now())
  const access = await jwtVerify(answer.access_token, jwks, { issuer, audience: apiAudience.id, currentDate })
  const seconds = Math.floor(w.clock.now() / 1000)
  assert.equal(access.protectedHeader.alg, 'ES256')
  assert.equal(access.protectedHeader.typ, 'JWT')
  assert.deepEqual(access.payload, {
    iss: issuer,
    sub: `auth0|${user.id}`,
    aud: [apiAudience.id, `${issuer}userinfo`],
    azp: 'web',
    iat: seconds,
    exp: seconds + 3600,
    scope: answer.scope,
    gty: 'password',
    jti: minted.accessTokenId,
    amr: ['pwd', 'otp', 'mfa'],
    acr: 'urn:polyfactor:aal2',
    auth_time: seconds - 5,
  })
  const id = await jwtVerify(answer.id_token ?? '', jwks, { issuer, audience: 'web', currentDate })
  assert.equal(id.protectedHeader.alg, 'RS256')
  assert.deepEqual(id.payload, {
    name: 'Ada',
    updated_at: 1_700_000_000,
    email: 'ada@example.com',
    email_verified: true,
    iss: issuer,
    sub: `auth0|${user.id}`,
    aud: 'web',
    iat: seconds,
    exp: seconds + 36_000,
    amr: ['pwd', 'otp', 'mfa'],
    acr: 'urn:polyfactor:aal2',
    auth_time: seconds - 5,
  })
  assert.equal(answer.refresh_token?.length, 43)
})

test('what is asked decides what is given', async () => {
  const w = await world()
  const noRefresh = application('plain', { grantTypes: ['password'] })
  const closedApi = { ...apiAudience, allowOfflineAccess: false }
  const rows = [
    ['openid offline', { scope: ['openid', 'offline_access'] }, ['id', 'refresh']],
    ['no openid', { scope: ['offline_access'] }, ['refresh']],
    ['no offline', { scope: ['openid'] }, ['id']],
    ['application may not refresh', { scope: ['offline_access'], application: noRefresh }, []],
    ['API lets nobody stay', { scope: ['offline_access'], audience: closedApi }, []],
    ['machine', { scope: ['read:things'], user: undefined }, []],
  ] as const
  for (const [name, over, expected] of rows) {
    const { answer } = await w.issue(over as never)
    const got = [answer.id_token && 'id', answer.refresh_token && 'refresh'].filter(Boolean)
    assert.deepEqual(got, expected, name)
    assert.equal(answer.scope.includes('offline_access'), expected.includes('refresh' as never), name)
  }
})

test('without an API the access token is opaque, and no stored row holds any bearer value (S-35)', async () => {
  const w = await world()
  const { answer } = await w.issue({ audience: undefined })
  assert.equal(answer.access_token.split('.').length, 1)
  assert.equal(answer.expires_in, 86_400)
  const dump = await w.dump()
  for (const value of [answer.access_token, answer.refresh_token ?? 'absent']) assert.ok(!dump.includes(value))
})

test('aud is one string without openid, and for the audiences of the server itself', async () => {
  const w = await world()
  const plain = await w.issue({ scope: ['read:things'] })
  assert.equal(decodeJwt(plain.answer.access_token).aud, apiAudience.id)
  const fixed = await w.issue({ audience: { ...apiAudience, id: `${issuer}mfa/`, fixed: true } })
  assert.equal(decodeJwt(fixed.answer.access_token).aud, `${issuer}mfa/`)
})

test('no nonce unless one was sent, and further claims replace none of ours', async () => {
  const w = await world()
  const silent = await w.issue()
  assert.equal(decodeJwt(silent.answer.id_token ?? '').nonce, undefined)
  const forged = {
    iss: 'evil',
    sub: 'evil',
    aud: 'evil',
    exp: 1,
    acr: 'phr',
    scope: 'admin',
    azp: 'evil',
    color: 'red',
  }
  const { answer } = await w.issue({ nonce: 'n1', claims: { accessToken: forged, idToken: forged } })
  const id = decodeJwt(answer.id_token ?? '')
  const access = decodeJwt(answer.access_token)
  assert.deepEqual(
    [id.nonce, id.iss, id.sub, id.aud, id.acr, id.color],
    ['n1', issuer, 'auth0|u1', 'web', 'urn:polyfactor:aal2', 'red'],
  )
  assert.deepEqual([access.iss, access.azp, access.acr, access.color], [issuer, 'web', 'urn:polyfactor:aal2', 'red'])
})

test('a DPoP key shows in type and confirmation; the refresh token of a public client is bound to it, others are not', async () => {
  const w = await world()
  const spa = application('spa', { authMethod: 'none' })
  const bound = await w.issue({ dpopJkt: 'thumb', application: spa })
  assert.equal(bound.answer.token_type, 'DPoP')
  assert.deepEqual(decodeJwt(bound.answer.access_token).cnf, { jkt: 'thumb' })
  assert.equal(bound.minted.refresh?.row.payload.jkt, 'thumb')
  const web = await w.issue({ dpopJkt: 'thumb' })
  assert.equal(web.minted.refresh?.row.payload.jkt, undefined)
})

test('the algorithm is the API’s, else the tenant’s; for ID tokens the application’s, else RS256', async () => {
  const w = await world()
  const eddsa = { ...apiAudience, signingAlgorithm: 'EdDSA' as const }
  const { answer } = await w.issue({ audience: eddsa, application: application('web', { idTokenAlgorithm: 'ES256' }) })
  assert.equal(decodeProtectedHeader(answer.access_token).alg, 'EdDSA')
  assert.equal(decodeProtectedHeader(answer.id_token ?? '').alg, 'ES256')
  const rfc9068 = await w.issue({ accessTokenType: 'at+jwt' })
  assert.equal(decodeProtectedHeader(rfc9068.answer.access_token).typ, 'at+jwt')
})

test('laying out tokens writes nothing by itself', async () => {
  const w = await world()
  const before = await w.store.count('artifacts', tenantId)
  const minted = prepare(await w.order())
  assert.equal(minted.writes.length, 2)
  const rings = 2
  assert.equal(await w.store.count('artifacts', tenantId), before + rings)
})

test('signatures made ahead are those of the answer; what fails ahead of time fails when it is wanted, not before', async () => {
  const w = await world()
  const order = await w.order()
  let made = 0
  const counting = {
    ...order.keys,
    active: (algorithm: Parameters<typeof order.keys.active>[0]) => {
      made++
      return order.keys.active(algorithm)
    },
  }
  const minted = prepare({ ...order, keys: counting })
  minted.sign()
  const ahead = made
  assert.ok(ahead > 0)
  const [first, again] = [await minted.respond(), await minted.respond()]
  assert.deepEqual(first, again)
  assert.equal(made, ahead)
  // The key of the access token is looked up when it is laid out, that of the ID token when it is signed.
  let calls = 0
  const later = {
    ...order.keys,
    active: (algorithm: Parameters<typeof order.keys.active>[0]) => {
      if (++calls > 1) throw new Error('no key')
      return order.keys.active(algorithm)
    },
  }
  const failing = prepare({ ...order, keys: later })
  failing.sign()
  await assert.rejects(failing.respond(), /no key/)
})
