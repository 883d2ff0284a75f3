import { readPasswordReset, resetPassword } from '#engine/accounts/reset-password.ts'
import type { Answer, Exchange, Route } from '#http/route.ts'
import { fromHere } from '#oidc/from-here.ts'
import { hostedDialect } from '#oidc/sign-in-policy.ts'
import type { Hosted } from './hosted.ts'
import { resetPassword as schema } from './schemas.ts'
import { noStore, refused } from './wire.ts'

const path = '/u/api/reset-password'

/** What a reset link allows. The link itself is the right to it, so there is no session to bind a token to. */
export const resetRoutes = (hosted: Hosted): readonly Route[] => [
  { method: 'GET', path, handle: (exchange) => look(hosted, exchange) },
  { method: 'POST', path, handle: (exchange) => take(hosted, exchange) },
]

/** Uses nothing up: mail scanners look too (S-84). */
async function look({ engine }: Hosted, exchange: Exchange): Promise<Answer> {
  const { ticket } = exchange.query
  const user = ticket && (await readPasswordReset(engine.parts, exchange.tenant.id, ticket))
  return user ? { status: 200, headers: noStore, body: { valid: true } } : refused({ own: 'not-found' })
}

/** Sets the password and ends all sessions and trust; second factors stay and are asked for next time (S-68). */
async function take({ engine }: Hosted, exchange: Exchange): Promise<Answer> {
  if (!fromHere(exchange)) return refused({ own: 'cross-site' })
  const parsed = schema.safeParse(exchange.body)
  if (!parsed.success || exchange.repeated.length > 0) return refused({ own: 'malformed' })
  const fields = { dialect: hostedDialect, ip: exchange.address, correlation: exchange.requestId, reason: 'reset' }
  const done = await resetPassword(engine.parts, exchange.tenant, {
    ...parsed.data,
    handle: parsed.data.ticket,
    fields,
  })
  return done.no === undefined ? { status: 204, headers: noStore } : refused(done)
}
