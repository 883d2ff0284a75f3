import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openEntraWorld, payload } from '#test/support/entra.ts'

test('a user signs in, registers a phone, and is asked for it from then on', async () => {
  const it = await openEntraWorld({ tenant: { mfa: { mode: 'ALWAYS' } } })
  await it.addUser('ada')
  const first = await it.until('registration_required', 'ada')
  const registered = await it.register(first, 'sms', '+1 5555550100')
  assert.equal(registered.status, 200, registered.text)
  const second = await it.until('mfa_required', 'ada')
  const done = await it.mfa(second, 'sms')
  assert.equal(done.status, 200, done.text)
  assert.deepEqual(payload(done.body.access_token).amr, ['pwd', 'otp', 'sms', 'mfa', 'mca'])
})
