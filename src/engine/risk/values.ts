import { type RiskFeature, riskFeatures } from '#model/risk.ts'
import type { NetworkOf } from '#ports/network.ts'
import { network as networkOf } from '../attempt-budgets.ts'
import type { Caller, Parts } from '../parts.ts'
import { type Agent, parseAgent } from './agent.ts'
import { addressBits } from './blocks.ts'

/** What a caller shows of itself, as it is counted: keyed hashes, level by level from the finest; undefined: missing. */
export interface Shown {
  readonly network: readonly (string | undefined)[]
  readonly agent: readonly (string | undefined)[]
  readonly place: NetworkOf
  readonly software: Agent
}

/** Longest text of an agent that is told from another. */
const longestAgent = 1_000

/**
 * Values of the features of a login. An address that is none, an agent that cannot be read and a network nobody knows
 * are missing: they count as never seen, and so can only raise a score (risk.md §1.4). IPv6 is counted by /64, since
 * hosts change the rest by themselves.
 * @throws whatever the database of addresses throws
 */
export function valuesOf(parts: Parts, { tenant, address, userAgent }: Caller): Shown {
  const known = addressBits(address) !== undefined
  const place = (known ? parts.networks?.lookup(address) : undefined) ?? {}
  const software = parseAgent(userAgent)
  const hashed = (feature: RiskFeature, values: readonly (string | undefined)[]) =>
    values.map((value, level) => value && parts.keyring.mac(value, ['risk', tenant.id, feature, String(level)]))
  return {
    network: hashed('network', [known ? networkOf(address) : undefined, place.asn?.toString(), place.country]),
    agent: hashed('agent', [
      userAgent.trim().slice(0, longestAgent) || undefined,
      software.browser,
      software.system,
      software.device,
    ]),
    place,
    software,
  }
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
