import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Tenant } from '#model/tenant.ts'
import { StoreConflict, StoreUnavailable } from '#ports/store.ts'
import type { Answer, Exchange, RouteGroup, Trouble } from './route.ts'
import { createServer, type Observation, refusePlainly, type Server, type ServerOptions } from './server.ts'

const tenant = { id: 'demo', name: 'Demo' } as Tenant
const silent = { debug() {}, info() {}, warn() {}, error() {} }

function group(parts: Partial<RouteGroup>): RouteGroup {
  return { name: 'test', routes: [], refuse: refusePlainly, ...parts }
}

const echo = async (it: Exchange): Promise<Answer> => ({
  status: 200,
  body: { params: it.params, query: it.query, body: it.body ?? null, kind: it.bodyKind, repeated: it.repeated },
})

async function serverOf(groups: readonly RouteGroup[], parts: Partial<ServerOptions> = {}): Promise<Server> {
  return createServer({
    groups,
    resolveTenant: async () => tenant,
    baseOf: () => 'https://id.example',
    originAllowed: async (_tenant, origin) => origin === 'https://app.example',
    trustedProxies: [],
    log: silent,
    ...parts,
  })
}

const echoing = group({
  routes: [
    { method: 'POST', path: '/echo', handle: echo },
    { method: 'GET', path: '/echo', handle: echo },
    { method: 'POST', path: '/form-only', accepts: ['form'], handle: echo },
    { method: 'DELETE', path: '/things/:id', handle: echo },
  ],
})

const json = { 'content-type': 'application/json' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }

describe('the edge', () => {
  it('hands a handler the parsed form and names repeated parameters', async () => {
    const { app } = await serverOf([echoing])
    const payload = 'a=1&b=x+y%26z&a=2'
    const answer = await app.inject({ method: 'POST', url: '/echo?q=%C3%A4&q=2', headers: form, payload })
    assert.deepEqual(answer.json(), {
      params: {},
      query: { q: 'ä' },
      body: { a: '1', b: 'x y&z' },
      kind: 'form',
      repeated: ['q', 'a'],
    })
  })

  it('takes a vendor JSON type, and an empty JSON body for none', async () => {
    const { app } = await serverOf([echoing])
    const headers = { 'content-type': 'application/merge-patch+json; charset=UTF-8' }
    const full = await app.inject({ method: 'POST', url: '/echo', headers, payload: '{"a":[1,{"b":null}]}' })
    assert.deepEqual(full.json().body, { a: [1, { b: null }] })
    for (const method of ['GET', 'POST'] as const) {
      const empty = await app.inject({ method, url: '/echo', headers: json })
      assert.equal(empty.json().kind, 'none')
    }
    const deleted = await app.inject({
      method: 'DELETE',
      url: '/things/1',
      headers: { ...json, 'content-length': '0' },
    })
    assert.equal(deleted.statusCode, 200)
  })

  it('decodes path parameters exactly once', async () => {
    const { app } = await serverOf([echoing])
    for (const [sent, read] of [
      ['sms%7Cdev_x', 'sms|dev_x'],
      ['sms%257Cdev_x', 'sms%7Cdev_x'],
      ['a%2Fb', 'a/b'],
      ['a%252Fb', 'a%2Fb'],
      ['a+b', 'a+b'],
    ]) {
      const answer = await app.inject({ method: 'DELETE', url: `/things/${sent}` })
      assert.deepEqual(answer.json().params, { id: read })
    }
  })

  it('refuses each kind of trouble with its status', async () => {
    const { app } = await serverOf([echoing])
    const cases: [
      status: number,
      method: 'POST' | 'GET' | 'PUT' | 'TRACE',
      url: string,
      Record<string, string>,
      string?,
    ][] = [
      [404, 'GET', '/nowhere', {}],
      [405, 'PUT', '/echo', json, '{}'],
      [405, 'TRACE', '/echo', {}],
      [415, 'POST', '/form-only', json, '{}'],
      [415, 'POST', '/echo', { 'content-type': 'text/plain' }, 'x'],
      [415, 'POST', '/echo', { 'content-type': 'nonsense' }, 'x'],
      [415, 'POST', '/echo', { 'content-type': 'application/json; charset=utf-16' }, '{}'],
      [415, 'POST', '/echo', { ...json, 'content-encoding': 'gzip' }, '{}'],
      [413, 'POST', '/echo', json, JSON.stringify('x'.repeat(64 * 1024))],
      [414, 'GET', `/echo?${'x'.repeat(8 * 1024)}`, {}],
      [400, 'POST', '/echo', json, '{"a":'],
      [400, 'POST', '/echo', form, 'a=%ff'],
      [400, 'GET', '/echo?a=%00', {}],
      [400, 'GET', '/echo?a[__proto__][x]=1', {}],
      [400, 'GET', '/%ff', {}],
    ]
    for (const [status, method, url, headers, payload] of cases) {
      const answer = await app.inject({ method: method as 'POST', url, headers, payload })
      assert.equal(answer.statusCode, status, `${method} ${url.slice(0, 60)} ${answer.body}`)
      assert.equal(typeof answer.json().error, 'string')
    }
  })

  it('names the allowed methods with a 405', async () => {
    const { app } = await serverOf([echoing])
    const answer = await app.inject({ method: 'PATCH', url: '/echo' })
    assert.equal(answer.headers.allow, 'POST, GET, HEAD')
  })

  it('lets the group that owns the path say no in its own words', async () => {
    const refuse = ({ trouble }: Trouble): Answer => ({ status: 418, body: trouble })
    const own = group({ refuse, routes: [{ method: 'GET', path: '/mine/:id/more', handle: echo }] })
    const { app } = await serverOf([echoing, own])
    assert.equal((await app.inject({ method: 'GET', url: '/mine/unknown' })).statusCode, 418)
    assert.equal((await app.inject({ method: 'POST', url: '/mine/1/more' })).body, 'wrong-method')
    assert.equal((await app.inject({ method: 'GET', url: '/minefield' })).statusCode, 404)
  })

  it('answers HEAD like GET, without the body', async () => {
    const { app } = await serverOf([echoing])
    const get = await app.inject({ method: 'GET', url: '/echo' })
    const head = await app.inject({ method: 'HEAD', url: '/echo' })
    assert.equal(head.statusCode, 200)
    assert.equal(head.headers['content-length'], get.headers['content-length'])
  })

  it('tells a store that is away, or a row too many want, from a bug, and shows neither', async () => {
    const errors: object[] = []
    const log = { ...silent, error: (fields: object) => void errors.push(fields) }
    const failing = group({
      routes: [
        { method: 'GET', path: '/away', handle: async () => Promise.reject(new StoreUnavailable('SELECT secret')) },
        { method: 'GET', path: '/wanted', handle: async () => Promise.reject(new StoreConflict('SELECT secret')) },
        { method: 'GET', path: '/bug', handle: async () => Promise.reject(new TypeError('oops at /srv/x')) },
        { method: 'GET', path: '/cycle', handle: async () => ({ status: 200, body: { big: 1n } }) },
      ],
    })
    const { app } = await serverOf([failing], { log })
    for (const url of ['/away', '/wanted']) {
      const away = await app.inject(url)
      assert.equal(away.statusCode, 503)
      assert.equal(away.headers['retry-after'], '1')
      assert.doesNotMatch(away.body, /SELECT/)
    }
    for (const url of ['/bug', '/cycle']) {
      const bug = await app.inject(url)
      assert.equal(bug.statusCode, 500)
      assert.deepEqual(bug.json(), { error: 'server_error', error_description: 'Something went wrong' })
      assert.equal((errors.at(-1) as { reqId: string }).reqId, bug.headers['x-request-id'])
    }
  })

  it('measures with templates, never with what a client chose', async () => {
    const seen: Observation[] = []
    const { app, running } = await serverOf([echoing], { observe: (it) => void seen.push(it) })
    await app.inject({ method: 'DELETE', url: '/things/secret' })
    await app.inject({ method: 'GET', url: '/secret' })
    const short = seen.map(({ group, route, method, status }) => [group, route, method, status])
    assert.deepEqual(short, [
      ['test', '/things/:id', 'DELETE', 200],
      ['none', 'unknown', 'GET', 404],
    ])
    assert.equal(running(), 0)
  })

  it('gives a tenantless group no tenant', async () => {
    const read = async (it: Exchange): Promise<Answer> => ({ status: 200, body: it.tenant })
    const ops = group({
      tenantless: true,
      routes: [
        { method: 'GET', path: '/ok', handle: async () => ({ status: 204 }) },
        { method: 'GET', path: '/reads', handle: read },
      ],
    })
    const { app } = await serverOf([ops], { resolveTenant: () => Promise.reject(new StoreUnavailable()) })
    assert.equal((await app.inject('/ok')).statusCode, 204)
    assert.equal((await app.inject('/reads')).statusCode, 500)
  })

  it('answers paths a tenant does not have as paths nobody owns, whatever is asked of them', async () => {
    const hidden = group({
      when: ({ id }) => id === 'has-it',
      cors: { origins: 'any', allowHeaders: [], exposeHeaders: [] },
      routes: [{ method: 'POST', path: '/hidden', handle: async () => ({ status: 204 }) }],
    })
    const tenantOf = (id: string) => ({ resolveTenant: async () => ({ id }) as never })
    const on = await serverOf([hidden], tenantOf('has-it'))
    assert.equal((await on.app.inject({ method: 'POST', url: '/hidden' })).statusCode, 204)
    assert.equal((await on.app.inject({ method: 'GET', url: '/hidden' })).statusCode, 405)
    const off = await serverOf([hidden], tenantOf('has-it-not'))
    const nobody = await serverOf([hidden], { resolveTenant: async () => undefined })
    for (const { app } of [off, nobody]) {
      for (const method of ['POST', 'GET', 'OPTIONS', 'PUT'] as const) {
        const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' }
        const shape = async (url: string) => {
          const { statusCode, headers: sent, payload } = await app.inject({ method, url, headers })
          const { date: _, 'x-request-id': __, ...rest } = sent
          return { statusCode, rest, payload }
        }
        assert.deepEqual(await shape('/hidden'), await shape('/never'))
        assert.equal((await shape('/hidden')).statusCode, 404)
      }
    }
  })

  it('asks for the tenant by host without port, and by a forwarded host only from a trusted proxy', async () => {
    const hosts: string[] = []
    const resolveTenant = async (host: string) => void hosts.push(host)
    const { app } = await serverOf([echoing], { resolveTenant, trustedProxies: ['10.0.0.0/8'] })
    const headers = { host: 'ID.example:8443', 'x-forwarded-host': 'evil.example' }
    assert.equal((await app.inject({ url: '/echo', headers, remoteAddress: '192.0.2.1' })).statusCode, 404)
    await app.inject({ url: '/echo', headers, remoteAddress: '10.1.1.1' })
    await app.inject({ url: '/echo', headers: { host: '[::1]:3000' } })
    assert.deepEqual(hosts, ['id.example', 'evil.example', '[::1]'])
  })

  it('hands a raw route the parsed body and a response with the common headers', async () => {
    const raw = group({
      routes: [
        {
          methods: ['POST'],
          path: '/raw',
          raw: async (request, response, exchange) => {
            assert.deepEqual((request as { body?: unknown }).body, exchange.body)
            response.end(JSON.stringify(exchange.body))
          },
        },
      ],
    })
    const { app } = await serverOf([raw])
    const answer = await app.inject({ method: 'POST', url: '/raw', headers: form, payload: 'a=1' })
    assert.deepEqual(answer.json(), { a: '1' })
    assert.equal(answer.headers['x-content-type-options'], 'nosniff')
  })

  it('refuses two routes for one method and path at start', async () => {
    await assert.rejects(serverOf([echoing, echoing]), /claimed twice/)
  })
})

describe('headers of every answer (S-132)', () => {
  const expected = {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-store',
  }
  for (const [what, method, url] of [
    ['success', 'GET', '/echo'],
    ['unknown path', 'GET', '/nowhere'],
    ['broken path', 'GET', '/%zz'],
    ['wrong method', 'PUT', '/echo'],
    ['wrong type', 'POST', '/form-only'],
  ] as const) {
    it(`are the same for ${what}`, async () => {
      const { app } = await serverOf([echoing], { trustedProxies: ['127.0.0.1'] })
      const headers = method === 'GET' ? {} : json
      const plain = await app.inject({ method, url, headers, payload: method === 'POST' ? '{}' : undefined })
      for (const [name, value] of Object.entries(expected)) assert.equal(plain.headers[name], value, name)
      assert.match(String(plain.headers['x-request-id']), /^[0-9a-f-]{36}$/)
      assert.equal(plain.headers['strict-transport-security'], undefined)
      assert.equal(plain.headers['access-control-allow-origin'], undefined)
      assert.equal(plain.headers.server, undefined)
      const secure = await app.inject({ method: 'GET', url, headers: { 'x-forwarded-proto': 'https' } })
      assert.equal(secure.headers['strict-transport-security'], 'max-age=31536000; includeSubDomains')
    })
  }
})

describe('CORS (S-135)', () => {
  const rules = group({
    routes: [
      { method: 'POST', path: '/token', handle: async () => ({ status: 403, body: {} }) },
      { method: 'GET', path: '/keys', handle: echo },
      { method: 'GET', path: '/authorize', handle: echo },
      { method: 'GET', path: '/mirror', handle: echo },
    ],
    cors: (path) => {
      if (path === '/token')
        return { allowHeaders: ['content-type', 'dpop'], exposeHeaders: ['DPoP-Nonce'], origins: 'registered' }
      if (path === '/mirror') return { allowHeaders: '*', exposeHeaders: [], origins: 'registered' }
      return path === '/keys' ? { allowHeaders: [], exposeHeaders: [], origins: 'any' } : undefined
    },
  })

  const table: [path: string, origin: string | undefined, status: number, allowed: string | undefined][] = [
    ['/token', 'https://app.example', 204, 'https://app.example'],
    ['/token', 'https://evil.example', 204, undefined],
    ['/token', 'https://app.example.evil.example', 204, undefined],
    ['/token', 'null', 204, undefined],
    ['/token', undefined, 204, undefined],
    ['/keys', 'https://evil.example', 204, '*'],
    ['/authorize', 'https://app.example', 405, undefined],
    ['/nowhere', 'https://app.example', 404, undefined],
  ]
  for (const [path, origin, status, allowed] of table) {
    it(`answers a preflight of ${path} from ${origin} with ${allowed ?? 'nothing'}`, async () => {
      const { app } = await serverOf([rules], {
        originAllowed: async (_t, o) => o === 'https://app.example' || o === 'null',
      })
      const headers = { ...(origin ? { origin } : {}), 'access-control-request-method': 'POST' }
      const answer = await app.inject({ method: 'OPTIONS', url: path, headers })
      assert.equal(answer.statusCode, status)
      assert.equal(answer.headers['access-control-allow-origin'], allowed)
      assert.equal(answer.headers['access-control-allow-credentials'], undefined)
      if (path === '/token') assert.match(String(answer.headers.vary), /^Origin/)
      if (allowed === undefined) assert.equal(answer.headers['access-control-allow-headers'], undefined)
    })
  }

  it('lists methods and headers of the rule, and lets refusals be read', async () => {
    const { app } = await serverOf([rules])
    const origin = 'https://app.example'
    const before = await app.inject({ method: 'OPTIONS', url: '/token', headers: { origin } })
    assert.equal(before.headers['access-control-allow-methods'], 'POST')
    assert.equal(before.headers['access-control-allow-headers'], 'content-type, dpop')
    for (const payload of ['{}', '{']) {
      const refused = await app.inject({ method: 'POST', url: '/token', headers: { origin, ...json }, payload })
      assert.equal(refused.headers['access-control-allow-origin'], origin)
      assert.equal(refused.headers['access-control-expose-headers'], 'DPoP-Nonce')
      assert.equal(refused.headers.vary, 'Origin')
    }
  })

  it('reflects only what looks like header names', async () => {
    const { app } = await serverOf([rules])
    const headers = { origin: 'https://app.example', 'access-control-request-headers': 'X-One, a b, <script>,dpop' }
    const answer = await app.inject({ method: 'OPTIONS', url: '/mirror', headers })
    assert.equal(answer.headers['access-control-allow-headers'], 'x-one, dpop')
  })
})
