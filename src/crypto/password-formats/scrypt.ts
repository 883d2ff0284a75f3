import { scrypt } from 'node:crypto'
import { boundedInt, comparing, decodeBase64, decodeTag, type PasswordFormat } from './format.ts'

const PHC = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/

const MAX_MEMORY_BYTES = 256 * 1024 * 1024
/** N·r·p of one OWASP hash (2¹⁷·8·1) is 2²⁰; four times that is about one and a half seconds. */
const MAX_WORK = 2 ** 22

/** scrypt (RFC 7914) as a PHC string, which is also passlib's form. At most 256 MiB. */
export const scryptFormat: PasswordFormat = (stored) => {
  const match = PHC.exec(stored)
  if (match === null) return undefined
  const logCost = boundedInt(match[1], 1, 20)
  const blockSize = boundedInt(match[2], 1, 32)
  const parallelization = boundedInt(match[3], 1, 16)
  const salt = decodeBase64(match[4] as string)
  const tag = decodeTag(match[5] as string)
  if (logCost === undefined || blockSize === undefined || parallelization === undefined) return undefined
  if (salt === undefined || tag === undefined) return undefined
  const cost = 2 ** logCost
  if (128 * cost * blockSize > MAX_MEMORY_BYTES || cost * blockSize * parallelization > MAX_WORK) return undefined
  // OpenSSL counts a little more than the table itself against maxmem.
  const maxmem = 2 * 128 * blockSize * (cost + parallelization + 2)
  return comparing(tag, (password, done) => {
    scrypt(password, salt, tag.length, { cost, blockSize, parallelization, maxmem }, done)
  })
}
