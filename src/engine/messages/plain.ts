import type { MessageLanguage } from '#model/message-texts.ts'

/** A message, ready to be sent. */
export interface Said {
  readonly subject: string
  readonly text: string
  /** The same for readers of mail that show HTML. */
  readonly html?: string
  readonly language?: MessageLanguage
}

/**
 * Text of others as it may stand in a message: one line of at most 64 characters without control or direction marks and
 * without an address of the web (S-85). Headers are built by an encoder besides.
 */
export function plain(text: string): string {
  const line = text
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/(?<!\S)\S*(?::\/\/|www\.)\S*/giu, '')
    .replace(/ {2,}/g, ' ')
    .trim()
  return [...line].slice(0, 64).join('')
}
