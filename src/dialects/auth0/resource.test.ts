import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { s256 } from '#crypto/digest.ts'
import { base } from '#test/support/auth0.ts'
import { openApis } from './testing/apis.ts'

/** A world with a DPoP-bound token of the My Account API, and proofs by its key. */
async function bound() {
  const it = await openApis({ tenant: { mfa: { mode: 'OFF' } } })
  await it.addUser('ada')
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  let count = 0
  const proof = (htm: string, path: string, ath?: string, key = privateKey) =>
    new SignJWT({
      jti: `proof-${count++}`,
      iat: Math.floor(it.clock.now() / 1000),
      htm,
      htu: `${base}${path}`,
      ...(ath === undefined ? {} : { ath }),
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .sign(key)
  const reply = await it.form(
    '/oauth/token',
    {
      client_id: 'web',
      client_secret: 'web-secret',
      grant_type: 'password',
      username: 'ada@example.com',
      password: 'the quite long password of ada',
      audience: `${base}/me/`,
      scope: 'read:me:factors',
    },
    { dpop: await proof('POST', '/oauth/token') },
  )
  assert.equal(reply.body.token_type, 'DPoP', reply.text)
  const token = reply.body.access_token as string
  return { it, token, proof, ath: s256(token) }
}

const path = '/me/v1/factors'

test('a bound token is good with a fresh proof by its key, and with nothing less (S-117)', async () => {
  const { it, token, proof, ath } = await bound()
  const get = (headers: Record<string, string>) => it.get(path, headers)
  const authorization = `DPoP ${token}`
  const good = await proof('GET', path, ath)
  assert.equal((await get({ authorization, dpop: good })).status, 200)
  const refused = [
    ['the same proof again', { authorization, dpop: good }],
    ['no proof', { authorization }],
    ['no proof, as a plain bearer', { authorization: `Bearer ${token}` }],
    ['a proof for another method', { authorization, dpop: await proof('POST', path, ath) }],
    ['a proof for another path', { authorization, dpop: await proof('GET', '/me/v1/other', ath) }],
    ['a proof for another token', { authorization, dpop: await proof('GET', path, s256('other')) }],
    ['a proof without a token', { authorization, dpop: await proof('GET', path) }],
  ] as const
  for (const [why, headers] of refused) {
    const reply = await get(headers)
    assert.equal(reply.status, 401, why)
    assert.equal(reply.headers['www-authenticate'], 'DPoP error="invalid_dpop_proof"', why)
  }
})

test('a bound token with a proof by another key is refused', async () => {
  const { it, token, ath } = await bound()
  const other = await bound()
  const dpop = await other.proof('GET', path, ath)
  assert.equal((await it.get(path, { authorization: `DPoP ${token}`, dpop })).status, 401)
})
