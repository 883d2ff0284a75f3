import { listAuthenticators, removeAuthenticator, renameAuthenticator } from '#engine/authenticators.ts'
import { codeLifetime } from '#engine/challenges.ts'
import type { Caller } from '#engine/parts.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Authenticator } from '#model/authenticator.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { inputOf, textOf } from '../input.ts'
import { listedOwn, methodsOf } from '../verify/methods.ts'
import { readTrack } from '../verify/tracks.ts'
import { verifyWith } from '../verify/verification.ts'
import { nothing, ok, refuseAt, said, sayAt } from '../wire.ts'
import { amrNumbersOf, factorOf, methodWord, wordOf } from '../words.ts'
import { freshManagerOf, managerOf } from './manager.ts'

/** Confirms a method that is being set up; the exchange alone says whose (cidaas.md §6.2). */
export const confirmSetUp = (dialect: Dialect, exchange: Exchange): Promise<Answer> =>
  verifyWith(dialect, exchange, 'setup')

/** The methods of this tenant, as profile pages list them (cidaas.md §7.3): drawn from the factors there are. */
export async function methodConfigs(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const manager = await managerOf(dialect, exchange)
  if ('status' in manager) return manager
  return ok(configsOf(dialect, manager.caller))
}

/** The methods a tenant has switched on, in the words of cidaas.md §7.3; `among`: those an application allows. */
export function configsOf({ engine }: Dialect, caller: Caller, among?: readonly string[]): readonly object[] {
  const factors = [...engine.parts.factors.values()].filter(
    ({ kind, traits }) =>
      caller.tenant.factors.includes(kind) && (traits.proof === 'lookup' || (among?.includes(kind) ?? true)),
  )
  const validity = codeLifetime(caller)
  return factors
    .sort((a, b) => a.traits.rank - b.traits.rank)
    .map(({ kind, traits }) => ({
      _id: kind,
      verificationType: wordOf(traits),
      name: wordOf(traits),
      active: true,
      owner: 'system',
      amr_values: amrNumbersOf(wordOf(traits)),
      requiresAuthenticatorApp: traits.proof === 'approval',
      ...(traits.proof === 'code' ? { code: { length: 6, validity } } : {}),
    }))
}

/** What the user has (cidaas.md §6.1). */
export async function ownMethods(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const manager = await managerOf(dialect, exchange)
  if ('status' in manager) return manager
  return ok({ configured_list: (await methodsOf(dialect, exchange, manager.user.id)).map(listedOwn) })
}

/** Removes a method, or with none named all but those that rest on an address of the user (cidaas.md §6.3). */
export async function removeOwn(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const manager = await freshManagerOf(dialect, exchange)
  if ('status' in manager) return manager
  const { parts } = dialect.engine
  const named = exchange.params.method
  const word = methodWord(named)
  if (named !== undefined && word === undefined) return sayAt(dialect, exchange, said.unknownMethod)
  const factor = word === undefined ? undefined : factorOf(word, parts.factors)
  const device = exchange.params.device_id
  const wanted = (it: Authenticator): boolean =>
    word === undefined
      ? it.target === undefined
      : it.factor === factor?.kind && (device === undefined || it.id === device)
  const own = await listAuthenticators(parts, exchange.tenant.id, manager.user.id)
  const gone = own.filter((it) => it.state !== 'pending' && wanted(it))
  for (const it of gone) {
    const removed = await removeAuthenticator(parts, manager.caller, manager.user.id, it.id)
    // Saved codes go with the last method they stand beside.
    if (removed.no !== undefined && removed.no !== 'authenticator-unknown') return refuseAt(dialect, exchange, removed)
  }
  return gone.length === 0 ? nothing : ok({ removed: true })
}

/** Names a method: by its owner, or in the login in which it was set up (cidaas.md §6.2). */
export async function nameMethod(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange)
  const name = input.text('friendly_name')
  const word = methodWord(exchange.params.method)
  if (word === undefined) return sayAt(dialect, exchange, said.unknownMethod)
  if (name === undefined || name.length > 100) return sayAt(dialect, exchange, said.dataMissing)
  const { parts } = dialect.engine
  const kind = factorOf(word, parts.factors)?.kind
  const handle = exchange.params.track_id ?? textOf(exchange.headers.trackid)
  const track = await readTrack(dialect, exchange, handle)
  if (track !== undefined) {
    const own = await listAuthenticators(parts, exchange.tenant.id, track.ticket.user)
    const it = own.findLast((one) => one.factor === kind && one.startedBy === track.ticket.id)
    if (it === undefined) return sayAt(dialect, exchange, said.notConfigured)
    await renameAuthenticator(parts, callerOf(exchange, track.application), track.ticket.user, it.id, name)
    return ok({ friendly_name: name })
  }
  // Calls that name a track know no token (cidaas.md §6.2).
  if (exchange.params.track_id !== undefined && exchange.headers.authorization === undefined) {
    return sayAt(dialect, exchange, said.unknownTrack)
  }
  const manager = await freshManagerOf(dialect, exchange)
  if ('status' in manager) return manager
  const own = await listAuthenticators(parts, exchange.tenant.id, manager.user.id)
  const fitting = own.filter((one) => one.factor === kind && one.state === 'confirmed')
  const ids = ['id', 'ph_id', 'device_id'].map((member) => input.text(member))
  const it = fitting.find((one) => ids.includes(one.id)) ?? fitting.at(-1)
  if (it === undefined) return sayAt(dialect, exchange, said.notConfigured)
  await renameAuthenticator(parts, manager.caller, manager.user.id, it.id, name)
  return ok({ friendly_name: name })
}
