/**
 * `npm run faults`: the tests that break databases, networks and processes, in their long profile. `npm test` runs the
 * same in a short one.
 */
process.env.FAULTS = 'long'
process.env.ROUNDS ??= '100'
if (process.argv.length === 2)
  process.argv.push('test/faults', 'src/stores/postgres-faults.test.ts', 'test/journeys/two-processes.test.ts')
await import('./test.mjs')
