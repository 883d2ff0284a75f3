import { ratingOf } from '../score.ts'
import { type Signal, shown } from './signal.ts'

/** Network and agent together are likelier for an attacker than for the user (risk.md §1.1). */
export const likelihood: Signal = {
  name: 'likelihood',
  look(situation) {
    const it = ratingOf(situation)
    const { ask, high } = situation.thresholds
    // Written so that a figure that is none counts as reached.
    if (it === undefined || it.score < ask) return undefined
    const isHigh = !(it.score < high)
    const ratios = { score: shown(it.score), network: shown(it.network), agent: shown(it.agent) }
    return {
      weight: isHigh ? 2 : 1,
      why: isHigh ? 'score-very-high' : 'score-high',
      inputs: { ...ratios, threshold: isHigh ? high : ask },
    }
  },
}
