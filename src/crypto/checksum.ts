import { createHash } from 'node:crypto'

/** A checksum over texts in their order. */
export interface Checksum {
  add(text: string): void
  /** SHA-256 in hex; nothing can be added afterwards. */
  value(): string
}

/** For finding copies that differ. Each text is followed by a byte no UTF-8 has, so that none runs into the next. */
export function createChecksum(): Checksum {
  const hash = createHash('sha256')
  return {
    add: (text) => void hash.update(text, 'utf8').update(endOfText),
    value: () => hash.digest('hex'),
  }
}

const endOfText = new Uint8Array([0xff])
