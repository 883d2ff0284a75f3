import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { UserId } from '#model/ids.ts'
import type { Redeem } from '#test/support/second-server.ts'
import { openWorld, someWish, type World } from '#test/support/world.ts'
import { nothingToIssue } from './issue.ts'

const rounds = 100
const each = 25

interface Result {
  readonly no: string | null
  readonly codes: readonly string[]
}

describe('S-27, AC-1, AC-30: two server processes on one database file, 25 answers at once from each', () => {
  let folder: string
  let world: World
  let other: ChildProcess

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'two-servers-'))
    const url = `sqlite:${join(folder, 'shared.db')}`
    world = await openWorld({ url })
    other = fork(new URL('../../test/support/second-server.ts', import.meta.url), [url])
    await once(other, 'message')
  })
  after(async () => {
    other.disconnect()
    await once(other, 'exit')
    await world.store.close()
    await rm(folder, { recursive: true })
  })

  /** A ticket without the price of a password hash. */
  async function ticket(user: UserId): Promise<string> {
    const proofs = [{ factor: 'password', channel: 'password', at: world.clock.now() }]
    const asked = await world.engine.admit({
      caller: world.caller(),
      user,
      proofs,
      wish: someWish,
      issue: nothingToIssue,
    })
    assert(asked.no === 'more-proof')
    return asked.ticket
  }

  /** Both servers answer at the same time; exactly one of the 50 answers is granted. */
  async function race(handles: readonly string[], to: Redeem['to'], proof: string): Promise<Result> {
    const mine = handles.slice(0, each)
    const theirs: Redeem = { now: world.clock.now(), handles: handles.slice(each), to, proof }
    const flows = await Promise.all(mine.map((it) => world.flowOf(it)))
    const answered = once(other, 'message')
    other.send(theirs)
    const outcomes = await Promise.all(flows.map((flow) => world.answer(flow, to, proof)))
    const [remote] = (await answered) as [readonly Result[]]
    const local = outcomes.map((it): Result => ({ no: it.no ?? null, codes: it.yes?.show?.codes ?? [] }))
    const all = [...local, ...remote]
    const granted = all.filter((it) => it.no === null)
    assert.equal(all.length, 2 * each)
    assert.equal(granted.length, 1, JSON.stringify(all.map((it) => it.no)))
    return granted[0] as Result
  }

  const same = <T>(it: T): readonly T[] => Array.from({ length: 2 * each }, () => it)

  test('one text-message code wins once, 100 times', async () => {
    const ada = await world.addUser('ada')
    await world.enrolAddress(ada, 'sms', '+15555550101')
    for (let round = 0; round < rounds; round++) {
      const handle = await ticket(ada.id)
      const { challenge, code } = await world.challenge(await world.flowOf(handle), 'sms')
      await race(same(handle), { challenge }, code)
      world.clock.advance(3_600)
    }
  })

  test('one code of an app wins once over 50 flows, 100 times', async () => {
    const bob = await world.addUser('bob')
    const app = await world.enrolApp(bob)
    for (let round = 0; round < rounds; round++) {
      const it = await world.authenticator(app.authenticator.id)
      await world.put('authenticators', { ...it, failures: 0, waitUntil: undefined })
      const handles = await Promise.all(same(bob.id).map(ticket))
      await race(handles, { kind: 'totp' }, app.code())
      world.clock.advance(30)
    }
  })

  test('one saved code wins once over 50 flows, 100 times', async () => {
    const eve = await world.addUser('eve')
    const flow = world.tokenFlow(eve)
    const started = await world.engine.enrol({ caller: world.caller(), flow, kind: 'sms', target: '+15555550102' })
    let saved = started.yes?.recoveryCodes?.[0] ?? assert.fail('no saved code')
    await world.answer(flow, { challenge: started.yes?.challenge ?? '' }, await world.lastCode())
    for (let round = 0; round < rounds; round++) {
      for (const it of await world.authenticators(eve)) {
        await world.put('authenticators', { ...it, failures: 0, waitUntil: undefined })
      }
      const handles = await Promise.all(same(eve.id).map(ticket))
      const winner = await race(handles, { kind: 'recovery_code' }, saved)
      saved = winner.codes[0] ?? assert.fail('the next code was not shown')
      world.clock.advance(3_600)
    }
  })
})
