import { knownBadPasswords } from './known-bad-passwords.ts'

/** Digits and marks that may surround a bad word without making it a good password, such as "…2024!". */
const MAX_DECORATION = 5

/** Shorter words, such as the "de" of a domain, occur in any text. */
const MIN_WORD = 3

const LOOKALIKES: Readonly<Record<string, string>> = {
  '@': 'a',
  '4': 'a',
  '3': 'e',
  '1': 'i',
  '!': 'i',
  '|': 'i',
  '0': 'o',
  $: 's',
  '5': 's',
  '7': 't',
}

/**
 * Whether a password is among the first an attacker tries: on the list of common ones, one of them with a few digits or
 * marks around it or look-alike characters in it, one key pressed over and over, or little more than words that belong to the
 * service or the user (S-39; SP 800-63B section 3.1.1.2).
 *
 * `words` are texts known about both: service and tenant names, user name, e-mail address, full name. A match is no
 * verdict on the password's make-up; there are no composition rules.
 */
export function isKnownBadPassword(password: string, words: readonly string[] = []): boolean {
  const text = fold(password)
  return isOneCharacter(text) || isCommon(text) || isMadeOf(text, words)
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}

function isOneCharacter(text: string): boolean {
  return new Set(text).size === 1
}

function isCommon(text: string): boolean {
  if (knownBadPasswords.has(text) || knownBadPasswords.has(plainLetters(text))) return true
  const core = text.replace(/^[^\p{L}]+|(?<![^\p{L}])[^\p{L}]+$/gu, '')
  if (text.length - core.length > MAX_DECORATION || core.length < MIN_WORD) return false
  return knownBadPasswords.has(core) || knownBadPasswords.has(plainLetters(core))
}

/** The text with look-alike characters read as the letters they stand for. */
function plainLetters(text: string): string {
  return [...text].map((character) => LOOKALIKES[character] ?? character).join('')
}

/** Whether so little is left without the known words that those are the password. */
function isMadeOf(text: string, words: readonly string[]): boolean {
  const parts = words.map(fold).flatMap((word) => [word, ...word.split(/[^\p{L}\p{N}]+/u)])
  // The longest first, or "jane" would leave torn pieces of "janedoe".
  const known = [...new Set(parts)].filter((part) => part.length >= MIN_WORD).sort((a, b) => b.length - a.length)
  return [text, plainLetters(text)].some((form) => {
    const rest = known.reduce((left, word) => left.replaceAll(word, ''), form)
    return rest !== form && rest.replace(/[^\p{L}\p{N}]/gu, '').length <= MAX_DECORATION
  })
}
