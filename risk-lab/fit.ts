import { type Counters, ratioOf } from '#engine/risk/score.ts'
import { chance } from './chance.ts'
import { evaluateScore, gateRate, gates, type Score } from './evaluate.ts'
import type { Simulated } from './simulate.ts'

/** Weights of the levels, finest first. */
export interface Weights {
  readonly network: readonly number[]
  readonly agent: readonly number[]
}

/** The engine's score with other weights than its own. */
export const scoreWith =
  ({ network, agent }: Weights): Score =>
  ({ logins, users, ownLogins, ...it }: Counters) => {
    if (logins <= 0 || users <= 0 || ownLogins <= 0) return undefined
    const ratio = ratioOf(it.network, network, logins, ownLogins) * ratioOf(it.agent, agent, logins, ownLogins)
    return (ratio * logins) / users / ownLogins
  }

/** How far a score is from the gates: what each is missed by, and a little of every rate, so that there is always a way down. */
export function lossOf(it: Simulated, score: Score): number {
  const results = evaluateScore(it, score, 'by length', [gateRate])
  return gates.reduce((sum, { attacker, length, most }) => {
    const asked = results.get(attacker)?.get(gateRate)?.byLength.get(length)
    const mean = asked?.mean ?? 1
    return sum + Math.max(0, (asked?.rate ?? 1) - most) * 4 + mean
  }, 0)
}

/**
 * Weights with a smaller loss than those it starts from, by a seeded walk that is kept where it helps. `rounds` steps;
 * each changes one or two levels by a factor, and the rest so that the sum stays 1.
 */
export function fit(
  it: Simulated,
  start: Weights,
  rounds: number,
  seed: number,
  tell: (line: string) => void,
): Weights {
  const dice = chance(seed, 0xf17)
  let best = start
  let least = lossOf(it, scoreWith(start))
  for (let round = 0; round < rounds; round++) {
    const feature = dice.happens(0.5) ? 'network' : 'agent'
    const changed = best[feature].map((weight) =>
      dice.happens(0.5) ? Math.max(weight, 1e-6) * Math.exp(1.5 * dice.normal()) : weight,
    )
    const sum = changed.reduce((a, b) => a + b, 0)
    const next = { ...best, [feature]: changed.map((weight) => weight / sum) }
    const loss = lossOf(it, scoreWith(next))
    if (loss >= least) continue
    best = next
    least = loss
    tell(`${round}: ${loss.toFixed(4)} ${JSON.stringify(next)}`)
  }
  return best
}
