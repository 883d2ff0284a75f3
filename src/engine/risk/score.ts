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

/** Weights of the levels, finest first; each list sums to 1 and is in the order of the counters. */
export interface Weights {
  /** Full address, autonomous system, country. */
  readonly network: readonly number[]
  /** Full string, browser and version, system and version, device type. */
  readonly agent: readonly number[]
}

/** The published ones, fitted by others to another service (risk.md §1.1). Its examples are computed with them; no login is rated by them. */
export const weights: Weights = {
  network: [0.6, 0.3, 0.1],
  agent: [0.53866538, 0.26804515, 0.18818295, 0.00510652],
}

/**
 * Those logins are rated by: fitted to the training half of the users of `risk-lab/` (seed 1), never to the half that is
 * reported, and rounded; docs/risk-evaluation.md says what both are worth. Nearly all of the network is the full address,
 * since a value that all share says little of one user: a coarse level that weighs as much as in the published weights
 * makes the score of somebody from a rare country, or with a rare browser, hundreds of times smaller than that of
 * everybody else, so that no threshold fits both.
 */
export const fittedWeights: Weights = {
  network: [0.99975, 0.000243, 0.000007],
  agent: [0.85, 0.07, 0.035, 0.045],
}

/** The ratio of a feature of which the user has never shown a value at any level; it is fixed, so that two unknowns do not cancel. */
export const unseenRatio = 4

/**
 * `S(u, x)` with these weights of the levels. Undefined where there is nothing to compare with, no login of this user or of anybody: such a login is not
 * rated, it is asked (S-100).
 */
export function scoreOf(
  { logins, users, ownLogins, network, agent }: Counters,
  levels: Weights = weights,
): RiskScore | undefined {
  if (logins <= 0 || users <= 0 || ownLogins <= 0) return undefined
  const byNetwork = ratioOf(network, levels.network, logins, ownLogins)
  const byAgent = ratioOf(agent, levels.agent, logins, ownLogins)
  const history = logins / users / ownLogins
  const reputation = (network.attackWeight ?? 1) * (agent.attackWeight ?? 1)
  return { score: byNetwork * byAgent * reputation * history, network: byNetwork, agent: byAgent }
}

/** The score logins are rated by. */
export const ratingOf = (counters: Counters): RiskScore | undefined => scoreOf(counters, fittedWeights)

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
