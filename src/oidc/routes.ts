import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider/lib/provider.js'
import type { Answer, Exchange, Method, RawRoute, Route } from '#http/route.ts'
import type { TenantId } from '#model/ids.ts'
import { discoveryDocument } from './discovery.ts'
import { introspect, revoke, userinfo } from './endpoints.ts'
import { handOver } from './hand-over.ts'
import { page, pageHeaders } from './pages.ts'
import { createProviders, defaultVerification, type ProviderParts } from './provider.ts'
import type { Spelling } from './spelling.ts'

export interface OidcRoom {
  /** Everything of this room that has a fixed place in a dialect: mount all of it. The token endpoint is the dialect's. */
  routes(spelling: Spelling): readonly (Route | RawRoute)[]
  /** Lets tenants choose this spelling's discovery document for the root of their host (operating.md §6.9). */
  announce(spelling: Spelling): void
  /** The library's instance, for pages that sign people in and for tests. */
  providerFor(tenant: TenantId, base: string, spelling: Spelling): Promise<Provider>
}

/** Opens the room: discovery, keys, user info, revocation and introspection of ours; the front channel of the library. */
export function createOidc(parts: ProviderParts): OidcRoom {
  const providerFor = createProviders(parts)
  const announced = new Map<string, Spelling>()
  return {
    providerFor,
    announce(spelling) {
      announced.set(spelling.name, spelling)
    },
    routes(spelling) {
      const library = async (request: IncomingMessage, response: ServerResponse, exchange: Exchange): Promise<void> =>
        handOver(await providerFor(exchange.tenant.id, exchange.base, spelling), request, response, exchange)
      const raw = (path: string, ...methods: Method[]): RawRoute => ({ methods, path, raw: library })
      const own = (method: Method, path: string, handle: typeof userinfo): Route => ({
        method,
        path,
        handle: (exchange) => handle(parts, exchange, spelling),
      })
      const { paths } = spelling
      return [
        ...documents(parts, spelling, announced),
        raw(paths.authorize, 'GET', 'POST'),
        raw(`${paths.authorize}/:uid`, 'GET'),
        raw(paths.par, 'POST'),
        raw(paths.endSession, 'GET', 'POST'),
        raw(`${paths.endSession}/confirm`, 'POST'),
        raw(`${paths.endSession}/success`, 'GET'),
        ...deviceRoutes(spelling, raw),
        own('GET', paths.userinfo, userinfo),
        own('POST', paths.userinfo, userinfo),
        own('POST', paths.revoke, revoke),
        own('POST', paths.introspect, introspect),
        { method: 'GET', path: `${paths.interaction}/:uid`, handle: async (exchange) => noPageYet(exchange) },
      ]
    },
  }
}

function deviceRoutes({ paths }: Spelling, raw: (path: string, ...methods: Method[]) => RawRoute): readonly RawRoute[] {
  if (paths.deviceAuthorization === undefined) return []
  const verification = paths.deviceVerification ?? defaultVerification
  return [raw(paths.deviceAuthorization, 'POST'), raw(verification, 'GET', 'POST'), raw(`${verification}/:uid`, 'GET')]
}

/** Public documents may be kept for a while; keys are published a day before they sign, so five minutes harm nobody. */
const cacheable = { 'cache-control': 'public, max-age=300' }

function documents(parts: ProviderParts, own: Spelling, announced: ReadonlyMap<string, Spelling>): readonly Route[] {
  const discovery = async ({ tenant, base }: Exchange): Promise<Answer> => ({
    status: 200,
    headers: cacheable,
    body: discoveryDocument(
      announced.get(tenant.discovery ?? '') ?? own,
      base,
      await parts.keys.snapshot(tenant.id, ['RS256', tenant.signingAlgorithm]),
    ),
  })
  const jwks = async ({ tenant }: Exchange): Promise<Answer> => ({
    status: 200,
    headers: cacheable,
    body: (await parts.keys.snapshot(tenant.id, ['RS256', tenant.signingAlgorithm])).jwks,
  })
  return [
    { method: 'GET', path: '/.well-known/openid-configuration', handle: discovery },
    { method: 'GET', path: '/.well-known/oauth-authorization-server', handle: discovery },
    { method: 'GET', path: own.paths.jwks, handle: jwks },
  ]
}

/** Where people sign in; the pages come with an issue of their own, so this says what is missing. */
function noPageYet(exchange: Exchange): Answer {
  const description = 'This server has no sign-in page yet'
  if (!(exchange.headers.accept ?? '').includes('text/html')) {
    return {
      status: 501,
      headers: { 'cache-control': 'no-store' },
      body: { error: 'temporarily_unavailable', error_description: description },
    }
  }
  const headers = { ...pageHeaders, 'content-type': 'text/html; charset=utf-8' }
  return { status: 501, headers, body: page('No sign-in page', `<p>${description}.</p>`) }
}
