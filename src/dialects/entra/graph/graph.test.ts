import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { base32Decode } from '#crypto/base32.ts'
import { hotp, totpStep } from '#crypto/totp.ts'
import { type AuthenticatorId, asId } from '#model/ids.ts'
import { adminToken, clientId, openEntraWorld, payload, type Reply } from '#test/support/entra.ts'
import { someApplication } from '#test/support/world.ts'

const mobile = '3179e48a-750b-4051-897c-87b9720928f7'
const alternate = 'b6332ec1-7057-4abe-9331-3d72feddfe41'
const emailId = '3ddfcfc8-9383-446f-83cc-3ab9be4be18f'

async function openGraph() {
  const it = await openEntraWorld()
  const ada = await it.addUser('ada')
  const root = `/Demo.onmicrosoft.com/graph/v1.0/users/${ada.id}/authentication`
  const call = async (method: Parameters<typeof it.send>[0], path: string, body?: object): Promise<Reply> =>
    it.send(method, `${root}${path}`, {
      headers: {
        authorization: `Bearer ${adminToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    })
  return { it, ada, call }
}

test('an operator adds, lists, changes and deletes phone and e-mail, under the ids Graph has fixed', async () => {
  const { it, ada, call } = await openGraph()
  const phone = await call('POST', '/phoneMethods', { phoneNumber: '+1 2065555555', phoneType: 'mobile' })
  assert.deepEqual(
    [phone.status, phone.body],
    [201, { id: mobile, phoneNumber: '+1 2065555555', phoneType: 'mobile', smsSignInState: 'notConfigured' }],
  )
  const second = await call('POST', '/phoneMethods', { phoneNumber: '+12065555556', phoneType: 'alternateMobile' })
  assert.equal(second.body.id, alternate)
  assert.equal((await call('POST', '/phoneMethods', { phoneNumber: '+12065555557' })).status, 400)
  const mail = await call('POST', '/emailMethods', { emailAddress: 'ada.two@example.com' })
  assert.deepEqual([mail.status, mail.body], [201, { id: emailId, emailAddress: 'ada.two@example.com' }])
  assert.equal((await call('POST', '/emailMethods', { emailAddress: 'ada.three@example.com' })).status, 400)

  const { value } = (await call('GET', '/methods')).body
  assert.deepEqual(value.map((one: { '@odata.type': string }) => one['@odata.type'].split('.').at(-1)).toSorted(), [
    'emailAuthenticationMethod',
    'passwordAuthenticationMethod',
    'phoneAuthenticationMethod',
    'phoneAuthenticationMethod',
  ])

  const changed = await call('PATCH', `/phoneMethods/${mobile}`, { phoneNumber: '+1 2065555558' })
  assert.deepEqual([changed.status, changed.body.phoneNumber], [200, '+1 2065555558'])
  const moved = await call('PATCH', `/emailMethods/${emailId}`, { emailAddress: 'ada.four@example.com' })
  assert.deepEqual([moved.status, moved.body.emailAddress], [200, 'ada.four@example.com'])
  const targets = (await it.authenticators(ada)).map((one) => one.target).toSorted()
  assert.deepEqual(targets, ['+12065555556', '+12065555558', 'ada.four@example.com'])

  for (const path of [`/phoneMethods/${mobile}`, `/phoneMethods/${alternate}`, `/emailMethods/${emailId}`]) {
    assert.equal((await call('DELETE', path)).status, 204)
    assert.equal((await call('GET', path)).status, 404)
  }
  assert.equal((await it.events('factor.removed')).length, 3)
  assert.ok((await it.outbox()).filter((one) => one.purpose === 'notice').length >= 6, 'the user hears of every change')
})

test('an authenticator app is listed without its secret, and deleted', async () => {
  const { it, ada, call } = await openGraph()
  await it.enrolApp(ada)
  const { value } = (await call('GET', '/softwareOathMethods')).body
  assert.equal(value.length, 1)
  assert.equal(value[0].secretKey, null)
  assert.equal((await call('DELETE', `/softwareOathMethods/${value[0].id}`)).status, 204)
  assert.deepEqual((await call('GET', '/softwareOathMethods')).body, { value: [] })
})

test('an authenticator app an operator has added proves sign-ins; short secrets are refused', async () => {
  const { it, ada, call } = await openGraph()
  const secretKey = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
  const added = await call('POST', '/softwareOathMethods', { secretKey, displayName: 'Old phone' })
  assert.deepEqual([added.status, added.body.secretKey], [201, null], added.text)
  const flow = await it.ticket('ada')
  const code = hotp(base32Decode(secretKey) as Uint8Array, totpStep(it.clock.now()))
  const done = await it.answer(flow, { kind: 'totp' }, code)
  assert.equal(done.no, undefined)
  for (const bad of ['JBSWY3DPEHPK3PXP', 'no base 32!', undefined]) {
    assert.equal((await call('POST', '/softwareOathMethods', { secretKey: bad })).status, 400)
  }
  assert.equal((await it.authenticators(ada)).length, 1)
})

test('a phone an operator has added is asked for at the next sign-in', async () => {
  const { it, call } = await openGraph()
  await call('POST', '/phoneMethods', { phoneNumber: '+1 5555550100', phoneType: 'mobile' })
  const done = await it.mfa(await it.until('mfa_required', 'ada'), 'sms')
  assert.equal(done.status, 200, done.text)
})

test('without the admin token nothing is told, and bad numbers are refused', async () => {
  const { it, ada, call } = await openGraph()
  const path = `/graph/v1.0/users/${ada.id}/authentication/methods`
  for (const authorization of ['', 'Bearer x', `Basic ${adminToken}`, `bearer ${adminToken}x`]) {
    const reply = await it.send('GET', path, { headers: { authorization } })
    assert.deepEqual([reply.status, reply.body.error.code], [401, 'InvalidAuthenticationToken'])
  }
  assert.equal((await it.send('GET', path, { headers: { authorization: `Bearer ${adminToken}` } })).status, 200)
  for (const body of [{ phoneNumber: 'x' }, {}, { phoneNumber: '+12065555555', phoneType: 'fax' }]) {
    const reply = await call('POST', '/phoneMethods', body)
    assert.deepEqual([reply.status, reply.body.error.code], [400, 'badRequest'], reply.text)
  }
  assert.equal((await call('GET', '/fido2Methods/none')).body.error.code, 'itemNotFound')
})

test('a signed-in user reads the own methods, masked, from another origin; nobody else’s, and changes none', async () => {
  const { it, ada, call } = await openGraph()
  await call('POST', '/phoneMethods', { phoneNumber: '+1 5555550100' })
  await it.enrolApp(ada)
  const done = await it.mfa(await it.until('mfa_required', 'ada'), 'sms')
  const path = '/demo/graph/v1.0/me/authentication/methods'
  const read = (token: string) =>
    it.send('GET', path, { headers: { authorization: `Bearer ${token}`, origin: 'https://app.example' } })
  const { status, body, headers } = await read(done.body.access_token)
  assert.equal(status, 200, JSON.stringify(body))
  assert.equal(headers['access-control-allow-origin'], 'https://app.example')
  assert.deepEqual(
    body.value.map((one: Record<string, unknown>) => [String(one['@odata.type']).split('.').at(-1), one.phoneNumber]),
    [
      ['passwordAuthenticationMethod', undefined],
      ['phoneAuthenticationMethod', '+*********00'],
      ['softwareOathAuthenticationMethod', undefined],
    ],
  )
  for (const token of [done.body.id_token, done.body.refresh_token, adminToken, 'x']) {
    assert.equal((await read(token)).status, 401)
  }
  const admin = `/demo/graph/v1.0/users/${ada.id}/authentication/methods`
  const asUser = { headers: { authorization: `Bearer ${done.body.access_token}`, origin: 'https://app.example' } }
  const refused = await it.send('GET', admin, asUser)
  assert.deepEqual([refused.status, refused.headers['access-control-allow-origin']], [401, undefined])
  assert.ok((await it.send('DELETE', `${path}/x`, asUser)).status >= 400)
})

describe('a script with client credentials', () => {
  const graph = 'https://graph.microsoft.com'
  const open = async (...scopes: string[]) => {
    const { it, ada } = await openGraph()
    const api = { tenant: it.tenant.id, id: graph, name: 'Graph', scopes, accessTokenLifetime: 600 }
    await it.put('apis', { ...api, allowOfflineAccess: true })
    const script = someApplication('script', {
      type: 'machine',
      grantTypes: ['client_credentials'],
      clientGrants: [{ audience: graph, scopes }],
    })
    await it.put('applications', script)
    const token = (over: Record<string, string | undefined> = {}) =>
      it.post('/oauth2/v2.0/token', {
        client_id: 'script',
        client_secret: 'script-secret',
        grant_type: 'client_credentials',
        scope: `${graph}/.default`,
        ...over,
      })
    const call = (bearer: string, method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) =>
      it.send(method, `/demo/graph/v1.0/users/ada@example.com/authentication${path}`, {
        headers: { authorization: `Bearer ${bearer}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { payload: JSON.stringify(body) }),
      })
    return { it, ada, script, token, call }
  }

  test('gets a token for Graph and does what its permissions say, until they are taken away', async () => {
    const { it, ada, script, token, call } = await open('UserAuthenticationMethod.ReadWrite.All')
    const got = await token()
    assert.equal(got.status, 200, got.text)
    assert.deepEqual(Object.keys(got.body), ['token_type', 'expires_in', 'ext_expires_in', 'access_token'])
    const { access_token } = got.body
    const claims = payload(access_token)
    assert.deepEqual(
      [claims.aud, claims.roles, claims.tid],
      [graph, ['UserAuthenticationMethod.ReadWrite.All'], 'demo'],
    )
    assert.equal((await call(access_token, 'POST', '/emailMethods', { emailAddress: 'a2@example.com' })).status, 201)
    await it.enrolApp(ada)
    const [app] = (await call(access_token, 'GET', '/softwareOathMethods')).body.value
    assert.equal((await call(access_token, 'DELETE', `/softwareOathMethods/${app.id}`)).status, 204)
    const [event] = await it.events('factor.removed')
    assert.deepEqual([event?.actor, event?.client, event?.user], ['client', 'script', ada.id])
    await it.put('applications', { ...script, clientGrants: [] })
    assert.equal((await call(access_token, 'GET', '/methods')).body.error.code, 'Authorization_RequestDenied')
  })

  test('a security key is listed and deleted, and the user hears of it', async () => {
    const { it, ada, token, call } = await open('UserAuthMethod-Passkey.ReadWrite.All')
    await it.put('authenticators', {
      tenant: it.tenant.id,
      id: asId<AuthenticatorId>('key-of-ada'),
      user: ada.id,
      factor: 'webauthn',
      state: 'confirmed',
      name: 'Blue key',
      failures: 0,
      createdAt: it.clock.now(),
    })
    const { access_token } = (await token()).body
    const { value } = (await call(access_token, 'GET', '/fido2Methods')).body
    const createdDateTime = new Date(it.clock.now()).toISOString()
    assert.deepEqual(value, [{ id: 'key-of-ada', displayName: 'Blue key', createdDateTime }])
    assert.equal((await call(access_token, 'DELETE', '/fido2Methods/key-of-ada')).status, 204)
    assert.deepEqual((await call(access_token, 'GET', '/fido2Methods')).body, { value: [] })
    assert.equal((await it.outbox()).filter((one) => one.purpose === 'notice').length, 1)
    for (const [method, path] of [
      ['GET', '/phoneMethods'],
      ['GET', '/methods'],
      ['DELETE', '/emailMethods/x'],
    ] as const) {
      assert.equal((await call(access_token, method, path)).status, 403, 'a permission for keys is one for keys')
    }
  })

  test('reading is not writing, and no user’s token administrates', async () => {
    const { it, token, call } = await open('UserAuthenticationMethod.Read.All')
    const { access_token } = (await token()).body
    assert.equal((await call(access_token, 'GET', '/methods')).status, 200)
    assert.equal((await call(access_token, 'POST', '/phoneMethods', { phoneNumber: '+12065555555' })).status, 403)
    const scope = `openid ${graph}/UserAuthenticationMethod.Read.All`
    const user = await it.password('ada', { scope })
    assert.equal(payload(user.body.access_token).aud, graph)
    assert.equal((await call(user.body.access_token, 'GET', '/methods')).status, 401)
  })

  test('wrong secrets, scopes that are none, public clients and other APIs get nothing', async () => {
    const { token } = await open('UserAuthenticationMethod.Read.All')
    for (const [over, status, error] of [
      [{ client_secret: 'wrong' }, 401, 'invalid_client'],
      [{ client_secret: undefined }, 401, 'invalid_client'],
      [{ client_id: 'nobody' }, 401, 'invalid_client'],
      [{ scope: undefined }, 400, 'invalid_scope'],
      [{ scope: 'openid' }, 400, 'invalid_scope'],
      [{ scope: `${graph}/UserAuthenticationMethod.Read.All` }, 400, 'invalid_scope'],
      [{ scope: 'https://other.example/.default' }, 400, 'invalid_scope'],
      [{ client_id: clientId, client_secret: undefined }, 400, 'unauthorized_client'],
      [{ client_id: 'web', client_secret: 'web-secret' }, 400, 'unauthorized_client'],
    ] as const) {
      const reply = await token(over)
      assert.deepEqual([reply.status, reply.body.error], [status, error], JSON.stringify(over))
    }
  })
})
