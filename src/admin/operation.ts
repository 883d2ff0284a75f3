import type * as z from 'zod'
import type { EventFields, EventType } from '#engine/events.ts'
import type { Parts } from '#engine/parts.ts'
import type { Method } from '#http/route.ts'
import type { TenantId } from '#model/ids.ts'
import type { Tenant } from '#model/tenant.ts'
import type { TenantKeys } from '#oidc/keys.ts'
import type { Write } from '#ports/store.ts'
import type { Problem } from './problems.ts'

/** What a caller must be allowed to do; a route that names none does not compile (S-138). */
export type Permission =
  | 'read:health'
  | `${'read' | 'write'}:${'tenants' | 'applications' | 'apis' | 'users' | 'authenticators' | 'keys' | 'phone' | 'webhooks'}`
  | 'read:events'
  | 'read:messages'

/** What the admin API works with. */
export interface AdminParts {
  readonly parts: Parts
  readonly keys: TenantKeys
  /** Public address of a tenant, for links in mails; from configuration (S-163). */
  readonly baseOf: (tenant: Tenant) => string
  /** Whether the server runs in development mode, where codes may go to every country by default. */
  readonly development: boolean
}

/** A request that has passed the guard and the schemas. */
export interface Call<P, Q, B> {
  readonly admin: AdminParts
  readonly params: P
  readonly query: Q
  readonly body: B
  /** The audit row of this call (S-145, S-146): actor, address and correlation are filled in. */
  audit(tenant: TenantId, type: EventType, fields?: EventFields): Write
}

/** As `Call`, for the tenant the path names. */
export interface TenantCall<P, Q, B> extends Call<P, Q, B> {
  readonly tenant: Tenant
}

export interface Said {
  readonly status: number
  readonly body?: unknown
  readonly problem?: undefined
}
/** What a handler answers: one of the declared responses, or a problem. */
export type Reply = Said | Problem

export interface Response {
  readonly description: string
  /** Absent: no body. */
  readonly schema?: z.ZodType
}

/** One route, declared once: validation and the OpenAPI document both come from this. */
export interface Declaration {
  readonly method: Method
  /** `:name` for parameters, below `/admin/v1`. */
  readonly path: string
  /** `operationId`; unique. */
  readonly id: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly permission: Permission
  readonly params: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  /** A body may be left out. */
  readonly bodyOptional?: boolean
  readonly responses: Readonly<Record<number, Response>>
  /** Words of problems this route answers with, besides those every route has. */
  readonly problems?: readonly ('conflict' | 'unavailable')[]
}

export type Operation = Declaration &
  (
    | { readonly scope: 'server'; readonly handle: (call: Call<never, never, never>) => Promise<Reply> }
    | { readonly scope: 'tenant'; readonly handle: (call: TenantCall<never, never, never>) => Promise<Reply> }
  )

type Typed<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType> = Omit<
  Declaration,
  'params' | 'query' | 'body'
> & {
  readonly params: P
  readonly query?: Q
  readonly body?: B
}

/** Declares a route that belongs to no tenant. */
export function serverOperation<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType>(
  it: Typed<P, Q, B> & {
    readonly handle: (call: Call<z.output<P>, z.output<Q>, z.output<B>>) => Promise<Reply>
  },
): Operation {
  return { ...it, scope: 'server' } as unknown as Operation
}

/** Declares a route of one tenant: its path names `:tenant`, and the handler runs only when there is such a tenant. */
export function tenantOperation<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType>(
  it: Typed<P, Q, B> & {
    readonly handle: (call: TenantCall<z.output<P>, z.output<Q>, z.output<B>>) => Promise<Reply>
  },
): Operation {
  return { ...it, scope: 'tenant' } as unknown as Operation
}
