import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startServer, type TestServer } from '../support/server.ts'
import { conformance, emailOf, passwordOf, secretOf, someone } from './support.ts'

/** What an administrator ends at one node is over at the other at its next request (S-128). */

const credentials = { client_id: 'web', client_secret: secretOf('web') }

let one: TestServer
let two: TestServer
before(async () => {
  const config = conformance(
    ['ada', 'bob', 'eve'].map((name) => someone(name)),
    { mfa: { mode: 'OFF' } },
  )
  one = await startServer({ config })
  two = await startServer({ config, beside: one })
})
after(async () => {
  await two.stop({ keep: true })
  await one.stop()
})

/** Signs in at the first node; the refresh token, and whether the second node knows the user by the access token. */
async function signedIn(name: string) {
  const body = { ...credentials, grant_type: 'password', username: emailOf(name), password: passwordOf(name) }
  const got = await one.form('/oauth/token', { ...body, scope: 'openid offline_access' })
  assert.equal(got.status, 200, got.text)
  const authorization = `Bearer ${got.body.access_token}`
  const known = async () => (await two.send('GET', '/userinfo', { headers: { authorization } })).status
  const refresh = async () =>
    await two.form('/oauth/token', {
      ...credentials,
      grant_type: 'refresh_token',
      refresh_token: got.body.refresh_token,
    })
  const { items } = (await one.admin('GET', `/tenants/demo/users?email=${emailOf(name)}`)).body
  return { id: items[0].id as string, known, refresh }
}

const rows: readonly (readonly [
  who: string,
  what: string,
  end: (id: string) => Promise<{ readonly status: number }>,
])[] = [
  ['ada', 'all sessions are ended', (id) => one.admin('DELETE', `/tenants/demo/users/${id}/sessions`)],
  ['bob', 'the user is blocked', (id) => one.admin('PATCH', `/tenants/demo/users/${id}`, { blocked: true })],
  ['eve', 'the account is deleted', (id) => one.admin('DELETE', `/tenants/demo/users/${id}`)],
]
for (const [who, what, end] of rows) {
  test(`S-128: when ${what} at one node, tokens are worth nothing at the other`, async () => {
    const { id, known, refresh } = await signedIn(who)
    assert.equal(await known(), 200)
    assert.ok((await end(id)).status < 300)
    assert.equal(await known(), 401)
    assert.deepEqual([(await refresh()).body.error], ['invalid_grant'])
  })
}
