import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom, systemRandom } from './random.ts'
import { seededRandom } from './seeded-random.ts'

/** Chi-square statistic of counts against an even spread. */
function chiSquare(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const expected = total / counts.length
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

/** Counts of each digit at each of six positions over a million codes of a fresh run. */
function digitCounts(): number[][] {
  const counts = Array.from({ length: 6 }, () => new Array<number>(10).fill(0))
  for (let i = 0; i < 1_000_000; i++) {
    const code = systemRandom.digits(6)
    for (let position = 0; position < 6; position++) {
      const column = counts[position] as number[]
      const digit = code.charCodeAt(position) - 48
      column[digit] = (column[digit] as number) + 1
    }
  }
  return counts
}

test('S-1: a million codes are evenly spread at every position, leading zeros kept, without Math.random', (t) => {
  t.mock.method(Math, 'random', () => {
    throw new Error('Math.random must not be used')
  })
  // 27.88 is the 0.001 point of chi-square with 9 degrees of freedom. An honest source crosses it at one of six
  // positions in one run of 170, so one repetition is allowed; a biased one fails both.
  const passes = (): boolean => {
    const counts = digitCounts()
    const leadingZeros = counts[0]?.[0] as number
    assert.ok(leadingZeros > 98_500 && leadingZeros < 101_500, `codes with a leading zero: ${leadingZeros}`)
    return counts.every((column) => chiSquare(column) < 27.88)
  }
  assert.ok(passes() || passes())
})

test('the chi-square check notices a source folded by modulo', () => {
  const counts = new Array<number>(10).fill(0)
  for (const byte of systemRandom.bytes(200_000)) counts[byte % 10] = (counts[byte % 10] as number) + 1
  assert.ok(chiSquare(counts) > 27.88)
})

test('bytes that would bias a digit are thrown away', () => {
  // 250 … 255 have no full stretch of ten above them.
  const script = [250, 255, 249, 7, 253, 10]
  const random = createRandom((target) => {
    for (let i = 0; i < target.length; i++) target[i] = script[i % script.length] as number
  })
  assert.equal(random.digits(3), '970')
})

test('S-35: a token is 256 bits of base64url and does not repeat', () => {
  const seen = new Set<string>()
  for (let i = 0; i < 20_000; i++) {
    const token = systemRandom.token()
    assert.match(token, /^[A-Za-z0-9_-]{43}$/)
    seen.add(token)
  }
  assert.equal(seen.size, 20_000)
  assert.equal(Buffer.from(systemRandom.token(), 'base64url').length, 32)
})

test('an id is a version 4 UUID', () => {
  for (let i = 0; i < 1000; i++) {
    assert.match(systemRandom.id(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  }
})

test('bytes belong to the caller and later draws leave them alone', () => {
  const random = seededRandom(1)
  const first = random.bytes(16)
  const copy = Uint8Array.from(first)
  for (let i = 0; i < 1000; i++) random.token()
  assert.deepEqual(first, copy)
  assert.equal(random.bytes(10_000).length, 10_000)
})

test('a code uses its whole alphabet and nothing else', () => {
  const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'
  const code = systemRandom.code(alphabet, 5000)
  assert.deepEqual([...new Set(code)].sort(), [...alphabet].sort())
  assert.throws(() => systemRandom.code('', 3), RangeError)
})

test('integers stay below their bound and reach every value', () => {
  const seen = new Set<number>()
  for (let i = 0; i < 2000; i++) seen.add(systemRandom.int(7))
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4, 5, 6])
  for (const bad of [0, -1, 1.5, 2 ** 48 + 1, Number.NaN]) assert.throws(() => systemRandom.int(bad), RangeError)
  assert.equal(systemRandom.int(1), 0)
})

test('a seed repeats itself and differs from other seeds', () => {
  const draws = (seed: number): string => {
    const random = seededRandom(seed)
    return [random.digits(6), random.token(), random.id(), random.int(1000)].join(' ')
  }
  assert.equal(draws(42), draws(42))
  assert.notEqual(draws(42), draws(43))
})
