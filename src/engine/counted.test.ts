import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Metrics } from '#ports/metrics.ts'
import { openWorld, otherThan } from '#test/support/world.ts'
import { counted } from './counted.ts'
import { nothingToIssue } from './issue.ts'

test('logins, challenges and proofs are counted by what became of them', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  await world.enrolAddress(ada, 'sms', '+15551234567')
  const seen: string[] = []
  const note = (...words: readonly string[]) => void seen.push(words.join(' '))
  const metrics: Metrics = {
    login: (outcome) => note('login', outcome),
    challenge: (factor) => note('challenge', factor),
    proof: (factor, outcome) => note('proof', factor, outcome),
    rating: () => {},
    message: () => {},
    receipt: () => {},
  }
  const engine = counted(world.engine, metrics)
  const caller = world.caller()
  await engine.signIn({ caller, login: 'ada@example.com', password: 'not it' })
  const flow = await world.ticket('ada')
  const asked = await engine.challenge({ caller, ticket: flow.ticket, kinds: ['sms'] })
  const to = { challenge: asked.yes?.challenge ?? '' }
  const code = await world.lastCode()
  await engine.answer({ caller, flow, to, proof: otherThan(code), issue: nothingToIssue })
  await engine.answer({ caller, flow, to, proof: code, issue: nothingToIssue })
  assert.deepEqual(seen, ['login failure', 'challenge sms', 'proof sms wrong', 'proof sms right', 'login success'])
})
