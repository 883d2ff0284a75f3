import { type BodyLimits, malformed, type Parsed } from './parsed.ts'
import { fits, isPlainText, isSafeKey } from './text.ts'

/**
 * Parses a JSON body within bounds (S-154, S-155): depth, keys an object, items an array, bytes a string; no key that
 * reaches a prototype, no control characters or lone surrogates. Objects of the result have no prototype.
 */
export function parseJson(text: string, limits: BodyLimits): Parsed {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's own message quotes the input, which may hold a secret (S-148).
    return malformed('body is not valid JSON')
  }
  const wrong = inspect(value, 1, limits)
  return wrong === undefined ? { ok: true, value, repeated: [] } : malformed(wrong)
}

/** What is wrong with a value, or undefined; takes the prototype off every object on the way. */
function inspect(value: unknown, depth: number, limits: BodyLimits): string | undefined {
  if (typeof value === 'string') return inspectText(value, limits)
  if (typeof value !== 'object' || value === null) return undefined
  if (depth > limits.depth) return `body is nested deeper than ${limits.depth} levels`
  if (Array.isArray(value)) return inspectItems(value, depth, limits)
  return inspectMembers(value as Record<string, unknown>, depth, limits)
}

function inspectText(text: string, limits: BodyLimits): string | undefined {
  if (!fits(text, limits.stringBytes)) return `body has a string of more than ${limits.stringBytes} bytes`
  return isPlainText(text) ? undefined : 'body has a control character or broken Unicode'
}

function inspectItems(items: readonly unknown[], depth: number, limits: BodyLimits): string | undefined {
  if (items.length > limits.items) return `body has an array of more than ${limits.items} items`
  for (const item of items) {
    const wrong = inspect(item, depth + 1, limits)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function inspectMembers(members: Record<string, unknown>, depth: number, limits: BodyLimits): string | undefined {
  const names = Object.keys(members)
  if (names.length > limits.keys) return `body has an object of more than ${limits.keys} keys`
  for (const name of names) {
    if (!isSafeKey(name)) return 'body has a forbidden key'
    const wrong = inspectText(name, limits) ?? inspect(members[name], depth + 1, limits)
    if (wrong !== undefined) return wrong
  }
  Object.setPrototypeOf(members, null)
  return undefined
}
