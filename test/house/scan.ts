/** Reads TypeScript just far enough to tell code from comments, strings, templates and regular expressions. */

/** A source with everything blanked that is not code; offsets and line ends stay where they were. */
export interface Scanned {
  readonly code: string
  /** Offset of the opening quote → the text between the quotes; of a template only what stands before its first `${`. */
  readonly strings: ReadonlyMap<number, string>
}

/** An import of any form: static, re-export, dynamic, or of a type. */
export interface Import {
  readonly line: number
  /** undefined: a dynamic import of something that is not a literal. */
  readonly specifier: string | undefined
}

/** After one of these words a slash begins a regular expression. */
const BEFORE_REGEX = /(?:^|[^\w$.])(?:return|typeof|case|in|of|do|else|void|delete|await|yield|throw|new)\s*$/
const FLAT = /^(?:\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:\\[\s\S]|[^'\\\n])*'?|"(?:\\[\s\S]|[^"\\\n])*"?)/
const REGEX = /^\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/[\\\n])+\/[a-z]*/

/** Blanks text but keeps its line ends, so that line numbers stay true. */
const blank = (text: string) => text.replace(/[^\n]/g, ' ')

/** Splits a source into its code and its strings. */
export function scan(source: string): Scanned {
  const strings = new Map<number, string>()
  const braces: boolean[] = [] // for each open brace: does its closing one lead back into a template?
  let code = ''
  let at = 0

  const template = (opening: boolean) => {
    const start = at
    let end = at + 1
    while (end < source.length && source[end] !== '`' && !source.startsWith('${', end))
      end += source[end] === '\\' ? 2 : 1
    const closes = source[end] === '`' || end >= source.length
    if (opening) strings.set(start, source.slice(start + 1, end))
    code += (opening ? '`' : ' ') + blank(source.slice(start + 1, end)) + (closes ? '`' : '${')
    at = closes ? end + 1 : end + 2
    if (!closes) braces.push(true)
  }

  while (at < source.length) {
    const char = source[at] as string
    if (char === '`') template(true)
    else if (char === '}' && braces.pop() === true) template(false)
    else {
      if (char === '{') braces.push(false)
      const rest = /['"/]/.test(char) ? source.slice(at) : ''
      const flat = FLAT.exec(rest)?.[0]
      const regex = flat === undefined && char === '/' && regexMayStart(code) ? REGEX.exec(rest)?.[0] : undefined
      const token = flat ?? regex ?? char
      if (flat !== undefined && char !== '/') {
        strings.set(at, flat.slice(1, -1))
        code += char + blank(flat.slice(1, -1)) + char
      } else code += flat === undefined && regex === undefined ? char : blank(token)
      at += token.length
    }
  }
  return { code, strings }
}

/** A slash divides after a value (a name, a number, a closing bracket) and opens a regular expression elsewhere. */
function regexMayStart(code: string): boolean {
  const before = code.slice(-80).trimEnd()
  return !/[\w$)\]'"`]$/.test(before) || BEFORE_REGEX.test(before)
}

/** All imports of a scanned source, in order. */
export function importsOf({ code, strings }: Scanned): readonly Import[] {
  const found: { at: number; specifier: string | undefined }[] = []
  const literal = (at: number) => {
    const text = strings.get(at)
    // `./${name}.ts` can be judged by its beginning, `${name}` cannot.
    return text === '' && code[at] === '`' ? undefined : text
  }
  for (const match of code.matchAll(/\b(?:import|export)\b[^;'"`()=]*?\bfrom\s*(?=['"])|\bimport\s*(?=['"])/g)) {
    found.push({ at: match.index, specifier: literal(match.index + match[0].length) })
  }
  for (const match of code.matchAll(/(?<![\w$.])import\s*\(\s*/g)) {
    found.push({ at: match.index, specifier: literal(match.index + match[0].length) })
  }
  return found
    .sort((one, other) => one.at - other.at)
    .map(({ at, specifier }) => ({ line: lineAt(code, at), specifier }))
}

/** The number of the line, from 1, on which an offset lies. */
export const lineAt = (text: string, offset: number) => text.slice(0, offset).split('\n').length
