import { argon2 } from 'node:crypto'
import { boundedInt, comparing, decodeBase64, decodeTag, type PasswordFormat } from './format.ts'

/** Cost of Argon2: memory in KiB, passes over it, lanes. */
export interface Argon2Params {
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

/** The figures of the security contract, part 1: 19 MiB, two passes, one lane. */
export const currentArgon2: Argon2Params = { memory: 19_456, passes: 2, parallelism: 1 }

export const saltBytes = 16
export const tagBytes = 32

const PHC = /^\$(argon2id|argon2i|argon2d)\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/** Memory times passes, in KiB: about one second of work. Higher figures in an import would let one login stall all. */
const MAX_WORK = 1024 * 1024

/** Argon2 of version 19 as a PHC string, all three variants (RFC 9106). At most 256 MiB, 16 passes, 16 lanes. */
export const argon2Format: PasswordFormat = (stored) => {
  const match = PHC.exec(stored)
  if (match === null) return undefined
  const algorithm = match[1] as 'argon2id' | 'argon2i' | 'argon2d'
  const passes = boundedInt(match[3], 1, 16)
  const parallelism = boundedInt(match[4], 1, 16)
  const memory = boundedInt(match[2], 8 * (parallelism ?? 1), 256 * 1024)
  const nonce = decodeBase64(match[5] as string)
  const tag = decodeTag(match[6] as string)
  if (memory === undefined || passes === undefined || parallelism === undefined || tag === undefined) return undefined
  if (nonce === undefined || nonce.length < 8 || nonce.length > 64 || memory * passes > MAX_WORK) return undefined
  return comparing(tag, (password, done) => {
    argon2(algorithm, { message: password, nonce, parallelism, tagLength: tag.length, memory, passes }, done)
  })
}

/** A new Argon2id hash as a PHC string. */
export function argon2idHash(password: string, salt: Uint8Array, params: Argon2Params): Promise<string> {
  return new Promise((resolve, reject) => {
    argon2('argon2id', { message: password, nonce: salt, tagLength: tagBytes, ...params }, (error, tag) => {
      if (error) reject(error)
      else resolve(argon2idText(params, salt, tag))
    })
  })
}

/** The PHC string of these parts, with base64 unpadded. */
export function argon2idText(params: Argon2Params, salt: Uint8Array, tag: Uint8Array): string {
  const plain = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '')
  return `${argon2idPrefix(params)}${plain(salt)}$${plain(tag)}`
}

/** What every hash with these parameters starts with. */
export function argon2idPrefix({ memory, passes, parallelism }: Argon2Params): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$`
}
