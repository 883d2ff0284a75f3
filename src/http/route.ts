import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Tenant } from '#model/tenant.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One request, read and bounded, before any room looks at what it means. */
export interface Exchange {
  readonly method: Method
  /** Path as sent, without the query. */
  readonly path: string
  /** Decoded path parameters. */
  readonly params: Readonly<Record<string, string>>
  /** Decoded query; of a repeated parameter the first value, its name is in `repeated`. */
  readonly query: Readonly<Record<string, string>>
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Parsed JSON or form (a record of strings); undefined when there was none. Unchecked: parse it with a schema. */
  readonly body: unknown
  readonly bodyKind: 'json' | 'form' | 'none'
  /** The body as it came, for signatures over it; '' when there was none. */
  readonly bodyText: string
  /** Names of query or form parameters sent more than once (S-121). */
  readonly repeated: readonly string[]
  /** Client address by S-99. */
  readonly address: string
  readonly userAgent: string
  /** Correlation id, a UUID; also in the log and the answer's `x-request-id`. */
  readonly requestId: string
  /** The tenant that claims the host, or the one the path names. */
  readonly tenant: Tenant
  /** `https://host[:port]` of the public URL as this tenant's clients know it, without trailing slash. Never from Host (S-163). */
  readonly base: string
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** An object or array is sent as JSON, a string as it is with `content-type` from `headers`; undefined: no body. */
  readonly body?: unknown
  /** `Set-Cookie` values, each a header of its own. */
  readonly cookies?: readonly string[]
}

export interface Route {
  readonly method: Method
  /** Fastify path, such as `/mfa/authenticators/:id`. */
  readonly path: string
  /** Media types of the body it takes; default json and form. Others are refused as `wrong-type`. */
  readonly accepts?: readonly ('json' | 'form')[]
  readonly handle: (exchange: Exchange) => Promise<Answer>
}

/** A path handed over raw, for libraries that write the response themselves. */
export interface RawRoute {
  readonly methods: readonly (Method | 'OPTIONS')[]
  readonly path: string
  readonly raw: (request: IncomingMessage, response: ServerResponse, exchange: Exchange) => Promise<void>
}

/** What can go wrong before or around a handler; each group says it in its own words. */
export type Trouble =
  | { readonly trouble: 'malformed'; readonly detail: string }
  | { readonly trouble: 'too-large' }
  | { readonly trouble: 'wrong-type' }
  | { readonly trouble: 'wrong-method'; readonly allow: readonly string[] }
  | { readonly trouble: 'not-found' }
  | { readonly trouble: 'unavailable'; readonly retryAfter: number }
  | { readonly trouble: 'crash' }

export interface CorsRule {
  /** Lower-case request headers allowed in a preflight; '*' reflects what is asked for. */
  readonly allowHeaders: readonly string[] | '*'
  readonly exposeHeaders: readonly string[]
  /** What every preflight is told besides, asked for or not: some clients' contracts name a list. */
  readonly atLeast?: { readonly methods: readonly string[]; readonly headers: readonly string[] }
  /** 'registered': origins of any of the tenant's applications (allowed_origins, redirect URIs); 'any': public documents. */
  readonly origins: 'registered' | 'any'
}

/** Routes of one room with their shared manners. */
export interface RouteGroup {
  readonly name: string
  readonly routes: readonly (Route | RawRoute)[]
  readonly refuse: (trouble: Trouble, exchange: Pick<Exchange, 'path' | 'requestId' | 'headers'>) => Answer
  /**
   * Whether the tenant has these paths; absent: every tenant does. Where it has not, they are answered as paths nobody
   * owns, preflights and wrong methods included.
   */
  readonly when?: (tenant: Tenant) => boolean
  readonly cors?: CorsRule | ((path: string) => CorsRule | undefined)
  /**
   * true: answers whatever the host and without asking the store for a tenant (health, development tools). Reading
   * `tenant` of its exchanges throws; `base` is empty.
   */
  readonly tenantless?: boolean
}
