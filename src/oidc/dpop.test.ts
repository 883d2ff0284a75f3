import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { s256 } from '#crypto/digest.ts'
import { type DpopQuestion, proveDpop } from './dpop.ts'
import { tenantId, world } from './testing/world.ts'

const url = 'https://id.example/oauth/token'

async function prover() {
  const w = await world()
  const pair = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(pair.publicKey)
  const now = () => Math.floor(w.clock.now() / 1000)
  let count = 0
  const make = (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
    new SignJWT({ jti: `p${count++}`, iat: now(), htm: 'POST', htu: url, ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header })
      .sign(pair.privateKey)
  const ask = async (proof: string, over: Partial<DpopQuestion> = {}) => {
    const outcome = await proveDpop(w.store, {
      tenant: tenantId,
      proof,
      method: 'POST',
      url,
      now: w.clock.now(),
      ...over,
    })
    return outcome.no ?? outcome.yes.jkt
  }
  return { w, pair, jwk, jkt: await calculateJwkThumbprint(jwk), now, make, ask }
}

test('a proof gives the thumbprint of its key', async () => {
  const { make, ask, jkt } = await prover()
  assert.equal(await ask(await make()), jkt)
  assert.equal(await ask(await make({ htu: `${url}?a=b#c` })), jkt)
  assert.equal(await ask(await make({ htu: 'https://ID.example:443/oauth/token' })), jkt)
})

test('a proof with one thing wrong is refused (S-117)', async () => {
  const { make, ask, now, pair, jwk } = await prover()
  const rows: readonly (readonly [string, Promise<string> | string, string, Partial<DpopQuestion>?])[] = [
    ['method', make({ htm: 'GET' }), 'method'],
    ['path', make({ htu: 'https://id.example/oauth/par' }), 'url'],
    ['host', make({ htu: 'https://evil.example/oauth/token' }), 'url'],
    ['no url', make({ htu: undefined }), 'url'],
    ['old', make({ iat: now() - 61 }), 'stale'],
    ['early', make({ iat: now() + 11 }), 'stale'],
    ['no time', make({ iat: undefined }), 'malformed'],
    ['no id', make({ jti: undefined }), 'malformed'],
    ['typ', make({}, { typ: 'JWT' }), 'malformed'],
    ['no key', make({}, { jwk: undefined }), 'malformed'],
    ['private key shown', make({}, { jwk: { ...jwk, d: (await exportJWK(pair.privateKey)).d } }), 'malformed'],
    ['key of another', make({}, { jwk: await exportJWK((await generateKeyPair('ES256')).publicKey) }), 'malformed'],
    ['another token', make({ ath: s256('other') }), 'token', { accessToken: 'token' }],
    ['no token hash', make(), 'token', { accessToken: 'token' }],
    ['another key than the token names', make({ ath: s256('token') }), 'key', { accessToken: 'token', jkt: 'other' }],
    ['nonce', make(), 'nonce', { nonce: (nonce) => nonce === 'fresh' }],
    ['not a token', 'x', 'malformed'],
    ['two headers joined', `${await make()}, ${await make()}`, 'malformed'],
  ]
  for (const [name, proof, expected, over] of rows) assert.equal(await ask(await proof, over), expected, name)
})

test('with token, key and nonce right it is good', async () => {
  const { make, ask, jkt } = await prover()
  const proof = await make({ ath: s256('token'), nonce: 'fresh' })
  assert.equal(await ask(proof, { accessToken: 'token', jkt, nonce: (nonce) => nonce === 'fresh' }), jkt)
})

test('of 50 uses of one proof at the same time one is good (S-28)', async () => {
  const { make, ask, jkt } = await prover()
  const proof = await make()
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => ask(proof)))
  assert.equal(outcomes.filter((one) => one === jkt).length, 1)
  assert.equal(outcomes.filter((one) => one === 'replayed').length, 49)
})
