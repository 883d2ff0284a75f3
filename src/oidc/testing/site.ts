import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Exchange, Method, RawRoute, Route } from '#http/route.ts'
import { asId, type UserId } from '#model/ids.ts'
import { handOver } from '../hand-over.ts'
import { createOidc } from '../routes.ts'
import type { Spelling } from '../spelling.ts'
import { apiAudience, tenant, tenantId, type world } from './world.ts'

export const base = 'https://id.example'

/** TESTS ONLY: a dialect that spells like Auth0. */
export const spelling: Spelling = {
  name: 'test',
  issuer: (at) => `${at}/`,
  subject: (user) => `auth0|${user.id}`,
  userOf: (subject) => (subject.startsWith('auth0|') ? asId<UserId>(subject.slice(6)) : undefined),
  dates: 'iso',
  paths: {
    authorize: '/authorize',
    par: '/oauth/par',
    token: '/oauth/token',
    deviceAuthorization: '/oauth/device/code',
    userinfo: '/userinfo',
    jwks: '/.well-known/jwks.json',
    revoke: '/oauth/revoke',
    introspect: '/oauth/introspect',
    endSession: '/oidc/logout',
    interaction: '/u/login',
  },
  findAudience: async (_tenant, _base, audience) =>
    audience === apiAudience.id || audience === 'plain-name'
      ? { ...apiAudience, id: audience, scopes: ['read:things', 'write:things'] }
      : undefined,
  grantTypes: ['password'],
}

type World = Awaited<ReturnType<typeof world>>

/** TESTS ONLY: the routes of the room behind a plain listener, each request with the exchange the real one would make. */
export async function site(w: World) {
  const room = createOidc({ ...w, onFault: (error) => assert.fail(error) })
  const provider = await room.providerFor(tenantId, base, spelling)
  // The library's own token endpoint is mounted nowhere but here, to compare with ours.
  const compared: RawRoute = {
    methods: ['POST'],
    path: '/library/token',
    raw: (request, response, exchange) => {
      request.url = spelling.paths.token
      return handOver(provider, request, response, exchange)
    },
  }
  const routes = [...room.routes(spelling), compared]
  const server = createServer((request, response) => {
    answer(routes, request, response).catch((error: Error) => response.writeHead(599).end(error.stack))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const port = (server.address() as AddressInfo).port
  return {
    room,
    provider,
    fetch: (path: string, init: RequestInit = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', ...init }),
    post: (path: string, params: Record<string, string>, headers: Record<string, string> = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        body: new URLSearchParams(params),
        headers,
        redirect: 'manual',
      }),
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

async function answer(routes: readonly (Route | RawRoute)[], request: IncomingMessage, response: ServerResponse) {
  const url = new URL(request.url ?? '/', base)
  const found = routes.find((route) => {
    const pattern = new RegExp(`^${route.path.replace(/:uid/, '[^/]+')}$`)
    const methods: readonly string[] = 'raw' in route ? route.methods : [route.method]
    return pattern.test(url.pathname) && methods.includes(request.method ?? '')
  })
  if (found === undefined) {
    response.writeHead(404).end()
    return
  }
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const exchange = makeExchange(request, url, Buffer.concat(chunks).toString())
  if ('raw' in found) {
    await found.raw(request, response, exchange)
    return
  }
  const { status, headers, body } = await found.handle(exchange)
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  response
    .writeHead(status, { ...(typeof body === 'object' ? { 'content-type': 'application/json' } : {}), ...headers })
    .end(text)
}

function makeExchange(request: IncomingMessage, url: URL, text: string): Exchange {
  const json = (request.headers['content-type'] ?? '').includes('json')
  const params = new URLSearchParams(text)
  const body = text === '' ? undefined : json ? JSON.parse(text) : Object.fromEntries(params)
  const names = json ? [] : [...params.keys()]
  return {
    method: request.method as Method,
    path: url.pathname,
    params: {},
    query: Object.fromEntries(url.searchParams),
    headers: request.headers as Record<string, string>,
    body,
    bodyText: text,
    bodyKind: text === '' ? 'none' : json ? 'json' : 'form',
    repeated: names.filter((name, at) => names.indexOf(name) !== at),
    address: '192.0.2.1',
    userAgent: '',
    requestId: 'r',
    tenant,
    base,
  }
}
