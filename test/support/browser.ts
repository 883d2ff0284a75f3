import assert from 'node:assert/strict'
import type { Auth0World, Reply } from './auth0.ts'
import { base } from './auth0.ts'

/** TESTS ONLY: as much of a browser as a sign-in needs: a jar of cookies, same-origin manners, redirects one at a time. */
export interface Browser {
  readonly jar: Map<string, string>
  get(path: string, headers?: Record<string, string>): Promise<Reply>
  /** A page's own POST: right origin and token. */
  post(path: string, body: object, headers?: Record<string, string>): Promise<Reply>
  send(
    method: 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body: object,
    headers?: Record<string, string>,
  ): Promise<Reply>
  /** A form without script. */
  form(path: string, body: Record<string, string>, headers?: Record<string, string>): Promise<Reply>
  /** `GET /authorize` with these parameters; where it leads. */
  authorize(params?: Record<string, string | undefined>): Promise<Reply>
  /** The state of the flow at hand. */
  state(): Promise<Reply>
  act(action: string, body?: object, headers?: Record<string, string>): Promise<Reply>
  /** Password login of a user by name, up to what comes after it. */
  signIn(name: string, params?: Record<string, string | undefined>): Promise<Reply>
  /** Goes to where a finished flow leads; the redirect of the application. */
  finish(): Promise<URL>
  /** Another browser with the same cookies, such as a thief's. */
  copy(): Browser
  /** The uid of the flow at hand. */
  flow: string
  csrf: string
}

export const verifier = 'v'.repeat(43)
/** Its S256. */
const challenge = '7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM'

export function openBrowser(at: Pick<Auth0World, 'send'>, jar = new Map<string, string>()): Browser {
  const cookies = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const keep = (reply: Reply): Reply => {
    for (const line of [reply.headers['set-cookie'] ?? []].flat().map(String)) {
      const [pair = ''] = line.split(';')
      const name = pair.slice(0, pair.indexOf('='))
      const value = pair.slice(name.length + 1)
      const gone = value === '' || /max-age=0|expires=thu, 01 jan 1970/i.test(line)
      if (gone) jar.delete(name)
      else jar.set(name, value)
      assert.ok(name.startsWith('__Host-') && /; secure/i.test(line) && /; httponly/i.test(line), `S-126: ${line}`)
      assert.match(line, /; path=\/(;|$)/i, `S-126: ${line}`)
    }
    return reply
  }
  const headersOf = (more: Record<string, string>) => ({
    host: 'localhost:3443',
    ...(jar.size === 0 ? {} : { cookie: cookies() }),
    ...more,
  })
  const browser: Browser = {
    jar,
    flow: '',
    csrf: '',
    get: async (path, headers = {}) => keep(await at.send('GET', path, { headers: headersOf(headers) })),
    async send(method, path, body, headers = {}) {
      const own = { origin: base, 'sec-fetch-site': 'same-origin', 'x-csrf-token': browser.csrf }
      const sent = headersOf({ 'content-type': 'application/json', ...own, ...headers })
      const reply = keep(await at.send(method, path, { headers: sent, payload: JSON.stringify(body) }))
      return learn(reply)
    },
    async form(path, body, headers = {}) {
      const sent = headersOf({ 'content-type': 'application/x-www-form-urlencoded', ...headers })
      return keep(await at.send('POST', path, { headers: sent, payload: new URLSearchParams(body).toString() }))
    },
    post: (path, body, headers) => browser.send('POST', path, body, headers),
    async authorize(params = {}) {
      const all: Record<string, string | undefined> = {
        client_id: 'spa',
        response_type: 'code',
        redirect_uri: 'http://localhost:5173/callback',
        scope: 'openid profile email offline_access',
        state: 'st=',
        nonce: 'n=',
        code_challenge: challenge,
        code_challenge_method: 'S256',
        ...params,
      }
      const set = Object.entries(all).filter((one): one is [string, string] => one[1] !== undefined)
      const reply = await browser.get(`/authorize?${new URLSearchParams(set)}`)
      const location = String(reply.headers.location ?? '')
      if (location.includes('/u/login/')) {
        browser.flow = location.split('/').pop() ?? ''
        await browser.state()
      }
      return reply
    },
    state: async () => learn(await browser.get(`/u/api/flows/${browser.flow}`)),
    act: (action, body = {}, headers = {}) => browser.post(`/u/api/flows/${browser.flow}/${action}`, body, headers),
    async signIn(name, params) {
      await browser.authorize(params)
      return await browser.act('password', {
        login: `${name}@example.com`,
        password: `the quite long password of ${name}`,
      })
    },
    async finish() {
      const { body } = await browser.state()
      assert.equal(body.step, 'done', JSON.stringify(body))
      const reply = await browser.get(body.location)
      assert.equal(reply.status, 302, reply.text)
      return new URL(String(reply.headers.location))
    },
    copy: () => Object.assign(openBrowser(at, new Map(jar)), { flow: browser.flow, csrf: browser.csrf }),
  }
  function learn(reply: Reply): Reply {
    const csrf = reply.body?.csrf ?? reply.body?.state?.csrf
    if (typeof csrf === 'string') browser.csrf = csrf
    return reply
  }
  return browser
}

/** Redeems the code of a redirect as the public client. */
export async function redeem(
  at: Pick<Auth0World, 'form'>,
  back: URL,
  more: Record<string, string> = {},
): Promise<Reply> {
  const code = back.searchParams.get('code')
  assert.ok(code !== null, back.href)
  return await at.form('/oauth/token', {
    grant_type: 'authorization_code',
    client_id: 'spa',
    code,
    code_verifier: verifier,
    redirect_uri: 'http://localhost:5173/callback',
    ...more,
  })
}
