import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base32Decode, base32Encode } from '#crypto/base32.ts'
import { seededRandom } from '#crypto/seeded-random.ts'
import { hotp, totpStep } from '#crypto/totp.ts'
import { factorContract } from '#test/contracts/factor.contract.ts'
import { otherThan } from '#test/support/world.ts'
import { totp } from './totp.ts'

const secretOf = (base32: string) => base32Decode(base32) ?? assert.fail('no base32')
const bytes = (count: number) => base32Encode(new Uint8Array(count).fill(7))

factorContract(totp, {
  proof: (it, now) => hotp(it.secret ?? assert.fail('no secret'), totpStep(now)),
  wrong: (right) => otherThan(String(right)),
  adopts: {
    good: [10, 16, 20, 64].map((count) => ({
      material: { secret: bytes(count) },
      proof: (now) => hotp(secretOf(bytes(count)), totpStep(now)),
    })),
    bad: [{}, { secret: bytes(9) }, { secret: '' }, { secret: 5 }, { secret: 'not base32!' }, { secret: null }],
  },
})

const mac = { make: () => '', matches: () => false }
const tools = (now: number) => ({ random: seededRandom('totp'), now, mac })

test('S-9: a new secret has 160 bits, and the same in the link an app reads', () => {
  const made = totp.enrol({ issuer: 'Demo', account: 'ada@example.com' }, tools(0))
  assert.equal(made.secret?.length, 20)
  assert.deepEqual(secretOf(made.show?.secret ?? ''), made.secret)
  const link = new URL(made.show?.uri ?? '')
  assert.deepEqual([link.protocol, link.host], ['otpauth:', 'totp'])
  assert.equal(link.searchParams.get('secret'), made.show?.secret)
  assert.equal(link.searchParams.get('issuer'), 'Demo')
})

test('S-11: of the eleven steps around now exactly this one and the one before are accepted', () => {
  const now = Date.UTC(2024, 2, 15, 12)
  const secret = new Uint8Array(20).fill(3)
  const accepted = Array.from({ length: 11 }, (_, i) => i - 5).filter((steps) => {
    const proof = hotp(secret, totpStep(now) + steps)
    return totp.check({ secret, memory: {}, proof }, tools(now)).is === 'right'
  })
  assert.deepEqual(accepted, [-1, 0])
})

test('S-6, S-12: a code in another spelling is the same code, and its replay is refused', () => {
  const now = Date.UTC(2024, 2, 15, 12)
  const secret = new Uint8Array(20).fill(3)
  const code = hotp(secret, totpStep(now))
  const spaced = `${code.slice(0, 3)} ${code.slice(3)}`
  const first = totp.check({ secret, memory: {}, proof: spaced }, tools(now))
  assert(first.is === 'right')
  assert.deepEqual(totp.check({ secret, memory: first.memory, proof: code }, tools(now)), { is: 'wrong' })
})
