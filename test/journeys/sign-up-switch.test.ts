import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { type Auth0World, openAuth0World } from '../support/auth0.ts'
import { openBrowser } from '../support/browser.ts'
import { allTypes, assertError, openEntraWorld } from '../support/entra.ts'

/** Whether people may open accounts by themselves: the application's word, else the tenant's, else yes. */

const rows = [
  [undefined, undefined, true],
  [false, undefined, false],
  [true, false, false],
  [false, true, true],
] as const

describe('the switch for sign-ups', () => {
  let at: Auth0World
  beforeEach(async () => {
    at = await openAuth0World({ tenant: { mfa: undefined } })
  })

  const set = async (tenant: boolean | undefined, application: boolean | undefined) => {
    await at.setTenant({ signUp: tenant === undefined ? undefined : { enabled: tenant, attributes: [] } })
    for (const id of ['web', 'spa']) {
      const row = (await at.store.get('applications', at.tenant.id, id)) ?? assert.fail()
      await at.put('applications', { ...row, signUp: application })
    }
  }

  const account = { password: 'a quite long password indeed', connection: 'users', client_id: 'web' }

  test('is obeyed by the pages: no way there, and no account by going there anyway', async () => {
    for (const [tenant, application, allowed] of rows) {
      await set(tenant, application)
      const person = openBrowser(at)
      await person.authorize()
      assert.equal((await person.state()).body.can.signUp, allowed)
      const email = `p${tenant}${application}@example.com`
      const done = await person.act('sign-up', { email, password: account.password })
      assert.deepEqual([done.status, done.body.error], allowed ? [200, undefined] : [403, 'sign-up-off'], done.text)
    }
  })

  test('is obeyed by the directory endpoint, in its own words', async () => {
    for (const [tenant, application, allowed] of rows) {
      await set(tenant, application)
      const email = `d${tenant}${application}@example.com`
      const done = await at.post('/dbconnections/signup', { ...account, email })
      const said = [done.status, done.body.description]
      assert.deepEqual(said, allowed ? [200, undefined] : [400, 'Public signup is disabled'], done.text)
    }
  })

  test('is obeyed by native authentication, in its own words', async () => {
    const it = await openEntraWorld({ tenant: { signUp: { enabled: false, attributes: [] } } })
    const start = { username: 'new@example.com', challenge_type: allTypes }
    assertError(await it.post('/signup/v1.0/start', start), 'unauthorized_client')
  })

  test('is obeyed by codes to new addresses, which look just the same and send nothing (S-102)', async () => {
    await set(false, undefined)
    await at.addUser('ada')
    const start = async (email: string) =>
      await at.post('/passwordless/start', {
        client_id: 'web',
        client_secret: 'web-secret',
        connection: 'email',
        email,
        send: 'code',
      })
    const [known, unknown] = [await start('ada@example.com'), await start('nobody@example.com')]
    assert.deepEqual([known.status, unknown.status], [200, 200], known.text)
    assert.deepEqual(Object.keys(known.body), Object.keys(unknown.body))
    assert.deepEqual(
      (await at.outbox()).map((it) => it.to),
      ['ada@example.com'],
    )
  })
})
