import { timingSafeEqual } from 'node:crypto'

/** Computes whether a password belongs to one stored hash. The password is hashed exactly as given. */
export type PasswordCheck = (password: string) => Promise<boolean>

/** One way of writing down a password hash: the check for a text it knows, undefined for any other. */
export type PasswordFormat = (stored: string) => PasswordCheck | undefined

/** A stored tag shorter than this could be met by chance, and an empty one by anything. */
const MIN_TAG_BYTES = 16
const MAX_TAG_BYTES = 128

/**
 * Base64 as these formats write it: usually without padding, and in passlib's hand with "." for "+".
 * Undefined for other text.
 */
export function decodeBase64(text: string): Buffer | undefined {
  return /^[A-Za-z0-9+./]*={0,2}$/.test(text) ? Buffer.from(text.replaceAll('.', '+'), 'base64') : undefined
}

/** The stored tag, or undefined when it is unreadable or of an insane length. */
export function decodeTag(text: string): Buffer | undefined {
  const tag = decodeBase64(text)
  return tag !== undefined && tag.length >= MIN_TAG_BYTES && tag.length <= MAX_TAG_BYTES ? tag : undefined
}

/** A whole number written plainly within bounds, or undefined. */
export function boundedInt(text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined || !/^[1-9]\d{0,9}$/.test(text)) return undefined
  const value = Number(text)
  return value >= min && value <= max ? value : undefined
}

/** Turns a callback-style derivation into a check against the expected tag. */
export function comparing(
  tag: Buffer,
  derive: (password: string, done: (error: Error | null, key: Buffer) => void) => void,
): PasswordCheck {
  return (password) =>
    new Promise((resolve, reject) => {
      derive(password, (error, key) => {
        if (error) reject(error)
        else resolve(key.length === tag.length && timingSafeEqual(key, tag))
      })
    })
}
