import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Challenge } from '#model/challenge.ts'
import { asId, type ClientId, type TenantId, type UserId } from '#model/ids.ts'
import { openWorld, otherThan, refusalOf, someTenant, type World } from '#test/support/world.ts'
import { challengeId } from './challenges.ts'

const phone = '+15555550101'

/** A user who is asked for a text message, with the code that was sent. */
async function asked(world: World, name = 'ada', to = phone) {
  const user = await world.addUser(name)
  const sms = await world.enrolAddress(user, 'sms', to)
  const flow = await world.ticket(name)
  return { user, sms, flow, ...(await world.challenge(flow, 'sms')) }
}

async function stored(world: World, handle: string): Promise<Challenge> {
  const it = await world.store.get('challenges', world.tenant.id, challengeId(handle))
  return it ?? assert.fail('no such challenge')
}

test('S-2: a code works one second before its end and fails at its end', async () => {
  for (const [seconds, answer] of [
    [299, 'granted'],
    [300, 'challenge-expired'],
  ] as const) {
    const world = await openWorld()
    const { flow, challenge, code } = await asked(world)
    world.clock.advance(seconds)
    assert.match(refusalOf(await world.answer(flow, { challenge }, code)), new RegExp(`^${answer}`))
  }
})

test('S-2: a tenant can shorten the life of its codes', async () => {
  const world = await openWorld({ tenant: { limits: { codeLifetimeSeconds: 60 } } })
  const { flow, challenge, code } = await asked(world)
  world.clock.advance(60)
  assert.equal((await world.answer(flow, { challenge }, code)).no, 'challenge-expired')
})

test('S-3, S-52: a code is good once; with the flow over its ticket is unknown, in a running flow it is a wrong code', async () => {
  const world = await openWorld()
  const { flow, challenge, code } = await asked(world)
  assert.equal((await world.answer(flow, { challenge }, code)).no, undefined)
  assert.equal((await world.answer(flow, { challenge }, code)).no, 'ticket-unknown')

  const strict = await openWorld({ tenant: { mfa: { mode: 'ALWAYS', allowedFactors: ['totp'] } } })
  const again = await asked(strict)
  assert.equal((await strict.answer(again.flow, { challenge: again.challenge }, again.code)).no, 'more-proof')
  const second = await strict.answer(again.flow, { challenge: again.challenge }, again.code)
  assert.deepEqual(second, { no: 'wrong-proof', factor: 'sms' })
})

test('S-4: a code is refused when one field of its challenge differs, and the named challenge loses an attempt', async () => {
  const rows: readonly [field: string, refused: string, change: (world: World, it: Challenge) => Promise<void>][] = [
    ['user', 'wrong-proof', (world, it) => world.put('challenges', { ...it, user: asId<UserId>('somebody') })],
    ['authenticator', 'challenge-expired', (w, it) => w.put('challenges', { ...it, authenticator: asId('another') })],
    ['purpose', 'wrong-proof', (world, it) => world.put('challenges', { ...it, purpose: 'enrolment' })],
    ['flow', 'challenge-of-other-flow', (world, it) => world.put('challenges', { ...it, flow: 'another' })],
    ['client', 'challenge-of-other-flow', (w, it) => w.put('challenges', { ...it, client: asId<ClientId>('spa') })],
  ]
  for (const [field, refused, change] of rows) {
    const world = await openWorld()
    const { flow, challenge, code } = await asked(world)
    const before = await stored(world, challenge)
    await change(world, before)
    const outcome = await world.answer(flow, { challenge }, code)
    assert.equal(outcome.no, refused, field)
    if (refused !== 'challenge-expired') assert.equal((await stored(world, challenge)).failures, 1, field)
    await world.put('challenges', before)
    assert.equal((await world.answer(flow, { challenge }, code)).no, undefined, `${field}: the code was not consumed`)
  }
})

test('S-4: a handle of another tenant is unknown there', async () => {
  const world = await openWorld()
  const { flow, challenge, code } = await asked(world)
  const id = asId<TenantId>('other')
  const tenant = someTenant({ tenant: id, id })
  await world.put('tenants', tenant)
  const caller = world.caller({ tenant })
  assert.equal((await world.answer(flow, { challenge }, code, caller)).no, 'ticket-unknown')
  assert.equal((await world.answer(flow, { challenge }, code)).no, undefined)
})

test('S-4, S-40: the stored hash of a code is bound to challenge, user, authenticator and purpose', async () => {
  const world = await openWorld()
  const one = await asked(world)
  const two = await asked(world, 'bob', '+15555550102')
  const from = await stored(world, one.challenge)
  const to = await stored(world, two.challenge)
  await world.put('challenges', { ...to, state: from.state })
  assert.equal((await world.answer(two.flow, { challenge: two.challenge }, one.code)).no, 'wrong-proof')
})

test('S-5: a resend kills the old code and keeps the count: four failures, a resend, one failure, and all is over', async () => {
  const world = await openWorld()
  const { flow, challenge, code } = await asked(world)
  for (let i = 0; i < 4; i++) await world.answer(flow, { challenge }, otherThan(code))
  const second = await world.challenge(flow, 'sms')
  assert.notEqual(second.code, code)
  assert.equal((await world.answer(flow, { challenge }, code)).no, 'wrong-proof', 'the old code is dead')
  assert.equal((await stored(world, second.challenge)).failures, 4)
  await world.answer(flow, { challenge: second.challenge }, otherThan(second.code))
  assert.equal((await world.answer(flow, { challenge: second.challenge }, second.code)).no, 'wrong-proof')
})

test('S-5: when the last attempt is spent no further message is sent in this flow, and another factor still is asked', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  await world.enrolAddress(ada, 'sms', phone)
  const app = await world.enrolApp(ada)
  const flow = await world.ticket('ada')
  const { challenge, code } = await world.challenge(flow, 'sms')
  for (let i = 0; i < 5; i++) await world.answer(flow, { challenge }, otherThan(code))
  const sent = (await world.outbox()).length
  world.clock.advance(60)
  for (const kinds of [['sms'], ['voice']]) {
    const again = await world.engine.challenge({ caller: world.caller(), ticket: flow.ticket, kinds })
    assert.deepEqual(again, { no: 'too-many-attempts', of: 'code', retryAfter: 540 }, 'until the flow is over')
  }
  assert.equal((await world.outbox()).length, sent)
  const next = await world.challenge(await world.ticket('ada'), 'sms')
  assert.notEqual(next.code, code, 'a new login begins anew')
  assert.equal((await world.answer(flow, { kind: 'totp' }, app.code())).no, undefined)
})

test('S-5: a call to the same phone kills the text message that went before it', async () => {
  const world = await openWorld()
  const { flow, challenge, code } = await asked(world)
  const spoken = await world.challenge(flow, 'voice')
  assert.equal((await world.answer(flow, { challenge }, code)).no, 'wrong-proof')
  assert.equal((await world.answer(flow, { challenge: spoken.challenge }, spoken.code)).no, undefined)
})

test('S-6: junk in place of a code is refused, counted and never throws', async () => {
  const junk = [
    '',
    '1',
    '12345',
    '1234567',
    'x'.repeat(64),
    'abcdef',
    123456,
    ['123456'],
    { code: '1' },
    null,
    true,
    0n,
  ]
  for (const proof of junk) {
    const world = await openWorld()
    const { flow, challenge, sms } = await asked(world)
    assert.deepEqual(await world.answer(flow, { challenge }, proof), { no: 'wrong-proof', factor: 'sms' })
    assert.equal((await stored(world, challenge)).failures, 1)
    assert.equal((await world.authenticator(sms.id)).failures, 1)
  }
})

test('a request without a proof is told so and spends nothing', async () => {
  const world = await openWorld()
  const { flow, challenge, code } = await asked(world)
  assert.deepEqual(await world.answer(flow, { challenge }, undefined), { no: 'proof-missing' })
  assert.equal((await stored(world, challenge)).failures, 0)
  assert.equal((await world.answer(flow, { challenge }, code)).no, undefined)
})

test('S-34: neither the rows of a challenge nor its queued message hold the code in the clear', async () => {
  const world = await openWorld()
  const { challenge, code } = await asked(world)
  const messages = await world.store.list('messages', world.tenant.id)
  const events = await world.events()
  const dump = JSON.stringify([await stored(world, challenge), messages, events])
  assert(!dump.includes(code))
  assert(!dump.includes(challenge), 'S-35: the handle is stored as its digest only')
})

test('S-49: a ticket ends 600 s after its beginning whatever is done with it', async () => {
  const world = await openWorld()
  const app = await world.enrolApp(await world.addUser('ada'))
  const flow = await world.ticket('ada')
  world.clock.advance(599)
  await world.answer(flow, { kind: 'totp' }, otherThan(app.code()))
  world.clock.advance(1)
  assert.equal((await world.answer(flow, { kind: 'totp' }, app.code())).no, 'ticket-expired')
  const asked = await world.engine.enrol({ caller: world.caller(), flow, kind: 'sms', target: phone })
  assert.equal(asked.no, 'ticket-expired')
})

test('S-50, AC-3: a ticket of one client is refused at another, the audit names both, and the first one can go on', async () => {
  for (const [from, to] of [
    ['web', 'spa'],
    ['spa', 'web'],
  ] as const) {
    const world = await openWorld()
    const app = await world.enrolApp(await world.addUser('ada'))
    const flow = await world.ticket('ada', { caller: world.caller({ application: world[from] }) })
    const thief = world.caller({ application: world[to] })
    assert.equal((await world.answer(flow, { kind: 'totp' }, app.code(), thief)).no, 'ticket-of-other-client')
    const stolen = await world.engine.challenge({ caller: thief, ticket: flow.ticket, kinds: ['totp'] })
    assert(stolen.no === 'ticket-of-other-client' || stolen.yes?.challenge === undefined)
    const enrolled = await world.engine.enrol({ caller: thief, flow, kind: 'sms', target: phone })
    assert.equal(enrolled.no, 'ticket-of-other-client')
    const event = (await world.events('proof.checked')).find((it) => it.reason === 'ticket-of-other-client')
    assert.deepEqual([event?.client, event?.details?.issuedTo], [to, from])
    const owner = world.caller({ application: world[from] })
    assert.equal((await world.answer(flow, { kind: 'totp' }, app.code(), owner)).no, undefined)
  }
})

test('S-51: a ticket of one dialect does not exist in another', async () => {
  const world = await openWorld()
  const app = await world.enrolApp(await world.addUser('ada'))
  const flow = await world.ticket('ada')
  const caller = world.caller({ dialect: 'another' })
  assert.equal((await world.answer(flow, { kind: 'totp' }, app.code(), caller)).no, 'ticket-unknown')
  assert.equal((await world.engine.enrol({ caller, flow, kind: 'sms', target: phone })).no, 'ticket-unknown')
})

test('S-49: scope and audience asked for at first are those that are granted at last', async () => {
  const world = await openWorld()
  const app = await world.enrolApp(await world.addUser('ada'))
  const wish = { scope: ['openid', 'read:things'], audience: 'https://api.example' }
  const flow = await world.ticket('ada', { wish })
  const outcome = await world.answer(flow, { kind: 'totp' }, app.code())
  assert.deepEqual(outcome.yes?.granted.wish, { dialect: 'test', grantType: 'password', ...wish })
})

test('S-53, AC-4: a challenge of one user sent with the ticket of another is refused and costs an attempt of that challenge', async () => {
  const world = await openWorld()
  const victim = await asked(world)
  await world.enrolApp(await world.addUser('eve'))
  const flow = await world.ticket('eve')
  for (let i = 0; i < 4; i++) {
    const outcome = await world.answer(flow, { challenge: victim.challenge }, victim.code)
    assert.deepEqual(outcome, { no: 'challenge-of-other-flow' })
  }
  assert.equal((await stored(world, victim.challenge)).failures, 4)
  assert.equal((await stored(world, victim.challenge)).wonAt, undefined)
  assert.equal((await world.authenticator(victim.sms.id)).failures, 0, 'the ladder of the victim is not climbed')
  assert.equal((await world.answer(victim.flow, { challenge: victim.challenge }, victim.code)).no, undefined)
})

test('S-53: a challenge of an earlier flow of the same user is of no use in the next', async () => {
  const world = await openWorld()
  const { challenge, code } = await asked(world)
  const flow = await world.ticket('ada')
  assert.equal((await world.answer(flow, { challenge }, code)).no, 'challenge-of-other-flow')
})

test('S-55, AC-10: a right second factor without a live first one of the same user is refused', async () => {
  const world = await openWorld()
  const app = await world.enrolApp(await world.addUser('ada'))
  const live = await world.ticket('ada')
  const made = { ...live.ticket, id: asId<typeof live.ticket.id>('made-up') }
  assert.equal((await world.answer({ by: 'ticket', ticket: made }, { kind: 'totp' }, app.code())).no, 'ticket-unknown')

  await world.enrolApp(await world.addUser('eve'))
  const eves = await world.ticket('eve')
  assert.equal((await world.answer(eves, { kind: 'totp' }, app.code())).no, 'wrong-proof')

  world.clock.advance(600)
  assert.equal((await world.answer(live, { kind: 'totp' }, app.code())).no, 'ticket-expired')
  const fresh = await world.ticket('ada')
  assert.equal((await world.answer(fresh, { kind: 'totp' }, app.code())).no, undefined, 'nothing was consumed')
})

test('S-55: changing the password or blocking the user ends the flows that are open', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  const app = await world.enrolApp(ada)
  const flow = await world.ticket('ada')
  const user = await world.user(ada.id)
  await world.put('users', { ...user, blocked: true })
  assert.equal((await world.answer(flow, { kind: 'totp' }, app.code())).no, 'ticket-unknown')
  assert.equal((await world.engine.enrol({ caller: world.caller(), flow, kind: 'totp' })).no, 'ticket-unknown')
  await world.put('users', { ...user, passwordChangedAt: world.clock.now() + 1 })
  assert.equal((await world.answer(flow, { kind: 'totp' }, app.code())).no, 'ticket-unknown')
  await world.put('users', user)
  assert.equal((await world.answer(flow, { kind: 'totp' }, app.code())).no, undefined)
})

test('S-58: a flow that is finished with one factor voids the code that is out for another', async () => {
  const world = await openWorld()
  const { user, flow, challenge, code } = await asked(world)
  const app = await world.enrolApp(user)
  assert.equal((await world.answer(flow, { kind: 'totp' }, app.code())).no, undefined)
  assert.equal((await world.answer(flow, { challenge }, code)).no, 'ticket-unknown')
  assert.equal(typeof (await stored(world, challenge)).voidedAt, 'number')
})

test('S-65, AC-7: a number that changes between asking and answering makes the code that was sent worthless', async () => {
  const world = await openWorld()
  const { sms, flow, challenge, code } = await asked(world)
  await world.put('authenticators', { ...(await world.authenticator(sms.id)), target: '+15555550177' })
  assert.equal((await world.answer(flow, { challenge }, code)).no, 'challenge-expired')
  const next = await world.challenge(flow, 'sms')
  assert.equal((await world.outbox()).at(-1)?.to, '+15555550177')
  assert.equal((await world.answer(flow, { challenge: next.challenge }, next.code)).no, undefined)
})

test('S-12, AC-9: a code of an app that was accepted is refused in its step and the two that follow', async () => {
  const world = await openWorld()
  const app = await world.enrolApp(await world.addUser('ada'))
  const used = app.code()
  assert.equal((await world.answer(await world.ticket('ada'), { kind: 'totp' }, used)).no, undefined)
  for (let step = 0; step < 3; step++) {
    assert.equal((await world.answer(await world.ticket('ada'), { kind: 'totp' }, used)).no, 'wrong-proof')
    world.clock.advance(30)
  }
})

test('S-11, S-12: of this step and the one before each code is good once, and never an older one after a newer', async () => {
  const world = await openWorld()
  const app = await world.enrolApp(await world.addUser('ada'))
  world.clock.advance(60)
  for (const [steps, answer] of [
    [1, 'wrong-proof'],
    [-2, 'wrong-proof'],
    [-1, 'granted'],
    [0, 'granted'],
    [-1, 'wrong-proof'],
  ] as const) {
    const outcome = await world.answer(await world.ticket('ada'), { kind: 'totp' }, app.code(steps))
    assert.match(refusalOf(outcome), new RegExp(`^${answer}`), `step ${steps}`)
  }
})
