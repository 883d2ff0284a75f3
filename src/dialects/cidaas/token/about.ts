import type { Answer, Exchange } from '#http/route.ts'
import { introspect as aboutToken, revoke as endToken } from '#oidc/endpoints.ts'
import type { Dialect } from '../dialect.ts'
import { isRecord } from '../input.ts'
import { cidaasSpelling } from '../spelling.ts'
import { noStore } from '../wire.ts'

const partsOf = ({ engine, keys }: Dialect) => ({ store: engine.parts.store, clock: engine.parts.clock, keys })

/** `POST /token-srv/revoke` (cidaas.md §2.8). */
export const revoke = (dialect: Dialect, exchange: Exchange): Promise<Answer> =>
  endToken(partsOf(dialect), withoutBearer(exchange), cidaasSpelling)

/** `POST /token-srv/introspect`: what the token says, and whether it has the scopes that are asked for (§2.9). */
export async function introspect(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const answer = await aboutToken(partsOf(dialect), withoutBearer(exchange), cidaasSpelling)
  if (answer.status !== 200 || !isRecord(answer.body) || answer.body.active !== true) return answer
  const scopes = String(answer.body.scope ?? '').split(' ')
  const asked = isRecord(exchange.body) ? exchange.body : {}
  const met = holds(asked.scopes, scopes, asked.strictScopeValidation ?? asked.strictValidation)
  // Nobody has roles or groups here, so whoever asks for some is not met.
  const others = [asked.roles, asked.groups].every((it) => !Array.isArray(it) || it.length === 0)
  const body = met && others ? { ...answer.body, scopes, roles: [], groups: [] } : { active: false }
  return { status: 200, headers: noStore, body }
}

/** Loosely one of them is enough, strictly all are needed. */
function holds(asked: unknown, has: readonly string[], strict: unknown): boolean {
  if (!Array.isArray(asked) || asked.length === 0) return true
  return strict === true ? asked.every((it) => has.includes(it)) : asked.some((it) => has.includes(it))
}

/** SDKs send a user's token along, which is no client authentication. */
function withoutBearer(exchange: Exchange): Exchange {
  const { authorization } = exchange.headers
  const basic = authorization !== undefined && /^basic /i.test(authorization)
  return basic ? exchange : { ...exchange, headers: { ...exchange.headers, authorization: undefined } }
}
