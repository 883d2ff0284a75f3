import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { request } from 'node:https'
import { after, before, describe, test } from 'node:test'
import type { Auth0Client } from '@auth0/auth0-spa-js'
import type { Reply } from '../support/auth0.ts'
import { type Browser, openBrowser } from '../support/browser.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { putUpBrowser, type Seen } from './browser-shim.ts'
import { api, callback, conformance, emailOf, passwordOf, someone } from './support.ts'

/**
 * auth0.md §8.7 by the unmodified single-page SDK: it makes the URL and takes the answer, and a person in between is
 * played by the documented API of the pages (docs/hosted-api.md) with a jar of cookies.
 */

const multiFactor = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor'
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
let server: TestServer
let seen: Seen[]
let S: Auth0Client
let person: Browser
let url: URL

before(async () => {
  const users = [someone('ada', { authenticators: [{ factor: 'totp', secret }] })]
  server = await startServer({ config: conformance(users, { mfa: { mode: 'OFF' } }) })
  seen = putUpBrowser('http://localhost:5173')
  const { Auth0Client: Client } = await import('@auth0/auth0-spa-js')
  S = new Client({
    domain: server.domain,
    clientId: 'spa',
    useRefreshTokens: true,
    cacheLocation: 'localstorage',
    authorizationParams: { audience: api, redirect_uri: callback },
  })
  person = openBrowser({ send: overHttps })
})
after(() => server.stop())

/**
 * One request of the person's browser, as its pages would make it on this server's own origin. Not by `fetch`, which
 * says of itself that it is no navigation.
 */
function overHttps(
  method: string,
  path: string,
  more: { headers?: Record<string, string>; payload?: string } = {},
): Promise<Reply> {
  const { host: _host, ...headers } = more.headers ?? {}
  if (headers.origin !== undefined) headers.origin = server.publicUrl
  const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'cross-site' }
  const all = { ...(method === 'GET' && !path.startsWith('/u/api/') ? navigation : {}), ...headers }
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, server.publicUrl), { method, headers: all }, async (answer) => {
      let text = ''
      for await (const chunk of answer) text += chunk
      const json = answer.headers['content-type']?.includes('json') && text !== ''
      resolve({
        status: answer.statusCode ?? 0,
        headers: answer.headers,
        text,
        body: json ? JSON.parse(text) : undefined,
      })
    })
    sent.once('error', reject).end(more.payload)
  })
}

/** The SDK asks to go to a URL; the person goes there. */
async function depart(params: Record<string, string | number> = {}): Promise<Reply> {
  await S.loginWithRedirect({
    authorizationParams: params,
    openUrl: async (to) => {
      url = new URL(to)
    },
  })
  const reply = await person.get(`${url.pathname}${url.search}`)
  const location = String(reply.headers.location ?? '')
  if (location.includes('/u/login/')) {
    person.flow = location.split('/').pop() ?? ''
    await person.state()
  }
  return reply
}

async function comeBack(to: URL) {
  const before = seen.length
  await S.handleRedirectCallback(to.href)
  return seen[before]
}

async function secondFactor(): Promise<void> {
  const { body } = await person.state()
  assert.equal(body.step, 'challenge', JSON.stringify(body))
  const option = body.options.find((it: { traits: { channel: string } }) => it.traits.channel === 'app')
  await server.advance(31)
  const done = await person.act('verify', { option: option.id, proof: await server.totp(secret) })
  assert.equal(done.status, 200, done.text)
}

describe('8.7 SPA login with PKCE redirect and step-up', () => {
  test('8.7.1 the SDK asks for the page with everything §6.3 names', async () => {
    await depart()
    assert.equal(`${url.origin}${url.pathname}`, `${server.publicUrl}/authorize`)
    for (const name of 'client_id scope redirect_uri audience response_type response_mode state nonce'.split(' ')) {
      assert.ok(url.searchParams.get(name), name)
    }
    assert.equal(url.searchParams.get('code_challenge_method'), 'S256')
  })

  test('8.7.2 and 8.7.3 the code comes back and is redeemed, with nonce and what was proved', async () => {
    const done = await person.act('password', { login: emailOf('ada'), password: passwordOf('ada') })
    assert.equal(done.status, 200, done.text)
    const back = await person.finish()
    assert.equal(`${back.origin}${back.pathname}`, callback)
    const call = await comeBack(back)
    assert.deepEqual([...new URLSearchParams(call?.body).keys()].toSorted(), [
      'client_id',
      'code',
      'code_verifier',
      'grant_type',
      'redirect_uri',
    ])
    const claims = await S.getIdTokenClaims()
    assert.equal(claims?.nonce, url.searchParams.get('nonce'))
    assert.deepEqual(claims?.amr, ['pwd'])
  })

  test('8.7.4 the SDK knows who it is', async () => {
    assert.equal((await S.getUser())?.email, emailOf('ada'))
    assert.ok(await S.isAuthenticated())
  })

  test('8.7.5 a step-up by acr_values asks for the second factor in a live session', async () => {
    await depart({ acr_values: multiFactor, max_age: 86_400 })
    await secondFactor()
    await comeBack(await person.finish())
    const claims = await S.getIdTokenClaims()
    assert.ok(claims, 'there are claims')
    assert.ok(claims.amr?.includes('mfa'), JSON.stringify(claims))
    assert.equal(claims.acr, multiFactor)
    assert.equal(typeof claims.auth_time, 'number')
  })

  /** What the SDK's hidden frame is answered: the message its page posts to the application. */
  async function silently(params: Record<string, string> = {}, who = person) {
    const query = { ...Object.fromEntries(url.searchParams), prompt: 'none', response_mode: 'web_message', ...params }
    const reply = await who.get(`/authorize?${new URLSearchParams(query)}`, { 'sec-fetch-dest': 'iframe' })
    // A frame runs the page whatever its status; an error comes with 400 here.
    assert.ok([200, 400].includes(reply.status), reply.text)
    const policy = String(reply.headers['content-security-policy'] ?? '')
    assert.match(policy, /frame-ancestors http:\/\/localhost:5173/)
    assert.equal(reply.headers['x-frame-options'], undefined)
    assert.match(reply.text, /postMessage/)
    // A window that closes as it answers is taken for given up by whoever looks just then.
    const [, script = ''] = /<script>([\s\S]*?)<\/script>/.exec(reply.text) ?? []
    assert.match(script, /setTimeout\(function \(\) \{ win\.close\(\); \}/)
    assert.ok(policy.includes(`'sha256-${hash('sha256', script, 'base64')}'`), policy)
    assert.ok(reply.text.includes('http://localhost:5173'), 'it is told to the application only')
    return reply.text
  }
  const plain = { acr_values: '', max_age: '' }

  test('8.7.6 silent sign-in in a live session posts a code', async () => {
    const text = await silently(plain)
    assert.match(text, /code/)
    assert.doesNotMatch(text, /login_required/)
  })

  test('8.7.7 where a second factor is needed, the words the SDK compares come back', async () => {
    await server.advance(120)
    await server.admin('PATCH', '/tenants/demo', { mfa: { mode: 'TIME_BASED', time_based_seconds: 60 } })
    const text = await silently(plain)
    assert.match(text, /login_required/)
    assert.match(text, /Multifactor authentication required/)
    await server.admin('PATCH', '/tenants/demo', { mfa: { mode: 'OFF' } })
  })

  test('8.7.8 without a session it is Login required', async () => {
    const text = await silently(plain, openBrowser({ send: overHttps }))
    assert.match(text, /login_required/)
    assert.match(text, /Login required/)
  })

  test('8.7.9 logging out leads back to the application and ends the session', async () => {
    let away = ''
    const returnTo = 'http://localhost:5173'
    await S.logout({
      logoutParams: { returnTo },
      openUrl: async (to) => {
        away = to
      },
    })
    const out = new URL(away)
    assert.equal(out.pathname, '/v2/logout')
    const reply = await person.get(`${out.pathname}${out.search}`)
    assert.ok([302, 303].includes(reply.status), `${reply.status} ${reply.text}`)
    assert.equal(new URL(String(reply.headers.location)).origin, returnTo)
    const again = await depart()
    assert.match(String(again.headers.location), /\/u\/login\//)
    assert.equal((await person.state()).body.step, 'identify')
  })
})
