/**
 * The likelihood-ratio score of Freeman et al. (NDSS 2016), as risk.md §1.1 defines it in plain text: how much more
 * likely the features of a login are for an attacker than for its user. Pure; who counts, and where, is no matter here.
 */

/** How often the value of one feature was seen before, level by level from the finest to the coarsest. */
export interface FeatureCounters {
  /** Earlier successful logins of everybody with this value, `c(h)`. */
  readonly global: readonly number[]
  /** Earlier successful logins of this user with this value, `c_u(h)`. */
  readonly user: readonly number[]
  /** `M` of the definition: distinct values seen at the coarser levels, plus 1. */
  readonly distinct: number
  /** `a_k`: how much likelier the value is among attacks than elsewhere; absent: unknown, 1. */
  readonly attackWeight?: number
}

/** Everything a score is computed from. Counts are whole numbers, zero or more. */
export interface Counters {
  /** `N`: successful logins of everybody. */
  readonly logins: number
  /** `U`: users there are. */
  readonly users: number
  /** `n_u`: successful logins of this user. */
  readonly ownLogins: number
  readonly network: FeatureCounters
  readonly agent: FeatureCounters
}

export interface RiskScore {
  /** `S`: low for what the user usually shows. It has no scale of its own: compare it with quantiles of other scores. */
  readonly score: number
  /** `r_network` and `r_agent`. */
  readonly network: number
  readonly agent: number
}

/** Weights of the levels, finest first (risk.md §1.1). Each list is one feature; its order is that of the counters. */
export const weights = {
  /** Full address, autonomous system, country. */
  network: [0.6, 0.3, 0.1],
  /** Full string, browser and version, system and version, device type. */
  agent: [0.53866538, 0.26804515, 0.18818295, 0.00510652],
} as const

/** The ratio of a feature of which the user has never shown a value at any level; it is fixed, so that two unknowns do not cancel. */
export const unseenRatio = 4

/**
 * `S(u, x)`. Undefined where there is nothing to compare with, no login of this user or of anybody: such a login is not
 * rated, it is asked (S-100).
 */
export function scoreOf({ logins, users, ownLogins, network, agent }: Counters): RiskScore | undefined {
  if (logins <= 0 || users <= 0 || ownLogins <= 0) return undefined
  const byNetwork = ratioOf(network, weights.network, logins, ownLogins)
  const byAgent = ratioOf(agent, weights.agent, logins, ownLogins)
  const history = logins / users / ownLogins
  const reputation = (network.attackWeight ?? 1) * (agent.attackWeight ?? 1)
  return { score: byNetwork * byAgent * reputation * history, network: byNetwork, agent: byAgent }
}

/**
 * `r = g / l` of one feature, or 4 where the user has shown the value at no level. The finest level of the global side
 * is smoothed, so that a value nobody has shown is rare and not impossible.
 */
export function ratioOf(
  { global, user, distinct }: FeatureCounters,
  levels: readonly number[],
  logins: number,
  ownLogins: number,
): number {
  let own = 0
  let everybody = 0
  levels.forEach((weight, level) => {
    const seen = global[level] ?? 0
    own += (weight * (user[level] ?? 0)) / ownLogins
    everybody += weight * (level === 0 ? Math.max(seen, 1) / (logins + distinct) : seen / logins)
  })
  return own > 0 ? everybody / own : unseenRatio
}
