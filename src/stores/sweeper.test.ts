import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { insert } from '#ports/store.ts'
import { asTenant, budget } from '#test/contracts/store-rows.ts'
import { createLease } from './lease.ts'
import { openStore } from './open.ts'
import { createSweeper } from './sweeper.ts'

const acme = asTenant('acme')
const clock = { now: () => 2000 }

test('a round deletes all dead rows in slices, serves others between them, and leaves the living', async () => {
  const store = await openStore('sqlite::memory:')
  const dead = Array.from({ length: 1050 }, (_, n) => insert('budgets', budget(acme, `d${n}`, { expiresAt: 1000 })))
  const alive = insert('budgets', budget(acme, 'alive', { expiresAt: 3000 }))
  await store.change({}, () => ({ result: 0, writes: [...dead, alive] }))
  const slices: number[] = []
  const watched = {
    sweep: async (now: number, limit?: number) => {
      const swept = await store.sweep(now, limit)
      slices.push(swept)
      return swept
    },
  }
  const swept = Promise.withResolvers<number>()
  const sweeper = createSweeper({ store: watched, clock, everyMs: 1, slice: 500, onSwept: swept.resolve })
  sweeper.start()
  assert.equal(await swept.promise, 1050)
  await sweeper.stop()
  assert.deepEqual(slices.slice(0, 3), [500, 500, 50])
  assert.deepEqual(await store.list('budgets', acme), [budget(acme, 'alive', { expiresAt: 3000 })])
  await store.close()
})

test('a round that fails is reported, and the next one tries again', async () => {
  const failure = new Error('gone')
  const sweep = mock.fn(async () => 0)
  sweep.mock.mockImplementationOnce(async () => {
    throw failure
  })
  const errors: unknown[] = []
  const sweeper = createSweeper({ store: { sweep }, clock, everyMs: 1, onError: (error) => errors.push(error) })
  sweeper.start()
  while (sweep.mock.callCount() < 3) await new Promise((resolve) => setTimeout(resolve, 1))
  await sweeper.stop()
  assert.deepEqual(errors, [failure])
})

test('after stop has resolved nothing is swept any more', async () => {
  let running = false
  const sweep = mock.fn(async () => {
    running = true
    await new Promise((resolve) => setTimeout(resolve, 5))
    running = false
    return 200
  })
  const sweeper = createSweeper({ store: { sweep }, clock, everyMs: 1 })
  sweeper.start()
  while (!running) await new Promise((resolve) => setTimeout(resolve, 1))
  await sweeper.stop()
  assert.equal(running, false)
  const calls = sweep.mock.callCount()
  await new Promise((resolve) => setTimeout(resolve, 40))
  assert.equal(sweep.mock.callCount(), calls)
})

test('of several processes one sweeps, and another takes over when it stops', async () => {
  const store = await openStore('sqlite::memory:')
  const swept: string[] = []
  const make = (holder: string) => {
    const lease = createLease({ store, clock, name: 'sweep', holder, lastsMs: 1000 })
    const sweep = async () => {
      swept.push(holder)
      return 0
    }
    return createSweeper({ store: { sweep }, clock, lease, everyMs: 1 })
  }
  const [a, b] = [make('a'), make('b')]
  const rounds = async (count: number) => {
    const until = swept.length + count
    while (swept.length < until) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  a.start()
  await rounds(1)
  b.start()
  await rounds(5)
  assert.deepEqual([...new Set(swept)], ['a'])
  await a.stop()
  await rounds(1)
  assert.equal(swept.at(-1), 'b')
  await b.stop()
  await store.close()
})
