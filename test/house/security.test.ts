import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { indexes } from '#model/tables.ts'

/*
 * docs/security-requirements.md says of each requirement whether it is met, and by which test. These tests hold it to
 * that: nothing is left out, nothing is cited that is not there, and no row is good once without saying so.
 */

const root = fileURLToPath(new URL('../../', import.meta.url))
const document = readFileSync(join(root, 'docs/security-requirements.md'), 'utf8')
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((path) => `src/${path.replaceAll(sep, '/')}`)
  .filter((path) => path.endsWith('.ts') && !/\.test\.ts$|\/testing\//.test(path))
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

/** The cells of every table row, without the one that is a heading. */
const cells = document
  .split('\n')
  .filter((line) => /^\| (?!-)/.test(line))
  .map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\|', '|')),
  )
const rows = cells.filter(([id]) => /^(S|AC)-\d+$/.test(id ?? ''))

interface Citation {
  readonly id: string
  readonly file: string
  readonly title: string
}
const citationsOf = (id: string, text: string): readonly Citation[] =>
  [...text.matchAll(/`([^`]+\.ts)` › “([^”]+)”/g)].map(([, file = '', title = '']) => ({ id, file, title }))

/** The titles of a test file as they are written there, variables and all. */
function titlesIn(file: string): ReadonlySet<string> {
  const text = readFileSync(join(root, file), 'utf8')
  const calls = text.matchAll(/\b(?:test|it|describe)\(\s*(['"`])((?:\\.|(?!\1).)*)\1\s*,/gs)
  return new Set([...calls].map(([, , title = '']) => title))
}

/** The names of table rows and artifacts that the list of S-28 has. */
const listed = new Set(cells.flatMap(([first = '']) => /^`(\w+)`$/.exec(first)?.[1] ?? []))

/** Every name under which an artifact is kept, as the sources write it. */
const models = new Set(
  sources.flatMap(({ text }) =>
    [
      ...text.matchAll(/\b(?:const model|model:|artifactId\() ?=? ?'([A-Z]\w+)'/g),
      ...text.matchAll(/ArtifactModel = (.+)/g),
    ].flatMap(([, names = '']) => names.match(/[A-Z]\w+/g) ?? []),
  ),
)

const inOrder = (kind: string, count: number) => Array.from({ length: count }, (_, at) => `${kind}-${at + 1}`)

describe('docs/security-requirements.md', () => {
  test('has one row for each of S-1 to S-172 and AC-1 to AC-64, in order', () => {
    assert.deepEqual(
      rows.map(([id]) => id),
      [...inOrder('S', 172), ...inOrder('AC', 64)],
    )
  })

  test('calls nothing done without a test, and nothing open or in part without a reason', () => {
    for (const [id = '', state = '', shown = '', note = ''] of rows) {
      const count = citationsOf(id, shown).length
      if (state === 'done') assert.ok(count > 0, `${id} is done, and no test shows it`)
      else if (state === 'in part') assert.ok(count > 0 && note.length > 10, `${id} needs a test and a reason`)
      else
        assert.ok(state === 'open' && count === 0 && note.length > 10, `${id}: "${state}" needs a reason and no test`)
    }
  })

  test('cites only tests that exist, under the very title they have', () => {
    const missing = rows
      .flatMap(([id = '', , shown = '']) => citationsOf(id, shown))
      .filter(({ file, title }) => !existsSync(join(root, file)) || !titlesIn(file).has(title))
      .map(({ id, file, title }) => `${id}: ${file} has no test “${title}”`)
    assert.deepEqual(missing, [])
  })

  test('S-28: every kind of row is in the list of what is good once, with the reason where it is not', () => {
    const kinds = [...Object.keys(indexes), ...models]
    assert.ok(kinds.length > 20, 'there is something to look for')
    assert.deepEqual(
      kinds.filter((kind) => !listed.has(kind)),
      [],
    )
  })
})

test('S-26: secrets are compared in one place, and factors are asked by the services that count', () => {
  const allowed: readonly [what: string, pattern: RegExp, where: RegExp][] = [
    ['timingSafeEqual', /\btimingSafeEqual\b/, /^src\/crypto\//],
    ['the keyed hash of a code', /\bmac\.matches\(/, /^src\/factors\//],
    [
      'a factor',
      /(?:\bfactor|\))\??\.check\(/,
      /^src\/engine\/(?:answer\.ts|approvals\/decide\.ts|answer\/.+|passwordless\.ts|passkey(?:-sign-up)?\.ts|acts\/verify-address\.ts|journeys\/address-code\.ts)$/,
    ],
    ['a password', /\bpasswords\.verify\(/, /^src\/(?:engine\/sign-in|admin\/apply-user)\.ts$/],
  ]
  for (const [what, pattern, where] of allowed) {
    const callers = sources.filter(({ text }) => pattern.test(text)).map(({ path }) => path)
    assert.ok(callers.length > 0, `${what}: the pattern finds nothing`)
    assert.deepEqual(
      callers.filter((path) => !where.test(path)),
      [],
      `${what} is compared elsewhere`,
    )
  }
})
