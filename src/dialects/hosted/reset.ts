import { readPasswordReset, resetPassword } from '#engine/accounts/reset-password.ts'
import type { Answer, Exchange, Route } from '#http/route.ts'
import { fromHere } from '#oidc/from-here.ts'
import { hostedDialect } from '#oidc/sign-in-policy.ts'
import { type Hosted, pagePaths } from './hosted.ts'
import { resetPassword as schema } from './schemas.ts'
import { type No, noStore, refusalOf, refused } from './wire.ts'

const path = '/u/api/reset-password'

/** What a reset link allows. The link itself is the right to it, so there is no session to bind a token to. */
export const resetRoutes = (hosted: Hosted): readonly Route[] => [
  { method: 'GET', path, handle: (exchange) => look(hosted, exchange) },
  { method: 'POST', path, handle: (exchange) => take(hosted, exchange) },
  ...resetPaths.map(
    (page): Route => ({ method: 'POST', path: page, accepts: ['form'], handle: (exchange) => take(hosted, exchange) }),
  ),
]

/** Where links of mails lead: ours, and the one other APIs of the tenant write into theirs. One page for both. */
export const resetPaths = [pagePaths.reset, '/u/reset-password'] as const

/** Uses nothing up: mail scanners look too (S-84). */
async function look({ engine }: Hosted, exchange: Exchange): Promise<Answer> {
  const { ticket } = exchange.query
  const user = ticket && (await readPasswordReset(engine.parts, exchange.tenant.id, ticket))
  return user ? { status: 200, headers: noStore, body: { valid: true } } : refused({ own: 'not-found' })
}

/**
 * Sets the password and ends all sessions and trust; second factors stay and are asked for next time (S-68). A form is
 * answered with the page again (S-136).
 */
async function take(hosted: Hosted, exchange: Exchange): Promise<Answer> {
  const form = exchange.bodyKind === 'form'
  const members = membersOf(exchange.body)
  const parsed = schema.safeParse(form ? members : exchange.body)
  const no = await takeOr(hosted, exchange, parsed.data)
  if (!form) return no === undefined ? { status: 204, headers: noStore } : refused(no)
  const query = new URLSearchParams(no === undefined ? { done: '' } : { ticket: members.ticket, ...wordsOf(no) })
  return { status: 303, headers: { ...noStore, location: `${pagePaths.reset}?${query}` } }
}

const wordsOf = (no: No): Record<string, string> => {
  const { error, reason } = refusalOf(no).body
  return { error, ...(reason === undefined ? {} : { reason }) }
}

/** Pages of others send more than we ask for, such as the password twice. */
function membersOf(body: unknown): { readonly ticket: string; readonly password: unknown } {
  const { ticket, password } = (body ?? {}) as Readonly<Record<string, unknown>>
  return { ticket: typeof ticket === 'string' ? ticket.slice(0, 128) : '', password }
}

async function takeOr(
  { engine }: Hosted,
  exchange: Exchange,
  given: { readonly ticket: string; readonly password: string } | undefined,
): Promise<No | undefined> {
  if (!fromHere(exchange)) return { own: 'cross-site' }
  if (given === undefined || exchange.repeated.length > 0) return { own: 'malformed' }
  const fields = { dialect: hostedDialect, ip: exchange.address, correlation: exchange.requestId, reason: 'reset' }
  const it = { handle: given.ticket, password: given.password, fields }
  const done = await resetPassword(engine.parts, exchange.tenant, it)
  return done.no === undefined ? undefined : done
}
