import type { Random } from '#ports/random.ts'

let last = 0
let sequence = 0

/**
 * An id that sorts as things happened: milliseconds, a sequence within this process, and chance so that two
 * processes never meet. 26 characters of hex and base32.
 */
export function timeId(now: number, random: Random): string {
  if (now > last) {
    last = now
    sequence = 0
  }
  sequence += 1
  return `${last.toString(16).padStart(12, '0')}${(sequence % 65_536).toString(16).padStart(4, '0')}${random.code('0123456789abcdefghjkmnpqrstvwxyz', 10)}`
}
