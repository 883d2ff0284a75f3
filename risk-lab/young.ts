import { ratingOf } from '#engine/risk/score.ts'
import { firstThresholds, shares } from '#engine/risk/settings.ts'
import { reached } from './evaluate.ts'
import { type Attacker, attackers, populate } from './population.ts'
import { table } from './report.ts'
import { type Attempt, simulate } from './simulate.ts'

const sizes = [5_000, 1_000, 200, 60, 20] as const
/** Logins of a service that has just begun: until about when calibration takes over, and a while longer. */
const bands = [
  [0, 200],
  [200, 1_000],
] as const

/**
 * Scores in a service that has just begun, where the thresholds of engine/risk/settings.ts hold: the quantiles they
 * stand for, and what they do. Of users with even numbers, who are there to choose by; several populations each, since
 * the first 200 logins are few.
 */
export function ofBeginnings(seed: number, populations = 10): string {
  const head = ['users', 'logins so far', 'own logins', 'ask', 'high', 'asked by the first thresholds', 'counted twice']
  const rows = sizes.flatMap((users) => {
    const all = Array.from({ length: populations }, (_, at) => begun(users, seed + at))
    return bands.map(([from, to]) => {
      const within = (attempts: readonly Attempt[]) =>
        attempts.filter(({ history, counters }) => history > 0 && counters.logins >= from && counters.logins < to)
      const own = scoresOf(all.flatMap((it) => within(it.own)))
      const stops = attackers.map((kind: Attacker) => shareOf(scoresOf(all.flatMap((it) => within(it.attacks[kind])))))
      const found = [reached(own, shares.ask), reached(own, shares.high)].map((score) => score.toPrecision(2))
      const twice = own.filter((score) => score >= firstThresholds.high).length / own.length
      return [`${users}`, `${from}–${to}`, `${own.length}`, ...found, shareOf(own), twice.toFixed(3), ...stops]
    })
  })
  return table([...head, ...attackers.map((attacker) => `stops ${attacker}`)], rows)
}

function begun(users: number, seed: number) {
  const { people, logins } = populate(users, seed)
  const few = { people, logins: logins.slice(0, bands[1][1]) }
  return simulate(few, { longest: 1_000, attacks: 1, seed, keep: (user) => user % 2 === 0 })
}

const scoresOf = (attempts: readonly Attempt[]): Float64Array =>
  Float64Array.from(attempts, ({ counters }) => ratingOf(counters)?.score ?? Number.POSITIVE_INFINITY).sort()

const shareOf = (scores: Float64Array): string =>
  (scores.filter((score) => score >= firstThresholds.ask).length / scores.length).toFixed(3)
