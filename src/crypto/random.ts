import { randomFillSync } from 'node:crypto'
import type { Random } from '#ports/random.ts'

/** Fills the whole target with random bytes. */
export type ByteSource = (target: Uint8Array) => void

const POOL_BYTES = 4096
const TWO_POW_48 = 2 ** 48

/**
 * Builds every draw of the `Random` port on one source of bytes.
 *
 * Bytes are taken from a pool that is filled 4 KiB at a time, because a call into the operating system for six
 * digits costs more than the digits. Bytes are wiped as they are handed out: a later look into the pool tells
 * nothing about codes already given.
 */
export function createRandom(fill: ByteSource): Random {
  const pool = Buffer.alloc(POOL_BYTES)
  let used = POOL_BYTES

  /** Start of `n` unused bytes in the pool; the caller wipes them after reading. */
  const take = (n: number): number => {
    if (used + n > POOL_BYTES) {
      fill(pool)
      used = 0
    }
    const start = used
    used += n
    return start
  }

  const byte = (): number => {
    const at = take(1)
    const value = pool[at] as number
    pool[at] = 0
    return value
  }

  /** Uniform below `size` (1 … 256): bytes in the incomplete last stretch are thrown away, not folded back. */
  const below = (size: number): number => {
    const limit = 256 - (256 % size)
    let value = byte()
    while (value >= limit) value = byte()
    return value % size
  }

  const bytes = (n: number): Uint8Array => {
    const out = new Uint8Array(n)
    if (n > POOL_BYTES) {
      fill(out)
      return out
    }
    const at = take(n)
    out.set(pool.subarray(at, at + n))
    pool.fill(0, at, at + n)
    return out
  }

  const draw = (alphabet: string, length: number): string => {
    let text = ''
    for (let i = 0; i < length; i++) text += alphabet[below(alphabet.length)]
    return text
  }

  return {
    bytes,
    digits: (n) => draw('0123456789', n),
    token() {
      const at = take(32)
      const text = pool.toString('base64url', at, at + 32)
      pool.fill(0, at, at + 32)
      return text
    },
    id() {
      const at = take(16)
      // The index is within the pool: take() saw to it.
      pool[at + 6] = ((pool[at + 6] as number) & 0x0f) | 0x40
      pool[at + 8] = ((pool[at + 8] as number) & 0x3f) | 0x80
      const hex = pool.toString('hex', at, at + 16)
      pool.fill(0, at, at + 16)
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
    },
    code(alphabet, length) {
      if (alphabet.length < 1 || alphabet.length > 256) throw new RangeError('alphabet must have 1 to 256 characters')
      return draw(alphabet, length)
    },
    int(maxExclusive) {
      if (!Number.isInteger(maxExclusive) || maxExclusive < 1 || maxExclusive > TWO_POW_48) {
        throw new RangeError('maxExclusive must be an integer of 1 to 2^48')
      }
      const limit = TWO_POW_48 - (TWO_POW_48 % maxExclusive)
      for (;;) {
        const at = take(6)
        const value = pool.readUIntBE(at, 6)
        pool.fill(0, at, at + 6)
        if (value < limit) return value % maxExclusive
      }
    },
  }
}

/** The operating system's random source; the only one a running server uses (S-1). */
export const systemRandom: Random = createRandom((target) => {
  randomFillSync(target)
})
