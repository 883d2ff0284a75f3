/** Finds test files, runs them under the bundled Node and counts what came out. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundledNode } from './paths.mjs'

/** @typedef {{ name: string, file: string, text: string }} Failure */
/** @typedef {{ passed: number, skipped: number, failures: readonly Failure[] }} Result */

/** One test may take this long, in ms. */
const TEST_TIMEOUT = 120_000

/** A run that reports nothing for this long is stuck in a way no timer of its own can end (a busy loop), in ms. */
const SILENCE = 240_000

const STUCK = 'The run was stopped: nothing was reported for minutes (a busy loop in a test?).'

const LINGER = new URL('linger.mjs', import.meta.url).href

const REPORTER = fileURLToPath(new URL('count-reporter.mjs', import.meta.url))

/** The stages of a whole run, in the order of their price. A file belongs to the first whose folder holds it. */
export const STAGES = /** @type {const} */ ([
  ['house', 'test/house'],
  ['unit', 'src'],
  ['contracts', 'test/contracts'],
  ['journeys', 'test/journeys'],
  ['browser', 'test/browser'],
  ['others', 'test'], // so that no test file anywhere can be forgotten
])

/**
 * All test files below `path`, or `path` itself when it is a file; sorted, relative to `base`, with forward slashes.
 * @param {string} base
 * @param {string} path
 * @returns {readonly string[]}
 */
export function testFiles(base, path) {
  const full = resolve(base, path)
  const stats = statSync(full, { throwIfNoEntry: false })
  if (stats === undefined) return []
  const found = stats.isDirectory()
    ? readdirSync(full, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.test.ts') && !name.split(sep).includes('node_modules'))
        .map((name) => join(full, name))
    : [full]
  return found.map((file) => relative(base, file).replaceAll(sep, '/')).sort()
}

/**
 * Every test file of the checkout, by stage; a file appears once.
 * @param {string} base
 */
export function planned(base) {
  const seen = new Set()
  return STAGES.map(([name, folder]) => {
    const files = testFiles(base, folder).filter((file) => !seen.has(file))
    for (const file of files) seen.add(file)
    return { name, files }
  })
}

/**
 * Runs test files, two at a time, and shows them on stdout as they end. Whatever they leave running is ended with them.
 * @param {readonly string[]} files relative to base
 * @param {{ base: string, node?: string, timeout?: number, silence?: number, env?: NodeJS.ProcessEnv, show?: boolean }} options
 * @returns {Promise<Result>}
 */
export async function runTests(files, options) {
  const { base, node = bundledNode(base), timeout = TEST_TIMEOUT, silence = SILENCE, env = {}, show = true } = options
  const folder = mkdtempSync(join(tmpdir(), 'polyfactor-test-'))
  const counts = join(folder, 'counts')
  try {
    const args = [
      '--disable-warning=ExperimentalWarning',
      '--test',
      '--test-concurrency=2',
      `--test-timeout=${timeout}`,
      `--import=${LINGER}`,
      ...(show ? ['--test-reporter=spec', '--test-reporter-destination=stdout'] : []),
      `--test-reporter=${REPORTER}`,
      `--test-reporter-destination=${counts}`,
      ...files,
    ]
    const ended = await inGroup(
      node,
      args,
      { cwd: base, env: { ...process.env, ...env, NODE_TEST_CONTEXT: undefined } },
      () => {
        const last = statSync(counts, { throwIfNoEntry: false })?.mtimeMs
        return last === undefined || Date.now() - last < silence
      },
    )
    return tally(counts, files, ended)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * @param {string} counts
 * @param {readonly string[]} files
 * @param {string | undefined} wrong what ended the run, unless it was success
 * @returns {Result}
 */
function tally(counts, files, wrong) {
  const text = statSync(counts, { throwIfNoEntry: false }) ? readFileSync(counts, 'utf8') : ''
  /** @type {import('./count-reporter.mjs').Count[]} */
  const all = []
  for (const line of text.split('\n')) {
    if (line.startsWith('{') && line.endsWith('}')) all.push(JSON.parse(line))
  }
  const failures = all.filter(({ is }) => is === 'failed').map(({ name, file, text = '' }) => ({ name, file, text }))
  const passed = all.filter(({ is }) => is === 'passed').length
  const skipped = all.filter(({ is }) => is === 'skipped').length
  const explained = failures.length > 0 && wrong !== STUCK
  const missed = explained
    ? undefined
    : (wrong ?? (passed + skipped === 0 ? 'No test was reported: the runner itself is at fault.' : undefined))
  if (missed !== undefined) {
    const silent = files.filter((file) => !all.some((count) => count.entry.endsWith(file)))
    failures.push({ name: 'the test run', file: '', text: [missed, 'Not reported:', ...silent].join('\n') })
  }
  return { passed, skipped, failures }
}

/**
 * Runs a command as the head of a process group and ends the group with it: servers and browsers that a crashed test left
 * behind would hold ports and memory of the next stage.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} options
 * @param {() => boolean} alive asked every second; false ends the run
 * @returns {Promise<string | undefined>} what went wrong, if anything
 */
function inGroup(command, args, options, alive) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'inherit', 'inherit'], detached: true })
  const endGroup = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // the whole group has ended already
    }
  }
  /** @type {string | undefined} */
  let stuck
  const watch = setInterval(() => {
    if (alive()) return
    stuck = STUCK
    endGroup()
  }, 1000)
  // A group of its own does not see the terminal's Ctrl-C.
  const interrupted = (/** @type {NodeJS.Signals} */ signal) => {
    endGroup()
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  return new Promise((done) => {
    const settle = (/** @type {string | undefined} */ wrong) => {
      clearInterval(watch)
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
      endGroup()
      done(wrong)
    }
    child.once('error', (error) => settle(`Cannot run ${command}: ${error.message}`))
    child.once('exit', (code, signal) => {
      settle(stuck ?? (code === 0 ? undefined : `The test runner ended with ${code ?? signal}.`))
    })
  })
}
