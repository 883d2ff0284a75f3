// NUL and control characters, C1 included; tab and line ends are text, a lone CR is not a line end (S-155).
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const forbidden = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)/

/** Names that reach into an object's prototype when used as a key, also inside `a[__proto__][x]` or `constructor.x`. */
const prototypeName = /(?:^|[[\].])(?:__proto__|constructor|prototype)(?:$|[[\].])/

/** Whether decoded text is free of control characters and lone surrogates (S-155). Linear time. */
export function isPlainText(text: string): boolean {
  return !forbidden.test(text) && text.isWellFormed()
}

/** Whether a name may be a key of parsed input (S-154). */
export function isSafeKey(name: string): boolean {
  return !prototypeName.test(name)
}

/** Whether text is at most `bytes` long in UTF-8. */
export function fits(text: string, bytes: number): boolean {
  return text.length <= bytes && (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes)
}
