import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openWorld } from '#test/support/world.ts'
import { offerRecoveryCode, takeRecoveryCode } from './offer-recovery-code.ts'

async function offered() {
  const it = await openWorld()
  const ada = await it.addUser('ada')
  const offer = (await offerRecoveryCode(it.parts, it.caller(), ada.id)).yes ?? assert.fail('no offer')
  const take = (caller = it.caller(), user = ada.id, id: string = offer.authenticator.id) =>
    takeRecoveryCode(it.parts, caller, user, { handle: offer.handle, id })
  return { it, ada, offer, take }
}

test('of 50 who take an offered code at once exactly one does (S-28, S-45)', async () => {
  const { it, ada, take } = await offered()
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => take()))
  assert.equal(outcomes.filter((one) => one.yes).length, 1)
  assert.equal((await it.authenticators(ada)).length, 1)
  assert.equal((await it.events('recovery.replaced')).length, 1)
})

test('it is for one user, one client and one authenticator, and lasts 15 minutes', async () => {
  const { it, ada, take } = await offered()
  const bob = await it.addUser('bob')
  const spa = it.caller({ application: it.spa })
  for (const refused of [await take(it.caller(), bob.id), await take(spa), await take(it.caller(), ada.id, 'x')]) {
    assert.equal(refused.no, 'challenge-unknown')
  }
  it.clock.advance(900)
  assert.equal((await take()).no, 'challenge-expired')
  assert.deepEqual(await it.authenticators(ada), [])
})

test('neither code nor handle is stored (S-34, S-35)', async () => {
  const { it, offer } = await offered()
  const rows = JSON.stringify(await it.store.list('artifacts', it.tenant.id))
  for (const secret of [offer.handle, ...offer.codes]) assert.equal(rows.includes(secret), false)
})

test('a tenant without saved codes offers none', async () => {
  const it = await openWorld({ tenant: { factors: ['password', 'totp'] } })
  const ada = await it.addUser('ada')
  assert.equal((await offerRecoveryCode(it.parts, it.caller(), ada.id)).no, 'factor-off')
})
