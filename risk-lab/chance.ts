/** Draws of a seeded generator (sfc32): the same seed gives the same population for ever. No secret is made with it. */
export interface Chance {
  /** At least 0 and below 1. */
  draw(): number
  /** A whole number at least 0 and below `count`. */
  below(count: number): number
  happens(probability: number): boolean
  /** Standard normal (Box and Muller). */
  normal(): number
  /** An index by weight; `sums` are running sums. */
  pick(sums: readonly number[]): number
}

export function chance(seed: number, stream = 0): Chance {
  let [a, b, c, d] = [seed | 0, stream | 0, 0x9e3779b9 | 0, 1]
  const draw = (): number => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return (t >>> 0) / 4_294_967_296
  }
  for (let round = 0; round < 15; round++) draw()
  const below = (count: number) => Math.floor(draw() * count)
  return {
    draw,
    below,
    happens: (probability) => draw() < probability,
    normal: () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw()),
    pick(sums) {
      const at = draw() * (sums.at(-1) ?? 0)
      let [low, high] = [0, sums.length - 1]
      while (low < high) {
        const middle = (low + high) >> 1
        if ((sums[middle] ?? 0) > at) high = middle
        else low = middle + 1
      }
      return low
    },
  }
}

/** Running sums of weights, for `pick`. */
export function runningSums(weights: readonly number[]): readonly number[] {
  let sum = 0
  return weights.map((weight) => (sum += weight))
}

/** Weights of a Zipf law: the k-th of `count` is as likely as 1/k to the power of `exponent`. */
export const zipf = (count: number, exponent = 1): readonly number[] =>
  Array.from({ length: count }, (_, at) => 1 / (at + 1) ** exponent)
