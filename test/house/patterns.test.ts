import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { seededRandom } from '#crypto/seeded-random.ts'
import { longest, slowString } from './pattern-attack.ts'
import { patternsOf } from './pattern-source.ts'
import { onesOf, treeOf } from './pattern-tree.ts'

/*
 * No text makes a regular expression of src/ work for long (S-157): each literal runs against strings built from the
 * literal itself. What no literal shows is listed here by hand.
 */

/** For one match, or all of them where the pattern goes through the whole text; in ms of CPU (AC-44). */
const limit = 50

const root = fileURLToPath(new URL('../../', import.meta.url))
const found = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((path) => `src/${path.replaceAll(sep, '/')}`)
  .filter((path) => path.endsWith('.ts') && !/\.test\.ts$|\/testing\//.test(path))
  .map((path) => patternsOf(path, readFileSync(join(root, path), 'utf8')))
const literals = found.flatMap((it) => it.literals)

/** Patterns put together at run time: the file, why nobody can slow it down by them, and what they come out as. */
const built: Readonly<Record<string, { readonly why: string; readonly as: readonly RegExp[] }>> = {
  'src/dialects/auth0/management/templates.ts': {
    why: 'made of five names in the source',
    as: [/\{\{\s*code\s*\}\}/g, /\{\{\s*tenant\.friendly_name\s*\}\}/g],
  },
  'src/config/schema.ts': { why: 'the text of an operator is compiled, to see that it can be, and never run', as: [] },
  'src/engine/accounts/attribute-patterns.ts': {
    why: 'the pattern is an operator’s own, and is stopped after 50 ms, as its own test shows',
    as: [],
  },
}

const found64KiB = (pattern: RegExp, sweeps = pattern.global) =>
  slowString(pattern, { sweeps, limit, random: seededRandom(pattern.source) })

describe('the patterns of src/', () => {
  test('are all read: what is put together at run time is listed, with what bounds it', () => {
    assert.ok(literals.length > 250, `${literals.length} literals were found`)
    const files = found.flatMap((it) => it.built).map((where) => where.replace(/:\d+$/, ''))
    assert.deepEqual(files.sort(), Object.keys(built).sort())
  })

  test(`take at most ${limit} ms for any string built against them, up to 64 KiB (S-157, AC-44)`, () => {
    assert.equal(longest, 64 * 1024)
    const lists = Object.entries(built).flatMap(([where, { as }]) =>
      as.map((pattern) => ({ where, pattern, sweeps: pattern.global })),
    )
    const once = new Map([...literals, ...lists].map((it) => [`${it.pattern} ${it.sweeps}`, it]))
    const slow = [...once.values()].flatMap(({ where, pattern, sweeps }) => {
      const it = found64KiB(pattern, sweeps)
      return it ? [`${where} ${pattern} takes ${it.took} ms for ${it.count} × ${JSON.stringify(it.attack)}`] : []
    })
    assert.deepEqual(slow, [])
  })
})

describe('the checker of patterns', () => {
  const bad: readonly RegExp[] = [
    /^(a+)+$/,
    /^(a|aa)+$/,
    /^(?:\w+\s?)*$/,
    /^([a-z0-9]+[-.]?)+@x$/,
    /(?=(?:b|b)*c)/,
    /\s+$/,
    /x*y*x*$/,
    /\s*;\s*q=/,
    /<a>([\s\S]*?)<\/a>/,
    /^A+=?A+=?B$/,
    /[^\p{L}]+$/u,
  ]
  for (const pattern of bad) {
    test(`finds a string for ${pattern}`, () => assert.ok(found64KiB(pattern)))
  }

  test('finds what only goes through a whole text slowly', () => {
    assert.equal(found64KiB(/a(?=a*c)|a/, false), undefined)
    assert.ok(found64KiB(/a(?=a*c)|a/, true))
  })

  test('finds nothing against patterns of one way through', () => {
    for (const pattern of [/^a+$/, /^[\w.+-]+@[^\s@]+$/, /(?<!\s)\s+$/, /^(?:a+b)*$/, /[&<>]/g, /^\d{1,3}(\.\d+)*$/]) {
      assert.equal(found64KiB(pattern), undefined, String(pattern))
    }
  })

  test('finds literals wherever they stand, and tells them from division, comments and strings', () => {
    const text = `
      // /not this/
      const half = 1 / 2 / 3, text = '/nor this/', all = \`\${text.replace(/a/g, '')} /nor this/\`
      export const parts = text.split(/,\\s*/u)
      class It { #one = /b[/]c/; of = (it: string) => this.#one.test(it) ? new RegExp(it, 'u') : it.match('d+') }
    `
    const { literals, built } = patternsOf('it.ts', text)
    assert.deepEqual(
      literals.map(({ where, pattern, sweeps }) => [where, String(pattern), sweeps]),
      [
        ['it.ts:3', '/a/g', true],
        ['it.ts:4', '/,\\s*/u', true],
        ['it.ts:5', '/b[/]c/', false],
      ],
    )
    assert.deepEqual(built, ['it.ts:5', 'it.ts:5'])
    assert.throws(() => patternsOf('it.ts', 'const = /a/'))
  })

  test('reads the grammar, and says so when it cannot', () => {
    assert.deepEqual(onesOf(treeOf(/^(?:a|\d{2,}?)[^\]b]*(?!\p{L}|\u{41})\/.$/u)), [
      'a',
      '\\d',
      '[^\\]b]',
      '\\p{L}',
      '\\u{41}',
      '\\/',
      '.',
    ])
    const repeat = { is: 'repeat', body: { is: 'one', source: 'a' } }
    const tree = {
      is: 'all',
      parts: [
        { ...repeat, least: 2, most: Infinity },
        { ...repeat, least: 3, most: 3 },
      ],
    }
    assert.deepEqual(treeOf(/a{2,}a{3}/), tree)
    for (const pattern of [/(a)\1/, /(?<it>a)\k<it>/, /[a--b]/v]) assert.throws(() => treeOf(pattern), /cannot be read/)
  })
})
