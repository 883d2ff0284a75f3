import assert from 'node:assert/strict'
import { test } from 'node:test'
import { factorMap } from '#factors/index.ts'
import type { Proof } from '#model/proof.ts'
import { openWorld } from '#test/support/world.ts'
import { acr, assure } from './assurance.ts'

const factors = factorMap()
const channels: Readonly<Record<string, string>> = {
  password: 'password',
  totp: 'authenticator:app',
  sms: 'phone:+15555550101',
  voice: 'phone:+15555550101',
  email: 'email:ada@example.com',
  recovery_code: 'authenticator:paper',
  security_question: 'authenticator:memory',
}
const proof = (factor: string, at = 1_000_000, channel = channels[factor] ?? ''): Proof => ({ factor, channel, at })
const proofs = (...kinds: readonly string[]): readonly Proof[] => kinds.map((it, i) => proof(it, (1_000 + i) * 1_000))

test('assurance.md §2: what was proved is what amr and acr say, row by row', () => {
  const table: readonly [proved: readonly string[], amr: readonly string[], acr: string][] = [
    [['password'], ['pwd'], acr.aal1],
    [['password', 'totp'], ['pwd', 'otp', 'mfa'], acr.aal2],
    [['password', 'sms'], ['pwd', 'otp', 'sms', 'mfa', 'mca'], acr.aal2],
    [['password', 'voice'], ['pwd', 'otp', 'tel', 'mfa', 'mca'], acr.aal2],
    [['password', 'email'], ['pwd', 'otp'], acr.aal1],
    [['password', 'recovery_code'], ['pwd', 'otp', 'recovery', 'mfa'], acr.aal2],
    [['password', 'security_question'], ['pwd', 'kba'], acr.aal1],
    [['sms', 'security_question'], ['otp', 'sms', 'kba'], acr.aal1],
    [['password', 'security_question', 'totp'], ['pwd', 'kba', 'otp', 'mfa'], acr.aal2],
    [['password', 'email', 'totp'], ['pwd', 'otp', 'mfa'], acr.aal2],
    [['password', 'totp', 'sms'], ['pwd', 'otp', 'sms', 'mfa', 'mca'], acr.aal2],
    [['email'], ['otp'], acr.aal1],
    [['sms'], ['otp', 'sms'], acr.aal1],
    [['sms', 'totp'], ['otp', 'sms'], acr.aal1],
    [['totp', 'password'], ['otp', 'pwd', 'mfa'], acr.aal2],
  ]
  for (const [proved, amr, level] of table) {
    const said = assure(proofs(...proved), factors)
    assert.deepEqual([said.amr, said.acr, said.mfa], [amr, level, level === acr.aal2], proved.join(' + '))
  }
})

test('one channel never counts twice: text message and call to one phone are one factor', () => {
  const phone = assure(proofs('sms', 'voice'), factors)
  assert.deepEqual([phone.amr, phone.mfa], [['otp', 'tel'], false])
  const mailbox = assure([proof('email', 1_000), proof('email', 2_000)], factors)
  assert.deepEqual(mailbox.amr, ['otp'])
})

test('nothing proved is no level above the first, and an unknown kind proves nothing', () => {
  assert.deepEqual(assure([], factors), { amr: [], acr: acr.aal1, authTime: 0, mfa: false })
  assert.deepEqual(assure([proof('password'), proof('telepathy', 1, 'x')], factors).mfa, false)
})

test('auth_time is the time of the oldest proof that the level needs', () => {
  assert.equal(assure([proof('password', 5_000), proof('totp', 9_000)], factors).authTime, 5)
  assert.equal(assure([proof('email', 1_000), proof('password', 5_000), proof('totp', 9_000)], factors).authTime, 5)
  assert.equal(assure([proof('password', 5_000), proof('email', 9_000)], factors).authTime, 5)
  assert.equal(assure([proof('totp', 9_000), proof('password', 12_000)], factors).authTime, 9)
})

test('S-73, S-45: logins say what was proved in them, whatever the account has besides', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  await world.enrolAddress(ada, 'email', 'ada@example.com')
  await world.enrolAddress(ada, 'sms', '+15555550101')
  const app = await world.enrolApp(ada)
  const byMail = await world.ticket('ada')
  const mail = await world.challenge(byMail, 'email')
  const mailed = await world.answer(byMail, { challenge: mail.challenge }, mail.code)
  assert.deepEqual(mailed.yes?.granted.assurance.amr, ['pwd', 'otp'])
  assert.equal(mailed.yes?.granted.assurance.acr, acr.aal1)

  const byCall = await world.ticket('ada')
  const call = await world.challenge(byCall, 'voice')
  const called = await world.answer(byCall, { challenge: call.challenge }, call.code)
  assert.deepEqual(called.yes?.granted.assurance.amr, ['pwd', 'otp', 'tel', 'mfa', 'mca'])

  const began = world.clock.now()
  const byApp = await world.ticket('ada')
  world.clock.advance(45)
  const apped = await world.answer(byApp, { kind: 'totp' }, app.code())
  assert.deepEqual(apped.yes?.granted.assurance, {
    amr: ['pwd', 'otp', 'mfa'],
    acr: acr.aal2,
    authTime: began / 1_000,
    mfa: true,
  })
})
