import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider/lib/provider.js'
import type { Answer, Exchange, Method, RawRoute, Route } from '#http/route.ts'
import type { TenantId } from '#model/ids.ts'
import { type BrowserSessions, createSessions, type SessionParts } from './browser-sessions.ts'
import { discoveryDocument } from './discovery.ts'
import { introspect, revoke, userinfo } from './endpoints.ts'
import { createFlows, type Flows } from './flows.ts'
import { handOver } from './hand-over.ts'
import { createProviders, defaultVerification, type ProviderParts } from './provider.ts'
import { frontDoor, resumeFlow } from './resume.ts'
import type { Spelling } from './spelling.ts'

export interface OidcRoom {
  /** Everything of this room that has a fixed place in a dialect: mount all of it. The token endpoint is the dialect's. */
  routes(spelling: Spelling): readonly (Route | RawRoute)[]
  /** Lets tenants choose this spelling's discovery document for the root of their host (operating.md §6.9). */
  announce(spelling: Spelling): void
  /** People signed in to browsers, for pages and APIs of ours. */
  readonly sessions: BrowserSessions
  /** Sign-ins under way, for the pages that run them. */
  readonly flows: Flows
  /** The library's instance, for pages that sign people in and for tests. */
  providerFor(tenant: TenantId, base: string, spelling: Spelling): Promise<Provider>
}

export type OidcParts = Omit<ProviderParts, 'sessions' | 'flows'> & SessionParts

/** Opens the room: discovery, keys, user info, revocation and introspection of ours; the front channel of the library. */
export function createOidc(given: OidcParts): OidcRoom {
  const sessions = createSessions(given)
  const flows = createFlows(given)
  const parts: ProviderParts = { ...given, sessions, flows }
  const providerFor = createProviders(parts)
  const announced = new Map<string, Spelling>()
  return {
    sessions,
    flows,
    providerFor,
    announce(spelling) {
      announced.set(spelling.name, spelling)
    },
    routes(spelling) {
      const library = async (request: IncomingMessage, response: ServerResponse, exchange: Exchange): Promise<void> =>
        handOver(await providerFor(exchange.tenant.id, exchange.base, spelling), request, response, exchange)
      const raw = (path: string, ...methods: Method[]): RawRoute => ({ methods, path, raw: library })
      const ended = async (request: IncomingMessage, response: ServerResponse, exchange: Exchange): Promise<void> => {
        const provider = await providerFor(exchange.tenant.id, exchange.base, spelling)
        await frontDoor(parts, provider, request, response, exchange)
      }
      const front = (path: string, ...methods: Method[]): RawRoute => ({ methods, path, raw: ended })
      const resume = (path: string): RawRoute => ({
        methods: ['GET'],
        path: `${path}/:uid`,
        raw: async (request, response, exchange) => {
          const provider = await providerFor(exchange.tenant.id, exchange.base, spelling)
          await resumeFlow(parts, provider, spelling, request, response, exchange)
        },
      })
      const own = (method: Method, path: string, handle: typeof userinfo): Route => ({
        method,
        path,
        handle: (exchange) => handle(parts, exchange, spelling),
      })
      const { paths } = spelling
      return [
        ...documents(parts, spelling, announced),
        front(paths.authorize, 'GET', 'POST'),
        resume(paths.authorize),
        raw(paths.par, 'POST'),
        front(paths.endSession, 'GET', 'POST'),
        front(`${paths.endSession}/confirm`, 'POST'),
        front(`${paths.endSession}/success`, 'GET'),
        ...deviceRoutes(spelling, raw, front, resume),
        own('GET', paths.userinfo, userinfo),
        own('POST', paths.userinfo, userinfo),
        own('POST', paths.revoke, revoke),
        own('POST', paths.introspect, introspect),
      ]
    },
  }
}

type Mount = (path: string, ...methods: Method[]) => RawRoute

function deviceRoutes({ paths }: Spelling, raw: Mount, front: Mount, resume: Mount): readonly RawRoute[] {
  if (paths.deviceAuthorization === undefined) return []
  const verification = paths.deviceVerification ?? defaultVerification
  return [raw(paths.deviceAuthorization, 'POST'), front(verification, 'GET', 'POST'), resume(verification)]
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
