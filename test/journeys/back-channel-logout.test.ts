import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeEach, describe, type TestContext, test } from 'node:test'
import { createLocalJWKSet, decodeJwt, type JWTPayload, jwtVerify } from 'jose'
import { createDispatcher } from '#delivery/dispatcher.ts'
import { removeUser } from '#engine/accounts/remove.ts'
import { endAccess, setPassword } from '#engine/accounts/set-password.ts'
import { updateUser } from '#engine/accounts/update.ts'
import { systemAudit } from '#engine/events.ts'
import type { User } from '#model/user.ts'
import { logoutDelivery } from '#oidc/back-channel.ts'
import { type Auth0World, base, openAuth0World } from '../support/auth0.ts'
import { type Browser, openBrowser, redeem } from '../support/browser.ts'

/** OpenID Connect Back-Channel Logout 1.0, with an application that listens on this machine. */

const log = { debug() {}, info() {}, warn() {}, error() {} }

let at: Auth0World
let ada: User
let person: Browser
beforeEach(async () => {
  at = await openAuth0World({ tenant: { mfa: undefined } })
  ada = await at.addUser('ada', { email: 'ada@example.com', emailVerified: true })
  person = openBrowser(at)
})

/** The application `spa`, listening; `answers` are its status codes in their order, 204 after them. */
async function listen(t: TestContext, ...answers: number[]) {
  const told: string[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    told.push(new URLSearchParams(body).get('logout_token') ?? '')
    response.writeHead(answers.shift() ?? 204).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const backchannelLogoutUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/bye`
  const spa = (await at.store.get('applications', at.tenant.id, 'spa')) ?? assert.fail()
  await at.put('applications', { ...spa, backchannelLogoutUri })
  const { store, clock, keys, parts } = at
  const dispatcher = createDispatcher({
    ...{ store, clock, keyring: parts.keyring, log, keepSent: false },
    channels: new Map([['logout' as const, logoutDelivery({ store, keys, clock })]]),
  })
  t.after(() => dispatcher.stop(0))
  return { told, settle: () => dispatcher.settle() }
}

/** Signs in and gives the claims of the ID token. */
async function signIn(browser = person): Promise<JWTPayload> {
  await browser.signIn('ada')
  return decodeJwt((await redeem(at, await browser.finish())).body.id_token)
}

async function verified(token: string | undefined) {
  const keys = createLocalJWKSet((await at.get('/.well-known/jwks.json')).body)
  const currentDate = new Date(at.clock.now())
  return await jwtVerify(token ?? '', keys, { audience: 'spa', issuer: `${base}/`, currentDate })
}

const event = () => systemAudit(at.parts, at.tenant.id, 'admin.change', { user: ada.id })

test('an application is told by a token that names the session it knows, and no other', async (t) => {
  const { told, settle } = await listen(t)
  const id = await signIn()
  const asked = await person.get('/oidc/logout?client_id=spa')
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(asked.text)?.[1] ?? ''
  await person.form('/oidc/logout/confirm', { xsrf, logout: 'yes' })
  await settle()
  assert.equal(told.length, 1)
  const { payload, protectedHeader } = await verified(told[0])
  assert.equal(protectedHeader.typ, 'logout+jwt')
  assert.deepEqual([payload.sub, payload.sid, typeof id.sid], [id.sub, id.sid, 'string'])
  assert.deepEqual(payload.events, { 'http://schemas.openid.net/event/backchannel-logout': {} })
  assert.equal(payload.nonce, undefined)
})

describe('an application is told once', () => {
  const account = (body: object) => person.post('/u/api/account/sign-in', body)
  const rows: readonly (readonly [what: string, ends: () => Promise<unknown>])[] = [
    ['the password is set anew', () => setPassword(at.parts, { ...whom(), hash: 'x', event: event() })],
    ['an administrator blocks the user', () => updateUser(at.parts, at.tenant, ada.id, { blocked: true }, () => [])],
    [
      'an administrator changes the password',
      () => updateUser(at.parts, at.tenant, ada.id, { passwordHash: 'x' }, () => [event()]),
    ],
    ['an administrator ends all sessions', () => endAccess(at.parts, at.tenant.id, ada.id, event())],
    ['the account is deleted', () => removeUser(at.parts, at.tenant.id, ada.id, event())],
    [
      'its owner ends it from another browser',
      async () => {
        const other = openBrowser(at)
        const begun = await other.post('/u/api/account/sign-in', { fresh: true })
        other.flow = begun.body.location.split('/').pop()
        await other.state()
        await other.act('password', { login: 'ada@example.com', password: 'the quite long password of ada' })
        await other.get((await other.state()).body.location)
        other.csrf = (await other.get('/u/api/account')).body.csrf
        assert.equal((await other.post('/u/api/account/sessions/end-others', {})).status, 204)
      },
    ],
    [
      'its owner signs out in the portal',
      async () => {
        const begun = await account({ fresh: true })
        person.flow = begun.body.location.split('/').pop()
        const { step } = (await person.state()).body
        if (step === 'password') await person.act('password', { password: 'the quite long password of ada' })
        await person.get((await person.state()).body.location)
        person.csrf = (await person.get('/u/api/account')).body.csrf
        assert.equal((await person.post('/u/api/account/sign-out', {})).status, 204)
      },
    ],
  ]
  const whom = () => ({ tenant: at.tenant, user: ada.id })
  for (const [what, ends] of rows) {
    test(`when ${what}`, async (t) => {
      const { told, settle } = await listen(t)
      const id = await signIn()
      await settle()
      assert.deepEqual(told, [], 'nothing has ended yet')
      await ends()
      await settle()
      assert.equal(told.length, 1)
      assert.equal((await verified(told[0])).payload.sid, id.sid)
    })
  }
})

test('it is told again after a fault, with a token of the same id, and given up after three', async (t) => {
  const { told, settle } = await listen(t, 500, 503, 500)
  await signIn()
  await endAccess(at.parts, at.tenant.id, ada.id)
  await settle()
  assert.equal(told.length, 1)
  for (const [seconds, times] of [
    [2, 2],
    [8, 3],
    [600, 3],
  ] as const) {
    at.clock.advance(seconds)
    await settle()
    assert.equal(told.length, times)
  }
  const ids = told.map((it) => decodeJwt(it).jti)
  assert.equal(new Set(ids).size, 1)
  assert.notEqual(decodeJwt(told[0] ?? '').iat, decodeJwt(told[1] ?? '').iat, 'a token lives two minutes')
})

test('what it refuses is not sent again, and an application that never asked to be told is told nothing', async (t) => {
  const before = await signIn()
  assert.equal(typeof before.sid, 'string')
  const { told, settle } = await listen(t, 400)
  await endAccess(at.parts, at.tenant.id, ada.id)
  await settle()
  assert.deepEqual(told, [], 'it was not registered for it when it was given the code')
  await signIn(openBrowser(at))
  await endAccess(at.parts, at.tenant.id, ada.id)
  await settle()
  at.clock.advance(60)
  await settle()
  assert.equal(told.length, 1)
})

test('a message about a session holds nothing readable, and is no message to anybody', async (t) => {
  await listen(t)
  const { sid } = await signIn()
  await endAccess(at.parts, at.tenant.id, ada.id)
  const rows = await at.store.list('messages', at.tenant.id, { limit: 100 })
  const [row] = rows.filter((it) => it.channel === 'logout')
  assert.ok(row && !JSON.stringify(row).includes(String(sid)))
})
