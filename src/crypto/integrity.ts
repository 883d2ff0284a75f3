import { hash } from 'node:crypto'

/** The SHA-512 of bytes in the form of a subresource integrity value (SRI section 3.1), as package registries publish it. */
export function integrityOf(bytes: Uint8Array): string {
  return `sha512-${hash('sha512', bytes, 'base64')}`
}

/**
 * Whether bytes have the integrity somebody stated. A statement may hold several values (SRI section 3.3.4); only
 * SHA-512 counts, and a statement without one matches nothing.
 */
export function hasIntegrity(bytes: Uint8Array, stated: string): boolean {
  const own = integrityOf(bytes)
  return stated
    .trim()
    .split(/\s+/)
    .some((value) => value.split('?', 1)[0] === own)
}
