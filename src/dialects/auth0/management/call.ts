import { z } from 'zod'
import { audit, type EventFields, type EventType } from '#engine/events.ts'
import type { Caller } from '#engine/parts.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { User } from '#model/user.ts'
import { machineGty } from '#oidc/client-credentials.ts'
import type { Write } from '#ports/store.ts'
import { managementAudience } from '../audience.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { readAccess, userOf } from '../resource.ts'
import { invalidBody, managementError, noUser } from './wire.ts'

/** A request whose machine may do what it asks. */
export interface Call {
  readonly dialect: Dialect
  readonly exchange: Exchange
  readonly caller: Caller
  /** An audit row of what the machine does. */
  readonly event: (type: EventType, fields?: EventFields) => Write
}

export type Handler = (call: Call) => Promise<Answer>
/** A handler of `/users/{id}/…`, with the user the path names. */
export type UserHandler = (call: Call, user: User) => Promise<Answer>

const unauthorized = (message: string): Answer => {
  const answer = managementError(401, 'invalid_token', message)
  return { ...answer, headers: { ...answer.headers, 'www-authenticate': 'Bearer error="invalid_token"' } }
}

/**
 * Lets a machine in that has any of these scopes (auth0.md §7). The token counts only with the grant its application
 * still has, so that a grant taken away is gone at once; tokens of users are no administrators, whatever their scope.
 */
export const guarded =
  (scopes: readonly string[], handler: Handler) =>
  async (dialect: Dialect, exchange: Exchange): Promise<Answer> => {
    const audience = managementAudience(exchange.base)
    const access = await readAccess(dialect, exchange, audience)
    if ('no' in access) return unauthorized(access.no === 'absent' ? 'Missing authentication' : 'Invalid token')
    const { claims, application } = access
    if (claims.gty !== machineGty || claims.subject !== `${application.id}@clients`)
      return unauthorized('Invalid token')
    const granted = application.clientGrants.find((it) => it.audience === audience)?.scopes ?? []
    if (!scopes.some((scope) => claims.scope.includes(scope) && granted.includes(scope))) {
      return managementError(403, 'insufficient_scope', `Insufficient scope, expected any of: ${scopes.join(', ')}`)
    }
    const caller = callerOf(exchange, application)
    const event: Call['event'] = (type, fields = {}) =>
      audit(dialect.engine.parts, caller, type, { actor: 'client', reason: 'management-api', ...fields })
    return await handler({ dialect, exchange, caller, event })
  }

/** The user a path names, or the answer that there is none. */
export const withUser =
  (handler: UserHandler): Handler =>
  async (call) => {
    const user = await userOf(call.dialect, call.exchange, call.exchange.params.id ?? '')
    return user === undefined ? noUser : await handler(call, user)
  }

/** The body by a schema, or the answer that names the first thing wrong with it; never a value of it. */
export function bodyOf<S extends z.ZodType>(call: Call, schema: S): { readonly body: z.output<S> } | Answer {
  const parsed = schema.safeParse(call.exchange.body)
  if (parsed.success) return { body: parsed.data }
  const [issue] = parsed.error.issues
  const path = issue?.path.map(String).join('.') ?? ''
  const where = path === '' ? 'the body' : `'${path.slice(0, 100)}'`
  return invalidBody(`Payload validation error: ${issue?.code ?? 'invalid'} at ${where}.`)
}

const pageSchema = z.object({
  page: z.coerce.number().int().min(0).max(1_000_000).default(0),
  per_page: z.coerce.number().int().min(0).max(100).default(50),
  include_totals: z.enum(['true', 'false']).default('false'),
})

export interface Page {
  readonly page: number
  readonly perPage: number
  readonly totals: boolean
}

/** `page`, `per_page` and `include_totals` of a list, or the answer that they cannot be read. */
export function pageOf({ exchange }: Call): Page | Answer {
  const parsed = pageSchema.safeParse(exchange.query)
  if (!parsed.success) return managementError(400, 'invalid_query_string', 'Query validation error: page or per_page.')
  const { page, per_page, include_totals } = parsed.data
  return { page, perPage: per_page, totals: include_totals === 'true' }
}
