import { passwordlessKinds } from '#engine/passwordless.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Dialect } from '../dialect.ts'
import { inputOf, requestIdOf } from '../input.ts'
import { readRequest, unmask } from '../requests.ts'
import { classic, ok, said } from '../wire.ts'
import { methodWord, wordOf } from '../words.ts'
import { listed, type Method, methodsOf } from './methods.ts'
import { findTrack } from './tracks.ts'

/**
 * The methods of a user whose first factor was proved in this request; for everybody else, known or not, what the
 * tenant offers as a first factor (S-104, operating.md §6.14).
 */
async function methodsFor(dialect: Dialect, exchange: Exchange): Promise<readonly Method[] | undefined> {
  const found = await readRequest(dialect, exchange, requestIdOf(exchange))
  if (found === undefined) return undefined
  const user = unmask(found.request, inputOf(exchange).any('user'))
  const track = user && (await findTrack(dialect, exchange, found.request, user))
  if (track) {
    return await methodsOf(dialect, exchange, track.ticket.user, track.ticket.requirement.challenge ?? [])
  }
  const { factors } = dialect.engine.parts
  const offered = passwordlessKinds.flatMap((kind) => {
    const factor = exchange.tenant.factors.includes(kind) ? factors.get(kind) : undefined
    return factor ? [wordOf(factor.traits)] : []
  })
  return ['PASSWORD', ...offered].map((type) => ({ type, mediums: [] }))
}

/** The configured list, old and new path (cidaas.md §6.1). */
export async function configuredList(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const methods = await methodsFor(dialect, exchange)
  return methods ? ok({ configured_list: methods.map(listed) }) : classic(dialect, said.badRequestId)
}

/** Whether one method is in that list. */
export async function configuredCheck(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const type = methodWord(exchange.params.method)
  if (type === undefined) return classic(dialect, said.unknownMethod)
  const methods = await methodsFor(dialect, exchange)
  if (methods === undefined) return classic(dialect, said.badRequestId)
  return ok({ configured: methods.some((it) => it.type === type), type })
}
