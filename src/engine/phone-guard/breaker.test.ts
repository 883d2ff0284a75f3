import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { enter, farApart, guardedWorld, mobile, nothingHolds, send } from '#test/support/phone-guard.ts'
import { systemAudit } from '../events.ts'
import { memoryOf } from './rows.ts'
import { guardState, liftStop } from './state.ts'

const judged = { ...nothingHolds, answeredPercent: 20 }
/** Seconds after which an unanswered code says that it stays unanswered: its life, and the slot it is counted in. */
const ripe = 601

async function sends(world: Awaited<ReturnType<typeof guardedWorld>>, count: number, answered: number, from = 0) {
  for (let index = from; index < from + count; index += 1) {
    assert.equal((await send(world, mobile(index))).no, undefined)
    if (index < from + answered) await enter(world, mobile(index))
  }
}

describe('the breaker', () => {
  it('stops sending to a range when fewer than 20 % of 20 codes come back, raises an alarm, and ends after an hour', async () => {
    const world = await guardedWorld(judged)
    await sends(world, 20, 3)
    world.clock.advance(ripe)
    assert.equal((await send(world, mobile(30))).no, 'blocked-by-reputation')
    assert.equal((await send(world, mobile(31))).no, 'blocked-by-reputation')
    const alarms = await world.events('phone.sending-stopped')
    assert.equal(alarms.length, 1)
    assert.equal(alarms[0]?.reason, 'few-answers')
    assert.deepEqual(alarms[0]?.details, {
      scope: 'prefix',
      of: mobile(1).slice(0, -4),
      sent: 20,
      answered: 3,
      seconds: 3_600,
    })
    assert.ok(!JSON.stringify(alarms).includes(mobile(30)), 'no full number in the audit')
    assert.equal((await send(world, farApart(50))).no, undefined, 'the range has stopped, not its country')
    world.clock.advance(3_599)
    assert.equal((await send(world, mobile(32))).no, 'blocked-by-reputation')
    world.clock.advance(1)
    assert.equal((await send(world, mobile(33))).no, undefined)
    await world.store.close()
  })

  for (const [title, count, answered] of [
    ['20 % of 20 came back', 20, 4],
    ['only 19 were sent', 19, 0],
  ] as const) {
    it(`lets on while ${title}`, async () => {
      const world = await guardedWorld(judged)
      await sends(world, count, answered)
      world.clock.advance(ripe)
      assert.equal((await send(world, mobile(50))).no, undefined)
      assert.deepEqual(await world.events('phone.sending-stopped'), [])
      await world.store.close()
    })
  }

  it('waits for codes that may still come back', async () => {
    const world = await guardedWorld(judged)
    await sends(world, 30, 0)
    world.clock.advance(299)
    assert.equal((await send(world, mobile(50))).no, undefined)
    await world.store.close()
  })

  it('judges messages of an hour and forgets older ones', async () => {
    const world = await guardedWorld(judged)
    await sends(world, 19, 0)
    world.clock.advance(2 * 3_600)
    await sends(world, 19, 0, 100)
    world.clock.advance(ripe)
    assert.equal((await send(world, mobile(200))).no, undefined)
    await world.store.close()
  })

  it('does not count wrong codes as answers', async () => {
    const world = await guardedWorld(judged)
    for (let index = 0; index < 20; index += 1) {
      assert.equal((await send(world, mobile(index))).no, undefined)
      await enter(world, mobile(index), false)
    }
    world.clock.advance(ripe)
    assert.equal((await send(world, mobile(30))).no, 'blocked-by-reputation')
    await world.store.close()
  })

  it('stops a whole country when its ranges are too many to be told', async () => {
    const world = await guardedWorld(judged)
    for (let index = 0; index < 20; index += 1) assert.equal((await send(world, farApart(index))).no, undefined)
    world.clock.advance(ripe)
    assert.equal((await send(world, farApart(30))).no, 'blocked-by-reputation')
    assert.equal((await send(world, '+12025550123')).no, undefined)
    const { stops } = await guardState(world.store, world.tenant, world.clock.now())
    assert.deepEqual(
      stops.map(({ scope, of }) => ({ scope, of })),
      [{ scope: 'country', of: 'DE' }],
    )
    await world.store.close()
  })

  it('is lifted by hand, once, and judges anew from there', async () => {
    const world = await guardedWorld(judged)
    await sends(world, 20, 0)
    world.clock.advance(ripe)
    assert.equal((await send(world, mobile(30))).no, 'blocked-by-reputation')
    const of = mobile(1).slice(0, -4)
    const lift = () => {
      const event = systemAudit(world.parts, world.tenant.id, 'phone.sending-resumed', { details: { of } })
      return liftStop(world.store, { tenant: world.tenant.id, of, now: world.clock.now(), event })
    }
    assert.equal(await lift(), true)
    assert.equal(await lift(), false)
    assert.equal((await world.events('phone.sending-resumed')).length, 1)
    await world.store.close()
  })

  it('counts a factor’s codes too, and a number that answers waits no longer', async () => {
    const world = await guardedWorld(judged)
    const user = await world.addUser('ada')
    await world.enrolAddress(user, 'sms', mobile(1))
    for (let time = 0; time < 4; time += 1) {
      const flow = await world.ticket('ada')
      const { challenge, code } = await world.challenge(flow, 'sms')
      assert.equal((await world.answer(flow, { challenge }, code)).no, undefined)
    }
    const row = await world.store.get('budgets', world.tenant.id, 'phone-country:DE')
    const { rate = {} } = memoryOf(row)
    assert.deepEqual(Object.values(rate), [[5, 5]])
    await world.store.close()
  })

  it('and the budgets hold 10,000 sign-ups of one range from 500 addresses to 20 messages, then none (AC-40)', async () => {
    const world = await guardedWorld({ prices: { other: 0.1 }, monthlyCeilings: { other: 100 } })
    const sentAt: number[] = []
    const words = new Map<string, number>()
    for (let index = 0; index < 10_000; index += 1) {
      const outcome = await send(world, mobile(index), `10.0.${Math.floor((index % 500) / 250)}.${index % 250}`)
      const word = outcome.no ?? 'sent'
      words.set(word, (words.get(word) ?? 0) + 1)
      if (outcome.no === undefined) sentAt.push(world.clock.now())
      // An hour of it.
      if (index % 25 === 0) world.clock.advance(9)
    }
    assert.equal(sentAt.length, 20)
    assert.equal((await world.outbox()).length, 20)
    assert.deepEqual([...words.keys()].sort(), ['blocked-by-reputation', 'sent', 'too-many-messages'])
    const alarms = await world.events('phone.sending-stopped')
    assert.equal(alarms[0]?.reason, 'few-answers')
    const { countries } = await guardState(world.store, world.tenant, world.clock.now())
    assert.deepEqual(countries, [{ country: 'DE', today: 20, messages: 20, spent: 2, ceiling: 100 }])
    await world.store.close()
  })
})
