/**
 * Loaded before each test file: when its last test has ended and something still keeps the process alive, says what, and
 * ends it as a failure. No timeout of node:test covers that time, so the file would wait for ever; and its own answer,
 * --test-force-exit, ends the process before all results have left it, whereupon tests vanish from the count unseen.
 */
import { after } from 'node:test'
import { isMainThread } from 'node:worker_threads'

/** How long a file may take to come to rest after its last test, in ms: idle connections live for about 5 s. */
const GRACE = Number(process.env.POLYFACTOR_TEST_GRACE ?? 10_000)

// Workers and forked processes are handed our arguments too; they are no test files.
if (isMainThread && process.env.NODE_TEST_CONTEXT !== undefined && process.argv[1]?.endsWith('.test.ts')) {
  after(() => {
    setTimeout(() => {
      const held = process.getActiveResourcesInfo().join(', ')
      console.error(`All tests have ended, but something was not closed and keeps the process alive: ${held}`)
      process.exit(1)
    }, GRACE).unref()
  })
}
