import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt } from 'jose'
import { base, openAuth0World } from '../support/auth0.ts'
import { openBrowser, redeem } from '../support/browser.ts'
import { createDevice } from '../support/webauthn.ts'

/** Security keys through the pages' API: what `navigator.credentials` answers goes in as it is (docs/hosted-api.md). */

test('a security key is enrolled at the first login and proved at the next; another site’s answer is refused', async () => {
  const at = await openAuth0World({
    tenant: { mfa: { mode: 'ALWAYS' }, factors: ['password', 'webauthn', 'recovery_code'] },
  })
  await at.addUser('ada')
  const device = createDevice({ origin: base })
  const person = openBrowser(at)
  const asked = await person.signIn('ada')
  assert.deepEqual(asked.body.offers[0].traits, { proof: 'assertion', channel: 'device' })
  const begun = await person.act('enrol', { factor: 'webauthn', name: 'Key' })
  assert.equal(begun.status, 200, begun.text)
  const confirmed = await person.act('confirm', { proof: device.create(begun.body.enrolling.show.publicKey) })
  assert.equal(confirmed.body.step, 'recovery-codes', confirmed.text)
  await person.act('saved')
  await redeem(at, await person.finish())

  const again = openBrowser(at)
  const [key] = (await again.signIn('ada')).body.options
  assert.equal(key.factor, 'webauthn')
  const challenge = await again.act('challenge', { option: key.id })
  const { publicKey } = challenge.body.asked.show
  const foreign = device.get(publicKey, { origin: 'https://localhost.evil.example:3443' })
  assert.equal((await again.act('verify', { proof: foreign })).body.error, 'wrong-proof', 'AC-50')
  const next = (await again.act('challenge', { option: key.id })).body.asked.show.publicKey
  const done = await again.act('verify', { proof: device.get(next) })
  assert.equal(done.body.step, 'done', done.text)
  const { amr, acr } = decodeJwt((await redeem(at, await again.finish())).body.id_token)
  assert.ok((amr as string[]).includes('mfa') && (amr as string[]).includes('pop'), String(amr))
  assert.equal(acr, 'phr')
})

test('acr_values=phr asks for a key, and a code of an app is not enough (S-118)', async () => {
  const at = await openAuth0World({ tenant: { mfa: { mode: 'OFF' }, factors: ['password', 'totp', 'webauthn'] } })
  const app = await at.enrolApp(await at.addUser('ada'))
  const person = openBrowser(at)
  const asked = await person.signIn('ada', { acr_values: 'phr' })
  assert.equal(asked.body.step, 'challenge', 'what there is comes first, before a key may be added (S-61)')
  at.clock.advance(31)
  const more = await person.act('verify', { option: asked.body.options[0].id, proof: app.code() })
  assert.deepEqual(
    [more.body.step, more.body.offers.map((it: { factor: string }) => it.factor)],
    ['enrol', ['webauthn']],
  )
  const device = createDevice({ origin: base })
  const begun = await person.act('enrol', { factor: 'webauthn' })
  const done = await person.act('confirm', { proof: device.create(begun.body.enrolling.show.publicKey) })
  assert.equal(done.body.step, 'done', done.text)
  assert.equal(decodeJwt((await redeem(at, await person.finish())).body.id_token).acr, 'phr')
})
