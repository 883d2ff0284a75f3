import { removeAuthenticatorOf } from '#engine/accounts/remove-authenticator.ts'
import { listAuthenticators } from '#engine/authenticators.ts'
import { systemAudit } from '#engine/events.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Authenticator } from '#model/authenticator.ts'
import { asId, type ClientId, type UserId } from '#model/ids.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { listedOwn, methodsOf } from '../verify/methods.ts'
import { action, nothing, ok, refuseAt, said, sayAt } from '../wire.ts'
import { factorOf, methodWord } from '../words.ts'
import { machineOf } from './machine.ts'
import { configsOf } from './own.ts'

/** `GET /verification-actions-srv/config/:client_id`: what an application allows, for its own machine (cidaas.md §7.3). */
export async function methodsOfApplication(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const claims = await machineOf(dialect, exchange, 'cidaas:verification_read')
  if ('status' in claims) return claims
  const { client_id: client } = exchange.params
  if (client !== claims.client) return action([403, 'VER_0006', 'forbidden', 'clientId does not match with token'])
  const application = await dialect.engine.parts.store.get('applications', exchange.tenant.id, asId<ClientId>(client))
  if (application === undefined) return nothing
  const allowed = application.mfa?.allowedFactors ?? exchange.tenant.mfa?.allowedFactors
  return ok(configsOf(dialect, callerOf(exchange, application), allowed))
}

/** The methods of a user, for those who look after users (cidaas.md §6.3). Unknown users have none. */
export async function methodsOfUser(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const claims = await machineOf(dialect, exchange, 'cidaas:verification_read')
  if ('status' in claims) return claims
  const user = asId<UserId>(exchange.params.sub ?? '')
  return ok({ configured_list: (await methodsOf(dialect, exchange, user)).map(listedOwn) })
}

/** Removes a method of a user, or with none named all but those that rest on an address. The user is told. */
export async function removeOfUser(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const claims = await machineOf(dialect, exchange, 'cidaas:verification_delete')
  if ('status' in claims) return claims
  const { parts } = dialect.engine
  const { tenant, address } = exchange
  const named = exchange.params.method
  const word = methodWord(named)
  if (named !== undefined && word === undefined) return sayAt(dialect, exchange, said.unknownMethod)
  const kind = word && factorOf(word, parts.factors)?.kind
  const user = asId<UserId>(exchange.params.sub ?? '')
  const wanted = (it: Authenticator) => (named === undefined ? it.target === undefined : it.factor === kind)
  const gone = (await listAuthenticators(parts, tenant.id, user)).filter((it) => it.state !== 'pending' && wanted(it))
  const by = { actor: 'client', client: claims.client, ip: address, user } as const
  for (const it of gone) {
    const removed = await removeAuthenticatorOf(parts, tenant, user, it.id, ({ factor, id }) =>
      systemAudit(parts, tenant.id, 'factor.removed', { ...by, factor, authenticator: id }),
    )
    // Saved codes go with the last method they stand beside.
    if (removed.no !== undefined && removed.no !== 'authenticator-unknown') return refuseAt(dialect, exchange, removed)
  }
  return gone.length === 0 ? nothing : ok({ removed: true })
}
