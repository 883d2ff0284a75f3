import type { z } from 'zod'
import type { Caller } from '#engine/parts.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { User } from '#model/user.ts'
import { accountAudience } from '../audience.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { atHome } from '../passkey.ts'
import { type NoAccess, readUserAccess, type UserAccess } from '../resource.ts'
import { problem } from './wire.ts'

/** A request of a user about their own account. */
export interface Call {
  readonly dialect: Dialect
  readonly exchange: Exchange
  readonly caller: Caller
  readonly user: User
  readonly claims: UserAccess['claims']
}

export type Handler = (call: Call) => Promise<Answer>

const challenges: Readonly<Record<NoAccess['no'], string>> = {
  absent: 'Bearer',
  invalid: 'Bearer error="invalid_token"',
  proof: 'DPoP error="invalid_dpop_proof"',
}

function unauthorized(no: NoAccess['no']): Answer {
  const detail = no === 'absent' ? 'An access token is required.' : 'The access token is invalid.'
  const answer = problem(401, 'invalid_token', detail)
  return { ...answer, headers: { ...answer.headers, 'www-authenticate': challenges[no] } }
}

/**
 * Lets a user in whose token has the scope (auth0.md §5.1). That a token which may change something rests on a fresh
 * second factor was decided when it was issued (S-63).
 */
export const guarded =
  (scope: string, handler: Handler) =>
  async (dialect: Dialect, exchange: Exchange): Promise<Answer> => {
    const access = await readUserAccess(dialect, exchange, accountAudience(exchange.base))
    if ('no' in access) return unauthorized(access.no)
    const { claims, application, user } = access
    if (!claims.scope.includes(scope)) {
      const answer = problem(403, 'insufficient_scope', `Insufficient scope, expected: ${scope}`)
      const header = `Bearer error="insufficient_scope", scope="${scope}"`
      return { ...answer, headers: { ...answer.headers, 'www-authenticate': header } }
    }
    // Keys are asked for here as on our pages: they are bound to our address, wherever the application is (S-90).
    const caller = atHome(callerOf(exchange, application))
    return await handler({ dialect, exchange, caller, user, claims })
  }

/** The body by a schema, or the problem with the members that are wrong; never a value of theirs. */
export function bodyOf<S extends z.ZodType>(call: Call, schema: S): { readonly body: z.output<S> } | Answer {
  const parsed = schema.safeParse(call.exchange.body)
  if (parsed.success) return { body: parsed.data }
  const errors = parsed.error.issues.slice(0, 10).map((it) => ({
    detail: `The value is not acceptable (${it.code}).`,
    field: it.path.map(String).join('.').slice(0, 100),
    pointer: it.path
      .map((part) => `/${String(part)}`)
      .join('')
      .slice(0, 100),
  }))
  return problem(400, 'invalid_body', 'The request body is invalid.', errors)
}
