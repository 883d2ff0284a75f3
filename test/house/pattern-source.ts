/** Finds the regular expressions of a source, by its syntax tree. */
import { parseSync } from 'vite'
import { lineAt } from './scan.ts'

/** A pattern as it stands in a source. */
export interface Literal {
  /** `path:line`, so that an editor can jump there. */
  readonly where: string
  readonly pattern: RegExp
  /** Whether it goes through the whole text, match after match, and not only to the first. */
  readonly sweeps: boolean
}

export interface Found {
  readonly literals: readonly Literal[]
  /** Where a pattern is put together at run time. */
  readonly built: readonly string[]
}

type Node = Readonly<Record<string, unknown>>

const isNode = (it: unknown): it is Node => typeof it === 'object' && it !== null && !Array.isArray(it)
const nodeOf = (it: unknown): Node => (isNode(it) ? it : {})

/** Every node of a tree, each with the one it stands in. */
function* nodes(it: unknown, parent: Node = {}): Generator<readonly [node: Node, parent: Node]> {
  if (Array.isArray(it)) for (const one of it) yield* nodes(one, parent)
  else if (isNode(it)) {
    yield [it, parent]
    for (const child of Object.values(it)) yield* nodes(child, it)
  }
}

/** `it.NAME` of a call; of `RegExp(…)` and `new RegExp(…)` the name alone. */
function called(node: Node): string | undefined {
  if (node.type !== 'CallExpression' && node.type !== 'NewExpression') return undefined
  const callee = nodeOf(node.callee)
  return String(callee.type === 'MemberExpression' ? nodeOf(callee.property).name : callee.name)
}

/** Methods of strings that make a pattern of a string they are given. */
const compiling = new Set(['match', 'matchAll', 'search'])

/** Whether a pattern comes out of this call that is no literal. */
function builds(node: Node): boolean {
  const name = called(node) ?? ''
  // A script's text may do so as well.
  if (name === 'RegExp' || name === 'Script') return true
  const given = nodeOf(Array.isArray(node.arguments) ? node.arguments[0] : undefined)
  return compiling.has(name) && (given.type === 'TemplateLiteral' || typeof given.value === 'string')
}

/** All patterns of a source. @throws Error if it cannot be parsed. */
export function patternsOf(path: string, text: string): Found {
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`)
  const literals: Literal[] = []
  const built: string[] = []
  for (const [node, parent] of nodes(program)) {
    const where = `${path}:${lineAt(text, Number(node.start ?? 0))}`
    const regex = node.type === 'Literal' ? nodeOf(node.regex) : {}
    if (typeof regex.pattern === 'string') {
      const pattern = new RegExp(regex.pattern, String(regex.flags))
      literals.push({ where, pattern, sweeps: pattern.global || called(parent) === 'split' })
    } else if (builds(node)) built.push(where)
  }
  return { literals, built }
}
