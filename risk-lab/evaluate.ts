import type { Counters } from '#engine/risk/score.ts'
import { type Attacker, attackers, classes } from './population.ts'
import type { Attempt, Simulated } from './simulate.ts'

/** Lengths of history at which rates are told (risk.md §1.5). */
export const lengths = [2, 5, 12, 39] as const
/** Shares of attacks that must be stopped (risk.md §1.3). */
export const rates = [0.999, 0.995, 0.99, 0.98, 0.97] as const

/** `S` of a login; undefined where there is nothing to compare with. */
export type Score = (counters: Counters) => number | undefined

/** The median user: how many of the first so many logins were asked for a second factor, and how many users that is of. */
export interface Asked {
  readonly rate: number
  readonly count: number
  /** Of all users: the mean rate. */
  readonly mean: number
  readonly users: number
}

export interface Result {
  /** Of attacks, the share that is asked for a second factor. */
  readonly stopped: number
  readonly byLength: ReadonlyMap<number, Asked>
  /** By class of users and length. */
  readonly byClass: readonly ReadonlyMap<number, Asked>[]
}

/** Whether a login is asked, for own logins and attacks alike. */
export type Rule = (attempt: Attempt) => boolean

/**
 * How the threshold is found: one for each length of history, or one for all. The score has a factor 1 / n_u, so
 * figures of one length compare with those of another only in the first way, which is the one of the studies.
 */
export type Way = 'by length' | 'one for all'

/** Results of the score against each attacker at each rate. */
export function evaluateScore(
  it: Simulated,
  score: Score,
  way: Way,
  wanted: readonly number[] = rates,
): ReadonlyMap<Attacker, ReadonlyMap<number, Result>> {
  const scores = new Map<Attempt, number>()
  const scored = (attempt: Attempt): number => {
    const known = scores.get(attempt) ?? score(attempt.counters) ?? Number.POSITIVE_INFINITY
    scores.set(attempt, known)
    return known
  }
  const results = new Map<Attacker, ReadonlyMap<number, Result>>()
  for (const attacker of attackers) {
    const groups = Map.groupBy(it.attacks[attacker], ({ history }) => (way === 'by length' ? history : 0))
    const sorted = new Map([...groups].map(([length, all]) => [length, Float64Array.from(all, scored).sort()]))
    const at = (rate: number) => {
      const thresholds = new Map([...sorted].map(([length, all]) => [length, reached(all, rate)]))
      const rule: Rule = (attempt) => {
        const threshold = thresholds.get(way === 'by length' ? attempt.history : 0)
        return threshold === undefined || scored(attempt) >= threshold
      }
      return evaluateRule(it, attacker, rule)
    }
    results.set(attacker, new Map(wanted.map((rate) => [rate, at(rate)])))
  }
  return results
}

/** The largest score that at least a share `rate` of the sorted scores reaches. */
export function reached(sorted: ArrayLike<number>, rate: number): number {
  const needed = Math.ceil(sorted.length * rate)
  return sorted[sorted.length - needed] ?? Number.POSITIVE_INFINITY
}

/** Of each kind of attack, the share that reaches a threshold which a share of all own logins with a history reaches. */
export function stoppedAt(
  { own, attacks }: Simulated,
  score: Score,
  share: number,
): Readonly<Record<Attacker, number>> {
  const scored = (attempt: Attempt) => score(attempt.counters) ?? Number.POSITIVE_INFINITY
  const sorted = Float64Array.from(
    own.filter(({ history }) => history > 0),
    scored,
  ).sort()
  const threshold = reached(sorted, share)
  const of = (attacker: Attacker) =>
    attacks[attacker].filter((attempt) => scored(attempt) >= threshold).length / attacks[attacker].length
  return { naive: of('naive'), VPN: of('VPN'), targeted: of('targeted'), 'very targeted': of('very targeted') }
}

/** The rules a score has to beat (risk.md §1.5). The first login of a user is asked by all of them, for want of a history. */
export const baselines: Readonly<Record<string, Rule>> = {
  'always ask': () => true,
  'any new address': ({ history, newAddress }) => history === 0 || newAddress,
  'new country or new device': ({ history, newCountry, newDevice }) => history === 0 || newCountry || newDevice,
}

export function evaluateRule({ people, own, attacks }: Simulated, attacker: Attacker, rule: Rule): Result {
  const tried = attacks[attacker]
  const byUser = Map.groupBy(own, ({ user }) => user)
  const askedOf = new Map([...byUser].map(([user, all]) => [user, all.map((attempt) => rule(attempt))]))
  const overall = (keep: (user: number) => boolean) =>
    new Map(
      lengths.map((length) => [
        length,
        medianOf(
          [...askedOf].filter(([user]) => keep(user)),
          length,
        ),
      ]),
    )
  return {
    stopped: tried.filter(rule).length / tried.length,
    byLength: overall(() => true),
    byClass: classes.map((_, of) => overall((user) => people[user]?.class === of)),
  }
}

/** Only users who have come so often have a rate at that length. */
function medianOf(users: readonly (readonly [number, readonly boolean[]])[], length: number): Asked {
  const counts = users
    .filter(([, asked]) => asked.length >= length)
    .map(([, asked]) => asked.slice(0, length).filter(Boolean).length)
    .sort((a, b) => a - b)
  const count = counts[counts.length >> 1] ?? Number.NaN
  const mean = counts.reduce((sum, it) => sum + it, 0) / counts.length / length
  return { rate: count / length, count, mean, users: counts.length }
}

export interface Gate {
  readonly attacker: Attacker
  readonly length: number
  readonly most: number
}

/** The gates of risk.md §1.5: median rates at TPR 0.98. */
export const gateRate = 0.98
export const gates: readonly Gate[] = [
  { attacker: 'naive', length: 12, most: 0.1 },
  { attacker: 'VPN', length: 12, most: 0.2 },
  { attacker: 'targeted', length: 12, most: 0.25 },
  { attacker: 'naive', length: 39, most: 0.05 },
  { attacker: 'VPN', length: 39, most: 0.08 },
  { attacker: 'targeted', length: 39, most: 0.08 },
]

/** Each gate with what was measured. */
export const judged = (results: ReadonlyMap<Attacker, ReadonlyMap<number, Result>>) =>
  gates.map((gate) => {
    const asked = results.get(gate.attacker)?.get(gateRate)?.byLength.get(gate.length)
    return { ...gate, rate: asked?.rate ?? Number.NaN, pass: (asked?.rate ?? Number.NaN) <= gate.most }
  })
