import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertError, openEntraWorld } from '#test/support/entra.ts'
import { otherThan } from '#test/support/world.ts'

/** Cases of security.md through this dialect. */

test('AC-2: with the password alone no kind is registered beside any other, and the owner hears of the try', async () => {
  const contacts = { sms: '+15559876543', email: 'mallory@evil.example' }
  for (const has of ['sms', 'email', 'totp'] as const) {
    for (const wanted of ['sms', 'email'] as const) {
      const it = await openEntraWorld({ tenant: { mfa: { mode: 'ALWAYS' } } })
      const ada = await it.addUser('ada')
      if (has === 'totp') await it.enrolApp(ada)
      else await it.enrolAddress(ada, has, has === 'sms' ? '+15555550100' : 'ada.two@example.com')
      const before = await it.authenticators(ada)
      const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c4' } } })
      for (const more of [{}, { claims }]) {
        const reply = await it.password('ada', more)
        assert.equal(reply.body.access_token, undefined)
        assert.notEqual(reply.body.suberror, 'registration_required', `${has} ${reply.text}`)
        const { continuation_token } = reply.body
        if (has === 'totp') {
          assert.deepEqual(reply.body, { challenge_type: 'redirect' })
          continue
        }
        const params = { continuation_token, challenge_type: 'oob', challenge_target: contacts[wanted] }
        assertError(
          await it.post('/register/v1.0/introspect', { continuation_token }),
          'invalid_grant',
          50076,
          'mfa_required',
        )
        assertError(await it.post('/register/v1.0/challenge', params), 'access_denied', 53010)
        const confirm = { continuation_token, grant_type: 'continuation_token' }
        assertError(await it.post('/register/v1.0/continue', confirm), 'invalid_request', 55200)
      }
      assert.deepEqual(await it.authenticators(ada), before, `${has}, ${wanted}`)
      const notices = (await it.outbox()).filter((one) => one.text.includes('tried to add a sign-in method'))
      assert.equal(notices.length, has === 'totp' ? 0 : 1, 'told once a day')
      assert.ok(!(await it.outbox()).some((one) => one.to === contacts[wanted]))
    }
  }
})

test('AC-2: two registrations begun before there was a factor: the second is refused when the first is done', async () => {
  const it = await openEntraWorld({ tenant: { mfa: { mode: 'ALWAYS' } } })
  const ada = await it.addUser('ada')
  const flows: { continuation_token: string; oob: string }[] = []
  for (const challenge_target of ['+15555550100', '+15559876543']) {
    const continuation_token = await it.until('registration_required', 'ada')
    await it.post('/register/v1.0/challenge', { continuation_token, challenge_type: 'oob', challenge_target })
    flows.push({ continuation_token, oob: await it.lastCode() })
  }
  const [first, second] = await Promise.all(
    flows.map((flow) => it.post('/register/v1.0/continue', { ...flow, grant_type: 'oob' })),
  )
  assert.deepEqual([first?.status, second?.status].toSorted(), [200, 400])
  const held = (await it.authenticators(ada)).filter((one) => one.state === 'confirmed')
  assert.equal(held.length, 1)
})

test('AC-5: guessing codes over an hour of many logins: ten before the first wait, a hundred at most, owner told', async () => {
  const it = await openEntraWorld({ tenant: { mfa: { mode: 'ALWAYS' } } })
  const ada = await it.addUser('ada')
  await it.enrolAddress(ada, 'email', 'ada.two@example.com')
  it.clock.advance(3_600)
  let beforeWait: number | undefined
  let guesses = 0
  for (let minute = 0; minute < 60; minute++) {
    const continuation_token = await it.until('mfa_required', 'ada')
    const listed = await it.post('/oauth2/v2.0/introspect', { continuation_token })
    const id = listed.body.methods[0].id
    const asked = await it.post('/oauth2/v2.0/challenge', { continuation_token, id })
    if (asked.status === 200) {
      const oob = otherThan(await it.lastCode())
      for (let n = 0; n < 7; n++) {
        const reply = await it.post('/oauth2/v2.0/token', { continuation_token, grant_type: 'mfa_oob', oob })
        assert.equal(reply.status, 400)
        if (reply.body.error_codes[0] === 50181) guesses++
        else beforeWait ??= guesses
      }
    } else beforeWait ??= guesses
    it.clock.advance(60)
  }
  const compared = (await it.events('proof.checked')).filter((one) => one.reason === 'wrong').length
  assert.ok(beforeWait !== undefined && compared > 0)
  assert.ok(compared <= 100, `${compared} comparisons`)
  const first = (await it.events('factor.locked'))[0]
  const early = (await it.events('proof.checked')).filter((one) => one.reason === 'wrong' && one.at <= (first?.at ?? 0))
  assert.ok(early.length <= 10, `${early.length} before the first wait`)
  assert.ok((await it.outbox()).some((one) => one.purpose === 'notice' && one.text.includes('paused')))
})

test('AC-5: guessing the code of a first factor climbs a ladder of the address over all flows', async () => {
  const it = await openEntraWorld()
  await it.addUser('otto', { passwordHash: undefined })
  let wrong = 0
  let locked = 0
  for (let n = 0; n < 6; n++) {
    const { continuation_token } = (await it.initiate('otto')).body
    await it.post('/oauth2/v2.0/challenge', { continuation_token, challenge_type: 'oob redirect' })
    const oob = otherThan(await it.lastCode())
    for (let k = 0; k < 5; k++) {
      const reply = await it.post('/oauth2/v2.0/token', { continuation_token, grant_type: 'oob', oob })
      if (reply.body.error_codes[0] === 50053) locked++
      else wrong++
    }
  }
  assert.deepEqual([wrong, locked], [10, 20])
})

test('AC-39: one number in many spellings is one canonical number, in whichever account', async () => {
  const it = await openEntraWorld({ tenant: { mfa: { mode: 'ALWAYS' } } })
  const spellings = ['+1 5555550100', '+15555550100', '+1 (555) 555-0100', '+1-555-555-0100', '+1.555.555.0100']
  for (const [at, target] of spellings.entries()) {
    const user = await it.addUser(`u${at}`)
    await it.register(await it.until('registration_required', `u${at}`), 'sms', target)
    assert.deepEqual(
      (await it.authenticators(user)).map((one) => one.target),
      ['+15555550100'],
    )
  }
})

test('AC-41: a country that is not on the list is refused before a message is queued', async () => {
  const it = await openEntraWorld({
    tenant: { mfa: { mode: 'ALWAYS' }, phone: { countries: ['US'], blockedPrefixes: ['+1555666'], strict: false } },
  })
  await it.addUser('ada')
  const continuation_token = await it.until('registration_required', 'ada')
  const ask = (challenge_target: string) =>
    it.post('/register/v1.0/challenge', { continuation_token, challenge_type: 'oob', challenge_target })
  assertError(await ask('+49 1512 3456789'), 'access_denied', 550024, 'provider_blocked_by_admin')
  assertError(await ask('+15556660100'), 'access_denied', 550024, 'provider_blocked_by_rep')
  await it.setTenant({ factors: ['password', 'email'] })
  assertError(await ask('+15555550100'), 'access_denied', 550024, 'provider_blocked_by_admin')
  assert.equal((await it.outbox()).length, 0)
})
