import { listAuthenticators } from '#engine/authenticators.ts'
import { waysOf } from '#engine/policy/ways.ts'
import type { Exchange } from '#http/route.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { UserId } from '#model/ids.ts'
import type { Factor } from '#ports/factor.ts'
import type { Dialect } from '../dialect.ts'
import { maskedTarget, wordOf } from '../words.ts'

export interface Medium {
  readonly id: string
  readonly medium_id: string
  readonly key_name: string
}

export interface Method {
  readonly type: string
  readonly mediums: readonly Medium[]
}

/**
 * The methods a user has, by the words of this dialect, each with the numbers, addresses or devices behind it. `among`
 * narrows them to the kinds a track may be answered with.
 */
export async function methodsOf(
  { engine }: Dialect,
  { tenant }: Pick<Exchange, 'tenant'>,
  user: UserId,
  among?: readonly string[],
): Promise<readonly Method[]> {
  const { parts } = engine
  const own = (await listAuthenticators(parts, tenant.id, user)).filter((it) => it.state === 'confirmed')
  const ways = own.flatMap((it) => waysOf(it, tenant, parts.factors).map((factor) => ({ it, factor })))
  const methods = new Map<string, Medium[]>()
  for (const { it, factor } of ways.sort((a, b) => a.factor.traits.rank - b.factor.traits.rank)) {
    if (among?.includes(factor.kind) === false) continue
    const word = wordOf(factor.traits)
    const mediums = methods.get(word) ?? []
    mediums.push(...mediumOf(it, factor))
    methods.set(word, mediums)
  }
  return [...methods].map(([type, mediums]) => ({ type, mediums }))
}

/** What there is to choose from: an address, a device; a method without either has none. */
function mediumOf(it: Authenticator, { traits }: Factor): readonly Medium[] {
  if (it.target === undefined && traits.channel !== 'device' && traits.channel !== 'push') return []
  const key_name = it.target === undefined ? (it.name ?? '') : maskedTarget(it.target)
  return [{ id: it.id, medium_id: it.id, key_name }]
}

/** The same in lists of somebody's own, where a device is named as the call that removes it names it (cidaas.md §6.1, §6.3). */
export const listedOwn = ({ type, mediums }: Method): object => {
  const devices = mediums.map((it) => ({ ...it, device_id: it.id }))
  return { ...listed({ type, mediums }), mediums: devices }
}

/** A method as the configured lists show it (cidaas.md §6.1). */
export const listed = ({ type, mediums }: Method): object => ({
  type,
  verification_type: type,
  ...(mediums[0] ? { medium_id: mediums[0].id } : {}),
  mediums,
})
