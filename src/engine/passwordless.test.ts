import assert from 'node:assert/strict'
import { test } from 'node:test'
import { insert } from '#ports/store.ts'
import { openWorld, otherThan, passwordOf, someWish, type World } from '#test/support/world.ts'
import { nothingToIssue } from './issue.ts'
import { answerPasswordless, startPasswordless } from './passwordless.ts'

const to = 'ada@example.com'

async function start(world: World): Promise<string> {
  const started = await startPasswordless(world.parts, { caller: world.caller(), channel: 'email', to })
  assert.equal(started.no, undefined)
  return await world.lastCode()
}

const answer = (world: World, code: unknown, caller = world.caller()) =>
  answerPasswordless(world.parts, { caller, channel: 'email', to, code, wish: someWish, issue: nothingToIssue })

test('S-73: a code by e-mail signs in, and says no more than that', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  const outcome = await answer(world, await start(world))
  assert.equal(outcome.yes?.granted.user.id, ada.id)
  const { amr, mfa, acr } = outcome.yes?.granted.assurance ?? assert.fail()
  assert.deepEqual([amr, mfa, acr.endsWith('aal1')], [['otp'], false, true])
})

test('S-56: after a code by e-mail the confirmed factor is asked for, and the mailbox itself is not a second one', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  const app = await world.enrolApp(ada)
  await world.enrolAddress(ada, 'email', to)
  const more = await answer(world, await start(world))
  assert(more.no === 'more-proof')
  assert.deepEqual(more.require.challenge, ['totp', 'recovery_code'])
  const flow = await world.flowOf(more.ticket)
  const asked = await world.engine.challenge({ caller: world.caller(), ticket: flow.ticket, kinds: ['email'] })
  assert.equal(asked.no, 'not-enrolled-with')
  assert.equal((await world.answer(flow, { kind: 'totp' }, app.code())).no, undefined)
})

test('S-3, S-5: a code works once, and a newer one replaces it', async () => {
  const world = await openWorld()
  await world.addUser('ada')
  const first = await start(world)
  const second = await start(world)
  assert.equal((await answer(world, first)).no, 'wrong-proof')
  assert.equal((await answer(world, second)).no, undefined)
  assert.equal((await answer(world, second)).no, 'wrong-proof')
})

test('S-17, S-5: three wrong codes end it, and starting again does not give the tries back', async () => {
  const world = await openWorld()
  await world.addUser('ada')
  const code = await start(world)
  const refusals = []
  for (let i = 0; i < 3; i++) refusals.push((await answer(world, otherThan(code))).no)
  assert.deepEqual(refusals, ['wrong-proof', 'wrong-proof', 'challenge-expired'])
  assert.equal((await answer(world, code)).no, 'challenge-expired')
  const sent = (await world.outbox()).length
  world.clock.advance(100)
  const again = await startPasswordless(world.parts, { caller: world.caller(), channel: 'email', to })
  assert.deepEqual(
    again,
    { no: 'too-many-attempts', of: 'code', retryAfter: 200 },
    'no code leaves that could not work',
  )
  assert.equal((await world.outbox()).length, sent)
  world.clock.advance(200)
  assert.equal((await answer(world, await start(world))).no, undefined)
})

test('S-4, S-51: the code belongs to the client and the dialect that asked', async () => {
  const world = await openWorld()
  await world.addUser('ada')
  const code = await start(world)
  assert.equal((await answer(world, code, world.caller({ application: world.spa }))).no, 'wrong-proof')
  assert.equal((await answer(world, code, world.caller({ dialect: 'other' }))).no, 'wrong-proof')
  assert.equal((await answer(world, code)).no, undefined)
})

test('S-102: known and unknown addresses get the same start', async () => {
  const world = await openWorld()
  await world.addUser('ada')
  const shape = async (address: string) => {
    const request = { caller: world.caller(), channel: 'email' as const, to: address }
    return Object.keys((await startPasswordless(world.parts, request)).yes ?? {})
  }
  assert.deepEqual(await shape(to), await shape('new@example.com'))
})

test('S-6: junk in place of a code is a wrong code', async () => {
  for (const junk of [undefined, null, 5, [], {}, '', 'abcdef', '1'.repeat(65)]) {
    const world = await openWorld()
    await start(world)
    assert.equal((await answer(world, junk)).no, 'wrong-proof')
  }
})

test('S-18: wrong codes of one address climb a ladder that outlives the code', async () => {
  const world = await openWorld()
  await world.addUser('ada')
  let guesses = 0
  for (let hour = 0; hour < 24 * 12; hour++) {
    const started = await startPasswordless(world.parts, { caller: world.caller(), channel: 'email', to })
    if (started.no === undefined) {
      const code = await world.lastCode()
      for (let i = 0; i < 3; i++) {
        const { no } = await answer(world, otherThan(code))
        if (no !== 'too-many-attempts') guesses += 1
      }
    }
    world.clock.advance(300)
  }
  assert(guesses <= 100, `${guesses} guesses in a day`)
})

test('AC-14: who signs up with the address of somebody else is out once its owner has proved it; factors are still asked for', async () => {
  for (const hasFactor of [false, true]) {
    const world = await openWorld()
    const ada = await world.addUser('ada', { emailVerified: false })
    const app = hasFactor ? await world.enrolApp(ada) : undefined
    const session = { tenant: world.tenant.id, id: 'Session:1', model: 'Session', payload: {}, user: ada.id }
    await world.store.change({}, () => ({ result: undefined, writes: [insert('artifacts', session)] }))
    const sent = (await world.outbox()).length
    world.clock.advance(60)
    const outcome = await answer(world, await start(world))
    assert.equal(outcome.no, hasFactor ? 'more-proof' : undefined)
    if (app && outcome.no === 'more-proof') {
      const done = await world.answer(await world.flowOf(outcome.ticket), { kind: 'totp' }, app.code())
      assert.equal(done.no, undefined)
    }
    const now = await world.user(ada.id)
    assert.deepEqual([now.emailVerified, now.passwordHash], [true, undefined])
    assert.deepEqual(await world.store.list('artifacts', world.tenant.id), [])
    const again = { caller: world.caller(), login: to, password: passwordOf('ada') }
    assert.equal((await world.engine.signIn(again)).no, 'wrong-password')
    const told = (await world.outbox()).slice(sent).filter((it) => it.purpose === 'notice')
    assert.deepEqual([told.length, told[0]?.to], [1, to])
  }
})

test('a verified account keeps its password when its mailbox is proved again', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  assert.equal((await answer(world, await start(world))).no, undefined)
  assert.equal((await world.user(ada.id)).passwordHash, ada.passwordHash)
})
