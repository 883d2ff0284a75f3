import { createHmac, hash, timingSafeEqual } from 'node:crypto'

/**
 * SHA-256 of a bearer secret, as 43 characters of base64url: the form that is stored and looked up (S-35).
 * A plain hash is enough because the secret has 256 random bits; nothing shorter may be kept this way.
 */
export function tokenDigest(secret: string): string {
  return hash('sha256', secret, 'base64url')
}

/**
 * Whether two secret texts are the same, in a time that depends on neither (S-41).
 * Their digests are compared, so their lengths may differ and do not show.
 */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'))
}

/** HMAC-SHA-256 of several texts under a key of at least 32 random bytes, as base64url; compare with `sameSecret`. */
export function keyedHash(key: Uint8Array, parts: readonly string[]): string {
  return createHmac('sha256', key).update(lengthPrefixed(parts)).digest('base64url')
}

/** The S256 code challenge that belongs to a PKCE verifier (RFC 7636 section 4.2). */
export function s256(verifier: string): string {
  return hash('sha256', verifier, 'base64url')
}

/** A script's source as a content security policy names it (CSP 3 section 2.3.1). */
export function scriptSource(script: string): string {
  return `'sha256-${hash('sha256', script, 'base64')}'`
}

/**
 * Several texts as one run of bytes from which each could be read back, so that no two lists look alike to a hash
 * (S-40): how many there are, then for each its length in bytes and its bytes.
 *
 * The top bit of a length marks text with a lone surrogate, which UTF-8 cannot carry and would fold into U+FFFD; such
 * text is written as UTF-16 instead.
 */
export function lengthPrefixed(parts: readonly string[]): Buffer {
  let size = 4
  for (const part of parts) size += 4 + byteLength(part)
  const out = Buffer.allocUnsafe(size)
  let at = out.writeUInt32BE(parts.length, 0)
  for (const part of parts) {
    const wellFormed = part.isWellFormed()
    const length = byteLength(part)
    at = out.writeUInt32BE(wellFormed ? length : (length | 0x8000_0000) >>> 0, at)
    at += out.write(part, at, wellFormed ? 'utf8' : 'utf16le')
  }
  return out
}

function byteLength(part: string): number {
  return part.isWellFormed() ? Buffer.byteLength(part) : part.length * 2
}
