import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exportJWK, exportSPKI, generateKeyPair, importJWK, type JWK, SignJWT, UnsecuredJWT } from 'jose'
import { asId, type TenantId } from '#model/ids.ts'
import { defaultAccessTokenLifetime, userinfoAudience } from './mint.ts'
import { endFamily } from './refresh.ts'
import { apiAudience, application, issuer, tenantId, user, world } from './testing/world.ts'
import { readBearer, type TokenQuestion, verifyAccessToken } from './tokens.ts'

type World = Awaited<ReturnType<typeof world>>
const ask = (w: World, token: string, over: Partial<TokenQuestion> = {}) =>
  verifyAccessToken(w, { tenant: tenantId, token, issuer, audience: apiAudience.id, now: w.clock.now(), ...over })

test('an access token says whose it is, for whom, and what was proved', async () => {
  const w = await world()
  const { answer, minted } = await w.issue()
  const claims = await ask(w, answer.access_token)
  assert.equal(claims?.subject, 'auth0|u1')
  assert.equal(claims?.user, user.id)
  assert.equal(claims?.client, 'web')
  assert.deepEqual(claims?.amr, ['pwd', 'otp', 'mfa'])
  assert.equal(claims?.id, minted.accessTokenId)
  assert.ok((await ask(w, answer.access_token, { audience: userinfoAudience(issuer) }))?.scope.includes('openid'))
})

test('an opaque token is good for user info and nothing else', async () => {
  const w = await world()
  const { answer } = await w.issue({ audience: undefined })
  assert.equal((await ask(w, answer.access_token, { audience: userinfoAudience(issuer) }))?.subject, 'auth0|u1')
  assert.equal(await ask(w, answer.access_token), undefined)
  w.pass(defaultAccessTokenLifetime * 1000)
  assert.equal(await ask(w, answer.access_token, { audience: userinfoAudience(issuer) }), undefined)
})

test('every other kind of token is refused where an access token is wanted (S-42, S-115, AC-62)', async () => {
  const w = await world()
  const { answer } = await w.issue({ application: application('web', { idTokenAlgorithm: 'ES256' }) })
  const keys = await w.keys.snapshot(tenantId, ['ES256', 'RS256'])
  const key = keys.active('ES256')
  const now = Math.floor(w.clock.now() / 1000)
  const good = {
    iss: issuer,
    sub: 'auth0|u1',
    aud: apiAudience.id,
    azp: 'web',
    iat: now,
    exp: now + 60,
    jti: 'x',
    scope: 'a',
  }
  const signer = await importJWK(key.privateJwk as JWK, 'ES256')
  const sign = (payload: Record<string, unknown>, header: Record<string, unknown> = {}) =>
    new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: key.kid, typ: 'JWT', ...header }).sign(signer)
  assert.ok(await ask(w, await sign(good)), 'the token that the others differ from in one thing')

  const stranger = await generateKeyPair('ES256', { extractable: true })
  const strangerJwk = await exportJWK(stranger.publicKey)
  const pem = await exportSPKI((await importJWK(key.publicJwk as JWK, 'ES256', { extractable: true })) as never)
  const byStranger = (header: Record<string, unknown>) =>
    new SignJWT(good).setProtectedHeader({ alg: 'ES256', typ: 'JWT', ...header }).sign(stranger.privateKey)
  const hmac = (secret: string) =>
    new SignJWT(good)
      .setProtectedHeader({ alg: 'HS256', kid: key.kid, typ: 'JWT' })
      .sign(new TextEncoder().encode(secret))

  const bad: Record<string, string> = {
    none: new UnsecuredJWT(good).encode(),
    'HS256 with the public key as PEM': await hmac(pem),
    'HS256 with the public key as JWK': await hmac(JSON.stringify(key.publicJwk)),
    'unknown kid': await byStranger({ kid: 'other' }),
    'kid of ours, key of another': await byStranger({ kid: key.kid }),
    'kid as a path': await byStranger({ kid: '../../dev/null' }),
    'kid named like a member of every object': await byStranger({ kid: '__proto__' }),
    'embedded key': await byStranger({ kid: 'other', jwk: strangerJwk }),
    'embedded key under our kid': await byStranger({ kid: key.kid, jwk: strangerJwk }),
    'address of a key set': await byStranger({ kid: 'other', jku: 'https://evil.example/jwks.json' }),
    'changed typ': await sign(good, { typ: 'dpop+jwt' }),
    'no typ': await sign(good, { typ: undefined }),
    expired: await sign({ ...good, exp: now - 6 }),
    'not yet valid': await sign({ ...good, nbf: now + 60 }),
    'no end': await sign({ ...good, exp: undefined }),
    'other audience': await sign({ ...good, aud: 'https://other.example' }),
    'other issuer': await sign({ ...good, iss: 'https://id.example' }),
    'ID token': answer.id_token ?? '',
    'ID token for a client named like the API': await sign({ ...good, azp: undefined, jti: undefined, nonce: 'n' }),
    'refresh token': answer.refresh_token ?? '',
    'a signature cut short': answer.access_token.slice(0, -4),
    empty: '',
    huge: `${'a'.repeat(9000)}.b.c`,
  }
  for (const [name, token] of Object.entries(bad)) assert.equal(await ask(w, token), undefined, name)
  assert.equal(await ask(w, answer.id_token ?? '', { audience: 'web' }), undefined, 'ID token, its own audience asked')
})

test('a key of another tenant signs nothing here (S-42)', async () => {
  const w = await world()
  const other = asId<TenantId>('other')
  const keys = await w.keys.snapshot(other, ['ES256', 'RS256'])
  const { answer } = await w.issue({ keys })
  assert.equal(await ask(w, answer.access_token), undefined)
})

test('ending a family ends its access tokens at our own endpoints (S-120)', async () => {
  const w = await world()
  const { answer, minted } = await w.issue()
  assert.ok(await ask(w, answer.access_token))
  const family = { grantId: minted.grantId as string }
  await w.store.change({}, () => ({ result: undefined, writes: endFamily({ tenant: tenantId, family }) }))
  assert.equal(await ask(w, answer.access_token), undefined)
})

test('the header is split at its first space, and only two schemes count', () => {
  assert.deepEqual(readBearer('Bearer Fe26.2*a*b'), { scheme: 'Bearer', token: 'Fe26.2*a*b' })
  assert.deepEqual(readBearer('dpop x'), { scheme: 'DPoP', token: 'x' })
  for (const header of [undefined, '', 'Bearer', 'Bearer ', 'Basic x', 'x']) assert.equal(readBearer(header), undefined)
})
