import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unmatched } from './attribute-patterns.ts'

test('the whole of a value has to match', () => {
  const pattern = '[0-9]{5}|x'
  const asked = ['12345', 'x', '123456', 'y', ''].map((value, at) => ({ name: `${at}`, pattern, value }))
  assert.deepEqual(unmatched(asked), ['2', '3', '4'])
  assert.deepEqual(unmatched([]), [])
  const letter = { name: 'letter', pattern: '\\p{L}', value: 'é' }
  assert.deepEqual(unmatched([letter]), [])
})

test('a pattern that would take for ever is given up, and nothing counts as matching (S-157)', () => {
  const asked = [
    { name: 'code', pattern: '[0-9]+', value: '1' },
    ...Array.from({ length: 100 }, (_, n) => ({ name: `${n}`, pattern: '(a+)+', value: `${'a'.repeat(200)}!` })),
  ]
  const begun = performance.now()
  assert.deepEqual(
    unmatched(asked),
    asked.map(({ name }) => name),
  )
  assert.ok(performance.now() - begun < 5_000, 'one limit for all of them')
})
