import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Random } from '#ports/random.ts'
import { base32Decode } from './base32.ts'

/** The hash under the HMAC; most authenticator apps know only SHA1. */
export type OtpAlgorithm = 'SHA1' | 'SHA256' | 'SHA512'

/** How codes of one authenticator are made. */
export interface OtpShape {
  readonly digits: number
  readonly algorithm: OtpAlgorithm
}

/** What apps assume when they are told nothing: six digits of SHA1 (security contract, part 1). */
export const defaultOtpShape: OtpShape = { digits: 6, algorithm: 'SHA1' }
/** Length of one TOTP step in seconds. */
export const defaultPeriod = 30

const NEW_SECRET_BYTES = 20
const MIN_SECRET_BYTES = 16

/** How many steps before and after the current one are accepted. */
export interface TotpWindow {
  readonly back: number
  readonly ahead: number
}

/** This step and the one before: two codes are good at any instant (S-11). */
export const defaultWindow: TotpWindow = { back: 1, ahead: 0 }

const NODE_NAMES = { SHA1: 'sha1', SHA256: 'sha256', SHA512: 'sha512' } as const

/** A new secret of 160 random bits (S-9, RFC 4226 requirement 6). */
export function newOtpSecret(random: Random): Uint8Array {
  return random.bytes(NEW_SECRET_BYTES)
}

/** A secret brought along as base32; undefined when it is none or has under 128 bits (S-9). */
export function importOtpSecret(base32: string): Uint8Array | undefined {
  const secret = base32Decode(base32)
  return secret !== undefined && secret.length >= MIN_SECRET_BYTES ? secret : undefined
}

/**
 * The HOTP code of one counter (RFC 4226 section 5.3), with leading zeros. Digits: 6 to 9, as the truncated value has
 * 31 bits.
 */
export function hotp(secret: Uint8Array, counter: number, { digits, algorithm }: OtpShape = defaultOtpShape): string {
  const message = Buffer.alloc(8)
  // Two halves, because a BigInt costs more than the hash.
  message.writeUInt32BE(Math.floor(counter / 0x1_0000_0000), 0)
  message.writeUInt32BE(counter >>> 0, 4)
  const tag = createHmac(NODE_NAMES[algorithm], secret).update(message).digest()
  const offset = (tag[tag.length - 1] as number) & 15
  const value = tag.readUInt32BE(offset) & 0x7fff_ffff
  return String(value % 10 ** digits).padStart(digits, '0')
}

/** The TOTP step a moment belongs to (RFC 6238 section 4.2). `now` in milliseconds, `period` in seconds. */
export function totpStep(now: number, period: number = defaultPeriod): number {
  return Math.floor(now / 1000 / period)
}

/** One comparison of a submitted code. */
export interface TotpQuestion {
  readonly secret: Uint8Array
  /** In canonical form, see `canonicalCode`. */
  readonly code: string
  /** The server's clock, in milliseconds (S-13). */
  readonly now: number
  /** The step accepted last; only later ones count (S-12). */
  readonly lastStep?: number | undefined
  readonly window?: TotpWindow
  readonly period?: number
  readonly digits?: number
  readonly algorithm?: OtpAlgorithm
}

/**
 * The step a code belongs to, when it is within the window and later than the last one accepted; else undefined.
 * Whoever accepts the code has to store that step in a conditional write, or the code can be used again (S-12).
 *
 * Every candidate is computed and compared in constant time, whichever of them matches (S-41).
 */
export function matchTotp({
  secret,
  code,
  now,
  lastStep,
  window = defaultWindow,
  period = defaultPeriod,
  digits = defaultOtpShape.digits,
  algorithm = defaultOtpShape.algorithm,
}: TotpQuestion): number | undefined {
  const given = asciiDigits(code, digits)
  if (given === undefined) return undefined
  const current = totpStep(now, period)
  let found: number | undefined
  for (let step = Math.max(0, current - window.back); step <= current + window.ahead; step++) {
    const same = timingSafeEqual(given, Buffer.from(hotp(secret, step, { digits, algorithm }), 'latin1'))
    if (same && (lastStep === undefined || step > lastStep)) found = step
  }
  return found
}

/**
 * A submitted code in its one canonical form: exactly `digits` ASCII digits once ordinary spaces and hyphens are gone.
 * Undefined for everything else, whatever its type; that is a failed attempt (S-6).
 */
export function canonicalCode(input: unknown, digits: number): string | undefined {
  // Nobody groups digits so widely; a long text is not worth cleaning.
  if (typeof input !== 'string' || input.length > 64) return undefined
  const clean = input.replace(/[ -]/g, '')
  return asciiDigits(clean, digits) === undefined ? undefined : clean
}

function asciiDigits(code: string, digits: number): Buffer | undefined {
  // \d without flags is ASCII only: other scripts' digits do not pass.
  return code.length === digits && /^\d+$/.test(code) ? Buffer.from(code, 'latin1') : undefined
}
