import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createOidc } from './routes.ts'
import { base, spelling } from './testing/site.ts'
import { application, tenantId, world } from './testing/world.ts'

test('every kind of application the configuration allows is one the library can read', async () => {
  const rows = [
    application('local-spa', {
      type: 'spa',
      authMethod: 'none',
      secretDigests: [],
      redirectUris: ['http://localhost:5173/callback'],
      logoutUris: ['http://localhost:5173'],
    }),
    application('local-web', { redirectUris: ['http://localhost:3001/cb', 'https://b.example/cb'] }),
    application('scheme', {
      type: 'native',
      authMethod: 'none',
      secretDigests: [],
      redirectUris: ['com.example.app:/callback', 'com.example.app://cb/x'],
    }),
    application('loopback', {
      type: 'native',
      authMethod: 'none',
      secretDigests: [],
      redirectUris: ['http://127.0.0.1/callback'],
    }),
    application('machine', { type: 'machine', redirectUris: [], grantTypes: ['client_credentials'] }),
    application('password-only', {
      redirectUris: [],
      grantTypes: ['password', 'http://auth0.com/oauth/grant-type/mfa-otp'],
    }),
    application('no-uris', { redirectUris: [], grantTypes: ['authorization_code', 'refresh_token'] }),
    application('eddsa', { idTokenAlgorithm: 'EdDSA' }),
    application('es256', { idTokenAlgorithm: 'ES256' }),
    application('key', {
      authMethod: 'private_key_jwt',
      secretDigests: [],
      jwks: {
        keys: [
          { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', kid: 'a', alg: 'EdDSA' },
        ],
      },
    }),
  ]
  const w = await world(rows)
  const room = createOidc(w)
  for (const round of ['before the keys', 'with the keys']) {
    const provider = await room.providerFor(tenantId, base, spelling)
    for (const { id } of rows) assert.equal((await provider.Client.find(id))?.clientId, id, `${id} ${round}`)
    await w.keys.snapshot(tenantId, ['RS256', 'ES256', 'EdDSA'])
  }
})
