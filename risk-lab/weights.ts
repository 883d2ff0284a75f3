import { fittedWeights, type Weights, weights } from '#engine/risk/score.ts'

/** Those to beat: risk.md §1.1, fitted by others to the data of another service. */
export const starting: Weights = weights

/** Those of the engine, found here with `npm run risk:evaluate -- --fit 300`. */
export const fitted: Weights = fittedWeights
