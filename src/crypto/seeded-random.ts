import { createCipheriv, hash } from 'node:crypto'
import type { Random } from '#ports/random.ts'
import { createRandom } from './random.ts'

/**
 * TESTS ONLY: the same seed gives the same draws for ever. Anyone who knows the seed knows every code.
 *
 * The bytes are an AES-256-CTR key stream, so they are as evenly spread as the real ones and no test passes merely
 * because its generator is a poor one.
 */
export function seededRandom(seed: string | number): Random {
  const key = hash('sha256', `polyfactor test seed ${seed}`, 'buffer')
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  return createRandom((target) => {
    target.set(stream.update(new Uint8Array(target.length)))
  })
}
