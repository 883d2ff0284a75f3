/** A COSE key of this algorithm (RFC 9053, RFC 8812): its members and how many bytes they may have. */
export type Shape = Readonly<Record<number, number | readonly [least: number, most: number]>>

const kty = 1
const ec2 = (curve: number, bytes: number): Shape => ({
  [kty]: 2,
  [-1]: curve,
  [-2]: [bytes, bytes],
  [-3]: [bytes, bytes],
})

/** What is offered, in the order of preference, by its number in the COSE registry. */
export const shapes: ReadonlyMap<number, Shape> = new Map([
  // Ed25519, ES256, ES384, ES512, RS256 of 2048 to 8192 bits.
  [-8, { [kty]: 1, [-1]: 6, [-2]: [32, 32] }],
  [-7, ec2(1, 32)],
  [-35, ec2(2, 48)],
  [-36, ec2(3, 66)],
  [-257, { [kty]: 3, [-1]: [256, 1_024], [-2]: [1, 8] }],
])

export const offeredAlgorithms: readonly number[] = [...shapes.keys()]
