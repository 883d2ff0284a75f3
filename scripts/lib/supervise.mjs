/** Runs one program in our place: its streams are ours, signals reach it, its exit code becomes ours. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import { bundledNode, root } from './paths.mjs'

/** How often we look whether our parent still lives, in ms. */
const PARENT_POLL = 500

/** How long a program may take to end after its parent's death, in ms: 10 s of draining by contract and a little more. */
const LAST_GRACE = 15_000

/**
 * What a request leaves behind is gone before it is looked at, and is not taken for something that stays because start-up
 * left more: together more than a tenth of the CPU time of a login, for some memory under load.
 */
const SHORT_LIVED = ['--max-semi-space-size=64', '--no-allocation-site-pretenuring']

const FORWARDED = /** @type {const} */ (['SIGTERM', 'SIGINT', 'SIGHUP'])

/**
 * Runs `command` and answers its exit code (128 + n when signal n ended it, as shells do; 127 when it cannot start).
 * The program finds our process id in POLYFACTOR_PARENT_PID and can stop when that is no longer its parent: we may be
 * killed in a way that leaves us no time to tell it.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ parent?: number, cwd?: string }} [options] parent: stop the program gracefully when this is no longer our parent
 * @returns {Promise<number>}
 */
export function supervise(command, args, { parent, cwd } = {}) {
  const child = spawn(command, args, {
    cwd,
    stdio: 'inherit',
    env: { ...process.env, POLYFACTOR_PARENT_PID: String(process.pid) },
  })
  const listeners = FORWARDED.map((signal) => {
    const forward = () => void child.kill(signal)
    process.on(signal, forward)
    return () => process.off(signal, forward)
  })
  const watch = parent === undefined ? undefined : stopWithParent(child, parent)
  return new Promise((resolve) => {
    const settle = (/** @type {number} */ code) => {
      clearInterval(watch)
      for (const remove of listeners) remove()
      resolve(code)
    }
    child.once('error', (error) => {
      console.error(`cannot run ${command}: ${error.message}`)
      settle(127)
    })
    child.once('exit', (code, signal) => settle(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })
}

/**
 * Runs the server's program under the Node it was written for, from wherever the caller stands.
 * @param {readonly string[]} args what follows `polyfactor` on the command line
 * @param {{ parent?: number }} [options]
 */
export const runPolyfactor = (args, options) =>
  supervise(
    bundledNode(),
    ['--disable-warning=ExperimentalWarning', ...SHORT_LIVED, join(root, 'src', 'main.ts'), ...args],
    options,
  )

/**
 * npm dies on SIGTERM without telling anyone, and no signal announces a parent's death; so we look.
 * @param {import('node:child_process').ChildProcess} child
 * @param {number} parent
 */
function stopWithParent(child, parent) {
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGKILL'), LAST_GRACE).unref()
  }, PARENT_POLL)
  return timer
}
