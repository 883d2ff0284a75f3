import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseForm } from './parse-form.ts'
import { parseJson } from './parse-json.ts'
import { bodyLimits } from './parsed.ts'

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
const keys = (count: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i])))
const fields = (count: number) => Array.from({ length: count }, (_, i) => `k${i}=1`).join('&')

describe('JSON within bounds (S-154, S-155)', () => {
  const rows: [what: string, text: string, ok: boolean][] = [
    ['depth 20', nested(20), true],
    ['depth 21', nested(21), false],
    ['depth 30,000', nested(30_000), false],
    ['200 keys', keys(200), true],
    ['201 keys', keys(201), false],
    ['1,000 items', JSON.stringify(Array(1_000).fill(1)), true],
    ['1,001 items', JSON.stringify(Array(1_001).fill(1)), false],
    ['a string of 8 KiB', JSON.stringify('x'.repeat(8_192)), true],
    ['a string of 8 KiB and a byte', JSON.stringify(`${'x'.repeat(8_191)}ä`), false],
    ['__proto__', '{"__proto__":{"polluted":1}}', false],
    ['a nested __proto__', '[{"a":{"__proto__":1}}]', false],
    ['an escaped __proto__', '{"\\u005f_proto__":1}', false],
    ['constructor', '{"constructor":{"prototype":{"polluted":1}}}', false],
    ['a path through prototype', '{"a[prototype].x":1}', false],
    ['a harmless longer name', '{"prototypes":1,"my_constructor":2}', true],
    ['NUL', '{"a":"\\u0000"}', false],
    ['an escape character', '{"a":"\\u001b[31m"}', false],
    ['a C1 control', '{"a":"\\u0085"}', false],
    ['a lone surrogate', '{"a":"\\ud800"}', false],
    ['a lone surrogate as key', '{"\\udc00":1}', false],
    ['tab, newline and CR LF', '{"a":"\\t\\n\\r\\n"}', true],
    ['a CR alone', '{"a":"\\r"}', false],
    ['an emoji', '{"a":"👍"}', true],
    ['a byte order mark', '\ufeff{}', false],
    ['a trailing comma', '{"a":1,}', false],
  ]
  for (const [what, text, ok] of rows) {
    it(`${ok ? 'takes' : 'refuses'} ${what}`, () => {
      assert.equal(parseJson(text, bodyLimits).ok, ok)
      assert.equal(({} as { polluted?: unknown }).polluted, undefined)
    })
  }

  it('gives objects without a prototype, at every level', () => {
    const parsed = parseJson('{"a":[{"b":{}}]}', bodyLimits)
    assert.ok(parsed.ok)
    const value = parsed.value as { a: { b: object }[] }
    for (const object of [value, value.a[0], value.a[0]?.b]) assert.equal(Object.getPrototypeOf(object), null)
  })

  it('never quotes its input in a refusal', () => {
    for (const text of ['{"password":"hunter2"', '{"__proto__":"hunter2"}', '"hunter2\\u0000"']) {
      const parsed = parseJson(text, bodyLimits)
      assert.ok(!parsed.ok)
      assert.doesNotMatch(parsed.detail, /hunter2/)
    }
  })

  it('reads whatever JSON.stringify writes of plain values', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 5, depthSize: 'small', stringUnit: fc.constantFrom('a', 'ö', '€') }),
        (value) => {
          const parsed = parseJson(JSON.stringify(value), bodyLimits)
          assert.ok(parsed.ok)
          assert.equal(JSON.stringify(parsed.value), JSON.stringify(value))
        },
      ),
    )
  })
})

describe('forms and queries within bounds', () => {
  const rows: [what: string, text: string, ok: boolean][] = [
    ['200 fields', fields(200), true],
    ['201 fields', fields(201), false],
    ['100,000 fields', 'a&'.repeat(100_000), false],
    ['empty pieces', '&&a=1&&', true],
    ['no equals sign', 'a', true],
    ['__proto__', '__proto__=1', false],
    ['a path through __proto__', 'a[__proto__][x]=1', false],
    ['an escaped path', 'a%5B__proto__%5D=1', false],
    ['constructor.prototype', 'constructor.prototype=1', false],
    ['an over-long slash', 'a=%c0%af', false],
    ['an encoded surrogate', 'a=%ed%a0%80', false],
    ['a cut sequence', 'a=%e2%82', false],
    ['half an escape', 'a=%4', false],
    ['NUL', 'a=%00', false],
    ['CR LF', 'a=x%0d%0ay', true],
    ['a value of more than 8 KiB', `a=${'x'.repeat(8_193)}`, false],
  ]
  for (const [what, text, ok] of rows) {
    it(`${ok ? 'take' : 'refuse'} ${what}`, () => {
      assert.equal(parseForm(text, bodyLimits, 'body').ok, ok)
    })
  }

  it('read what URLSearchParams writes, and agree with it on the first of each name', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '&', '=', '+', '%', ' ', 'ä', '👍'), maxLength: 8 })
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 20 }), (pairs) => {
        const written = new URLSearchParams(pairs)
        const parsed = parseForm(written.toString(), bodyLimits, 'body')
        assert.ok(parsed.ok)
        for (const name of new Set(written.keys())) {
          assert.equal(parsed.value[name], written.get(name))
          assert.equal(parsed.repeated.includes(name), written.getAll(name).length > 1)
        }
      }),
    )
  })

  it('stay quick on 64 KiB of the worst (S-157)', () => {
    const begun = performance.now()
    for (const text of ['%'.repeat(65_536), '['.repeat(65_536), `a=${'\r\n'.repeat(32_768)}`, '+&'.repeat(32_768)]) {
      parseForm(text, bodyLimits, 'body')
      parseJson(JSON.stringify(text), { ...bodyLimits, stringBytes: 1e6 })
    }
    assert.ok(performance.now() - begun < 200)
  })
})
