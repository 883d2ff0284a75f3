import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKeyring } from '#crypto/keyring.ts'
import { seededRandom } from '#crypto/seeded-random.ts'
import { factorContract } from '#test/contracts/factor.contract.ts'
import { recoveryCode } from './recovery-code.ts'

const known = 'ABCDEFGHIJKLMNOPQRST2345'

factorContract(recoveryCode, {
  proof: (it) => it.show?.codes?.[0],
  wrong: (right) => String(right).replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
  adopts: {
    good: [{ material: { code: known }, proof: () => known }],
    bad: [{}, { code: known.slice(1) }, { code: `${known}A` }, { code: 5 }, { code: known.replace('A', 'Ä') }],
  },
})

const keyring = createKeyring([Buffer.alloc(32, 1)])
const mac = {
  make: (code: string) => keyring.mac(code, ['x']),
  matches: (code: string, stored: string) => keyring.macMatches(code, ['x'], stored),
}
const tools = { random: seededRandom('recovery'), now: 0, mac }

test('S-44: a code has 24 letters and digits, 124 random bits, and no two are alike', () => {
  const codes = Array.from({ length: 1_000 }, () => recoveryCode.enrol({ issuer: '', account: '' }, tools).show?.codes)
  for (const shown of codes) assert.match(shown?.join('|') ?? '', /^[A-Z0-9]{24}$/)
  assert.equal(new Set(codes.flat()).size, 1_000)
  assert(24 * Math.log2(36) >= 124)
})

test('S-44, S-45: of a set of ten each works once, and the others stay', () => {
  const made = recoveryCode.enrol({ issuer: '', account: '', count: 10 }, tools)
  const codes = made.show?.codes ?? []
  assert.equal(new Set(codes).size, 10)
  let memory = made.memory
  for (const code of codes) {
    const verdict = recoveryCode.check({ memory, proof: code }, tools)
    assert(verdict.is === 'right')
    assert.equal(verdict.show?.codes?.length, 1)
    memory = verdict.memory
    assert.equal(recoveryCode.check({ memory, proof: code }, tools).is, 'wrong')
    assert.equal(recoveryCode.check({ memory, proof: verdict.show?.codes?.[0] }, tools).is, 'right')
  }
})

test('S-45: a used code is replaced by the one that is shown with it, and spelling does not matter', () => {
  const made = recoveryCode.enrol({ issuer: '', account: '' }, tools)
  const code = made.show?.codes?.[0] ?? assert.fail()
  const asWritten = (code.match(/.{4}/g) ?? []).join('-').toLowerCase()
  const verdict = recoveryCode.check({ memory: made.memory, proof: ` ${asWritten} ` }, tools)
  assert(verdict.is === 'right')
  const next = verdict.show?.codes?.[0] ?? assert.fail('no new code')
  assert.notEqual(next, code)
  assert.equal(recoveryCode.check({ memory: verdict.memory, proof: next }, tools).is, 'right')
  assert.equal(recoveryCode.check({ memory: verdict.memory, proof: code }, tools).is, 'wrong')
})
