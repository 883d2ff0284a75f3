import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { authenticateClient, type ClientClaim } from './clients.ts'
import { application, issuer, tenantId, world } from './testing/world.ts'

const audiences = [issuer, `${issuer}oauth/token`]
const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`

async function ask(w: Awaited<ReturnType<typeof world>>, claim: Partial<ClientClaim>) {
  const outcome = await authenticateClient(w.store, {
    tenant: tenantId,
    params: {},
    audiences,
    now: w.clock.now(),
    ...claim,
  })
  return (outcome.no ?? `yes ${outcome.yes.id}`) as string
}

test('each client is let in by its own way and refused by every other', async () => {
  const w = await world()
  const rows: readonly (readonly [string, Partial<ClientClaim>, string])[] = [
    ['public', { params: { client_id: 'spa' } }, 'yes spa'],
    ['public with empty secret', { params: { client_id: 'spa', client_secret: '' } }, 'yes spa'],
    ['public with a secret', { params: { client_id: 'spa', client_secret: 'x' } }, 'secret-unwanted'],
    ['public by basic without secret', { params: {}, authorization: basic('spa', '') }, 'yes spa'],
    ['secret in the body', { params: { client_id: 'web', client_secret: 'web-secret' } }, 'yes web'],
    ['secret by basic', { authorization: basic('web', 'web-secret') }, 'yes web'],
    ['form-encoded basic', { authorization: basic('we%62', 'web%2Dsecret') }, 'yes web'],
    ['wrong secret', { params: { client_id: 'web', client_secret: 'web-secreT' } }, 'wrong-secret'],
    ['no secret', { params: { client_id: 'web' } }, 'secret-missing'],
    [
      'secret as an object',
      { params: { client_id: 'web', client_secret: { toString: 'web-secret' } } },
      'secret-missing',
    ],
    ['unknown', { params: { client_id: 'who', client_secret: 'web-secret' } }, 'unknown-client'],
    [
      'two methods',
      { params: { client_id: 'web', client_secret: 'web-secret' }, authorization: basic('web', 'web-secret') },
      'two-methods',
    ],
    [
      'another id in the body',
      { params: { client_id: 'spa' }, authorization: basic('web', 'web-secret') },
      'malformed',
    ],
    ['basic that is not base64', { authorization: 'Basic ***' }, 'malformed'],
    ['basic without colon', { authorization: `Basic ${Buffer.from('web').toString('base64')}` }, 'malformed'],
    ['basic with broken percent', { authorization: basic('web', '%E0%A4%A') }, 'malformed'],
    ['nothing', {}, 'missing'],
    ['bearer is no client authentication', { params: { client_id: 'spa' }, authorization: 'Bearer x' }, 'yes spa'],
    [
      'bearer does not replace the secret',
      { params: { client_id: 'web' }, authorization: 'Bearer x' },
      'secret-missing',
    ],
  ]
  for (const [name, claim, expected] of rows) assert.equal(await ask(w, claim), expected, name)
})

async function assertionWorld() {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }
  const w = await world([
    application('signer', { authMethod: 'private_key_jwt', secretDigests: [], jwks: { keys: [jwk] } }),
  ])
  const now = () => Math.floor(w.clock.now() / 1000)
  const sign = (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
    new SignJWT({
      iss: 'signer',
      sub: 'signer',
      aud: issuer,
      iat: now(),
      exp: now() + 180,
      jti: `j${Math.random()}`,
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header })
      .sign(privateKey)
  const send = (assertion: string, params: Record<string, unknown> = {}) =>
    ask(w, {
      params: {
        client_assertion: assertion,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        ...params,
      },
    })
  return { w, now, sign, send }
}

test('a signed assertion lets its client in, for issuer and token endpoint, with and without client_id', async () => {
  const { sign, send } = await assertionWorld()
  assert.equal(await send(await sign()), 'yes signer')
  assert.equal(await send(await sign({ aud: `${issuer}oauth/token` }), { client_id: 'signer' }), 'yes signer')
})

test('an assertion is good once, also of many requests at the same time (S-114)', async () => {
  const { sign, send } = await assertionWorld()
  const assertion = await sign({ jti: 'once' })
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => send(assertion)))
  assert.equal(outcomes.filter((one) => one === 'yes signer').length, 1)
  assert.equal(outcomes.filter((one) => one === 'replayed-assertion').length, 19)
  assert.equal(await send(await sign({ jti: 'once' })), 'replayed-assertion')
})

test('an assertion with one thing wrong is refused', async () => {
  const { now, sign, send } = await assertionWorld()
  const wrong: readonly (readonly [string, Record<string, unknown>])[] = [
    ['issuer', { iss: 'web' }],
    ['subject', { sub: 'web', iss: 'signer' }],
    ['audience', { aud: 'https://other.example/' }],
    ['no audience', { aud: undefined }],
    ['expired', { exp: now() - 31 }],
    ['no end', { exp: undefined }],
    ['too long', { exp: now() + 3600 }],
    ['no id', { jti: undefined }],
    ['not yet', { nbf: now() + 300 }],
  ]
  for (const [name, claims] of wrong) {
    assert.equal(await send(await sign(claims), { client_id: 'signer' }), 'bad-assertion', name)
  }
  const stranger = await generateKeyPair('ES256')
  const forged = await new SignJWT({ iss: 'signer', sub: 'signer', aud: issuer, exp: now() + 60, jti: 'f' })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .sign(stranger.privateKey)
  assert.equal(await send(forged), 'bad-assertion')
  const hmac = await new SignJWT({ iss: 'signer', sub: 'signer', aud: issuer, exp: now() + 60, jti: 'h' })
    .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
    .sign(new TextEncoder().encode('signer'))
  assert.equal(await send(hmac), 'bad-assertion')
  assert.equal(await send('not.a.jwt'), 'malformed')
  assert.equal(await send(await sign(), { client_secret: 'x' }), 'two-methods')
  assert.equal(await send(await sign(), { client_assertion_type: 'x' }), 'malformed')
})

test('a client that signs is not let in by name or secret', async () => {
  const { w } = await assertionWorld()
  assert.equal(await ask(w, { params: { client_id: 'signer' } }), 'secret-missing')
  assert.equal(await ask(w, { params: { client_id: 'signer', client_secret: 'x' } }), 'wrong-method')
})
