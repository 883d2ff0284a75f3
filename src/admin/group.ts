import { sameSecret, tokenDigest } from '#crypto/digest.ts'
import { type EventFields, systemAudit } from '#engine/events.ts'
import type { Answer, Exchange, Route, RouteGroup } from '#http/route.ts'
import { asId, type TenantId } from '#model/ids.ts'
import type { Log } from '#ports/log.ts'

import { docsPage, docsStyleSource } from './docs-page.ts'
import { openApiDocument } from './openapi.ts'
import type { AdminParts, Call, Operation } from './operation.ts'
import { operations } from './operations.ts'
import { notFound, ofTrouble, type Problem, statusOf } from './problems.ts'
import { readRequest } from './read.ts'

/** Where the admin API answers (operating.md §4). */
export const adminBase = '/admin/v1'

export interface AdminOptions extends AdminParts {
  /** SHA-256 of POLYFACTOR_ADMIN_TOKEN as `tokenDigest` makes it; the token itself is not needed. */
  readonly adminTokenDigest: string
  readonly log: Log
}

/**
 * The admin API: every declared route behind the bearer token, and beside them the OpenAPI document and its page,
 * which hold nothing secret and are readable without it. It belongs to no host: paths name the tenant.
 */
export function adminGroup(options: AdminOptions): RouteGroup {
  const document = openApiDocument(operations, adminBase)
  const page = docsPage(document)
  return {
    name: 'admin',
    tenantless: true,
    routes: [
      ...operations.map((operation) => routeOf(operation, options)),
      open(`${adminBase}/openapi.json`, { status: 200, body: document }),
      open(`${adminBase}/docs`, {
        status: 200,
        headers: {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': `default-src 'none'; style-src '${docsStyleSource}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
        },
        body: page,
      }),
    ],
    refuse: (trouble, { requestId }) => answerOf(ofTrouble(trouble), requestId),
  }
}

const open = (path: string, answer: Answer): Route => ({
  method: 'GET',
  path,
  accepts: ['json'],
  handle: async () => answer,
})

function routeOf(operation: Operation, options: AdminOptions): Route {
  return {
    method: operation.method,
    path: `${adminBase}${operation.path}`,
    accepts: ['json'],
    async handle(exchange) {
      // Before anything else: whoever has no token learns of no tenant, not even by a refused parameter.
      const refused = guard(exchange, options)
      if (refused !== undefined) return refused
      const reply = await run(operation, options, exchange)
      if (reply.problem !== undefined) return answerOf(reply, exchange.requestId)
      return { status: reply.status, body: reply.body }
    },
  }
}

const challenge = 'Bearer realm="polyfactor admin"'

/**
 * Whether the caller holds the admin token (RFC 6750 section 2.1): compared by digest in constant time. The token has
 * every permission there is.
 */
function guard(exchange: Exchange, { adminTokenDigest, log }: AdminOptions): Answer | undefined {
  const given = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(exchange.headers.authorization ?? '')?.[1]
  if (given !== undefined && sameSecret(tokenDigest(given), adminTokenDigest)) return undefined
  if (given !== undefined) log.warn({ reqId: exchange.requestId }, 'admin token refused')
  const problem: Problem = { problem: 'unauthorized', message: 'Send the admin token as Authorization: Bearer <token>' }
  const header = given === undefined ? challenge : `${challenge}, error="invalid_token"`
  return answerOf(problem, exchange.requestId, { 'www-authenticate': header })
}

async function run(operation: Operation, options: AdminOptions, exchange: Exchange) {
  const input = readRequest(operation, exchange)
  if (input.problem !== undefined) return input
  const call: Call<never, never, never> = {
    admin: options,
    params: input.params as never,
    query: input.query as never,
    body: input.body as never,
    audit: (tenant, type, fields) =>
      systemAudit(options.parts, tenant, type, {
        actor: 'admin',
        ip: exchange.address,
        correlation: exchange.requestId,
        ...fields,
      }),
  }
  if (operation.scope === 'server') return await operation.handle(call)
  const id = asId<TenantId>((input.params as { readonly tenant: string }).tenant)
  const tenant = await options.parts.store.get('tenants', id, id)
  if (tenant === undefined) return notFound
  const reply = await operation.handle({ ...call, tenant })
  if (reply.problem !== undefined && operation.method !== 'GET') {
    const event = call.audit(id, 'admin.change', failure(operation, input.params, reply))
    await options.parts.store.change({}, () => ({ result: undefined, writes: [event] }))
  }
  return reply
}

/** A change that was refused, for the audit (S-145): what was tried on whom, and the word of the refusal. */
function failure({ id }: Operation, params: unknown, { problem }: Problem): EventFields {
  const { user } = params as { readonly user?: string }
  return { outcome: 'failure', reason: problem, details: { operation: id }, ...(user === undefined ? {} : { user }) }
}

function answerOf(problem: Problem, requestId: string, headers: Readonly<Record<string, string>> = {}): Answer {
  const { message, details = [], retryAfter } = problem
  return {
    status: statusOf[problem.problem],
    headers: retryAfter === undefined ? headers : { ...headers, 'retry-after': String(retryAfter) },
    body: { error: problem.problem, message, details, request_id: requestId },
  }
}
