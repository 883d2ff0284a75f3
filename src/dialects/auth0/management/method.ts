import { waysOf } from '#engine/policy/ways.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { Factor, FactorTraits } from '#ports/factor.ts'
import { channelWord, deviceId, maskedName, methodType, parseDeviceId } from '../words.ts'
import type { Call } from './call.ts'

/** How much of a method is shown. */
export interface View {
  /** Numbers and addresses whole: only in the answer to the call that has just set them (auth0.md §7.2). */
  readonly unmasked?: true
  /** Without `confirmed`: what an administrator has just made is confirmed by that. */
  readonly fresh?: true
}

export const iso = (ms: number): string => new Date(ms).toISOString()

/** Id of a method: its type and the device it belongs to. */
export const methodId = (factor: Factor, it: Pick<Authenticator, 'id' | 'memory'>): string =>
  `${methodType(factor, it)}|dev_${it.id}`

/** An authenticator as the Management API lists it; never with a secret (S-14, S-140). */
export function methodOf(call: Call, it: Authenticator, view: View = {}): object {
  const { factors } = call.dialect.engine.parts
  const factor = factors.get(it.factor)
  if (factor === undefined) return {}
  return {
    id: methodId(factor, it),
    type: methodType(factor, it),
    ...(view.fresh ? {} : { confirmed: it.state !== 'pending' }),
    ...(it.name === undefined ? {} : { name: it.name }),
    ...targetOf(factor.traits, it, view),
    ...(factor.traits.reach === 'phone' ? phoneWays(call, it, factor) : {}),
    ...keyOf(factor, it),
    created_at: iso(it.createdAt),
    ...(it.confirmedAt === undefined ? {} : { enrolled_at: iso(it.confirmedAt) }),
    ...(it.lastUsedAt === undefined ? {} : { last_auth_at: iso(it.lastUsedAt) }),
  }
}

/** What is public of a key. */
function keyOf(factor: Factor, it: Authenticator): object {
  const facts = factor.keyFacts?.(it.memory)
  if (facts?.id === undefined) return {}
  const about = { key_id: facts.id, public_key: facts.publicKey, relying_party_identifier: facts.rpId }
  return { ...about, ...(facts.aaguid === undefined ? {} : { aaguid: facts.aaguid }) }
}

function targetOf(traits: FactorTraits, { target }: Authenticator, view: View): object {
  if (traits.reach === undefined || target === undefined) return {}
  const shown = view.unmasked ? target : maskedName(traits, target)
  return traits.reach === 'phone' ? { phone_number: shown } : { email: shown }
}

/** The ways to reach a phone, nested in its one method; the one it was enrolled with, or set to, is preferred. */
function phoneWays({ dialect, exchange }: Call, it: Authenticator, own: Factor): object {
  const open = waysOf(it, exchange.tenant, dialect.engine.parts.factors)
  const ways = open.length > 0 ? open : [own]
  return {
    preferred_authentication_method: channelWord(own.traits),
    authentication_methods: ways.map((way) => ({ id: deviceId(way, it), type: channelWord(way.traits) })),
  }
}

/** The authenticator an id of a method names, by its own type or by a way nested in it. */
export function findMethod(call: Call, held: readonly Authenticator[], text: string): Authenticator | undefined {
  const { factors } = call.dialect.engine.parts
  const parsed = parseDeviceId(text)
  const it = parsed && held.find((one) => one.id === parsed.id)
  const factor = it && factors.get(it.factor)
  if (parsed === undefined || it === undefined || factor === undefined) return undefined
  const ways = waysOf(it, call.exchange.tenant, factors)
  const ids = [methodId(factor, it), ...[factor, ...ways].map((way) => deviceId(way, it))]
  return ids.includes(text) ? it : undefined
}
