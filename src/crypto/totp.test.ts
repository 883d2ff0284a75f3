import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TOTP as ReferenceTotp, Secret } from 'otpauth'
import { base32Decode, base32Encode } from './base32.ts'
import { otpauthUri } from './otpauth-uri.ts'
import { systemRandom } from './random.ts'
import { canonicalCode, hotp, importOtpSecret, matchTotp, newOtpSecret, type OtpAlgorithm, totpStep } from './totp.ts'

const seeds: Readonly<Record<OtpAlgorithm, Uint8Array>> = {
  SHA1: Buffer.from('12345678901234567890'),
  SHA256: Buffer.from('12345678901234567890123456789012'),
  SHA512: Buffer.from('1234567890123456789012345678901234567890123456789012345678901234'),
}
const secret = seeds.SHA1

test('S-10: HOTP gives the codes of RFC 4226 appendix D for counters 0 to 9', () => {
  const codes = '755224 287082 359152 969429 338314 254676 287922 162583 399871 520489'.split(' ')
  assert.deepEqual(
    codes.map((_, counter) => hotp(secret, counter)),
    codes,
  )
})

test('S-10: TOTP gives the codes of RFC 6238 appendix B', () => {
  const table: readonly (readonly [number, string, string, string])[] = [
    [59, '94287082', '46119246', '90693936'],
    [1111111109, '07081804', '68084774', '25091201'],
    [1111111111, '14050471', '67062674', '99943326'],
    [1234567890, '89005924', '91819424', '93441116'],
    [2000000000, '69279037', '90698825', '38618901'],
    [20000000000, '65353130', '77737706', '47863826'],
  ]
  for (const [seconds, ...codes] of table) {
    for (const [i, algorithm] of (['SHA1', 'SHA256', 'SHA512'] as const).entries()) {
      const code = codes[i] as string
      assert.equal(hotp(seeds[algorithm], totpStep(seconds * 1000), { digits: 8, algorithm }), code)
      const step = matchTotp({ secret: seeds[algorithm], code, now: seconds * 1000, digits: 8, algorithm })
      assert.equal(step, totpStep(seconds * 1000))
    }
  }
})

test('S-10: 1,000 random secrets and times agree with another implementation', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 64 }),
      fc.integer({ min: 0, max: 2 ** 42 }),
      fc.constantFrom<OtpAlgorithm>('SHA1', 'SHA256', 'SHA512'),
      fc.constantFrom(6, 7, 8),
      fc.constantFrom(30, 60),
      (bytes, now, algorithm, digits, period) => {
        const key = new Secret({ buffer: Uint8Array.from(bytes).buffer })
        const expected = new ReferenceTotp({ secret: key, algorithm, digits, period }).generate({ timestamp: now })
        assert.equal(hotp(bytes, totpStep(now, period), { digits, algorithm }), expected)
      },
    ),
    { numRuns: 1000 },
  )
})

test('counters beyond 32 bits are written whole', () => {
  // The two differ only above bit 32; an implementation that cut them would give one code.
  assert.notEqual(
    hotp(secret, 2 ** 33 + 5, { digits: 8, algorithm: 'SHA1' }),
    hotp(secret, 5, { digits: 8, algorithm: 'SHA1' }),
  )
})

const at = 1_700_000_010_000
const here = totpStep(at)

/** Steps relative to now whose codes are accepted. */
function accepted(window: { back: number; ahead: number } | undefined): number[] {
  const offsets = Array.from({ length: 11 }, (_, i) => i - 5)
  return offsets.filter(
    (offset) =>
      matchTotp({ secret, code: hotp(secret, here + offset), now: at, ...(window && { window }) }) !== undefined,
  )
}

test('S-11: two codes are good at any instant, one in the strict profile, three with look-ahead', () => {
  assert.deepEqual(accepted(undefined), [-1, 0])
  assert.deepEqual(accepted({ back: 0, ahead: 0 }), [0])
  assert.deepEqual(accepted({ back: 1, ahead: 1 }), [-1, 0, 1])
})

test('S-11: a code dies exactly at the end of the step after its own', () => {
  const code = hotp(secret, here)
  const start = here * 30_000
  for (const [now, good] of [
    [start - 1, false],
    [start, true],
    [start + 59_999, true],
    [start + 60_000, false],
  ] as const) {
    assert.equal(matchTotp({ secret, code, now }), good ? here : undefined)
  }
})

test('S-12: only a step strictly later than the last one accepted counts', () => {
  const code = hotp(secret, here)
  assert.equal(matchTotp({ secret, code, now: at, lastStep: here - 1 }), here)
  assert.equal(matchTotp({ secret, code, now: at, lastStep: here }), undefined)
  assert.equal(matchTotp({ secret, code, now: at, lastStep: here + 1 }), undefined)
  assert.equal(matchTotp({ secret, code: hotp(secret, here - 1), now: at, lastStep: here - 1 }), undefined)
})

test('S-41: every candidate is computed, whichever of them matches', (t) => {
  // Each computed candidate truncates one HMAC, which reads one 32-bit number.
  const reads = t.mock.method(Buffer.prototype, 'readUInt32BE')
  for (const offset of [-2, 0, 2, 5]) {
    const code = hotp(secret, here + offset)
    reads.mock.resetCalls()
    matchTotp({ secret, code, now: at, window: { back: 2, ahead: 2 } })
    assert.equal(reads.mock.callCount(), 5)
  }
})

test('S-9: a new secret has 160 bits; an imported one of 15 bytes is refused, of 16 accepted', () => {
  assert.equal(newOtpSecret(systemRandom).length, 20)
  assert.equal(importOtpSecret(base32Encode(secret.subarray(0, 15))), undefined)
  assert.deepEqual(importOtpSecret(base32Encode(secret.subarray(0, 16))), Uint8Array.from(secret.subarray(0, 16)))
  assert.equal(importOtpSecret('not base32!'), undefined)
})

test('S-6: spaces and hyphens go, everything else is refused and nothing throws', () => {
  for (const text of ['012345', ' 012 345 ', '012-345', '0-1-2 3-4-5']) assert.equal(canonicalCode(text, 6), '012345')
  const lengths = [0, 1, 2, 3, 4, 5, ...Array.from({ length: 58 }, (_, i) => i + 7)]
  const bad: readonly unknown[] = [
    ...lengths.map((length) => '1'.repeat(length)),
    'abcdef',
    '01234a',
    '0x1234',
    '+12345',
    '1234.5',
    '12\t3456',
    '123456\n',
    '１２３４５６',
    '١٢٣٤٥٦',
    '12\u00a03456',
    123456,
    12345n,
    null,
    undefined,
    true,
    ['123456'],
    ['1', '2', '3', '4', '5', '6'],
    { 0: '1', length: 6 },
    { toString: () => '123456' },
    Symbol('123456'),
    '1 '.repeat(100_000),
  ]
  for (const input of bad) assert.equal(canonicalCode(input, 6), undefined)
})

test('S-6: a code that is not canonical never matches', () => {
  const code = hotp(secret, here)
  for (const text of [` ${code}`, code.slice(1), `${code}0`, '', 'abcdef', `${code.slice(0, 5)}é`]) {
    assert.equal(matchTotp({ secret, code: text, now: at }), undefined)
  }
})

test('base32 gives the vectors of RFC 4648 without padding', () => {
  const vectors = { f: 'MY', fo: 'MZXQ', foo: 'MZXW6', foob: 'MZXW6YQ', fooba: 'MZXW6YTB', foobar: 'MZXW6YTBOI' }
  for (const [text, encoded] of Object.entries(vectors)) {
    assert.equal(base32Encode(Buffer.from(text)), encoded)
    assert.equal(Buffer.from(base32Decode(encoded) as Uint8Array).toString(), text)
  }
  assert.equal(Buffer.from(base32Decode('mzxw 6ytb-oi======') as Uint8Array).toString(), 'foobar')
})

test('base32 comes back whole for any bytes, and foreign text is undefined', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      assert.deepEqual(base32Decode(base32Encode(bytes)), Uint8Array.from(bytes))
    }),
  )
  for (const text of ['A', 'ABC', 'ABCDEF', 'AB0D', 'AB1D', 'AB8D', 'ÄB', 'A=BC', 'AB========']) {
    assert.equal(base32Decode(text), undefined)
  }
})

test('the otpauth address keeps its order and encodes each part of the label', () => {
  const uri = otpauthUri({ label: ['Acme: & Co', 'jane doe@example.com'], secret, issuer: 'Acme: & Co' })
  assert.equal(
    uri,
    'otpauth://totp/Acme%3A%20%26%20Co:jane%20doe%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme%3A%20%26%20Co&algorithm=SHA1&digits=6&period=30',
  )
})

test('no name breaks the otpauth address, and another implementation reads it back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ minLength: 1 }), (issuer, account) => {
      const uri = new URL(otpauthUri({ label: [issuer, account], secret, issuer, digits: 8, period: 60 }))
      assert.equal(uri.searchParams.get('issuer'), issuer.toWellFormed())
      assert.deepEqual(uri.pathname.slice(1).split(':').map(decodeURIComponent), [issuer.toWellFormed(), account])
      assert.deepEqual([...uri.searchParams.keys()], ['secret', 'issuer', 'algorithm', 'digits', 'period'])
    }),
  )
  assert.ok(!otpauthUri({ label: ['\ud800'], secret, issuer: '\ud800' }).includes('\ud800'))
})
