import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openBrowser, verifier } from '#test/support/browser.ts'
import { assertError, base, clientId, openEntraWorld, otherClientId, payload } from '#test/support/entra.ts'

const redirect_uri = 'https://app.example/'

test('a user whose only factor has no words here signs in on the hosted pages, and the app redeems the code', async () => {
  const it = await openEntraWorld()
  const app = await it.enrolApp(await it.addUser('ada'))
  assert.equal((await it.password('ada')).body.challenge_type, 'redirect')
  const discovery = await it.send('GET', '/demo.onmicrosoft.com/v2.0/.well-known/openid-configuration')
  assert.equal(discovery.body.issuer, `${base}/demo/v2.0`)
  assert.equal(discovery.body.authorization_endpoint, `${base}/authorize`)
  assert.deepEqual((await it.send('GET', '/demo/discovery/v2.0/keys')).body.keys.length > 0, true)

  const page = openBrowser(it)
  const asked = { client_id: clientId, redirect_uri, scope: 'openid profile offline_access', nonce: 'mine' }
  await page.signIn('ada', asked)
  const [totp] = (await page.state()).body.options
  const proved = await page.act('verify', { option: totp.id, proof: app.code() })
  assert.ok(proved.status < 400, proved.text)
  const back = await page.finish()
  const grant = {
    grant_type: 'authorization_code',
    code: back.searchParams.get('code') ?? assert.fail(String(back)),
    code_verifier: verifier,
    redirect_uri,
    client_info: '1',
  }
  assertError(await it.post('/oauth2/v2.0/token', { ...grant, client_id: otherClientId }), 'invalid_grant', 54005)
  assertError(await it.post('/oauth2/v2.0/token', { ...grant, code_verifier: 'w'.repeat(43) }), 'invalid_grant', 54005)
  const done = await it.post('/oauth2/v2.0/token', grant)
  assert.equal(done.status, 200, done.text)
  const said = payload(done.body.id_token)
  assert.deepEqual([said.iss, said.nonce, said.tid], [`${base}/demo/v2.0`, 'mine', 'demo'])
  assert.deepEqual(payload(done.body.access_token).amr, ['pwd', 'otp', 'mfa'])
  const refresh = { grant_type: 'refresh_token', refresh_token: done.body.refresh_token }
  const renewed = await it.post('/oauth2/v2.0/token', refresh)
  assert.equal(renewed.status, 200, renewed.text)
  assertError(await it.post('/oauth2/v2.0/token', grant), 'invalid_grant', 54005)
  const after = { grant_type: 'refresh_token', refresh_token: renewed.body.refresh_token }
  assertError(await it.post('/oauth2/v2.0/token', after), 'invalid_grant', 700082, 'bad_token')
})
