import { check } from '#engine/check.ts'
import type { Caller } from '#engine/parts.ts'
import type { Answer, Exchange } from '#http/route.ts'
import { asId, type ClientId } from '#model/ids.ts'
import type { Proof } from '#model/proof.ts'
import type { User } from '#model/user.ts'
import type { AccessClaims } from '#oidc/tokens.ts'
import { callerOf, type Dialect, dialectName } from '../dialect.ts'
import { proofsOf } from '../token/claims.ts'
import { bearerOf, userOf } from '../token/resource.ts'
import { denied, refuseAt } from '../wire.ts'

/** Somebody signed in, looking after their own methods. */
export interface Manager {
  readonly caller: Caller
  readonly user: User
  readonly claims: AccessClaims
  readonly proofs: readonly Proof[]
}

/** Who bears the access token, or the answer that refuses it. */
export async function managerOf(dialect: Dialect, exchange: Exchange): Promise<Manager | Answer> {
  const claims = await bearerOf(dialect, exchange)
  const user = claims && (await userOf(dialect, exchange, claims))
  const client = claims && asId<ClientId>(claims.client)
  const application = client && (await dialect.engine.parts.store.get('applications', exchange.tenant.id, client))
  if (!claims || user === undefined || !application) return denied(dialect)
  return { caller: callerOf(exchange, application), user, claims, proofs: await proofsOf(dialect, exchange, claims.id) }
}

/** The same, where something is about to change: the login behind the token must be fresh and strong enough (S-63). */
export async function freshManagerOf(dialect: Dialect, exchange: Exchange): Promise<Manager | Answer> {
  const manager = await managerOf(dialect, exchange)
  if ('status' in manager) return manager
  const { caller, user, proofs } = manager
  const wish = { dialect: dialectName, grantType: 'profile', scope: [], managesFactors: true }
  const checked = await check(dialect.engine.parts, { caller, user: user.id, proofs, wish })
  return checked.is === 'enough' ? manager : refuseAt(dialect, exchange, { no: 'stale-proof' })
}
