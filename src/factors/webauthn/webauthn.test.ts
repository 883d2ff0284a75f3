import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '#crypto/seeded-random.ts'
import { factorContract } from '#test/contracts/factor.contract.ts'
import { type Answer, createDevice, flag } from '#test/support/webauthn.ts'
import { credentialOf } from './stored.ts'
import { webauthn } from './webauthn.ts'

const device = createDevice()

factorContract(webauthn, {
  proof: ({ show, asked }) =>
    asked === undefined ? device.create(show?.publicKey) : device.get(asked.show?.publicKey),
  wrong: (right) => {
    const { response, ...rest } = right as Answer
    return { ...rest, response: { ...response, signature: response.authenticatorData } }
  },
})

const site = { rpId: 'login.example.com', origins: ['https://login.example.com'] }
const mac = { make: () => '', matches: () => false }
const tools = (seed: string) => ({ random: seededRandom(seed), now: 0, mac, site })
const person = { issuer: 'Demo', account: 'ada@example.com' }

interface CreationOptions {
  readonly challenge: string
  readonly user: { readonly id: string }
  readonly excludeCredentials: readonly { readonly id: string }[]
  readonly pubKeyCredParams: readonly { readonly alg: number }[]
}
const creationOptions = (seed: string, others?: readonly Readonly<Record<string, unknown>>[]) =>
  webauthn.enrol({ ...person, others }, tools(seed)).show?.publicKey as unknown as CreationOptions

const size = (text: string) => Buffer.from(text, 'base64url').length

async function registered(seed: string, phone = createDevice()) {
  const made = webauthn.enrol(person, tools(seed))
  const request = { memory: made.memory, challenge: made.challenge, proof: phone.create(made.show?.publicKey) }
  const evidence = await webauthn.examine?.(request, tools(seed))
  const verdict = webauthn.check({ ...request, evidence }, tools(seed))
  assert(verdict.is === 'right')
  return { phone, verdict, memory: verdict.memory ?? {} }
}

test('S-89: a challenge has 32 random bytes, and no two are alike', () => {
  const challenges = ['a', 'b', 'c'].map((seed) => creationOptions(seed).challenge)
  assert.deepEqual(challenges.map(size), [32, 32, 32])
  assert.equal(new Set(challenges).size, 3)
})

test('S-94: the user handle is random, at most 64 bytes, nothing of the person, and the same for the next key', async () => {
  const [first, second] = [creationOptions('a').user.id, creationOptions('b').user.id]
  assert.notEqual(first, second)
  assert(size(first) <= 64)
  assert(!Buffer.from(first, 'base64url').toString('latin1').includes('ada'))
  const { memory } = await registered('a')
  const next = creationOptions('c', [memory])
  assert.equal(next.user.id, credentialOf(memory)?.handle)
  assert.deepEqual(
    next.excludeCredentials.map((it) => it.id),
    [credentialOf(memory)?.id],
  )
})

test('a proof made in the other ceremony is wrong both ways, whoever signed it', async () => {
  const { phone, memory } = await registered('a')
  const asked = webauthn.ask?.({ memory }, tools('ask')) ?? assert.fail()
  const made = webauthn.enrol(person, tools('again'))
  const challenge = (asked.show as { publicKey: { challenge: string } }).publicKey.challenge
  const crossed = [
    { challenge: asked.challenge, proof: phone.create({ ...(made.show?.publicKey as object), challenge }) },
    { challenge: made.challenge, proof: phone.get(asked.show?.publicKey) },
  ]
  for (const request of crossed) {
    const evidence = await webauthn.examine?.({ ...request, memory }, tools('x'))
    assert.deepEqual(webauthn.check({ ...request, memory, evidence }, tools('x')), { is: 'wrong' })
  }
})

test('S-91: 0→0 is normal; a counter that does not grow is wrong, and suspends a key that cannot be copied', async () => {
  const cases = [
    { backupEligible: false, stored: 0, sent: 0, verdict: 'right' },
    { backupEligible: false, stored: 0, sent: 1, verdict: 'right' },
    { backupEligible: false, stored: 7, sent: 8, verdict: 'right' },
    { backupEligible: false, stored: 7, sent: 7, verdict: 'suspend' },
    { backupEligible: false, stored: 7, sent: 6, verdict: 'suspend' },
    { backupEligible: false, stored: 7, sent: 0, verdict: 'suspend' },
    { backupEligible: true, stored: 7, sent: 7, verdict: 'wrong' },
    { backupEligible: true, stored: 7, sent: 0, verdict: 'wrong' },
    { backupEligible: true, stored: 0, sent: 0, verdict: 'right' },
  ]
  for (const { backupEligible, stored, sent, verdict } of cases) {
    const { phone, memory } = await registered('a', createDevice({ flags: flag.up | (backupEligible ? flag.be : 0) }))
    const kept = { ...memory, counter: stored }
    const asked = webauthn.ask?.({ memory: kept }, tools('ask')) ?? assert.fail()
    const proof = phone.get(asked.show?.publicKey, { counter: sent })
    const request = { memory: kept, challenge: asked.challenge, proof }
    const evidence = await webauthn.examine?.(request, tools('ask'))
    const judged = webauthn.check({ ...request, evidence }, tools('ask'))
    const name = judged.is === 'wrong' && judged.suspend === true ? 'suspend' : judged.is
    assert.equal(name, verdict, `${stored}→${sent}, ${backupEligible ? 'synced' : 'device-bound'}`)
    if (judged.is === 'right') assert.equal(credentialOf(judged.memory)?.counter, sent)
  }
})

test('two proofs with one counter, both examined before either is kept: the second is wrong', async () => {
  const { phone, memory } = await registered('a')
  const asked = ['one', 'two'].map((seed) => webauthn.ask?.({ memory }, tools(seed)) ?? assert.fail())
  const requests = asked.map((it) => ({
    memory,
    challenge: it.challenge,
    proof: phone.get(it.show?.publicKey, { counter: 5 }),
  }))
  const evidence = await Promise.all(requests.map((it) => webauthn.examine?.(it, tools('x'))))
  const [first, second] = requests
  assert(first !== undefined && second !== undefined)
  const won = webauthn.check({ ...first, evidence: evidence[0] }, tools('x'))
  assert(won.is === 'right')
  const late = webauthn.check({ ...second, memory: won.memory, evidence: evidence[1] }, tools('x'))
  assert.deepEqual(late, { is: 'wrong', suspend: true })
})

test('a proof says what the key did: user verified or only there', async () => {
  const told = async (flags: number) => {
    const { verdict } = await registered('a', createDevice({ flags }))
    return verdict.proved
  }
  assert.deepEqual(await told(flag.up | flag.uv), { amr: ['pop', 'user', 'swk'], userVerified: true, hardware: false })
  assert.deepEqual(await told(flag.up), { amr: ['pop', 'user'], hardware: false })
})
