import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openWorld, otherThan, someWish } from '#test/support/world.ts'
import { nothingToIssue } from '../issue.ts'
import { sendAddressCode } from './address-code.ts'
import { proveMailbox, startSignIn } from './first-factor.ts'

test('S-5, S-17: after five wrong codes the right one is refused, and no further message leaves in this sign-in', async () => {
  const world = await openWorld()
  await world.addUser('ada', { passwordHash: undefined })
  const caller = world.caller()
  const begin = async () => {
    const started = await startSignIn(world.parts, caller, { login: 'ada@example.com', adds: false, extra: {} })
    return started?.journey ?? assert.fail('there is no such account')
  }
  const journey = await begin()
  const send = () => sendAddressCode(world.parts, caller, journey, 'login')
  const prove = (code: string, at = journey) =>
    proveMailbox(world.parts, { caller, journey: at, wish: someWish, issue: nothingToIssue, code })

  assert.equal((await send()).no, undefined)
  const code = await world.lastCode()
  for (let i = 0; i < 5; i++) assert.equal((await prove(otherThan(code))).no, 'wrong-proof')
  assert.equal((await prove(code)).no, 'challenge-expired')
  const sent = (await world.outbox()).length
  const again = await send()
  assert(again.no === 'too-many-attempts')
  assert.ok(again.retryAfter > 0)
  assert.equal((await world.outbox()).length, sent)

  const next = await begin()
  assert.equal((await sendAddressCode(world.parts, caller, next, 'login')).no, undefined)
  assert.equal((await prove(await world.lastCode(), next)).no, undefined, 'a new sign-in begins anew')
})
