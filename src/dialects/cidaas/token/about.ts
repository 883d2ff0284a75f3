import { decodeJwt } from 'jose'
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
  const groups = groupsIn(asked.token)
  const inGroups = holdsGroups(asked.groups, groups, asked.strictGroupValidation ?? asked.strictValidation)
  // Nobody has roles outside a group here, so whoever asks for some is not met.
  const hasRoles = !Array.isArray(asked.roles) || asked.roles.length === 0
  const all = met && inGroups && hasRoles
  const body = all ? { ...answer.body, scopes, roles: [], groups } : { active: false }
  return { status: 200, headers: noStore, body }
}

type Words = Readonly<Record<string, unknown>>

/** The groups an access token says; it has been found active, and what is no JWT says none. */
function groupsIn(token: unknown): readonly Words[] {
  try {
    const { groups } = decodeJwt(String(token))
    return Array.isArray(groups) ? groups.filter(isRecord) : []
  } catch {
    return []
  }
}

/** Groups by id, type and roles in them, each as far as it is named. */
function holdsGroups(asked: unknown, has: readonly Words[], strict: unknown): boolean {
  if (!Array.isArray(asked) || asked.length === 0) return true
  const one = (wanted: unknown): boolean =>
    isRecord(wanted) &&
    has.some(
      (it) =>
        (wanted.groupId === undefined || wanted.groupId === it.groupId) &&
        (wanted.groupType === undefined || wanted.groupType === it.groupType) &&
        holds(wanted.roles, namesIn(it.roles), wanted.strictRoleValidation ?? wanted.strictValidation),
    )
  return strict === true ? asked.every(one) : asked.some(one)
}

const namesIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((it): it is string => typeof it === 'string') : []

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
