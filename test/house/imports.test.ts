import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Rule, type Source, violations } from './check.ts'
import { OWNERS, ROOMS } from './rules.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const sources: readonly Source[] = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll(sep, '/'))
  .filter((path) => /\.(ts|sql)$/.test(path))
  .map((path) => ({ path, text: readFileSync(join(root, 'src', path), 'utf8') }))

const TITLES: readonly (readonly [Rule, string])[] = [
  ['rooms', 'arrows between rooms point one way'],
  ['doors', 'imports are relative inside a room and read #room/… across rooms'],
  ['apart', 'a dialect imports no other dialect, a factor no other factor'],
  ['packages', 'a package is imported only by the rooms that own it'],
  ['vendors', 'no vendor is named in the inner rooms'],
  ['clock', 'only main, app, cli, dev, ops and files called clock.ts ask the real clock'],
  ['chance', 'nothing draws from an unpassed source of chance'],
  ['console', 'only main and the command line print'],
]

describe('the house, as it stands', () => {
  const all = sources.flatMap(violations)
  test('has files to judge', () => assert.ok(sources.length > 0))
  for (const [rule, title] of TITLES) {
    test(title, () => {
      const found = all.filter((violation) => violation.rule === rule).map(({ says }) => says)
      assert.equal(found.length, 0, `\n${found.join('\n')}`)
    })
  }
})

describe('the table of rooms', () => {
  test('has no circle', () => {
    const visit = (room: string, path: readonly string[]): void => {
      assert.ok(!path.includes(room), `${[...path, room].join(' → ')} is a circle`)
      for (const next of ROOMS[room]?.imports ?? []) visit(next, [...path, room])
    }
    for (const room of Object.keys(ROOMS)) visit(room, [])
  })

  test('names only rooms that have a row', () => {
    const named = [...Object.values(ROOMS).flatMap(({ imports }) => imports), ...Object.values(OWNERS).flat()]
    assert.deepEqual(
      named.filter((room) => ROOMS[room] === undefined),
      [],
    )
  })

  test('has a door in package.json for every room that another may enter by #', () => {
    const { imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { imports: object }
    const doors = Object.keys(imports).map((door) => door.replace(/^#|\/\*$/g, ''))
    const rooms = Object.keys(ROOMS).filter((room) => room !== 'main' && room !== 'cli') // both are reached from main.ts alone
    assert.deepEqual(doors.filter((door) => door !== 'test').sort(), rooms.sort())
  })
})

/** What the checker says to one made-up file: its rules, in order. */
const judged = (path: string, text: string) => violations({ path, text }).map(({ rule }) => rule)

describe('the checker refuses', () => {
  const REFUSED: readonly (readonly [why: string, path: string, text: string, ...rules: Rule[]])[] = [
    ['an arrow that points back', 'model/user.ts', "import type { Store } from '#ports/store.ts'", 'rooms'],
    ['an arrow that points back by re-export', 'ports/x.ts', "export * from '#engine/x.ts'", 'rooms'],
    ['an arrow hidden in many lines', 'ports/x.ts', "import {\n  a, // it's\n  b,\n} from '#engine/x.ts'", 'rooms'],
    ['an arrow hidden in a dynamic import', 'engine/x.ts', "await import('#stores/sqlite.ts')", 'rooms'],
    [
      'an arrow hidden in the type of a parameter',
      'engine/x.ts',
      "const f = (a: import('#factors/x.ts').A) => a",
      'rooms',
    ],
    ['an arrow inside a template', 'engine/x.ts', "const a = `${await import('#stores/x.ts')}`", 'rooms'],
    ['an import for its effect', 'engine/x.ts', "import '#factors/index.ts'", 'rooms'],
    ['an arrow to a file opened by name', 'engine/x.ts', 'import(`#stores/${name}.ts`)', 'rooms'],
    ['an engine that knows factors', 'engine/x.ts', "import { totp } from '#factors/totp/totp.ts'", 'rooms'],
    ['a dialect that knows the admin API', 'dialects/a/x.ts', "import { list } from '#admin/list.ts'", 'rooms'],
    ['a provider that knows a dialect', 'oidc/x.ts', "import { wire } from '#dialects/a/wire.ts'", 'rooms'],
    ['someone who imports app', 'admin/x.ts', "import { app } from '#app'", 'rooms'],
    ['app importing main', 'app.ts', "import { main } from './main.ts'", 'rooms'],
    ['a room nobody knows', 'attic/x.ts', '', 'rooms'],
    ['a door to a room nobody knows', 'engine/x.ts', "import { a } from '#attic/x.ts'", 'rooms'],
    ['production code that needs tests', 'engine/x.ts', "import { a } from '#test/x.ts'", 'rooms'],
    ['production code that needs helpers of tests', 'engine/x.ts', "import { a } from './testing/x.ts'", 'rooms'],
    ['production code that needs helpers elsewhere', 'oidc/x.ts', "import { a } from '#engine/testing/x.ts'", 'rooms'],
    ['a relative step out of the room', 'engine/accounts/x.ts', "import { a } from '../../model/user.ts'", 'doors'],
    ['a relative step out of src', 'engine/x.ts', "import { a } from '../../test/x.ts'", 'doors'],
    ['a door inside its own room', 'engine/x.ts', "import { a } from '#engine/y.ts'", 'doors'],
    ['a door for main by path', 'main.ts', "import { a } from './ops/log.ts'", 'doors'],
    ['an import that only runs can tell', 'stores/open.ts', 'await import(path)', 'doors'],
    ['a test that leaves its room by path', 'engine/x.test.ts', "import { a } from '../model/user.ts'", 'doors'],
    ['a dialect that knows another', 'dialects/one/x.ts', "import { a } from '../two/x.ts'", 'apart'],
    ['a factor that knows another', 'factors/sms/x.ts', "import { a } from '../voice/deep/x.ts'", 'apart'],
    ['hashing outside crypto', 'engine/x.ts', "import { createHash } from 'node:crypto'", 'packages'],
    ['hashing by the global crypto', 'delivery/x.ts', 'await crypto.subtle.sign(a, b, c)', 'packages'],
    ['HTTP in the engine', 'engine/x.ts', "import http from 'node:http2'", 'packages'],
    ['SQL in the engine', 'engine/x.ts', "import { Kysely } from 'kysely'", 'packages'],
    ['SQLite outside the stores', 'admin/x.ts', "import { DatabaseSync } from 'node:sqlite'", 'packages'],
    ['files read by a factor', 'factors/sms/x.ts', "import { readFile } from 'node:fs/promises'", 'packages'],
    ['a vendor in a comment', 'engine/x.ts', '// as Auth0 does\nconst a = 1', 'vendors'],
    ['a vendor in a name', 'stores/x.ts', 'const myEntraId = 1', 'vendors'],
    ['a vendor in a constant', 'ports/x.ts', 'const MSAL_TIMEOUT = 1', 'vendors'],
    ['a vendor in a file name', 'stores/migrations/003-cidaas.sql', '', 'vendors'],
    ['the real clock', 'engine/x.ts', 'const a = Date.now()', 'clock'],
    ['the real clock as a date', 'engine/x.ts', 'const a = new Date( )', 'clock'],
    ['the real clock as a date, without brackets', 'engine/x.ts', 'const a = new Date', 'clock'],
    ['the real clock in a template', 'oidc/x.ts', 'const a = `at ${`${Date.now()}`}`', 'clock'],
    ['dice', 'dev/x.ts', 'const a = Math.random()', 'chance'],
    ['the global crypto', 'engine/x.ts', 'const a = crypto.randomUUID()', 'chance'],
    ['printing', 'engine/x.ts', "console.log('here')", 'console'],
    ['printing after a regular expression with a quote', 'engine/x.ts', "const a = /['/]/\nconsole.log(a)", 'console'],
    ['two things at once', 'engine/x.ts', 'console.log(Date.now())', 'clock', 'console'],
  ]
  for (const [why, path, text, ...rules] of REFUSED) test(why, () => assert.deepEqual(judged(path, text), rules))

  test('with the line on which it stands', () => {
    const text = "/* one\n two */\nconst a = `\n`\nimport '#stores/x.ts'"
    assert.match(violations({ path: 'engine/x.ts', text })[0]?.says ?? '', /^src\/engine\/x\.ts:5 /)
  })
})

describe('the checker lets pass', () => {
  const PASSED: readonly (readonly [why: string, path: string, text: string])[] = [
    ['an arrow in its direction', 'engine/x.ts', "import type { User } from '#model/user.ts'"],
    ['relative imports inside a room', 'engine/accounts/x.ts', "export { a } from '../policy/y.ts'"],
    ['a factor and its own folder', 'factors/sms/deep/x.ts', "import { a } from '../message.ts'"],
    [
      'a factor and what all share',
      'factors/sms/x.ts',
      "import { a } from '../shared/x.ts'\nimport { b } from '../codes.ts'",
    ],
    ['the list of all factors', 'factors/index.ts', "export { sms } from './sms/sms.ts'"],
    [
      'main and its rooms',
      'main.ts',
      "import { run } from './cli.ts'\nimport { app } from './app.ts'\nimport { log } from '#ops/log.ts'",
    ],
    ['a file opened by name in its room', 'stores/open.ts', 'await import(`./${scheme}.ts`)'],
    [
      'a test that meets other rooms',
      'engine/x.test.ts',
      "import { a } from '#stores/sqlite.ts'\nconst b = Date.now()",
    ],
    ['what only tests use', 'oidc/testing/world.ts', "import { a } from '#stores/open.ts'"],
    ['a test and its helpers', 'oidc/x.test.ts', "import { a } from './testing/world.ts'"],
    ['main and the command line', 'main.ts', "import { run } from './cli/program.ts'"],
    ['hashing in crypto', 'crypto/x.ts', "import { createHash } from 'node:crypto'"],
    ['an import in a comment', 'model/x.ts', "// import { a } from '#engine/x.ts'\n/* import '#engine/x.ts' */"],
    ['an import in a string', 'model/x.ts', 'const a = "import \'#engine/x.ts\'"\nconst b = `import "#engine/x.ts"`'],
    ['an import in a regular expression', 'model/x.ts', "const a = /import '#engine'/"],
    ['import.meta', 'model/x.ts', 'const a = import.meta.url'],
    ['a division, twice', 'engine/x.ts', "const a = b / c\nconst d = e / f // console.log('x')"],
    ['the clock in a comment', 'engine/x.ts', '/** Never Date.now(), never Math.random(). */'],
    ['a date that is given', 'engine/x.ts', 'const a = new Date(ms)\nconst b = new Date("2020-01-01")'],
    ['the one file that is the clock', 'engine/clock.ts', 'export const now = () => Date.now()'],
    ['words that hold a vendor', 'engine/x.ts', '// central, concentrate, entrance, octal'],
    ['a vendor in its dialect', 'dialects/auth0/x.ts', '// auth0.md §2'],
    ['a word that ends in console', 'engine/x.ts', 'myconsole.log(1); a.console.log(2)'],
  ]
  for (const [why, path, text] of PASSED) test(why, () => assert.deepEqual(violations({ path, text }), []))
})
