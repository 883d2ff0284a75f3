import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { factors } from '#factors/index.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { Factor } from '#ports/factor.ts'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { openWorld, otherThan, refusalOf, type World } from '#test/support/world.ts'

const phone = '+15555550101'

/** A wrong guess in a flow of its own; the refusal, and the wait where there is one. */
async function guess(world: World, name: string, proof: string) {
  const outcome = await world.answer(await world.ticket(name), { kind: 'totp' }, proof)
  return outcome.no === 'too-many-attempts'
    ? { no: outcome.no, retryAfter: outcome.retryAfter }
    : { no: outcome.no ?? 'granted' }
}

/** Fails until the authenticator counts so many failures, sitting out every wait. */
async function failUntil(world: World, name: string, it: Authenticator, proof: string, failures: number) {
  for (;;) {
    const now = await world.authenticator(it.id)
    if (now.failures >= failures || now.state === 'disabled') return now
    if (now.waitUntil !== undefined && now.waitUntil > world.clock.now()) {
      world.clock.advance((now.waitUntil - world.clock.now()) / 1_000)
    }
    assert.deepEqual(await guess(world, name, proof), { no: 'wrong-proof' })
  }
}

/** The listed factors with a count of how often each was really asked to compare. */
function countingComparisons(): { readonly factors: readonly Factor[]; readonly count: { total: number } } {
  const count = { total: 0 }
  const counted = factors.map(
    (factor): Factor => ({
      ...factor,
      check(request, tools) {
        count.total += 1
        return factor.check(request, tools)
      },
    }),
  )
  return { factors: counted, count }
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'engine-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('S-17: five wrong codes kill a challenge; the right one is then refused like a wrong one and nothing is consumed', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  const sms = await world.enrolAddress(ada, 'sms', phone)
  const flow = await world.ticket('ada')
  const { challenge, code } = await world.challenge(flow, 'sms')
  for (let i = 0; i < 5; i++) {
    assert.deepEqual(await world.answer(flow, { challenge }, otherThan(code)), { no: 'wrong-proof', factor: 'sms' })
  }
  assert.deepEqual(await world.answer(flow, { challenge }, code), { no: 'wrong-proof', factor: 'sms' })
  const [kept] = await world.store.list('challenges', world.tenant.id, { by: { index: 'flow', value: flow.ticket.id } })
  assert.deepEqual([kept?.wonAt, kept?.failures], [undefined, 5])
  assert.equal((await world.flowOf(flow.handle ?? '')).ticket.usedAt, undefined)
  assert.equal((await world.authenticator(sms.id)).lastUsedAt, sms.lastUsedAt)
})

test('S-17: five wrong codes of an app end its use in that flow, and the right code stays good for the next flow', async () => {
  const world = await openWorld()
  const app = await world.enrolApp(await world.addUser('ada'))
  const flow = await world.ticket('ada')
  for (let i = 0; i < 5; i++) {
    assert.equal((await world.answer(flow, { kind: 'totp' }, otherThan(app.code()))).no, 'wrong-proof')
  }
  assert.equal((await world.answer(flow, { kind: 'totp' }, app.code())).no, 'wrong-proof')
  const next = await world.ticket('ada')
  assert.equal((await world.answer(next, { kind: 'totp' }, app.code())).no, undefined)
})

test('S-20: 200 wrong codes at once against one challenge cause at most 5 comparisons, and the counter stands at 5', async () => {
  const counting = countingComparisons()
  const world = await openWorld({ factors: counting.factors })
  const ada = await world.addUser('ada')
  const sms = await world.enrolAddress(ada, 'sms', phone)
  const flow = await world.ticket('ada')
  const { challenge, code } = await world.challenge(flow, 'sms')
  counting.count.total = 0
  const outcomes = await Promise.all(
    Array.from({ length: 200 }, () => world.answer(flow, { challenge }, otherThan(code))),
  )
  assert.deepEqual(new Set(outcomes.map((it) => it.no)), new Set(['wrong-proof']))
  assert.equal(counting.count.total, 5)
  const [kept] = await world.store.list('challenges', world.tenant.id, { by: { index: 'flow', value: flow.ticket.id } })
  assert.equal(kept?.failures, 5)
  assert.equal((await world.authenticator(sms.id)).failures, 5, 'what was not compared was no guess')
})

test('S-20: an attempt whose issuing fails with an exception gives no tokens and leaves no half-spent code', async () => {
  const world = await openWorld()
  const app = await world.enrolApp(await world.addUser('ada'))
  const flow = await world.ticket('ada')
  const issue = {
    refs: {},
    decide: () => {
      throw new Error('the key is gone')
    },
  }
  const request = { caller: world.caller(), flow, to: { kind: 'totp' }, proof: app.code(), issue }
  await assert.rejects(world.engine.answer(request), /the key is gone/)
  assert.equal((await world.flowOf(flow.handle ?? '')).ticket.usedAt, undefined)
  assert.equal((await world.answer(flow, { kind: 'totp' }, app.code())).no, undefined)
})

test('S-18: waits start at the tenth wrong code, double from 30 s to an hour, and the hundredth disables, restart or not', async () => {
  await inFolder(async (folder) => {
    const url = `sqlite:${join(folder, 'a.db')}`
    const clock = createFakeClock()
    let world = await openWorld({ url, clock, seed: String(clock.now()) })
    const ada = await world.addUser('ada')
    const app = await world.enrolApp(ada)
    const waits: number[] = []
    for (let failure = 1; failure <= 100; failure++) {
      assert.deepEqual(await guess(world, 'ada', otherThan(app.code())), { no: 'wrong-proof' }, `failure ${failure}`)
      const { waitUntil } = await world.authenticator(app.authenticator.id)
      const wait = waitUntil === undefined ? 0 : (waitUntil - clock.now()) / 1_000
      waits.push(wait)
      if (failure === 50) {
        await world.store.close()
        world = await openWorld({ url, clock, seed: String(clock.now()) })
      }
      if (wait > 0 && failure < 100) {
        clock.advance(wait - 1)
        assert.deepEqual(await guess(world, 'ada', app.code()), { no: 'too-many-attempts', retryAfter: 1 })
      }
      clock.advance(1)
    }
    const doubling = [30, 60, 120, 240, 480, 960, 1920]
    assert.deepEqual(waits, [...Array(9).fill(0), ...doubling, ...Array(84).fill(3_600)])
    assert.equal((await world.authenticator(app.authenticator.id)).state, 'disabled')

    await world.store.close()
    world = await openWorld({ url, clock, seed: String(clock.now()) })
    clock.advance(30 * 24 * 3_600)
    assert.equal((await world.authenticator(app.authenticator.id)).state, 'disabled')
    await world.store.close()
  })
})

test('S-18, S-56: with the only factor disabled the password alone gets neither tokens nor a new factor', async () => {
  for (const mode of [undefined, 'ALWAYS', 'TIME_BASED', 'SMART'] as const) {
    const world = await openWorld({ tenant: mode ? { mfa: { mode } } : {} })
    const ada = await world.addUser('ada')
    const app = await world.enrolApp(ada)
    const held = await world.ticket('ada')
    await world.put('authenticators', { ...app.authenticator, state: 'disabled', failures: 100 })
    const outcome = await world.login('ada')
    assert.equal(outcome.yes, undefined, `${mode}: no tokens`)
    assert.equal(outcome.no === 'more-proof' ? outcome.require.enrol : undefined, undefined, `${mode}: no enrolment`)
    const enrolled = await world.engine.enrol({ caller: world.caller(), flow: held, kind: 'sms', target: phone })
    assert.equal(refusalOf(enrolled), 'already-enrolled')
    assert.equal((await world.answer(held, { kind: 'totp' }, app.code())).no, 'authenticator-disabled')
    const asked = await world.engine.challenge({ caller: world.caller(), ticket: held.ticket })
    assert.equal(refusalOf(asked), 'authenticator-disabled')
  }
})

test('S-19, AC-5, AC-30: 1,000 logins in an hour, with restarts, get 10 guesses before the first wait and few in all', async () => {
  await inFolder(async (folder) => {
    const url = `sqlite:${join(folder, 'a.db')}`
    const clock = createFakeClock()
    const counting = countingComparisons()
    let world = await openWorld({ url, clock, factors: counting.factors, seed: String(clock.now()) })
    const app = await world.enrolApp(await world.addUser('ada'))
    const started = clock.now()
    counting.count.total = 0
    let beforeFirstWait: number | undefined
    for (let login = 0; login < 1_000; login++) {
      if (login === 300 || login === 700) {
        await world.store.close()
        world = await openWorld({ url, clock, factors: counting.factors, seed: String(clock.now()) })
      }
      const application = login % 2 ? world.web : world.spa
      const caller = world.caller({ application, address: `192.0.2.${login % 250}`, device: `d${login}` })
      const flow = await world.ticket('ada', { caller })
      for (let i = 0; i < 3; i++) {
        const outcome = await world.answer(flow, { kind: 'totp' }, otherThan(app.code()), caller)
        if (outcome.no === 'too-many-attempts') beforeFirstWait ??= counting.count.total
        else assert.equal(outcome.no, 'wrong-proof')
      }
      clock.advance(3.6)
    }
    assert(clock.now() - started >= 3_599_000)
    assert.equal(beforeFirstWait, 10)
    assert(counting.count.total <= 100, `${counting.count.total} comparisons`)
    const notices = (await world.outbox()).filter((it) => it.text.includes('Too many wrong codes'))
    assert.equal(notices.length, 1, 'S-25: the owner was told once')
    await world.store.close()
  })
})

test('S-19: a resend, a new challenge, the twin channel and another client reset no count', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  const sms = await world.enrolAddress(ada, 'sms', phone)
  const count = async () => (await world.authenticator(sms.id)).failures
  const flow = await world.ticket('ada')
  const first = await world.challenge(flow, 'sms')
  await world.answer(flow, { challenge: first.challenge }, otherThan(first.code))
  const second = await world.challenge(flow, 'sms')
  assert.equal(await count(), 1)
  await world.answer(flow, { challenge: second.challenge }, otherThan(second.code))
  const spoken = await world.challenge(flow, 'voice')
  assert.equal(await count(), 2)
  await world.answer(flow, { challenge: spoken.challenge }, otherThan(spoken.code))
  await world.ticket('ada', { caller: world.caller({ application: world.spa, address: '203.0.113.9' }) })
  assert.equal(await count(), 3)
})

test('S-21: a success clears the count of the authenticator that succeeded and of no other', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  const sms = await world.enrolAddress(ada, 'sms', phone)
  const app = await world.enrolApp(ada)
  const flow = await world.ticket('ada')
  const { challenge, code } = await world.challenge(flow, 'sms')
  await world.answer(flow, { challenge }, otherThan(code))
  await world.answer(flow, { kind: 'totp' }, otherThan(app.code()))
  await world.answer(flow, { kind: 'totp' }, otherThan(app.code()))
  assert.equal((await world.answer(flow, { kind: 'totp' }, app.code())).no, undefined)
  assert.equal((await world.authenticator(app.authenticator.id)).failures, 0)
  assert.equal((await world.authenticator(sms.id)).failures, 1)
})

test('S-22: during a wait the right and the wrong code get the same answer, and the right one is not consumed', async () => {
  const world = await openWorld()
  const app = await world.enrolApp(await world.addUser('ada'))
  await failUntil(world, 'ada', app.authenticator, otherThan(app.code()), 10)
  const flow = await world.ticket('ada')
  const code = app.code()
  const right = await world.answer(flow, { kind: 'totp' }, code)
  const wrong = await world.answer(flow, { kind: 'totp' }, otherThan(code))
  assert.deepEqual(right, { no: 'too-many-attempts', of: 'code', retryAfter: 30 })
  assert.deepEqual(wrong, right)
  world.clock.advance(30)
  // One step later the code is still good: it was not spent while it was refused.
  assert.equal((await world.answer(flow, { kind: 'totp' }, code)).no, undefined)
})

test('S-23: the twentieth failure a minute of one address, over users and factors, makes the address wait; others go on', async () => {
  const world = await openWorld({ addressBudgets: true })
  for (let user = 0; user < 4; user++) {
    const name = `user${user}`
    await world.addUser(name)
    for (let i = 0; i < 5; i++) {
      const request = { caller: world.caller(), login: `${name}@example.com`, password: 'wrong' }
      assert.equal((await world.engine.signIn(request)).no, 'wrong-password', `${name} ${i}`)
    }
  }
  const request = { caller: world.caller(), login: 'user9@example.com', password: 'wrong' }
  assert.equal((await world.engine.signIn(request)).no, 'too-many-attempts')
  const elsewhere = world.caller({ address: '192.0.2.77' })
  assert.equal((await world.engine.signIn({ ...request, caller: elsewhere })).no, 'wrong-password')
  world.clock.advance(60)
  assert.equal((await world.engine.signIn(request)).no, 'wrong-password', 'a minute later there is room again')
})

test('S-23: an address from which 50 users fail within ten minutes is reported and has to wait; others go on', async () => {
  const world = await openWorld({ addressBudgets: true })
  const attempt = (user: number, address = '192.0.2.1') => {
    const login = `user${user % 50}@example.com`
    return world.engine.signIn({ caller: world.caller({ address }), login, password: 'wrong' })
  }
  for (let user = 0; user < 60; user++) {
    world.clock.advance(13)
    assert.equal((await attempt(user % 40)).no, 'wrong-password')
  }
  assert.equal((await world.events('address.suspicious')).length, 0, '40 users, however often, are no attack')
  world.clock.advance(600)
  for (let user = 0; user < 50; user++) {
    world.clock.advance(4)
    assert.equal((await attempt(user)).no, 'wrong-password', `user ${user}`)
  }
  const [event, ...more] = await world.events('address.suspicious')
  assert.deepEqual([event?.ip, event?.reason, more.length], ['192.0.2.1', 'many-users-failing', 0])
  world.clock.advance(5)
  assert.deepEqual(await attempt(1), { no: 'too-many-attempts', of: 'password', retryAfter: 595 })
  assert.equal((await attempt(1, '192.0.2.2')).no, 'wrong-password')
  world.clock.advance(595)
  assert.equal((await attempt(1)).no, 'wrong-password')
})

test('S-23: wrong codes count on the address too, and IPv6 neighbours within one /64 share it in any spelling', async () => {
  const world = await openWorld({ addressBudgets: true })
  const app = await world.enrolApp(await world.addUser('ada'))
  const spellings = ['2001:db8:0:7::1', '2001:db8::7:0:0:0:2', '2001:DB8:0:7:ffff::', '2001:0db8:0000:0007::9']
  let wrong = 0
  let refused = 0
  for (let i = 0; i < 24; i++) {
    const caller = world.caller({ address: spellings[i % 4] ?? '' })
    const signed = await world.engine.signIn({ caller, login: `nobody${i}@example.com`, password: 'x' })
    if (signed.no === 'wrong-password') wrong++
    else refused++
  }
  assert.deepEqual([wrong, refused], [20, 4])
  const flow = await world.ticket('ada', { caller: world.caller({ address: '2001:db8:0:8::1' }) })
  const limited = await world.answer(flow, { kind: 'totp' }, app.code(), world.caller({ address: spellings[0] ?? '' }))
  assert.equal(limited.no, 'too-many-attempts')
})

test('S-24: a locked app leaves the phone and the recovery code usable', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  const app = await world.enrolApp(ada)
  await world.enrolAddress(ada, 'sms', phone)
  await failUntil(world, 'ada', app.authenticator, otherThan(app.code()), 100)
  const flow = await world.ticket('ada')
  assert.deepEqual(flow.ticket.requirement.challenge, ['sms', 'voice', 'recovery_code'])
  const { challenge, code } = await world.challenge(flow, 'sms')
  assert.equal((await world.answer(flow, { challenge }, code)).no, undefined)
})

test('S-24: somebody who knows only the name keeps nobody out of the second factor', async () => {
  const world = await openWorld()
  const app = await world.enrolApp(await world.addUser('ada'))
  const flow = await world.ticket('ada')
  for (let i = 0; i < 15; i++) {
    await world.engine.signIn({ caller: world.caller(), login: 'ada@example.com', password: 'guess' })
  }
  assert.equal((await world.authenticator(app.authenticator.id)).failures, 0)
  assert.equal((await world.answer(flow, { kind: 'totp' }, app.code())).no, undefined)
})

test('S-25: one notice a day when a factor locks, and one when a login succeeds after three failures', async () => {
  const world = await openWorld()
  const app = await world.enrolApp(await world.addUser('ada'))
  const notices = async (text: string) => (await world.outbox()).filter((it) => it.text.includes(text)).length
  await failUntil(world, 'ada', app.authenticator, otherThan(app.code()), 13)
  assert.equal(await notices('paused'), 1)
  world.clock.advance(24 * 3_600)
  await guess(world, 'ada', otherThan(app.code()))
  assert.equal(await notices('paused'), 2, 'the next day it is told again')
  assert.equal(await notices('signed in to after several wrong codes'), 0)
  world.clock.advance(3_600)
  assert.equal((await guess(world, 'ada', app.code())).no, 'granted')
  assert.equal(await notices('signed in to after several wrong codes'), 1)
  for (const failures of [2, 3]) {
    for (let i = 0; i < failures; i++) await guess(world, 'ada', otherThan(app.code()))
    world.clock.advance(30)
    assert.equal((await guess(world, 'ada', app.code())).no, 'granted')
  }
  assert.equal(await notices('signed in to after several wrong codes'), 1, 'not twice a day')
})

test('S-25, S-145: locking and disabling leave audit events', async () => {
  const world = await openWorld()
  const app = await world.enrolApp(await world.addUser('ada'))
  await failUntil(world, 'ada', app.authenticator, otherThan(app.code()), 100)
  assert.equal((await world.events('factor.disabled')).length, 1)
  assert.equal((await world.events('factor.locked')).length, 90)
})

test('messages to send are looked for after an answer that queued one, and after no other', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  const app = await world.enrolApp(ada)
  let looked = 0
  Object.assign(world.parts, {
    nudge: () => {
      looked += 1
    },
  })
  const wrong = otherThan(app.code())
  assert.deepEqual([await guess(world, 'ada', wrong), looked], [{ no: 'wrong-proof' }, 0])
  const sent = (await world.outbox()).length
  await failUntil(world, 'ada', app.authenticator, wrong, 10)
  assert.ok((await world.outbox()).length > sent)
  assert.ok(looked > 0 && looked < 9, `looked ${looked} times`)
})
