/**
 * `npm test`: installs what is missing, then runs every check there is. `npm test -- PATH…` runs only the tests in the
 * named files or folders. The last line on stdout is `N passed, N failed, N skipped`; the exit code is 0 only with no failure.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureBrowser } from './lib/browser.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { ensurePages } from './lib/pages.mjs'
import { root } from './lib/paths.mjs'
import { planned, runTests, testFiles } from './lib/suites.mjs'

/** @typedef {import('./lib/suites.mjs').Result} Result */

/** Checks that are one command; each counts as one test. */
const CHECKS = /** @type {const} */ ([
  ['format and lint', 'biome', ['check', '--colors=off', '--max-diagnostics=200']],
  ['types', 'tsc', ['--noEmit', '--pretty', 'false']],
  ['types of the pages', 'tsc', ['--noEmit', '--pretty', 'false', '--project', 'web']],
  ['types of the sample', 'tsc', ['--noEmit', '--pretty', 'false', '--project', 'examples/entra-react']],
])

const say = (/** @type {string} */ text) => void process.stdout.write(`${text}\n`)

/**
 * @param {string} name
 * @param {string} text
 * @returns {Result}
 */
const failed = (name, text) => ({ passed: 0, skipped: 0, failures: [{ name, file: '', text }] })

/**
 * @param {string} name
 * @param {string} tool
 * @param {readonly string[]} args
 */
function check(name, tool, args) {
  const bin = join(root, 'node_modules', '.bin', tool)
  const run = spawnSync(bin, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (run.status === 0) return { passed: 1, skipped: 0, failures: [] }
  const text = `${run.stdout ?? ''}${run.stderr ?? ''}${run.error?.message ?? ''}`.trim()
  return failed(name, text || `${tool} ended with ${run.status ?? run.signal}`)
}

/** @param {readonly string[]} files */
function browserTests(files) {
  const browser = ensureBrowser()
  if (browser === undefined) return failed('browser', 'There is no browser to run the tests in.')
  return runTests(files, { base: root, env: { CHROME_PATH: browser } })
}

/** What there is to do: a name and the work, in order. */
function stages(/** @type {readonly string[]} */ paths) {
  const chosen = paths.length === 0 ? undefined : new Set(paths.flatMap((path) => testFiles(root, path)))
  const lost = paths.filter((path) => testFiles(root, path).length === 0)
  const tests = planned(root)
    .map(({ name, files }) => ({ name, files: files.filter((file) => chosen?.has(file) ?? true) }))
    .filter(({ files }) => files.length > 0)
  /** @type {[name: string, run: () => Result | Promise<Result>][]} */
  return [
    ...(chosen === undefined ? CHECKS : []).map(([name, tool, args]) => [name, () => check(name, tool, args)]),
    ...lost.map((path) => [path, () => failed(path, 'There is no test file of this name.')]),
    ...tests.map(({ name, files }) => [
      name,
      () => (name === 'browser' ? browserTests(files) : runTests(files, { base: root })),
    ]),
  ]
}

/** @param {readonly string[]} paths empty: everything */
async function everything(paths) {
  // Servers in tests of every kind serve the built pages.
  if (!ensurePages()) return [failed('pages', 'They could not be built; see above.')]
  /** @type {Result[]} */
  const results = []
  for (const [name, run] of stages(paths)) {
    say(`\n── ${name}`)
    const began = performance.now()
    const result = await run()
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    say(
      `── ${name}: ${result.passed} passed, ${result.failures.length} failed, ${result.skipped} skipped in ${seconds} s`,
    )
    results.push(result)
  }
  return results.length > 0 ? results : [failed('tests', 'There is not one test to run.')]
}

/** @param {readonly Result[]} results */
function report(results) {
  const failures = results.flatMap((result) => result.failures)
  const sum = (/** @type {'passed' | 'skipped'} */ key) => results.reduce((total, result) => total + result[key], 0)
  if (failures.length > 0) say('\n══ failures')
  for (const { name, file, text } of failures) {
    say(`\n✖ ${name}${file === '' ? '' : `  (${file})`}\n${text.replace(/^/gm, '  ')}`)
  }
  say(`\n${sum('passed')} passed, ${failures.length} failed, ${sum('skipped')} skipped`)
  return failures.length === 0 ? 0 : 1
}

const paths = process.argv.slice(2)
const installed = ensureInstalled({ dev: true })
process.exitCode = report(installed ? await everything(paths) : [failed('installation', 'It failed; see above.')])
