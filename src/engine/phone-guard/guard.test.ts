import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { asId, type UserId } from '#model/ids.ts'
import type { PhoneGuardRule } from '#model/phone-guard.ts'
import { type Store, StoreUnavailable } from '#ports/store.ts'
import { farApart, guardedWorld, mobile, nothingHolds, send } from '#test/support/phone-guard.ts'
import { refusalOf, type World } from '#test/support/world.ts'
import { sendRefs, spendMessage } from '../send-budget.ts'

interface Row {
  readonly limit: string
  readonly figure: Partial<PhoneGuardRule>
  readonly lets: number
  /** The send of this number. */
  readonly go: (world: World, index: number) => Promise<{ no?: string; retryAfter?: number }>
  /** ms between sends, so that no wait but this one holds. */
  readonly pace?: number
  /** Whether its wait is known to the second. */
  readonly frees: number
}

/** Sends for one user to numbers of their own, past the passwordless flow that knows one number per user. */
async function forUser(world: World, user: UserId, to: string) {
  const caller = world.caller()
  const sending = { channel: 'voice', to, user, bucket: asId<UserId>(to) } as const
  return await world.store.change(sendRefs(caller, sending), (found) => {
    const { refuse, writes } = spendMessage(world.parts, caller, sending, found, world.clock.now())
    return { result: refuse ?? { no: undefined }, writes }
  })
}

const hour = 3_600
const day = 24 * hour
const rows: readonly Row[] = [
  {
    limit: '3 in 10 minutes to a number',
    figure: { perNumberTenMinutes: 3 },
    lets: 3,
    pace: 150,
    go: (world) => send(world, mobile(1)),
    frees: 150,
  },
  {
    limit: '10 a day to a number',
    figure: { perNumberDay: 10 },
    lets: 10,
    pace: 2 * hour,
    go: (world) => send(world, mobile(1)),
    frees: 4 * hour,
  },
  {
    limit: '10 a day for a user',
    figure: { perUserDay: 10 },
    lets: 10,
    go: (world, index) => forUser(world, asId('somebody'), farApart(index)),
    frees: day,
  },
  {
    limit: '10 an hour from an address',
    figure: { perAddressHour: 10 },
    lets: 10,
    go: (world, index) => send(world, farApart(index)),
    frees: hour,
  },
  {
    limit: '10 an hour from the addresses of one IPv6 network',
    figure: { perAddressHour: 10 },
    lets: 10,
    go: (world, index) => send(world, farApart(index), `2001:db8::${index + 1}`),
    frees: hour,
  },
  {
    limit: '20 an hour to a prefix',
    figure: { perPrefixHour: 20 },
    lets: 20,
    go: (world, index) => send(world, mobile(index)),
    frees: hour,
  },
  {
    limit: 'a day’s budget to a country',
    figure: { perCountryDay: 12 },
    lets: 12,
    go: (world, index) => send(world, farApart(index)),
    frees: day,
  },
  {
    limit: 'a day’s budget of the tenant',
    figure: { perTenantDay: 12 },
    lets: 12,
    go: (world, index) => send(world, index % 2 === 0 ? farApart(index) : `+12025550${100 + index}`),
    frees: day,
  },
]

describe('the guard', () => {
  for (const { limit, figure, lets, go, pace = 0, frees } of rows) {
    it(`lets ${limit} through, and no more until one is free`, async () => {
      const world = await guardedWorld({ ...nothingHolds, ...figure })
      for (let index = 0; index < lets; index += 1) {
        assert.equal(refusalOf((await go(world, index)) as never).split(' ')[0], 'granted', `send ${index + 1}`)
        world.clock.advance(pace)
      }
      const refused = await go(world, lets)
      assert.equal(refused.no, 'too-many-messages')
      const wait = refused.retryAfter ?? 0
      assert.ok(wait > 0 && wait <= frees, `waits ${wait} s`)
      world.clock.advance(wait - 1)
      assert.equal((await go(world, lets)).no, 'too-many-messages')
      world.clock.advance(1)
      assert.equal((await go(world, lets)).no, undefined)
      await world.store.close()
    })
  }

  it('has these figures where a tenant says nothing', async () => {
    const world = await guardedWorld()
    const some = async (count: number, go: (index: number) => Promise<{ no?: string }>) => {
      const outcomes = []
      for (let index = 0; index < count; index += 1) outcomes.push((await go(index)).no)
      return outcomes.filter((it) => it === undefined).length
    }
    assert.equal(await some(30, (index) => send(world, mobile(index), `203.0.113.${index}`)), 20)
    assert.equal(await some(30, (index) => send(world, farApart(index + 10), '198.51.100.1')), 10)
    assert.equal(await some(12, (index) => forUser(world, asId('somebody'), farApart(index + 100))), 10)
    await world.store.close()
  })

  it('lets two follow each other, then waits 1, 2, 4 … 32 minutes', async () => {
    const world = await guardedWorld(nothingHolds)
    const waits: number[] = []
    const user = asId<UserId>('somebody')
    const caller = world.caller()
    for (let sent = 0; sent < 10; ) {
      // A bucket of messages for each, so that only the number waits.
      const sending = { channel: 'sms', to: mobile(1), user, bucket: asId<UserId>(`b${sent}`) } as const
      const refuse = await world.store.change(sendRefs(caller, sending), (found) => {
        const passed = spendMessage(world.parts, caller, sending, found, world.clock.now())
        return { result: passed.refuse, writes: passed.writes }
      })
      if (refuse === undefined) sent += 1
      else {
        assert.equal(refuse.no, 'too-many-messages')
        const wait = 'retryAfter' in refuse ? refuse.retryAfter : 0
        waits.push(wait / 60)
        world.clock.advance(wait)
      }
    }
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 32, 32])
    world.clock.advance(hour)
    assert.equal((await send(world, mobile(1))).no, undefined)
    assert.equal((await send(world, mobile(1))).no, undefined)
    await world.store.close()
  })

  it('counts texts and calls, and two accounts, on one number however it is written (AC-39)', async () => {
    const world = await guardedWorld({ ...nothingHolds, perNumberTenMinutes: 3 })
    const [ada, bob] = [await world.addUser('ada'), await world.addUser('bob')]
    const go = async (user: typeof ada, kind: string, target: string, address: string) => {
      const caller = world.caller({ address })
      const started = await world.engine.enrol({ caller, flow: world.tokenFlow(user), kind, target })
      return started.no ?? started.yes.authenticator.target
    }
    const number = '+4915123456789'
    assert.equal(await go(ada, 'sms', '+49 151 23456789', '192.0.2.1'), number)
    assert.equal(await go(bob, 'voice', '+49 (0)151 23456789', '198.51.100.1'), number)
    world.clock.advance(60)
    assert.equal(await go(bob, 'sms', '+49.151.2345.6789', '198.51.100.1'), number)
    world.clock.advance(120)
    assert.equal(await go(ada, 'voice', '+49-151-23456789', '192.0.2.1'), 'too-many-messages')
    assert.equal(await go(bob, 'sms', '+49 151 234 567 89', '198.51.100.1'), 'too-many-messages')
    assert.equal((await world.outbox()).length, 3)
    await world.store.close()
  })

  it('is shared by two processes on one file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'guard-'))
    const url = `sqlite:${join(folder, 'db')}`
    const one = await guardedWorld({ ...nothingHolds, perPrefixHour: 20 }, { url, seed: 'one' })
    const two = await guardedWorld({ ...nothingHolds, perPrefixHour: 20 }, { url, seed: 'two', clock: one.clock })
    const sends = Array.from({ length: 40 }, (_, index) => send(index % 2 === 0 ? one : two, mobile(index)))
    const outcomes = await Promise.all(sends)
    assert.equal(outcomes.filter((it) => it.no === undefined).length, 20)
    assert.equal(outcomes.filter((it) => it.no === 'too-many-messages').length, 20)
    assert.equal((await two.outbox()).length, 20)
    await one.store.close()
    await two.store.close()
    await rm(folder, { recursive: true })
  })

  it('sends nothing when it cannot count (S-78)', async () => {
    const world = await guardedWorld()
    const { store } = world
    const change = () => Promise.reject(new StoreUnavailable('away'))
    const broken = { list: store.list.bind(store), get: store.get.bind(store), change } as unknown as Store
    const parts = { ...world.parts, store: broken }
    await assert.rejects(send({ ...world, parts }, mobile(1)), StoreUnavailable)
    assert.deepEqual(await world.outbox(), [])
    await world.store.close()
  })

  it('lets a number be enrolled at five accounts and no more (S-71)', async () => {
    const world = await guardedWorld(nothingHolds)
    for (let index = 0; index < 5; index += 1) {
      await world.enrolAddress(await world.addUser(`user${index}`), 'sms', mobile(1))
      world.clock.advance(hour)
    }
    const sixth = await world.addUser('sixth')
    const flow = world.tokenFlow(sixth)
    for (const kind of ['sms', 'voice']) {
      const refused = await world.engine.enrol({ caller: world.caller(), flow, kind, target: mobile(1) })
      assert.equal(refused.no, 'limit-reached')
    }
    assert.equal((await world.events('factor.enrolment-refused')).length, 2)
    const [first] = await world.store.list('users', world.tenant.id, {
      by: { index: 'email', value: 'user0@example.com' },
    })
    assert.ok(first)
    const again = await world.engine.enrol({
      caller: world.caller(),
      flow: world.tokenFlow(first),
      kind: 'voice',
      target: mobile(1),
    })
    assert.equal(again.no, undefined, 'one of the five may call the number too')
    await world.store.close()
  })

  it('stops at a country’s ceiling, reports it once, and goes on next month', async () => {
    const prices = { DE: 0.1, other: 0.5 }
    const world = await guardedWorld({ ...nothingHolds, prices, monthlyCeilings: { DE: 0.3, other: 10 } })
    for (let index = 0; index < 3; index += 1) assert.equal((await send(world, farApart(index))).no, undefined)
    for (let index = 3; index < 6; index += 1) assert.equal((await send(world, farApart(index))).no, 'blocked-by-admin')
    assert.equal((await send(world, '+12025550123')).no, undefined, 'another country has its own')
    const [alarm, ...more] = await world.events('phone.sending-stopped')
    assert.deepEqual(alarm?.details, { scope: 'country', of: 'DE' })
    assert.equal(alarm?.reason, 'ceiling')
    assert.deepEqual(more, [])
    world.clock.advance(31 * day)
    assert.equal((await send(world, farApart(7))).no, undefined)
    await world.store.close()
  })

  it('counts nothing and holds nothing back where it is switched off', async () => {
    const world = await guardedWorld({ enabled: false, perPrefixHour: 1 })
    for (let index = 0; index < 25; index += 1) assert.equal((await send(world, mobile(index))).no, undefined)
    await world.store.close()
  })
})
