import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, faults } from './support/axe.ts'
import { openPlace, type Place, setUpApp } from './support/place.ts'

/** What somebody whose logins are rated is told at a browser. */

let place: Place
before(async () => {
  place = await openPlace(['ada'], { mfa: { mode: 'SMART' } })
})
after(() => place?.close())

test('the account page says in plain words why a sign-in was asked for a second factor, and not of one that was not', async () => {
  const { server } = place
  await using ada = await place.person({ clientId: 'relaxed' })
  // Nobody has seen her before: she is asked, sets an app up, and is known from then on.
  await setUpApp(place, ada, 'ada')
  await ada.arrive()
  await ada.logout()
  await ada.signIn()
  await ada.password('ada')
  assert.deepEqual((await ada.arrive()).amr, ['pwd', 'rba'])

  await ada.page.goto(`${server.publicUrl}/u/account`)
  await ada.sees('Manage security')
  const events = ada.page.getByRole('region', { name: 'Recent activity' }).getByRole('listitem')
  const unusual = events.filter({ hasText: 'Sign-in looked unusual' })
  await unusual.first().waitFor()
  assert.equal(await unusual.count(), 1)
  const told = await unusual.innerText()
  assert.match(told, /Asked because: no earlier sign-in to compare with/)
  for (const code of ['no_history', 'no-login', 'likelihood', 'undefined']) assert.ok(!told.includes(code), told)
  await ada.page.evaluate(axe)
  assert.deepEqual(await faults(ada.page), [])
})
