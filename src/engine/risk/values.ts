import { type HintHashes, type RiskFeature, riskFeatures } from '#model/risk.ts'
import type { NetworkOf } from '#ports/network.ts'
import { network as networkOf } from '../attempt-budgets.ts'
import type { Caller, Parts } from '../parts.ts'
import { type Agent, parseAgent } from './agent.ts'
import { addressBits } from './blocks.ts'

/** What a caller shows of itself, as it is counted: keyed hashes, level by level from the finest; undefined: missing. */
export interface Shown {
  readonly network: readonly (string | undefined)[]
  readonly agent: readonly (string | undefined)[]
  /** The same by the newer keys of the ring, for the day this one leaves it. */
  readonly later: readonly Pick<Shown, RiskFeature>[]
  readonly hints?: HintHashes
  readonly place: NetworkOf
  readonly software: Agent
}

/** Longest text of an agent, or of what a client says of itself, that is told from another. */
const longest = 1_000
/** Languages looked at of one request. */
const mostLanguages = 10

/**
 * Values of the features of a login. An address that is none, an agent that cannot be read and a network nobody knows
 * are missing: they count as never seen, and so can only raise a score (risk.md §1.4). IPv6 is counted by /64, since
 * hosts change the rest by themselves.
 *
 * Hashes are made by the oldest key of the ring, and also by all newer ones for what is taught: whoever keeps an old key
 * for as long as counters live finds all of them under the new one when it goes, and never reads more of them.
 * @throws whatever the database of addresses throws
 */
export function valuesOf(parts: Parts, caller: Caller): Shown {
  const { tenant, address, userAgent } = caller
  const known = addressBits(address) !== undefined
  const place = (known ? parts.networks?.lookup(address) : undefined) ?? {}
  const software = parseAgent(userAgent)
  const network = [known ? networkOf(address) : undefined, place.asn?.toString(), place.country]
  const text = userAgent.trim().slice(0, longest) || undefined
  const agent = [text, software.browser, software.system, software.device]
  const { keyring } = parts
  const by = (keyId: string) => {
    const hashed = (feature: RiskFeature, values: readonly (string | undefined)[]) =>
      values.map((value, level) => value && keyring.mac(value, ['risk', tenant.id, feature, String(level)], keyId))
    return { network: hashed('network', network), agent: hashed('agent', agent) }
  }
  const [oldest = keyring.activeKeyId, ...newer] = keyring.keyIds.toReversed()
  const hints = hintsOf(parts, caller, oldest)
  return { ...by(oldest), later: newer.map(by), ...(hints && { hints }), place, software }
}

/** Hashes of what a client says of itself; what it leaves out is a value of its own. */
function hintsOf({ keyring }: Parts, { tenant, hints }: Caller, keyId: string): HintHashes | undefined {
  if (hints === undefined) return undefined
  const hashes = (what: string, values: readonly string[]) =>
    values.map((value) => keyring.mac(value, ['risk', tenant.id, what], keyId))
  return {
    languages: hashes('language', languagesOf(hints.language)),
    fingerprints: hashes('fingerprint', [(hints.fingerprint ?? '').trim().slice(0, longest)]),
  }
}

/** The languages of an `Accept-Language`, whatever their order and quality; one empty name where there are none. */
function languagesOf(header = ''): readonly string[] {
  const names = header.slice(0, longest).split(',')
  const found = names.map((name) => (name.split(';')[0] ?? '').trim().toLowerCase()).filter((name) => name !== '')
  return found.length === 0 ? [''] : [...new Set(found)].slice(0, mostLanguages)
}

/** One value that is counted, with the ids of its two counters. */
export interface Counted {
  readonly feature: RiskFeature
  readonly level: number
  /** Of everybody, and after the user's id of the user. */
  readonly id: string
}

export const features = Object.keys(riskFeatures) as readonly RiskFeature[]

/** The values that are there. */
export function counted(shown: Pick<Shown, RiskFeature>): readonly Counted[] {
  return features.flatMap((feature) =>
    shown[feature].flatMap((value, level) =>
      value === undefined ? [] : [{ feature, level, id: `${feature}:${level}:${value}` }],
    ),
  )
}
