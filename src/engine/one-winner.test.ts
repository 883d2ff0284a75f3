import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '#model/outcome.ts'
import { openWorld, someWish, type World } from '#test/support/world.ts'
import { askPasswordReset, resetPassword } from './accounts/reset-password.ts'
import type { Flow } from './flow.ts'
import { nothingToIssue } from './issue.ts'
import { answerPasswordless, startPasswordless } from './passwordless.ts'

const rounds = 100
const atOnce = 50

/** Of 50 at once exactly one succeeds, and one success stands in the audit. */
async function oneWinner(
  world: World,
  event: string,
  refusals: readonly string[],
  prepare: (round: number) => Promise<() => Promise<Outcome<unknown>>>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const redeem = await prepare(round)
    const before = await successes(world, event)
    const outcomes = await Promise.all(Array.from({ length: atOnce }, redeem))
    const losers = outcomes.flatMap((it) => it.no ?? [])
    assert.equal(losers.length, atOnce - 1, `round ${round}`)
    for (const no of losers) assert(refusals.includes(no), `round ${round}: ${no}`)
    assert.equal((await successes(world, event)) - before, 1, `round ${round}: one success row`)
    world.clock.advance(3_600)
    await world.store.sweep(world.clock.now())
    await clear(world)
  }
}

async function successes(world: World, event: string): Promise<number> {
  return (await world.events(event)).filter((it) => it.outcome === 'success').length
}

/** Forgets the audit and counts of the round before, which are no part of the next. */
async function clear(world: World): Promise<void> {
  const events = await world.store.list('events', world.tenant.id, { limit: 1_000 })
  await world.store.change({}, () => ({
    result: undefined,
    writes: events.map((it) => ({ do: 'remove' as const, table: 'events' as const, tenant: it.tenant, id: it.id })),
  }))
}

test('S-27, AC-1: of 50 parallel answers with one text-message code exactly one succeeds, 100 times', async () => {
  const world = await openWorld()
  await world.enrolAddress(await world.addUser('ada'), 'sms', '+15555550101')
  await oneWinner(world, 'login.granted', ['ticket-unknown'], async () => {
    const flow = await world.ticket('ada')
    const { challenge, code } = await world.challenge(flow, 'sms')
    return () => world.answer(flow, { challenge }, code)
  })
})

test('S-12, AC-1: of 50 parallel flows with one code of an app exactly one succeeds, 100 times', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  const app = await world.enrolApp(ada)
  await oneWinner(world, 'login.granted', ['wrong-proof', 'too-many-attempts'], async () => {
    const flows: Flow[] = []
    const { failures: _, waitUntil: __, ...it } = await world.authenticator(app.authenticator.id)
    await world.put('authenticators', { ...it, failures: 0 })
    for (let i = 0; i < atOnce; i++) flows.push(await fastTicket(world, ada.id))
    let next = 0
    return () => world.answer(flows[next++] as Flow, { kind: 'totp' }, app.code())
  })
})

/** A ticket without the price of a password hash. */
async function fastTicket(world: World, user: Awaited<ReturnType<World['addUser']>>['id']): Promise<Flow> {
  const proofs = [{ factor: 'password', channel: 'password', at: world.clock.now() }]
  const request = { caller: world.caller(), user, proofs, wish: someWish, issue: nothingToIssue }
  const asked = await world.engine.admit(request)
  assert(asked.no === 'more-proof')
  return await world.flowOf(asked.ticket)
}

test('S-45, AC-55: of 50 parallel flows with one saved code exactly one succeeds, 100 times', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  const flow = world.tokenFlow(ada)
  const started = await world.engine.enrol({ caller: world.caller(), flow, kind: 'sms', target: '+15555550101' })
  let saved = started.yes?.recoveryCodes?.[0] ?? assert.fail('no saved code')
  await world.answer(flow, { challenge: started.yes?.challenge ?? '' }, await world.lastCode())
  await oneWinner(world, 'recovery.used', ['wrong-proof', 'too-many-attempts'], async () => {
    for (const it of await world.authenticators(ada)) {
      await world.put('authenticators', { ...it, failures: 0, waitUntil: undefined })
    }
    const flows: Flow[] = []
    for (let i = 0; i < atOnce; i++) flows.push(await fastTicket(world, ada.id))
    const spent = saved
    let next = 0
    return async () => {
      const outcome = await world.answer(flows[next++] as Flow, { kind: 'recovery_code' }, spent)
      saved = outcome.yes?.show?.codes?.[0] ?? saved
      return outcome
    }
  })
})

test('S-28, AC-1: of 50 parallel answers on one ticket, over three factors, exactly one finishes the flow, 100 times', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  const app = await world.enrolApp(ada)
  await world.enrolAddress(ada, 'sms', '+15555550101')
  await world.enrolAddress(ada, 'email', 'ada@example.com')
  await oneWinner(world, 'login.granted', ['ticket-unknown'], async () => {
    const flow = await world.ticket('ada')
    const sms = await world.challenge(flow, 'sms')
    const mail = await world.challenge(flow, 'email')
    let turn = 0
    return () => {
      turn += 1
      if (turn % 3 === 0) return world.answer(flow, { kind: 'totp' }, app.code())
      const { challenge, code } = turn % 3 === 1 ? sms : mail
      return world.answer(flow, { challenge }, code)
    }
  })
})

test('S-28, AC-1: of 50 parallel confirmations of one enrolment exactly one succeeds, 100 times', async () => {
  const world = await openWorld()
  await oneWinner(world, 'factor.confirmed', ['wrong-proof'], async (round) => {
    const user = await world.addUser(`user${round}`)
    const flow = world.tokenFlow(user)
    const target = `+155555${String(50_000 + round)}`
    const started = await world.engine.enrol({ caller: world.caller(), flow, kind: 'sms', target })
    const challenge = started.yes?.challenge ?? assert.fail(started.no)
    const code = await world.lastCode()
    return () => world.answer(flow, { challenge }, code)
  })
})

test('S-28, AC-1: of 50 parallel sign-ins with one passwordless code exactly one succeeds, 100 times', async () => {
  const world = await openWorld()
  await oneWinner(world, 'login.granted', ['wrong-proof'], async (round) => {
    const to = `new${round}@example.com`
    const caller = world.caller()
    assert.equal((await startPasswordless(world.parts, { caller, channel: 'email', to })).no, undefined)
    const code = await world.lastCode()
    return () =>
      answerPasswordless(world.parts, { caller, channel: 'email', to, code, wish: someWish, issue: nothingToIssue })
  })
})

test('S-28, AC-1: of 50 parallel uses of one password-reset link exactly one succeeds, 100 times', async () => {
  const world = await openWorld()
  await world.addUser('ada')
  const caller = world.caller()
  await oneWinner(world, 'password.changed', ['ticket-unknown'], async (round) => {
    let handle = ''
    const link = (it: string) => {
      handle = it
      return `https://id.example/reset/${it}`
    }
    await askPasswordReset(world.parts, { caller, email: 'ada@example.com', link })
    let turn = 0
    return () => {
      turn += 1
      const password = `a long sentence for round ${round}, turn ${turn}`
      return resetPassword(world.parts, world.tenant, { handle, password, fields: {} })
    }
  })
})
