const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Bytes as upper-case base32 without padding (RFC 4648 section 6), as authenticator apps read it. */
export function base32Encode(bytes: Uint8Array): string {
  let text = ''
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET[(held >>> bits) & 31]
    }
  }
  return bits > 0 ? text + ALPHABET[(held << (5 - bits)) & 31] : text
}

/**
 * The bytes of base32 as people pass it on: either case, with or without padding, spaces and hyphens between groups.
 * Undefined for any other character and for lengths no encoder produces.
 */
export function base32Decode(text: string): Uint8Array | undefined {
  const clean = text
    .replace(/[ -]/g, '')
    .replace(/={0,6}$/, '')
    .toUpperCase()
  if (!/^[A-Z2-7]*$/.test(clean) || [1, 3, 6].includes(clean.length % 8)) return undefined
  const bytes = new Uint8Array(Math.floor((clean.length * 5) / 8))
  let held = 0
  let bits = 0
  let at = 0
  for (const letter of clean) {
    held = ((held << 5) | ALPHABET.indexOf(letter)) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = (held >>> bits) & 0xff
    }
  }
  return bytes
}
