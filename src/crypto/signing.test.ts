import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  calculateJwkThumbprint,
  compactVerify,
  createLocalJWKSet,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  importJWK,
  jwtVerify,
  SignJWT,
} from 'jose'
import {
  generateSigningKey,
  importSigningKey,
  type PrivateJwk,
  type SigningAlgorithm,
  signingAlgorithms,
  signJwt,
  signJwtAsync,
} from './signing.ts'

const claims = { iss: 'https://issuer.example/', sub: 'user|1', aud: 'api', iat: 1, note: 'ü 😀 <>' }
const keys = new Map(
  await Promise.all(signingAlgorithms.map(async (alg) => [alg, await generateSigningKey(alg)] as const)),
)
const keyOf = (alg: SigningAlgorithm) => {
  const key = keys.get(alg)
  assert.ok(key)
  return key
}

for (const alg of signingAlgorithms) {
  test(`jose verifies our ${alg} tokens through the published key set, signed in either way`, async () => {
    const generated = keyOf(alg)
    const key = importSigningKey(generated.privateJwk)
    const jwks = createLocalJWKSet({ keys: [{ ...generated.publicJwk }] })
    for (const token of [signJwt(key, { typ: 'at+jwt' }, claims), await signJwtAsync(key, { typ: 'at+jwt' }, claims)]) {
      const { payload, protectedHeader } = await jwtVerify(token, jwks, { typ: 'at+jwt', audience: 'api' })
      assert.deepEqual(payload, claims)
      assert.deepEqual(protectedHeader, { typ: 'at+jwt', alg, kid: generated.kid })
      const tampered = token.replace(/\.[^.]+\./, `.${Buffer.from('{"sub":"other"}').toString('base64url')}.`)
      await assert.rejects(jwtVerify(tampered, jwks), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' })
    }
  })

  test(`our private ${alg} key signs in jose's hands, and jose's key in ours`, async () => {
    const ours = keyOf(alg)
    const theirToken = await new SignJWT(claims)
      .setProtectedHeader({ alg, kid: ours.kid })
      .sign(await importJWK({ ...ours.privateJwk }, alg))
    await jwtVerify(theirToken, createLocalJWKSet({ keys: [{ ...ours.publicJwk }] }))

    const options = alg === 'EdDSA' ? { crv: 'Ed25519', extractable: true } : { extractable: true }
    const pair = await generateKeyPair(alg, options)
    const imported = importSigningKey({ ...(await exportJWK(pair.privateKey)), alg })
    await compactVerify(signJwt(imported, {}, claims), pair.publicKey)
    assert.equal(imported.kid, await calculateJwkThumbprint(await exportJWK(pair.publicKey)))
  })

  test(`S-43: the public ${alg} key holds public members only, and its id is the RFC 7638 thumbprint`, async () => {
    const { publicJwk, privateJwk, kid } = keyOf(alg)
    const allowed = new Set(['kty', 'kid', 'alg', 'use', 'crv', 'x', 'y', 'n', 'e'])
    assert.deepEqual(
      Object.keys(publicJwk).filter((name) => !allowed.has(name)),
      [],
    )
    assert.deepEqual(importSigningKey(privateJwk).publicJwk, publicJwk)
    assert.equal(kid, await calculateJwkThumbprint({ ...publicJwk }))
  })
}

test('S-42: a header cannot choose another algorithm or key id', () => {
  const key = importSigningKey(keyOf('ES256').privateJwk)
  const header = decodeProtectedHeader(signJwt(key, { alg: 'none', kid: 'other', typ: 'JWT' }, claims))
  assert.deepEqual(header, { alg: 'ES256', kid: key.kid, typ: 'JWT' })
})

test('a stored key id is kept', () => {
  const key = importSigningKey({ ...keyOf('ES256').privateJwk, kid: 'kept' })
  assert.equal(key.kid, 'kept')
  assert.equal(key.publicJwk.kid, 'kept')
})

test('S-42: a key of another kind, without alg, too short or unreadable is refused without being shown', async () => {
  const es256 = keyOf('ES256').privateJwk
  const short = await shortRsa()
  for (const [jwk, message] of [
    [{ ...es256, alg: 'RS256' }, /not of the kind RS256 needs/],
    [{ ...es256, alg: 'HS256' }, /needs alg RS256, ES256, EdDSA/],
    [{ ...es256, alg: undefined }, /needs alg/],
    [{ ...es256, d: 'AA' }, /cannot be read/],
    [keyOf('ES256').publicJwk, /cannot be read/],
    [short, /2048 bits, this one has 1024/],
  ] as const) {
    assert.throws(
      () => importSigningKey(jwk as PrivateJwk),
      (error) => error instanceof Error && message.test(error.message) && !error.message.includes(es256.d),
    )
  }
})

/** An RSA key of 1024 bits, which jose would not make. */
async function shortRsa(): Promise<Record<string, unknown>> {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 1024,
    publicExponent: new Uint8Array([1, 0, 1]),
  }
  const pair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  return { ...(await crypto.subtle.exportKey('jwk', pair.privateKey)), alg: 'RS256' }
}
