import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { planned, runTests } from '../../scripts/lib/suites.mjs'

/** A checkout that holds these files. */
function checkout(t: TestContext, files: Readonly<Record<string, string>>): string {
  const base = mkdtempSync(join(tmpdir(), 'polyfactor-suites-'))
  t.after(() => rmSync(base, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, path)), { recursive: true })
    writeFileSync(join(base, path), text)
  }
  return base
}

/** Runs one made-up test file and answers what was counted. */
async function counted(t: TestContext, text: string) {
  const head = "import { after, before, describe, test } from 'node:test'\n"
  const base = checkout(t, { 'x.test.ts': head + text, 'package.json': '{"type":"module"}' })
  const options = {
    base,
    node: process.execPath,
    timeout: 500,
    silence: 2500,
    show: false,
    env: { POLYFACTOR_TEST_GRACE: '400' },
  }
  const { passed, skipped, failures } = await runTests(['x.test.ts'], options)
  return {
    passed,
    skipped,
    failed: failures.map(({ name }) => name),
    text: failures.map((failure) => failure.text).join(),
  }
}

const fails = "throw new Error('a reason')"

describe('the count of tests', () => {
  const ROWS: readonly (readonly [what: string, text: string, passed: number, skipped: number, ...failed: string[]])[] =
    [
      [
        'takes each leaf once',
        "test('a', () => {}); describe('b', () => { test('c', () => {}); test('d', () => {}) })",
        3,
        0,
      ],
      [
        'leaves out parents',
        "test('a', async (t) => { await t.test('b', () => {}); await t.test('c', () => {}) })",
        2,
        0,
      ],
      ['names the child that failed, not its parent', `test('a', (t) => t.test('b', () => { ${fails} }))`, 0, 0, 'b'],
      ['has skipped ones and plans apart', "test.skip('a', () => {}); test.todo('b'); test('c', () => {})", 1, 2],
      [
        'has a group whose hook failed',
        `describe('a', () => { after(() => { ${fails} }); test('b', () => {}) })`,
        1,
        0,
        'a',
      ],
      ['has a file that crashed', fails, 0, 0, 'x.test.ts'],
      ['has a file without a test', 'export {}', 0, 0, 'x.test.ts'],
      ['has a file that left early', "test('a', () => {}); test('b', () => process.exit(0))", 0, 0, 'x.test.ts'],
      [
        'has what happens after a test',
        `test('a', () => { setTimeout(() => { ${fails} }, 20) }); test('b', () => new Promise((r) => setTimeout(r, 200)))`,
        2,
        0,
        'x.test.ts',
      ],
      [
        'has a test that never ends',
        "test('a', () => new Promise(() => { setInterval(() => {}, 9) })); test('b', () => {})",
        1,
        0,
        'a',
      ],
      ['has a file that holds on to something', "test('a', () => { setInterval(() => {}, 9) })", 1, 0, 'x.test.ts'],
      ['lets a file come to rest', "test('a', () => { setTimeout(() => {}, 100) })", 1, 0],
      ['ends a file that spins', "test('a', () => { for (;;); })", 0, 0, 'the test run'],
    ]
  for (const [what, text, passed, skipped, ...failed] of ROWS) {
    test(what, async (t) => {
      const { text: _, ...result } = await counted(t, text)
      assert.deepEqual(result, { passed, skipped, failed })
    })
  }

  test('tells why, for a test and for a file', async (t) => {
    assert.match((await counted(t, `test('a', () => { ${fails} })`)).text, /Error: a reason\n.*x\.test\.ts:2/s)
    assert.match((await counted(t, fails)).text, /Error: a reason/)
  })

  test('tells what was not closed', async (t) => {
    const { text } = await counted(t, "test('a', () => { setInterval(() => {}, 9) })")
    assert.match(text, /not closed and keeps the process alive: .*Timeout/)
  })

  // --test-force-exit lost some: results still on their way when a process was ended.
  test('loses none of many', async (t) => {
    const file = "import { test } from 'node:test'\nfor (let i = 0; i < 500; i++) test('number ' + i, () => {})"
    const names = ['a.test.ts', 'b.test.ts', 'c.test.ts']
    const base = checkout(
      t,
      Object.fromEntries([...names.map((name) => [name, file]), ['package.json', '{"type":"module"}']]),
    )
    const { passed } = await runTests(names, { base, node: process.execPath, show: false })
    assert.equal(passed, 1500)
  })

  test('is a failure when the file is not there', async () => {
    const { failures } = await runTests(['none.test.ts'], { base: tmpdir(), node: process.execPath, show: false })
    assert.equal(failures.length, 1)
  })
})

test('a whole run forgets no test file and takes none twice', (t) => {
  const paths = ['src/a/b.test.ts', 'test/house/c.test.ts', 'test/journeys/d/e.test.ts', 'test/new/f.test.ts']
  const base = checkout(t, Object.fromEntries([...paths, 'src/a/b.ts'].map((path) => [path, ''])))
  const stages = planned(base).filter(({ files }) => files.length > 0)
  assert.deepEqual(
    stages.map(({ name }) => name),
    ['house', 'unit', 'journeys', 'others'],
  )
  assert.deepEqual(stages.flatMap(({ files }) => files).sort(), paths)
})
