import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SealError, type SealFailure } from '#ports/keyring.ts'
import { createKeyring, parseMasterKeys } from './keyring.ts'
import { seededRandom } from './seeded-random.ts'

const random = seededRandom('keyring')
const oldKey = random.bytes(32)
const newKey = random.bytes(32)
const ring = createKeyring([oldKey])
const home = ['tenant-1', 'user-1', 'authenticator-1', 'totp']

function failsWith(failure: SealFailure, act: () => unknown): void {
  assert.throws(act, (error) => error instanceof SealError && error.failure === failure)
}

/** The sealed text with its raw bytes changed. */
function rewrite(sealed: string, change: (body: Buffer) => Buffer): string {
  const [version, kid, body] = sealed.split('.') as [string, string, string]
  return `${version}.${kid}.${change(Buffer.from(body, 'base64url')).toString('base64url')}`
}

test('what is sealed opens again, text or bytes, of any size', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.string()), (plain, context) => {
      assert.deepEqual(Uint8Array.from(ring.open(ring.seal(plain, context), context)), plain)
    }),
  )
  assert.equal(ring.openText(ring.seal('Schlüssel', home), home), 'Schlüssel')
})

test('S-36: a ciphertext moved to another tenant, user, record or purpose does not open', () => {
  const sealed = ring.seal('secret', home)
  for (let i = 0; i < home.length; i++) {
    const elsewhere = home.map((name, at) => (at === i ? `${name}x` : name))
    failsWith('not-authentic', () => ring.open(sealed, elsewhere))
  }
  failsWith('not-authentic', () => ring.open(sealed, home.slice(0, 3)))
  failsWith('not-authentic', () => ring.open(sealed, [...home, '']))
  failsWith('not-authentic', () => ring.open(sealed, ['tenant-1user-1', '', 'authenticator-1', 'totp']))
})

test('S-36: tags of 4, 8, 12 and 15 bytes are refused', () => {
  for (const plain of ['', 'a secret of some thirty-two bytes']) {
    const sealed = ring.seal(plain, home)
    for (const length of [4, 8, 12, 15]) {
      const short = rewrite(sealed, (body) => body.subarray(0, body.length - 16 + length))
      failsWith(plain === '' ? 'malformed' : 'not-authentic', () => ring.open(short, home))
    }
  }
})

test('S-36: any changed byte of nonce, ciphertext or tag is noticed', () => {
  const sealed = ring.seal('0123456789', home)
  for (let at = 0; at < 12 + 10 + 16; at++) {
    const changed = rewrite(sealed, (body) => {
      body[at] = (body[at] as number) ^ 1
      return body
    })
    failsWith('not-authentic', () => ring.open(changed, home))
  }
})

test('S-36: nonces have 96 bits and do not repeat over 200,000 values', () => {
  const nonces = new Set<string>()
  for (let i = 0; i < 200_000; i++) {
    // "v1." and the key id take 15 characters; 96 bits are the next 16.
    nonces.add(ring.seal('', []).slice(15, 31))
  }
  assert.equal(nonces.size, 200_000)
})

test('S-37: after a rotation old secrets open, new ones name the new key, and the old key can go once all are resealed', () => {
  const sealedBefore = ring.seal('secret', home)
  const macBefore = ring.mac('123456', home)
  const rotated = createKeyring([newKey, oldKey])
  assert.deepEqual(rotated.keyIds, [rotated.activeKeyId, ring.activeKeyId])
  assert.equal(rotated.openText(sealedBefore, home), 'secret')
  assert.ok(rotated.macMatches('123456', home, macBefore))
  assert.equal(rotated.needsReseal(sealedBefore), true)

  const resealed = rotated.seal(rotated.open(sealedBefore, home), home)
  assert.equal(rotated.needsReseal(resealed), false)
  assert.equal(resealed.split('.')[1], rotated.activeKeyId)

  const alone = createKeyring([newKey])
  assert.equal(alone.openText(resealed, home), 'secret')
  failsWith('unknown-key', () => alone.open(sealedBefore, home))
  assert.equal(alone.macMatches('123456', home, macBefore), false)
})

test('S-37: a ciphertext renamed to another key of the ring does not open', () => {
  const both = createKeyring([newKey, oldKey])
  const sealed = both.seal('secret', home)
  failsWith('not-authentic', () => both.open(sealed.replace(both.activeKeyId, ring.activeKeyId), home))
})

test('S-34: a keyed hash matches its own code and context only', () => {
  const context = ['challenge-1', 'user-1', 'sms']
  const stored = ring.mac('012345', context)
  assert.match(stored, /^h1\.[\w-]{11}\.[\w-]{43}$/)
  assert.ok(ring.macMatches('012345', context, stored))
  for (const code of ['012346', '12345', '', '0123450']) assert.equal(ring.macMatches(code, context, stored), false)
  for (let i = 0; i < context.length; i++) {
    const elsewhere = context.map((name, at) => (at === i ? `${name}x` : name))
    assert.equal(ring.macMatches('012345', elsewhere, stored), false)
    assert.notEqual(ring.mac('012345', elsewhere), stored)
  }
})

test('a keyed hash by another key of the ring is what that key made when it was the first; no other key makes one', () => {
  const [older, newer] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  const before = createKeyring([older])
  const now = createKeyring([newer, older])
  assert.equal(now.mac('012345', ['a'], before.activeKeyId), before.mac('012345', ['a']))
  assert.equal(now.mac('012345', ['a'], now.activeKeyId), now.mac('012345', ['a']))
  assert.throws(() => before.mac('012345', ['a'], now.activeKeyId), /not in the key ring/)
})

test('S-34: someone without the key cannot find the code by trying codes', () => {
  const stored = ring.mac('000042', ['challenge-1'])
  const stranger = createKeyring([newKey])
  const tag = stored.split('.')[2]
  for (let value = 0; value < 1_000_000; value += 997) {
    const code = String(value).padStart(6, '0')
    assert.notEqual(stranger.mac(code, ['challenge-1']).split('.')[2], tag)
  }
  assert.equal(stranger.mac('000042', ['challenge-1']).split('.')[2] === tag, false)
})

test('a stored text that is no keyed hash never matches and never throws', () => {
  for (const stored of ['', 'h1', 'h1..', `h1.${ring.activeKeyId}.`, `h1.${ring.activeKeyId}.AAAA`, '012345']) {
    assert.equal(ring.macMatches('012345', [], stored), false)
  }
})

test('a text that was never sealed is called malformed', () => {
  for (const text of ['', 'v1', 'v1.x.y', `v2.${ring.activeKeyId}.AAAA`, `v1.${ring.activeKeyId}.AAAA`]) {
    failsWith('malformed', () => ring.open(text, []))
  }
})

test('S-162: master keys are read from base64, and a bad one is named by its place and never shown', () => {
  const texts = [oldKey, newKey].map((key) => Buffer.from(key).toString('base64'))
  assert.deepEqual(
    parseMasterKeys(` ${texts[0]}, ${texts[1]}`).map((key) => Uint8Array.from(key)),
    [oldKey, newKey],
  )
  const short = Buffer.from(oldKey.subarray(0, 31)).toString('base64')
  const zeros = Buffer.alloc(32).toString('base64')
  for (const [text, message] of [
    ['', /^master key 1 of 1 is empty$/],
    [`${texts[0]},`, /^master key 2 of 2 is empty$/],
    [`${texts[0]},${short}`, /^master key 2 of 2 has 31 bytes instead of 32$/],
    ['not base64!', /^master key 1 of 1 is not base64$/],
    [zeros, /^master key 1 of 1 is not random/],
    [`${texts[0]},${texts[0]}`, /^master key 2 repeats master key 1$/],
  ] as const) {
    assert.throws(
      () => parseMasterKeys(text),
      (error) => error instanceof Error && message.test(error.message) && !error.message.includes(short),
    )
  }
})

test('a ring without keys, with a short key or with one key twice is refused', () => {
  assert.throws(() => createKeyring([]), RangeError)
  assert.throws(() => createKeyring([oldKey.subarray(1)]), RangeError)
  assert.throws(() => createKeyring([oldKey, oldKey]), RangeError)
})
