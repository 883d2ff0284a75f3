import { type BodyLimits, malformed, type Parsed } from './parsed.ts'
import { fits, isPlainText, isSafeKey } from './text.ts'

type Fields = Record<string, string>

const none: readonly string[] = []

/**
 * Parses `a=1&b=2` of a form or a query within bounds (S-154, S-155; URL Standard section 5.1 for the syntax).
 * Of a repeated name the first value counts and the name is listed in `repeated` (S-121). Unlike the URL Standard,
 * broken percent-encoding and bytes that are not UTF-8 are refused, not replaced.
 * @param what names the input in the refusal: `body` or `query`
 */
export function parseForm(text: string, limits: BodyLimits, what: 'body' | 'query'): Parsed<Fields> {
  const value: Fields = Object.create(null)
  if (text === '') return { ok: true, value, repeated: none }
  let repeated: string[] | undefined
  let count = 0
  for (const piece of text.split('&', limits.keys + 2)) {
    if (piece === '') continue
    if (++count > limits.keys) return malformed(`${what} has more than ${limits.keys} fields`)
    const at = piece.indexOf('=')
    const name = decode(at < 0 ? piece : piece.slice(0, at))
    const content = at < 0 ? '' : decode(piece.slice(at + 1))
    if (name === undefined || content === undefined) return malformed(`${what} has broken percent-encoding or UTF-8`)
    if (!isSafeKey(name)) return malformed(`${what} has a forbidden name`)
    if (!isPlainText(name) || !isPlainText(content)) return malformed(`${what} has a control character`)
    if (!fits(content, limits.stringBytes))
      return malformed(`${what} has a value of more than ${limits.stringBytes} bytes`)
    if (name in value) {
      repeated ??= []
      if (!repeated.includes(name)) repeated.push(name)
    } else {
      value[name] = content
    }
  }
  return { ok: true, value, repeated: repeated ?? none }
}

function decode(text: string): string | undefined {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return undefined
  }
}
