import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '#crypto/seeded-random.ts'
import type { FactorTools, Memory } from '#ports/factor.ts'
import { factorContract } from '#test/contracts/factor.contract.ts'
import { normalised } from './normalised.ts'
import { securityQuestion } from './security-question.ts'

type Answer = { readonly id: string; readonly answer: unknown }
type Questions = readonly { readonly id: string; readonly question: string }[]

const questions = ['Which street was your first?', 'Who taught you to swim?', 'What was your first book?', 'And then?']
const answered = (them: Questions): Answer[] =>
  them.slice(0, 3).map(({ id, question }) => ({ id, answer: `About ${question}` }))

factorContract(securityQuestion, {
  questions,
  proof: (it) => answered((it.asked?.show?.questions ?? it.show?.questions) as Questions),
  wrong: (right) => (right as Answer[]).map((it, i) => (i === 2 ? { ...it, answer: 'something else' } : it)),
})

const tools: FactorTools = {
  random: seededRandom('questions'),
  now: 0,
  mac: { make: () => assert.fail('its key is its own'), matches: () => assert.fail('its key is its own') },
}

function begun() {
  const made = securityQuestion.enrol({ issuer: 'Demo', account: 'ada', questions }, tools)
  const offered = made.show?.questions ?? assert.fail('nothing is offered')
  const confirm = (proof: unknown) =>
    securityQuestion.check({ secret: made.secret, memory: made.memory, challenge: made.challenge, proof }, tools)
  const signIn = (memory: Memory | undefined, proof: unknown) =>
    securityQuestion.check({ secret: made.secret, memory, challenge: { asked: true }, proof }, tools).is
  return { made, offered, confirm, signIn }
}

function kept(memory: Memory | undefined): Questions {
  return (securityQuestion.ask?.({ memory }, tools).show?.questions ?? []) as Questions
}

test('it is asked for what was answered when it was set up, and for nothing else', () => {
  const { offered, confirm, signIn } = begun()
  const right = answered(offered)
  const verdict = confirm(right)
  assert(verdict.is === 'right')
  assert.deepEqual(kept(verdict.memory), offered.slice(0, 3))
  assert.equal(signIn(verdict.memory, right.toReversed()), 'right', 'in any order')
  assert.equal(signIn(verdict.memory, right.slice(0, 2)), 'wrong', 'all of them')
  assert.equal(signIn(verdict.memory, [...right, { id: offered[3]?.id, answer: 'one more' }]), 'wrong')
  assert.equal(signIn(verdict.memory, [right[0], right[0], right[1]]), 'wrong', 'none twice')
  for (let i = 0; i < 3; i++) {
    const wrong = right.map((it, at) => (at === i ? { ...it, answer: 'no' } : it))
    assert.equal(signIn(verdict.memory, wrong), 'wrong', `answer ${i}`)
  }
})

test('an answer is the same however its letters were composed, sized and spaced', () => {
  const { offered, confirm, signIn } = begun()
  const [a, b, c] = offered.map(({ id }) => id)
  const verdict = confirm([
    { id: a, answer: 'Café Müller' },
    { id: b, answer: 'Ｇｒａｎｄｍａ  Jo' },
    { id: c, answer: 'O’Neill' },
  ])
  assert(verdict.is === 'right')
  const again = [
    { id: a, answer: '  CAFE\u0301   MU\u0308LLER ' },
    { id: b, answer: 'grandma\tjo' },
    { id: c, answer: 'o’NEILL' },
  ]
  assert.equal(signIn(verdict.memory, again), 'right')
  assert.equal(normalised('ab'), undefined)
  assert.equal(normalised('x'.repeat(201)), undefined)
  assert.equal(normalised('bad \ud800 half'), undefined)
})

test('too few answers, equal answers or answers to other questions set nothing up', () => {
  const { offered, confirm } = begun()
  const right = answered(offered)
  assert.equal(confirm(right.slice(0, 2)).is, 'wrong')
  assert.equal(confirm(right.map(({ id }) => ({ id, answer: 'the same' }))).is, 'wrong')
  assert.equal(confirm([...right.slice(0, 2), { id: 'another', answer: 'whatever' }]).is, 'wrong')
  assert.equal(confirm(right.map(({ id }) => ({ id, answer: 12345 }))).is, 'wrong')
})

test('nothing of an answer is kept but one hash under a key of the authenticator’s own (S-34)', () => {
  const one = begun()
  const verdict = one.confirm(answered(one.offered))
  assert(verdict.is === 'right')
  assert(!JSON.stringify(verdict.memory).toLowerCase().includes('about'))
  assert.equal(one.made.secret?.length, 32)
  const other = begun()
  const moved = { secret: other.made.secret, memory: verdict.memory, challenge: { asked: true } }
  assert.equal(securityQuestion.check({ ...moved, proof: answered(one.offered) }, tools).is, 'wrong')
})
