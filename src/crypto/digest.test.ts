import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lengthPrefixed, s256, sameSecret, tokenDigest } from './digest.ts'
import { systemRandom } from './random.ts'

/** Any text a program can hold, lone surrogates included. */
const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) })
const someText = fc.oneof(anyText, fc.string(), fc.constantFrom('', '\u0000', '\ufffd', '\ud800', '\udc00', 'a', 'aa'))
const someList = fc.array(someText, { maxLength: 5 })

test('S-40: different lists of texts never share a digest input', () => {
  fc.assert(
    fc.property(someList, someList, (a, b) => {
      const same = a.length === b.length && a.every((part, i) => part === b[i])
      assert.equal(lengthPrefixed(a).equals(lengthPrefixed(b)), same)
    }),
    { numRuns: 2000 },
  )
})

test('S-40: moving a character across a boundary, or a boundary itself, changes the digest input', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 20 }), fc.nat(), fc.nat(), (text, i, j) => {
      const cut = (at: number): readonly string[] => {
        const k = at % (text.length + 1)
        return [text.slice(0, k), text.slice(k)]
      }
      const [a, b] = [cut(i), cut(j)]
      assert.equal(lengthPrefixed(a).equals(lengthPrefixed(b)), a[0] === b[0])
      assert.ok(!lengthPrefixed([text]).equals(lengthPrefixed(a)))
    }),
  )
})

test('S-40: lone surrogates are told apart from each other and from the replacement character', () => {
  const inputs = ['\ud800', '\ud801', '\ufffd', '\udc00'].map((text) => lengthPrefixed([text]).toString('hex'))
  assert.equal(new Set(inputs).size, 4)
})

test('S-35: a token is looked up by its SHA-256', () => {
  assert.equal(tokenDigest('abc'), 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
})

test('the code challenge is the one of RFC 7636 appendix B', () => {
  assert.equal(s256('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'), 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')
})

test('S-41: secrets compare as equal only when they are, whatever their lengths', () => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => sameSecret(a, b) === (a === b)))
  assert.equal(sameSecret('a', 'a'), true)
  assert.equal(sameSecret('', 'a'), false)
})

/** Welch's t of two samples, each cut at the common 90th percentile: interruptions say nothing about the comparer. */
function welch(a: readonly number[], b: readonly number[]): number {
  const limit = [...a, ...b].sort((x, y) => x - y)[Math.floor((a.length + b.length) * 0.9)] as number
  const describe = (sample: readonly number[]) => {
    const kept = sample.filter((x) => x <= limit)
    const mean = kept.reduce((sum, x) => sum + x, 0) / kept.length
    const variance = kept.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (kept.length - 1)
    return { mean, error: variance / kept.length }
  }
  const [first, second] = [describe(a), describe(b)]
  return (first.mean - second.mean) / Math.sqrt(first.error + second.error)
}

/** t between comparing a wrong first and a wrong last character, over 100,000 samples in random order. */
function timingDifference(compare: (a: string, b: string) => boolean, secret: string): number {
  const flip = (at: number): string => {
    const other = secret[at] === 'x' ? 'y' : 'x'
    return secret.slice(0, at) + other + secret.slice(at + 1)
  }
  const wrong = [flip(0), flip(secret.length - 1)] as const
  const times: [number[], number[]] = [[], []]
  for (let i = 0; i < 110_000; i++) {
    const which = (systemRandom.int(2) & 1) as 0 | 1
    const start = process.hrtime.bigint()
    compare(secret, wrong[which])
    const took = Number(process.hrtime.bigint() - start)
    if (i >= 10_000) times[which].push(took)
  }
  return welch(times[0], times[1])
}

for (const [what, secret] of [
  ['a client secret', systemRandom.token()],
  ['a six-digit code', systemRandom.digits(6)],
  ['a long token', systemRandom.token().repeat(20)],
] as const) {
  test(`S-109: the place of the first wrong character of ${what} does not show in the time`, () => {
    const tries: number[] = []
    while (tries.length < 3) {
      const t = timingDifference(sameSecret, secret)
      if (Math.abs(t) < 4.5) return
      tries.push(t)
    }
    assert.fail(`t = ${tries.map((t) => t.toFixed(1)).join(', ')}`)
  })
}

test('the timing check notices a comparison that stops at the first difference', () => {
  const leaky = (a: string, b: string): boolean => {
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
    return true
  }
  assert.ok(Math.abs(timingDifference(leaky, systemRandom.token().repeat(20))) > 4.5)
})
