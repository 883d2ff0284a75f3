import { readFileSync } from 'node:fs'
import { isNode, LineCounter, parseDocument } from 'yaml'
import type * as z from 'zod'
import { deepFreeze } from './freeze.ts'
import type { Problem } from './problem.ts'
import { type Config, configJsonSchema, configSchema } from './schema.ts'

export type ReadConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] }

const FILE_LIMIT = 64 * 1024 * 1024

/** Reads and checks a configuration file; problems name the key, the line and the mend. */
export function readConfigFile(path: string): ReadConfig {
  let source: string
  try {
    source = readFileSync(path, 'utf8')
  } catch (error) {
    return failed({ key: path, ...unreadable(error) })
  }
  return parseConfig(source, path)
}

function unreadable(error: unknown): { readonly problem: string; readonly mend: string } {
  const code = (error as { code?: string }).code ?? 'unreadable'
  if (code === 'ENOENT')
    return { problem: 'there is no such file', mend: 'Check the path (--config or POLYFACTOR_CONFIG)' }
  if (code === 'EISDIR') return { problem: 'is a directory', mend: 'Name the file itself' }
  return { problem: `cannot be read (${code})`, mend: 'Let the user who runs the server read it' }
}

/** Checks the text of a configuration; `name` is what problems call the file. */
export function parseConfig(source: string, name: string): ReadConfig {
  if (source.length > FILE_LIMIT) {
    return failed({ key: name, problem: 'is larger than 64 MiB', mend: 'Use `polyfactor users import` for many users' })
  }
  const lines = new LineCounter()
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false })
  if (document.errors.length > 0) {
    return failed(
      ...document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0])
        return { key: `${name}:${line}:${col}`, problem: `is not YAML: ${yamlText(error)}`, mend: yamlMend(error.code) }
      }),
    )
  }
  const where = (path: readonly PropertyKey[]): string => {
    const offset = offsetOf(document, path)
    return offset === undefined ? name : `${name}:${lines.linePos(offset).line}`
  }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 })
  } catch {
    return failed({ key: name, problem: 'repeats too many aliases', mend: 'Write the values out' })
  }
  return checkConfig(value ?? {}, where)
}

/** Checks a configuration that is an object already. */
export function checkConfig(value: unknown, where: (path: readonly PropertyKey[]) => string = () => ''): ReadConfig {
  const parsed = configSchema.safeParse(value)
  if (parsed.success) return { ok: true, config: deepFreeze(parsed.data) as Config }
  return failed(...parsed.error.issues.flatMap((issue) => explain(issue, value, where)))
}

function failed(...problems: readonly Problem[]): ReadConfig {
  return { ok: false, problems }
}

// The parser quotes the line it fell over, which may hold a password: only its first sentence is shown.
function yamlText(error: { readonly code: string; readonly message: string }): string {
  if (error.code === 'DUPLICATE_KEY') return 'a key is written twice'
  if (error.code === 'TAB_AS_INDENT') return 'a tab stands where blanks are needed'
  return error.code.toLowerCase().replaceAll('_', ' ')
}

function yamlMend(code: string): string {
  if (code === 'DUPLICATE_KEY') return 'Keep one of them'
  if (code === 'TAB_AS_INDENT') return 'Indent with blanks'
  if (code === 'BAD_ALIAS' || code === 'BAD_SCALAR_START') return 'Put the value in quotes'
  return 'Check indentation, brackets and quotes there'
}

function offsetOf(
  document: { getIn(path: Iterable<unknown>, keepScalar: boolean): unknown },
  path: readonly PropertyKey[],
): number | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return undefined
}

/** Turns what zod found into problems a person can act on. Values are shown only where they cannot be secret. */
function explain(
  issue: z.core.$ZodIssue,
  root: unknown,
  where: (path: readonly PropertyKey[]) => string,
): readonly Problem[] {
  const at = (path: readonly PropertyKey[], problem: string, mend: string): Problem => {
    const place = where(path)
    return { key: [place, keyPath(path)].filter(Boolean).join(' '), problem, mend }
  }
  const value = issue.path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown>)?.[key], root)
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const near = nearest(key)
        const mend = near === undefined ? 'Remove it' : `Did you mean "${near}"? Else remove it`
        return at([...issue.path, key], 'is no known key here', mend)
      })
    case 'invalid_type':
      if (value === undefined) return [at(issue.path, 'is missing', `Set it (${wanted(issue.expected)})`)]
      return [at(issue.path, `is ${typeName(value)}, not ${wanted(issue.expected)}`, typeMend(issue.expected, value))]
    case 'invalid_value':
      if (value === undefined) return [at(issue.path, 'is missing', `Set it to ${choices(issue.values)}`)]
      return [at(issue.path, `${shown(value)} is not allowed`, `Use ${choices(issue.values)}`)]
    case 'invalid_key':
      return [at(issue.path, 'is no known key here', 'Remove it, or look up its name with `polyfactor config schema`')]
    case 'invalid_union':
      return [at(issue.path, 'is no factor that can be set up here', `Use one of ${importable.join(', ')}`)]
    case 'too_big':
      return [at(issue.path, `is above ${issue.maximum}${unit(issue.origin)}`, `Use at most ${issue.maximum}`)]
    case 'too_small':
      return [at(issue.path, `is below ${issue.minimum}${unit(issue.origin)}`, `Use at least ${issue.minimum}`)]
    case 'custom':
      return [at(issue.path, issue.message, String(issue.params?.mend ?? 'Correct it'))]
    default:
      return [at(issue.path, issue.message, 'Compare it with `polyfactor config schema`')]
  }
}

// Full grant type names are URLs; whoever needs one finds it in the schema.
function choices(values: readonly z.core.util.Primitive[]): string {
  const words = values.map(String).filter((value) => !value.includes(':'))
  return words.length === 1 ? String(words[0]) : `one of ${words.join(', ')}`
}

const importable = ['totp', 'sms', 'voice', 'email', 'recovery_code']

function keyPath(path: readonly PropertyKey[]): string {
  const text = path.reduce<string>(
    (so, key) => (typeof key === 'number' ? `${so}[${key}]` : `${so}.${String(key)}`),
    '',
  )
  return text.replace(/^\./, '') || 'configuration'
}

function unit(origin: string): string {
  return origin === 'string' ? ' characters' : origin === 'array' ? ' entries' : ''
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of keys',
  record: 'a group of keys',
  number: 'a number',
  int: 'a whole number',
}

function wanted(expected: string): string {
  return kinds[expected] ?? expected
}

function typeName(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a group of keys'
  return typeof value === 'string' ? 'text' : `a ${typeof value}`
}

function typeMend(expected: string, value: unknown): string {
  if (expected === 'string' && ['number', 'boolean'].includes(typeof value)) return 'Put it in quotes'
  if (expected === 'array') return 'Write a list, e.g. [a, b]'
  if (value === null) return 'Give it a value or remove the key'
  return `Write ${wanted(expected)}`
}

// Only lists of fixed words come here, where a short value is a misspelt word and no secret.
function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length <= 40 ? text : 'the value'
}

/** The known key a misspelt one was probably meant to be, at most two letters away. */
function nearest(key: string): string | undefined {
  const close = knownKeys()
    .map((known) => ({ known, distance: distance(key.toLowerCase().replaceAll('-', '_'), known) }))
    .filter(({ known, distance }) => distance <= Math.min(2, known.length / 3))
  return close.sort((a, b) => a.distance - b.distance)[0]?.known
}

function knownKeys(): readonly string[] {
  const names = new Set<string>()
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { properties } = node as { properties?: object }
    for (const name of Object.keys(properties ?? {})) names.add(name)
    for (const child of Object.values(node)) visit(child)
  }
  visit(configJsonSchema())
  return [...names]
}

function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 3
}
