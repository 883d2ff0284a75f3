/** The grammar of regular expressions (ECMA-262 section 22.2.1), as far as it takes to build strings against them. */

/** What a pattern is made of. */
export type Tree =
  /** Matches one character; `source` is how it is written. */
  | { readonly is: 'one'; readonly source: string }
  | { readonly is: 'all'; readonly parts: readonly Tree[] }
  | { readonly is: 'any'; readonly parts: readonly Tree[] }
  | { readonly is: 'repeat'; readonly body: Tree; readonly least: number; readonly most: number }
  /** Looks and takes nothing: a look ahead or behind, or with no parts `^`, `$` and the like. */
  | { readonly is: 'look'; readonly parts: readonly Tree[] }

const QUANTIFIER = /^(?:[*+?]|\{(\d+)(,(\d*))?\})\??/
const GROUP = /^\((?:\?(?:[:=!]|<[=!]|<\w+>))?/
const ESCAPE = /^\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|[^1-9k])/u
const CLASS = /^\[(?:\\.|[^\]\\])*\]/u

/**
 * @throws Error for what the patterns of this house do without: back references, modifiers, the flag `v`. Whoever needs one
 * teaches it here.
 */
export function treeOf({ source, flags }: RegExp): Tree {
  let at = 0
  const rest = () => source.slice(at)
  const unknown = (): never => {
    throw new Error(`/${source}/${flags}: cannot be read at ${at}: ${rest()}`)
  }
  if (flags.includes('v')) unknown()
  const take = (shape: RegExp): RegExpExecArray => {
    const found = shape.exec(rest()) ?? unknown()
    at += found[0].length
    return found
  }

  const choice = (): Tree => {
    const parts = [sequence()]
    while (source[at] === '|') {
      at++
      parts.push(sequence())
    }
    return parts.length === 1 && parts[0] ? parts[0] : { is: 'any', parts }
  }
  const sequence = (): Tree => {
    const parts: Tree[] = []
    while (at < source.length && source[at] !== '|' && source[at] !== ')') parts.push(repeated(term()))
    return { is: 'all', parts }
  }
  const repeated = (body: Tree): Tree => {
    if (!QUANTIFIER.test(rest())) return body
    const [text, least, open, most] = take(QUANTIFIER)
    if (least === undefined)
      return { is: 'repeat', body, least: text[0] === '+' ? 1 : 0, most: text[0] === '?' ? 1 : Infinity }
    return { is: 'repeat', body, least: Number(least), most: Number(open ? most || Infinity : least) }
  }
  const term = (): Tree => {
    const char = source[at] ?? ''
    if (char === '^' || char === '$' || /^\\[bB]/.test(rest())) {
      at += char === '\\' ? 2 : 1
      return { is: 'look', parts: [] }
    }
    if (char === '(') {
      const [opening] = take(GROUP)
      if (source[at] === '?') unknown()
      const body = choice()
      if (source[at++] !== ')') unknown()
      return /^\(\?<?[=!]/.test(opening) ? { is: 'look', parts: [body] } : body
    }
    return { is: 'one', source: take(char === '\\' ? ESCAPE : char === '[' ? CLASS : /^./su)[0] }
  }

  const tree = choice()
  if (at < source.length) unknown()
  return tree
}

/** Every character a tree names, as written, each once. */
export function onesOf(tree: Tree): readonly string[] {
  if (tree.is === 'one') return [tree.source]
  const parts = tree.is === 'repeat' ? [tree.body] : tree.parts
  return [...new Set(parts.flatMap(onesOf))]
}
