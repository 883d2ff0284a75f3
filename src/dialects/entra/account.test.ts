import assert from 'node:assert/strict'
import { test } from 'node:test'
import { api, base, clientId, openEntraWorld } from '#test/support/entra.ts'

test('user info under the tenant tells what the scopes open, to tokens of this dialect that are for no API', async () => {
  const it = await openEntraWorld()
  const ada = await it.addUser('ada', { phoneNumber: '+15555550100' })
  const { access_token, id_token } = (await it.password('ada', { scope: 'openid email offline_access' })).body
  const ask = (token: string, path = '/demo/oidc/userinfo', method: 'GET' | 'POST' = 'GET') =>
    it.send(method, path, { headers: { authorization: `Bearer ${token}` } })
  for (const method of ['GET', 'POST'] as const) {
    const reply = await ask(access_token, '/api/Demo.onmicrosoft.com/oidc/userinfo', method)
    assert.equal(reply.status, 200, reply.text)
    const { sub, oid, tid, email, phone_number } = reply.body
    assert.deepEqual([sub, oid, tid, email, phone_number], [ada.id, ada.id, 'demo', 'ada@example.com', undefined])
  }
  const forApi = (await it.password('ada', { scope: `openid ${api}/read:things` })).body.access_token
  for (const token of [forApi, id_token, 'none', '']) {
    const reply = await ask(token)
    assert.equal(reply.status, 401, reply.text)
    assert.match(String(reply.headers['www-authenticate']), /^Bearer error="invalid_token"/)
  }
  assert.equal((await ask(access_token, '/Other/oidc/userinfo')).status, 401, 'a token of another tenant')
})

test('sign-out under the tenant leads to the one all dialects share, told the client instead of a hint it cannot read', async () => {
  const it = await openEntraWorld()
  await it.addUser('ada')
  const { id_token } = (await it.password('ada')).body
  const leads = async (query: Record<string, string>) => {
    const reply = await it.send('GET', `/demo/oauth2/v2.0/logout?${new URLSearchParams(query)}`)
    assert.equal(reply.status, 302)
    const to = new URL(String(reply.headers.location))
    assert.equal(to.origin + to.pathname, `${base}/oidc/logout`)
    return Object.fromEntries(to.searchParams)
  }
  const back = { post_logout_redirect_uri: 'https://app.example/', state: 'x' }
  assert.deepEqual(await leads({ ...back, id_token_hint: id_token, 'client-request-id': 'y' }), {
    ...back,
    client_id: clientId,
  })
  assert.deepEqual(await leads({ ...back, id_token_hint: 'a.b.c' }), back)
})

test('both are in the discovery document', async () => {
  const it = await openEntraWorld()
  const { body } = await it.send('GET', '/demo/v2.0/.well-known/openid-configuration')
  assert.equal(body.userinfo_endpoint, `${base}/demo/oidc/userinfo`)
  assert.equal(body.end_session_endpoint, `${base}/demo/oauth2/v2.0/logout`)
})
