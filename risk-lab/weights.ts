import { weights } from '#engine/risk/score.ts'
import type { Weights } from './fit.ts'

/** Those the engine starts with: risk.md §1.1, fitted by others to the data of another service. */
export const starting: Weights = weights

/**
 * Fitted to the training half of the users of seed 1 (`npm run risk:evaluate -- --fit 300`), never to the reported half,
 * and rounded. Nearly all of the network is the full address, since a value that all share says little of one user: a
 * coarse level that weighs as much as in the starting weights makes the score of somebody from a rare country, or with a
 * rare browser, hundreds of times smaller than that of everybody else, so that no threshold fits both.
 */
export const fitted: Weights = {
  network: [0.99975, 0.000243, 0.000007],
  agent: [0.85, 0.07, 0.035, 0.045],
}
