import { type Counters, scoreOf, type Weights } from '#engine/risk/score.ts'
import { chance } from './chance.ts'
import { evaluateScore, gateRate, gates, type Score } from './evaluate.ts'
import type { Simulated } from './simulate.ts'

/** The score of the engine with weights of one's own. */
export const scoreWith =
  (levels: Weights): Score =>
  (counters: Counters) =>
    scoreOf(counters, levels)?.score

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
