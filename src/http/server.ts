import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { systemRandom } from '#crypto/random.ts'
import type { Tenant } from '#model/tenant.ts'
import type { Log } from '#ports/log.ts'
import { StoreConflict, StoreUnavailable } from '#ports/store.ts'
import type { Tracing } from '#ports/tracing.ts'
import { createAddressReader } from './address.ts'
import { corsHeaders, corsRule, preflightHeaders } from './cors.ts'
import { headerProblem } from './header-check.ts'
import { defaultLimits, type HttpLimits } from './limits.ts'
import { parseForm } from './parse-form.ts'
import { discardBody, hasBody, type ReadBody, readBody } from './read-body.ts'
import type { Answer, Exchange, Method, RawRoute, Route, RouteGroup, Trouble } from './route.ts'
import { createRouteTable, type PathEntry } from './route-table.ts'
import { isPlainText } from './text.ts'
import { commonHeaders, writeAnswer } from './write-answer.ts'

/** One answered request, for metrics: names and templates of ours only, nothing a client chose (S-148). */
export interface Observation {
  readonly group: string
  /** Path template; `unknown` for a path that is no route. */
  readonly route: string
  readonly method: string
  /** 499 when the client went away first. */
  readonly status: number
  readonly seconds: number
}

export interface ServerOptions {
  readonly groups: readonly RouteGroup[]
  /** The tenant that claims the host (lower case, without port) or is named by the path. */
  readonly resolveTenant: (host: string, path: string) => Promise<Tenant | undefined>
  /** Public URL of a tenant, without trailing slash; from configuration, never from the request (S-163). */
  readonly baseOf: (tenant: Tenant) => string
  /** Whether an application of the tenant has registered this origin. */
  readonly originAllowed: (tenant: Tenant, origin: string) => Promise<boolean>
  /** CIDR blocks whose `X-Forwarded-*` is believed. */
  readonly trustedProxies: readonly string[]
  readonly log: Log
  readonly observe?: (observation: Observation) => void
  /** Spans of requests go here; absent: nowhere. */
  readonly tracing?: Tracing
  readonly limits?: Partial<HttpLimits>
  /** false: no HSTS even over https, which on localhost would force https upon every other server of a developer. */
  readonly hsts?: boolean
  readonly requestId?: () => string
}

export interface Server {
  /** Fastify; tests use its `inject` and need no socket. */
  readonly app: FastifyInstance
  /** What a listening server calls for each request; any number of listeners may share it. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void
  readonly limits: HttpLimits
  /** Whether an address is a configured proxy. */
  readonly trusts: (address: string) => boolean
  /** Requests being worked on. */
  readonly running: () => number
  /** From now on every answer closes its connection. */
  readonly stop: () => void
  readonly log: Log
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const

// Tenantless: a path nobody has must not cost a look into the store.
const fallback: RouteGroup = { name: 'none', routes: [], refuse: refusePlainly, tenantless: true }

/**
 * Builds the edge: routes of all groups behind one set of bounds, headers, CORS and refusals.
 *
 * Fastify routes (and injects); what a request then goes through is the one function `serve` below, in the order in
 * which it is written there, for routes of ours, raw routes and refusals alike.
 */
export async function createServer(options: ServerOptions): Promise<Server> {
  const limits = { ...defaultLimits, ...options.limits }
  const table = createRouteTable(options.groups)
  const addresses = createAddressReader(options.trustedProxies)
  const newId = options.requestId ?? systemRandom.id
  const { log, observe } = options
  let running = 0
  let stopping = false

  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    routerOptions: {
      // Longer than any URL that is let in: a long parameter is a matter for its route, not an unknown path.
      maxParamLength: limits.urlBytes,
      // Queries are parsed below, under our bounds; Fastify's own parser must not look at them first.
      querystringParser: () => ({}),
    },
    frameworkErrors: (_error, request, reply) => {
      reply.hijack()
      begin(request, reply.raw, undefined, 'path is not valid')
    },
  })
  const byTemplate = new Map(table.entries.map((entry) => [entry.path, entry]))
  // A hook that takes over before Fastify looks at the body; it never calls `done`, since the answer is ours.
  app.addHook('onRequest', (request, reply) => {
    reply.hijack()
    begin(request, reply.raw, request.is404 ? undefined : byTemplate.get(request.routeOptions.url ?? ''))
  })
  const unreached = () => {
    throw new Error('unreachable: the onRequest hook answers')
  }
  for (const { path } of table.entries) app.route({ method: [...methods], url: path, handler: unreached })
  app.setNotFoundHandler(unreached)
  await app.ready()

  /** Counts, measures and guards one request. */
  function begin(request: FastifyRequest, response: ServerResponse, entry: PathEntry | undefined, badPath?: string) {
    const started = performance.now()
    const path = pathOf(request.raw.url ?? '/')
    const group = entry?.group ?? table.groupOf(path) ?? fallback
    const visit: Visit = {
      raw: request.raw,
      response,
      params: request.params,
      path,
      entry,
      group,
      badPath,
      id: newId(),
    }
    running++
    let over = false
    // A closed connection never finishes, and an injected response never closes.
    const settle = () => {
      if (over) return
      over = true
      running--
      const method = (methods as readonly string[]).includes(request.method) ? request.method : 'other'
      const status = response.writableFinished || response.headersSent ? response.statusCode : 499
      const seconds = (performance.now() - started) / 1_000
      observe?.({ group: group.name, route: entry?.path ?? 'unknown', method, status, seconds })
      log.debug({ reqId: visit.id, method, route: entry?.path, status, ms: Math.round(seconds * 1e3) }, 'request')
    }
    response.once('finish', settle).once('close', settle)
    traced(request.method, visit).catch((error: unknown) => {
      log.error({ reqId: visit.id, err: error }, 'answering failed')
      response.destroy()
    })
  }

  /** Within a span that knows method and route template, and neither path nor query, which carry codes. */
  function traced(sent: string, visit: Visit): Promise<void> {
    const { tracing } = options
    if (tracing === undefined) return serve(visit)
    const method = (methods as readonly string[]).includes(sent) ? sent : 'other'
    const route = visit.entry?.path ?? 'unknown'
    const { traceparent } = visit.raw.headers
    return tracing.span(
      `${method} ${route}`,
      { 'http.request.method': method, 'http.route': route, 'polyfactor.request_id': visit.id },
      async (note, fail) => {
        await serve(visit)
        const status = visit.response.statusCode
        note({ 'http.response.status_code': status })
        if (status >= 500) fail(String(status))
      },
      { kind: 'server', ...(typeof traceparent === 'string' && { traceparent }) },
    )
  }

  async function serve(visit: Visit): Promise<void> {
    const { raw, response, group } = visit
    const from = addresses.read(raw.socket.remoteAddress ?? '', raw.headers as Record<string, string>)
    const secure = from.secure ?? 'encrypted' in raw.socket
    const head: OutgoingHttpHeaders = commonHeaders(visit.id, secure && options.hsts !== false)
    if (stopping) head.connection = 'close'
    try {
      const answer = await decide(visit, from.address, from.host, head)
      if (answer === undefined) return
      if (hasBody(raw)) await finishReading(raw, head)
      writeAnswer(response, answer, head)
    } catch (error) {
      // A change that lost every one of its tries wrote nothing: who comes again finds the row free.
      const later = error instanceof StoreUnavailable || error instanceof StoreConflict
      const trouble: Trouble = later ? { trouble: 'unavailable', retryAfter: 1 } : { trouble: 'crash' }
      const level = trouble.trouble === 'crash' ? 'error' : 'warn'
      log[level]({ reqId: visit.id, route: visit.entry?.path, err: error }, 'request failed')
      if (response.headersSent) {
        response.destroy()
        return
      }
      if (hasBody(raw)) await finishReading(raw, head)
      writeAnswer(response, refuse(group, trouble, visit), head)
    }
  }

  /** Origins of registered applications that have called this process. */
  const letIn = new Set<string>()

  /** The answer to a request; undefined when it was written already or nobody waits for it any more. */
  async function decide(visit: Visit, address: string, forwardedHost: string | undefined, head: OutgoingHttpHeaders) {
    const { raw, path, entry, group } = visit
    const no = (trouble: Trouble): Answer => refuse(group, trouble, visit)
    const url = raw.url ?? '/'
    if (url.length > limits.urlBytes) return { ...refusePlainly({ trouble: 'too-large' }), status: 414 }
    const bad = headerProblem(raw, limits.headerFields)
    if (bad === 'too-many') return { ...refusePlainly({ trouble: 'too-large' }), status: 431 }
    const wrong = bad ?? visit.badPath ?? paramProblem(visit.params)
    if (wrong !== undefined) return no({ trouble: 'malformed', detail: wrong })

    const rule = corsRule(group, path)
    const { origin } = raw.headers
    // While the store is away nobody can be asked; a page that was let in lately may read that it is (entra.md §8.1).
    if (rule !== undefined && origin !== undefined && letIn.has(origin)) {
      Object.assign(head, await corsHeaders(rule, origin, async () => true))
    }
    const tenant = group.tenantless
      ? undefined
      : await options.resolveTenant(hostName(forwardedHost ?? raw.headers.host ?? ''), path)
    if (group.when !== undefined && (tenant === undefined || !group.when(tenant))) {
      for (const name of Object.keys(head)) if (name === 'vary' || name.startsWith('access-control-')) delete head[name]
      const nobody = { ...visit, entry: undefined, group: table.groupOf(path) ?? fallback }
      return await decide(nobody, address, forwardedHost, head)
    }
    if (tenant === undefined && !group.tenantless) return no({ trouble: 'not-found' })

    const cors =
      rule === undefined
        ? noHeaders
        : await corsHeaders(rule, origin, (origin) =>
            tenant === undefined ? Promise.resolve(false) : options.originAllowed(tenant, origin),
          )
    delete head['access-control-allow-origin']
    Object.assign(head, cors)
    if (rule?.origins === 'registered' && cors['access-control-allow-origin'] !== undefined) letIn.add(origin ?? '')
    if (entry === undefined) return no({ trouble: 'not-found' })
    const route = entry.byMethod.get(raw.method ?? '')
    if (route === undefined) {
      if (raw.method !== 'OPTIONS' || rule === undefined) return no({ trouble: 'wrong-method', allow: entry.allow })
      const asked = raw.headers['access-control-request-headers']
      const callable = entry.allow.filter((method) => method !== 'OPTIONS')
      return {
        status: 204,
        headers: { ...preflightHeaders(rule, cors, callable, asked), allow: entry.allow.join(', ') },
      }
    }

    const query = parseForm(url.slice(path.length + 1), limits.body, 'query')
    if (!query.ok) return no({ trouble: 'malformed', detail: query.detail })
    const body = await readBodyOf(raw, route)
    if (body === undefined) return undefined
    if ('trouble' in body) return no(body)
    const exchange = exchangeOf(visit, tenant, address, query, body)
    if ('handle' in route) return route.handle(exchange)
    await handOver(route, raw, visit.response, exchange, head)
    return undefined
  }

  function readBodyOf(raw: IncomingMessage, route: Route | RawRoute) {
    const bodiless = raw.method === 'GET' || raw.method === 'HEAD' || raw.method === 'OPTIONS'
    return bodiless
      ? noBody
      : readBody(raw, 'accepts' in route ? route.accepts : undefined, limits.bodyBytes, limits.body)
  }

  function exchangeOf(
    visit: Visit,
    tenant: Tenant | undefined,
    address: string,
    query: { readonly value: Readonly<Record<string, string>>; readonly repeated: readonly string[] },
    body: ReadBody,
  ): Exchange {
    const { headers } = visit.raw
    const common = {
      method: (visit.raw.method === 'HEAD' ? 'GET' : visit.raw.method) as Method,
      path: visit.path,
      params: visit.params as Readonly<Record<string, string>>,
      query: query.value,
      headers: headers as Readonly<Record<string, string | undefined>>,
      body: body.body,
      bodyKind: body.bodyKind,
      bodyText: body.text,
      repeated: body.repeated.length === 0 ? query.repeated : [...query.repeated, ...body.repeated],
      address,
      userAgent: headers['user-agent'] ?? '',
      requestId: visit.id,
    }
    if (tenant !== undefined) return { ...common, tenant, base: options.baseOf(tenant) }
    return {
      ...common,
      base: '',
      get tenant(): Tenant {
        throw new Error('a group without tenants has no tenant to read')
      },
    }
  }

  return {
    app,
    handle: (request, response) => {
      request.url = originForm(request.url ?? '/')
      app.routing(request, response)
    },
    limits,
    trusts: addresses.trusts,
    running: () => running,
    stop: () => {
      stopping = true
    },
    log,
  }
}

/** One request on its way. */
interface Visit {
  readonly raw: IncomingMessage
  readonly response: ServerResponse
  readonly params: unknown
  readonly path: string
  readonly entry: PathEntry | undefined
  readonly group: RouteGroup
  readonly badPath: string | undefined
  readonly id: string
}

const noHeaders: Readonly<Record<string, string>> = {}
const noBody: ReadBody = { body: undefined, bodyKind: 'none', text: '', repeated: [] }

/**
 * Gives the response to a library. It finds the common headers set, and the body parsed, as `exchange.body` and where
 * libraries look for it, as `request.body`; the stream itself has been read.
 */
async function handOver(
  route: RawRoute,
  raw: IncomingMessage,
  response: ServerResponse,
  exchange: Exchange,
  head: OutgoingHttpHeaders,
): Promise<void> {
  for (const name in head) response.setHeader(name, head[name] as string)
  Object.assign(raw, { body: exchange.body })
  await route.raw(raw, response, exchange)
}

/** Lets a refused request run out; one that does not end soon loses its connection. */
async function finishReading(raw: IncomingMessage, head: OutgoingHttpHeaders): Promise<void> {
  if (raw.readableEnded) return
  await discardBody(raw)
  if (!raw.readableEnded) head.connection = 'close'
}

function refuse(group: RouteGroup, trouble: Trouble, visit: Visit): Answer {
  const headers = visit.raw.headers as Exchange['headers']
  const answer = group.refuse(trouble, { path: visit.path, requestId: visit.id, headers })
  if (trouble.trouble === 'wrong-method') {
    return { ...answer, headers: { allow: trouble.allow.join(', '), ...answer.headers } }
  }
  if (trouble.trouble === 'unavailable') {
    return { ...answer, headers: { 'retry-after': String(trouble.retryAfter), ...answer.headers } }
  }
  return answer
}

/** The words for paths no group owns, and a fair default for groups without words of their own. */
export function refusePlainly(trouble: Trouble): Answer {
  const say = (status: number, error: string, text: string): Answer => ({
    status,
    body: { error, error_description: text },
  })
  switch (trouble.trouble) {
    case 'malformed':
      return say(400, 'invalid_request', trouble.detail)
    case 'too-large':
      return say(413, 'invalid_request', 'The request is too large')
    case 'wrong-type':
      return say(415, 'invalid_request', 'The media type of the body is not supported')
    case 'wrong-method':
      return say(405, 'invalid_request', 'The method is not allowed here')
    case 'not-found':
      return say(404, 'not_found', 'Not found')
    case 'unavailable':
      return say(503, 'temporarily_unavailable', 'Try again later')
    case 'crash':
      return say(500, 'server_error', 'Something went wrong')
  }
}

/** A target in absolute form (RFC 9112 section 3.2.2) without its scheme and host, which decide nothing here. */
function originForm(url: string): string {
  if (url.startsWith('/') || !/^https?:\/\//i.test(url)) return url
  const slash = url.indexOf('/', 8)
  return slash < 0 ? '/' : url.slice(slash)
}

function pathOf(url: string): string {
  const at = url.search(/[?#]/)
  return at < 0 ? url : url.slice(0, at)
}

function hostName(host: string): string {
  const name = host.toLowerCase()
  const port = name.lastIndexOf(':')
  return port > name.lastIndexOf(']') && port >= 0 ? name.slice(0, port) : name
}

function paramProblem(params: unknown): string | undefined {
  const values = params as Record<string, string> | undefined
  for (const name in values) {
    const value = values[name] as string
    if (/[\t\r\n]/.test(value) || !isPlainText(value)) return 'path has a control character'
  }
  return undefined
}
