import { pbkdf2 } from 'node:crypto'
import { boundedInt, comparing, decodeBase64, decodeTag, type PasswordFormat } from './format.ts'

/** PHC writes `i=29000`, passlib the bare figure; `$pbkdf2$` alone is passlib's name for SHA-1. */
const PHC = /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:i=)?(\d+)(?:,l=\d+)?\$([^$]+)\$([^$]+)$/
const DJANGO = /^pbkdf2_(sha1|sha256|sha512)\$(\d+)\$([^$]+)\$([^$]+)$/

/** Django's default passes one million; two million take about 0.3 s. */
const MAX_ITERATIONS = 2_000_000

/** PBKDF2 (RFC 8018) as PHC string, in passlib's form, and in Django's, whose salt is plain text. */
export const pbkdf2Format: PasswordFormat = (stored) => {
  const phc = PHC.exec(stored)
  const match = phc ?? DJANGO.exec(stored)
  if (match === null) return undefined
  const digest = match[1] ?? 'sha1'
  const iterations = boundedInt(match[2], 1, MAX_ITERATIONS)
  const salt = phc === null ? Buffer.from(match[3] as string) : decodeBase64(match[3] as string)
  const tag = decodeTag(match[4] as string)
  if (iterations === undefined || salt === undefined || tag === undefined) return undefined
  return comparing(tag, (password, done) => {
    pbkdf2(password, salt, iterations, tag.length, digest, done)
  })
}
