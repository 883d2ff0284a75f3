import { canonicalEmail } from '#engine/addresses.ts'
import { type Journey, type JourneyKind, journeyToken, readJourney } from '#engine/journeys/journey.ts'
import type { Caller, Parts } from '#engine/parts.ts'
import type { Answer, Exchange } from '#http/route.ts'
import { asId, type ClientId } from '#model/ids.ts'
import { callerOf, type Dialect } from './dialect.ts'
import { addsMethod } from './steer.ts'
import { errors, fail, type Ids, refuse } from './wire.ts'
import { wordsOf } from './words.ts'

/** A request to a native endpoint whose client has been looked at. */
export interface Call {
  readonly dialect: Dialect
  readonly exchange: Exchange
  readonly caller: Caller
  readonly ids: Ids
  /** Body members; an empty one is as good as absent. Never the query: secrets would land in access logs. */
  readonly params: Readonly<Record<string, string | undefined>>
  /** Whether the query asks for a method to be added (operating.md §6.5). */
  readonly adds: boolean
}

export type Handler = (call: Call) => Promise<Answer>

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/**
 * Ids of an answer: the caller's own correlation where it is a UUID, since SDKs send it back. Refreshes are kept simple
 * requests, and have it in the query instead of a header (entra.md §4.3).
 */
export function idsOf(
  exchange: Pick<Exchange, 'headers' | 'requestId'> & Partial<Pick<Exchange, 'query'>>,
  parts: Pick<Parts, 'clock'>,
): Ids {
  const given = exchange.headers['client-request-id'] ?? exchange.query?.['client-request-id']
  const correlation = given !== undefined && uuid.test(given) ? given : exchange.requestId
  return { correlation, trace: exchange.requestId, now: parts.clock.now() }
}

/** Runs a handler for a public client that may use native authentication; else says why not. */
export const forClient =
  (dialect: Dialect, handle: Handler) =>
  async (exchange: Exchange): Promise<Answer> => {
    const { parts } = dialect.engine
    const ids = idsOf(exchange, parts)
    if (exchange.repeated.length > 0) return fail(ids, errors.repeated)
    const params = paramsOf(exchange.body)
    if (params.client_id === undefined) return fail(ids, errors.missing('client_id'))
    const application = await parts.store.get('applications', exchange.tenant.id, asId<ClientId>(params.client_id))
    if (application === undefined) return fail(ids, errors.unknownClient)
    if (application.authMethod !== 'none') return fail(ids, errors.confidentialClient)
    if (!application.nativeAuth) return fail(ids, errors.notNative)
    const caller = callerOf(exchange, application, ids.correlation)
    return await handle({ dialect, exchange, caller, ids, params, adds: addsMethod(exchange.query) })
  }

function paramsOf(body: unknown): Record<string, string | undefined> {
  const out: Record<string, string | undefined> = {}
  if (typeof body !== 'object' || body === null) return out
  for (const [name, value] of Object.entries(body)) if (typeof value === 'string' && value !== '') out[name] = value
  return out
}

/** The journey of the request's continuation token, if it is of one of these kinds; else the answer. */
export async function journeyOf(call: Call, ...kinds: readonly JourneyKind[]): Promise<{ journey: Journey } | Answer> {
  const token = call.params.continuation_token
  if (token === undefined) return fail(call.ids, errors.missing('continuation_token'))
  const found = await readJourney(call.dialect.engine.parts, call.caller, token)
  if (found.no !== undefined) return refuse(call.ids, found)
  if (kinds.length > 0 && !kinds.includes(found.yes.kind)) return fail(call.ids, errors.badToken)
  return { journey: found.yes }
}

/** A continuation token for where a journey stands. */
export const continuation = ({ dialect }: Call, journey: Journey): { readonly continuation_token: string } => ({
  continuation_token: journeyToken(dialect.engine.parts, journey),
})

const challengeTypes: readonly string[] = ['password', 'oob', 'redirect']

/** The challenge types a client can do; an answer for a list that is not in order, undefined where none was sent. */
export function typesOf(call: Call): { readonly types: readonly string[] | undefined } | Answer {
  const types = wordsOf(call.params.challenge_type)
  if (types.length === 0) return { types: undefined }
  if (!types.includes('redirect')) return fail(call.ids, errors.noRedirect)
  return types.every((it) => challengeTypes.includes(it)) ? { types } : fail(call.ids, errors.unknownChallenge)
}

/** What a client has said it can do; kept with the journey to its end (entra.md §0.5). */
export interface Abilities {
  readonly types: readonly string[]
  readonly capabilities: readonly string[]
}

/** The abilities named at the start of a flow; both spellings and separators of earlier revisions count. */
export function abilitiesOf(call: Call): Abilities | Answer {
  const types = typesOf(call)
  if ('status' in types) return types
  if (types.types === undefined) return fail(call.ids, errors.noRedirect)
  const { capabilities, capability } = call.params
  return { types: types.types, capabilities: wordsOf(`${capabilities ?? ''} ${capability ?? ''}`) }
}

/** The abilities a journey was begun with. */
export function keptAbilities({ state }: Journey): Abilities {
  const { types, capabilities } = (state.extra ?? {}) as Partial<Abilities>
  return { types: types ?? [], capabilities: capabilities ?? [] }
}

/** A login as typed, or the answer to one that can be none. */
export function usernameOf(call: Call): { readonly login: string } | Answer {
  const login = call.params.username?.trim() ?? ''
  if (login === '' || login.length > 320 || /[\r\n\t]/.test(login)) return fail(call.ids, errors.badUsername)
  if (login.includes('@') && canonicalEmail(login).yes === undefined) return fail(call.ids, errors.badUsername)
  return { login }
}
