import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { NumberFacts } from '#ports/number-facts.ts'
import { guardedWorld, mobile, nothingHolds, send } from '#test/support/phone-guard.ts'
import { openWorld } from '#test/support/world.ts'

const day = 86_400_000

/** A world whose numbers are all like this, and the questions that were asked. */
async function knowing(facts: () => NumberFacts, phone: { readonly allowVoip?: boolean } = {}) {
  const asked: string[] = []
  const numberFacts = {
    async of(number: string) {
      asked.push(number)
      return facts()
    },
  }
  const rule = { blockedPrefixes: [], strict: false, guard: { ...nothingHolds }, ...phone }
  const world = await openWorld({ addressBudgets: true, numberFacts, tenant: { phone: rule } })
  return { world, asked }
}

describe('what is known of a number (S-79)', () => {
  for (const [signal, member] of [
    ['sim-change', 'simChangedAt'],
    ['porting', 'portedAt'],
    ['forwarding', 'forwardedAt'],
  ] as const) {
    it(`${signal}: no code by text or call for seven days, then again`, async () => {
      let start = 0
      const { world } = await knowing(() => ({ [member]: start }))
      start = world.clock.now()
      const user = await world.addUser('ada')
      const outcomes = async () => {
        const sent = (await send(world, mobile(1))).no
        const enrolled = []
        for (const kind of ['sms', 'voice']) {
          const flow = world.tokenFlow(user)
          const caller = world.caller()
          enrolled.push((await world.engine.enrol({ caller, flow, kind, target: mobile(2) })).no)
        }
        return [sent, ...enrolled]
      }
      const blocked = 'blocked-by-reputation'
      assert.deepEqual(await outcomes(), [blocked, blocked, blocked])
      world.clock.advance((7 * day) / 1_000 - 1)
      assert.deepEqual(await outcomes(), [blocked, blocked, blocked])
      assert.deepEqual(await world.outbox(), [])
      const [event] = await world.events('phone.number-refused')
      assert.deepEqual([event?.reason, JSON.stringify(event).includes(mobile(1))], [signal, false])
      world.clock.advance(1)
      assert.deepEqual(await outcomes(), [undefined, undefined, undefined])
      await world.store.close()
    })
  }

  for (const type of ['mobile', 'landline', 'other', undefined] as const) {
    it(`${type ?? 'an unknown type'} gets codes`, async () => {
      const { world } = await knowing(() => ({ type }))
      assert.equal((await send(world, mobile(1))).no, undefined)
      await world.store.close()
    })
  }

  it('VoIP numbers get none, unless the tenant takes them', async () => {
    const { world: strict } = await knowing(() => ({ type: 'voip' }))
    assert.equal((await send(strict, mobile(1))).no, 'blocked-by-admin')
    await strict.store.close()
    const { world: loose } = await knowing(() => ({ type: 'voip' }), { allowVoip: true })
    assert.equal((await send(loose, mobile(1))).no, undefined)
    await loose.store.close()
  })

  it('a number that was good when it was enrolled is asked about again at each challenge', async () => {
    let facts: NumberFacts = {}
    const { world, asked } = await knowing(() => facts)
    const user = await world.addUser('ada')
    await world.enrolAddress(user, 'sms', mobile(1))
    facts = { simChangedAt: world.clock.now() }
    const ticket = await world.ticket('ada')
    const caller = world.caller()
    const refused = await world.engine.challenge({ caller, ticket: ticket.ticket, kinds: ['sms'] })
    assert.equal(refused.no, 'blocked-by-reputation')
    assert.deepEqual(asked.at(-1), mobile(1))
    await world.store.close()
  })

  it('nothing is sent when the source cannot answer (S-78)', async () => {
    const numberFacts = { of: () => Promise.reject(new Error('away')) }
    const world = await guardedWorld(nothingHolds, { numberFacts })
    assert.deepEqual(await send(world, mobile(1)), { no: 'undeliverable', channel: 'sms' })
    assert.deepEqual(await world.outbox(), [])
    await world.store.close()
  })

  it('who is over a budget costs no question', async () => {
    let asked = 0
    const numberFacts = {
      async of() {
        asked += 1
        return {}
      },
    }
    const world = await guardedWorld({ ...nothingHolds, perPrefixHour: 3 }, { numberFacts })
    for (let index = 0; index < 10; index += 1) await send(world, mobile(index))
    assert.equal(asked, 3)
    await world.store.close()
  })
})

describe('texts and calls are restricted (S-72)', () => {
  const phone = { blockedPrefixes: [], strict: false, needsAlternative: true, guard: { enabled: false } }

  it('where the tenant asks for an alternative, neither is enrolled alone, nor beside an e-mail address or another telephone', async () => {
    const world = await openWorld({ tenant: { phone } })
    const user = await world.addUser('ada')
    const enrol = async (kind: string) => {
      const flow = world.tokenFlow(user)
      return (await world.engine.enrol({ caller: world.caller(), flow, kind, target: mobile(1) })).no
    }
    for (const kind of ['sms', 'voice']) assert.equal(await enrol(kind), 'factor-off')
    await world.enrolAddress(user, 'email', 'ada.two@example.com')
    for (const kind of ['sms', 'voice']) assert.equal(await enrol(kind), 'factor-off')
    assert.deepEqual(
      (await world.outbox()).filter((it) => it.channel !== 'email'),
      [],
    )
    await world.enrolApp(user)
    for (const kind of ['sms', 'voice']) assert.equal(await enrol(kind), undefined)
    await world.store.close()
  })

  it('a tenant without them has neither', async () => {
    const world = await openWorld({ tenant: { factors: ['password', 'totp', 'email'] } })
    const user = await world.addUser('ada')
    for (const kind of ['sms', 'voice']) {
      const flow = world.tokenFlow(user)
      const outcome = await world.engine.enrol({ caller: world.caller(), flow, kind, target: mobile(1) })
      assert.equal(outcome.no, 'factor-off')
    }
    await world.store.close()
  })
})
