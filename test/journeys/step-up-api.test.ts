import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { createLocalJWKSet } from 'jose'
import { createApi } from '../../examples/step-up-api/api.ts'
import { type Auth0World, base, openAuth0World } from '../support/auth0.ts'
import { type Browser, openBrowser, redeem } from '../support/browser.ts'
import type { App } from '../support/world.ts'

/** RFC 9470 from end to end: the example API asks for more, and the person gives it. */

const audience = 'https://api.example'
let at: Auth0World
let app: App
let person: Browser
let url: string
let close: () => void
before(async () => {
  at = await openAuth0World({ tenant: { mfa: { mode: 'OFF' } } })
  app = await at.enrolApp(await at.addUser('ada'))
  person = openBrowser(at)
  const keys = createLocalJWKSet((await at.get('/.well-known/jwks.json')).body)
  const api = createApi({ issuer: `${base}/`, audience, keys, now: at.clock.now })
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
  close = () => api.close()
})
after(() => close())

const pay = (token: string) =>
  fetch(`${url}/payments`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })
const accessToken = async (back: URL): Promise<string> => (await redeem(at, back)).body.access_token

/** `acr_values` and `max_age` of a challenge. */
function challenge(answer: Response): Record<string, string> {
  const header = answer.headers.get('www-authenticate') ?? ''
  return Object.fromEntries([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]))
}

test('a password is enough to read, and not to pay; what the API asks for is what the redirect gives', async () => {
  await person.signIn('ada', { audience })
  const weak = await accessToken(await person.finish())
  const read = await fetch(`${url}/balance`, { headers: { authorization: `Bearer ${weak}` } })
  assert.equal(read.status, 200)
  const refused = await pay(weak)
  const asked = challenge(refused)
  assert.deepEqual([refused.status, asked.error], [401, 'insufficient_user_authentication'])
  const { acr_values, max_age } = asked
  await person.authorize({ audience, acr_values, max_age })
  const { options } = (await person.state()).body
  at.clock.advance(31)
  const done = await person.act('verify', { option: options[0].id, proof: app.code() })
  assert.equal(done.body.step, 'done', done.text)
  const strong = await accessToken(await person.finish())
  assert.equal((await pay(strong)).status, 200)

  // Five minutes later the token still lives, and its login is too old.
  at.clock.advance(301)
  const stale = await pay(strong)
  assert.deepEqual([stale.status, challenge(stale).max_age], [401, '300'])
  await person.authorize({ audience, acr_values, max_age })
  assert.equal((await person.state()).body.step, 'password', 'both factors are older than was asked')
})

test('a token of nobody, for somebody else or altered is no token', async () => {
  const none = await fetch(`${url}/balance`)
  assert.deepEqual([none.status, none.headers.get('www-authenticate')], [401, 'Bearer'])
  await person.authorize({ prompt: 'login' })
  const other = await person.act('password', { password: 'the quite long password of ada' })
  assert.equal(other.body.step, 'done', other.text)
  const opaque = await accessToken(await person.finish())
  for (const token of [opaque, 'eyJhbGciOiJub25lIn0.e30.']) {
    assert.equal(challenge(await pay(token)).error, 'invalid_token')
  }
})
