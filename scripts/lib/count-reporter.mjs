/**
 * A reporter for node:test that only counts: one JSON line for each leaf test. Groups are not tests; a group that fails by
 * its own fault (a broken hook) is a failure all the same. Three things node:test would let pass are failures here: a file
 * without a test, a file that left early with exit code 0 (both show as one passing "test" named after the file), and
 * whatever happens outside a test.
 */
import { resolve } from 'node:path'
import { inspect } from 'node:util'

/** @typedef {{ is: 'passed' | 'failed' | 'skipped', name: string, file: string, entry: string, text?: string }} Count */

/** @param {AsyncIterable<any>} events */
export default async function* count(events) {
  /** @type {boolean[]} whether a depth was reported since the last parent above it: children come first, files one by one */
  const depths = []
  /** @type {Map<string, string>} file → the end of what it wrote to stderr and of node:test's remarks, where a crash explains itself */
  const stderr = new Map()
  for await (const { type, data } of events) {
    if (data.file !== undefined && (type === 'test:stderr' || type === 'test:diagnostic')) {
      const file = resolve(data.file)
      stderr.set(file, `${stderr.get(file) ?? ''}${data.message.trimEnd()}\n`.slice(-4000))
    }
    if (type === 'test:complete') yield '\n' // a sign of life, for whoever watches that the run goes on
    if (type !== 'test:pass' && type !== 'test:fail') continue
    const hasChildren = depths[data.nesting + 1] === true
    depths[data.nesting + 1] = false
    depths[data.nesting] = true
    const counted = judge(type, data, hasChildren, stderr.get(data.file) ?? '')
    if (counted !== undefined) yield `${JSON.stringify(counted)}\n`
  }
}

/**
 * @param {string} type
 * @param {any} data
 * @param {boolean} hasChildren
 * @param {string} stderr
 * @returns {Count | undefined}
 */
function judge(type, data, hasChildren, stderr) {
  const wholeFile = data.nesting === 0 && resolve(data.name) === data.file
  // A test from a shared suite stands in another file than the one that was run.
  const at = { name: data.name, file: `${data.file}:${data.line ?? 1}`, entry: String(data.entryFile ?? data.file) }
  if (data.skip !== undefined || data.todo !== undefined) return { is: 'skipped', ...at }
  if (type === 'test:fail') {
    const error = data.details.error
    // The children's failures are counted by themselves.
    if (error?.failureType === 'subtestsFailed') return undefined
    const cause = error?.cause ?? error
    const text = typeof cause === 'string' ? cause : inspect(cause, { depth: 6 })
    return { is: 'failed', ...at, text: wholeFile ? `${text}\n${stderr}` : text }
  }
  if (data.details.type === 'suite' || hasChildren) return undefined
  if (wholeFile) {
    const text = `The file ended without reporting a test: it holds none, or it called process.exit().\n${stderr}`
    return { is: 'failed', ...at, text }
  }
  return { is: 'passed', ...at }
}
