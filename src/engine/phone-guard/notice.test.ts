import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { farApart, guardedWorld, mobile, nothingHolds, send } from '#test/support/phone-guard.ts'
import type { World } from '#test/support/world.ts'
import { noticeMayLeave } from './notice.ts'
import { guardState } from './state.ts'

const notice = (world: World, to: string) => noticeMayLeave(world.parts, world.tenant.id, to)

describe('a notice to a phone', () => {
  it('is counted and priced, and leaves though the number has had its messages', async () => {
    const world = await guardedWorld({ perNumberTenMinutes: 1, prices: { DE: 0.5 } })
    assert.equal((await send(world, mobile(1))).no, undefined)
    assert.equal((await send(world, mobile(1))).no, 'too-many-messages')
    assert.equal(await notice(world, mobile(1)), true)
    const { countries, today } = await guardState(world.store, world.tenant, world.clock.now())
    assert.equal(today, 2)
    assert.deepEqual(countries, [{ country: 'DE', today: 2, messages: 2, spent: 1, ceiling: undefined }])
    await world.store.close()
  })

  for (const [what, figure] of [
    ['the ceiling', { prices: { DE: 1 }, monthlyCeilings: { DE: 2 } }],
    ['the day’s budget of the country', { perCountryDay: 2 }],
    ['the day’s budget of the tenant', { perTenantDay: 2 }],
  ] as const) {
    it(`stays behind at ${what}`, async () => {
      const world = await guardedWorld({ ...nothingHolds, ...figure })
      assert.deepEqual(
        [await notice(world, mobile(1)), await notice(world, farApart(2)), await notice(world, farApart(3))],
        [true, true, false],
      )
      await world.store.close()
    })
  }

  it('does not go where the breaker has tripped', async () => {
    const world = await guardedWorld({ ...nothingHolds, answeredPercent: 20 })
    for (let index = 0; index < 20; index += 1) await send(world, mobile(index))
    world.clock.advance(601)
    assert.equal((await send(world, mobile(30))).no, 'blocked-by-reputation')
    assert.equal(await notice(world, mobile(1)), false)
    assert.equal(await notice(world, farApart(9)), true)
    await world.store.close()
  })

  it('leaves uncounted where the guard is off', async () => {
    const world = await guardedWorld({ enabled: false, perTenantDay: 0 })
    assert.equal(await notice(world, mobile(1)), true)
    await world.store.close()
  })
})
