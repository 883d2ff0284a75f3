import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PoolClient } from 'pg'
import { StoreUnavailable } from '#ports/store.ts'
import type { Connections } from './postgres-connection.ts'
import { createLane, type Waiting } from './postgres-lane.ts'

interface Piece extends Waiting {
  readonly name: string
}

/** A lane whose batches end when the test says so. */
function lane(options: { most?: number; enough?: number; together?: number; refuse?: Error; hangs?: number } = {}) {
  const { most = 4, enough = 100, together = 100, refuse } = options
  let { hangs = 0 } = options
  let give = () => {}
  const batches: string[][] = []
  const ends: (() => void)[] = []
  const done: string[] = []
  const failed: unknown[] = []
  const connections = {
    size: most,
    use: async <A>(_patience: number, work: (client: PoolClient) => Promise<A>) => {
      if (refuse) throw refuse
      if (hangs-- > 0) {
        await new Promise<void>((resolve) => {
          give = resolve
        })
        throw new StoreUnavailable('no connection in time')
      }
      return await work({} as PoolClient)
    },
  } as unknown as Connections
  const ask = createLane<Piece, string>(connections, {
    most,
    enough,
    take: (queue) => queue.splice(0, together),
    run: (_client, batch) => {
      batches.push(batch.map(({ name }) => name))
      return new Promise((resolve) => ends.push(() => resolve('answer')))
    },
    done: (batch) => void done.push(...batch.map(({ name }) => name)),
    failed: (_batch, error) => void failed.push(error),
  })
  const put = (...pieces: readonly (string | { readonly name: string; readonly at: number })[]) => {
    for (const it of pieces) {
      const { name, at } = typeof it === 'string' ? { name: it, at: performance.now() } : it
      ask({ name, at, reject: (error) => failed.push(error) })
    }
  }
  return { put, batches, ends, done, failed, give: () => give() }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
/** Long enough for a process that has nothing to do to notice. */
const rest = () => new Promise((resolve) => setTimeout(resolve, 20))
/** Keeps the process busy with events for as long as `work` takes. */
async function busily(work: () => Promise<void>): Promise<void> {
  let over = false
  const churn = (): void => void (over || setTimeout(churn, 0))
  for (let at = 0; at < 50; at++) churn()
  await work()
  over = true
}

test('what is asked for in one turn goes together', async () => {
  const it = lane()
  it.put('a', 'b')
  it.put('c')
  await turn()
  assert.deepEqual(it.batches, [['a', 'b', 'c']])
})

test('while a batch is under way others gather, and go when it is back', async () => {
  const it = lane({ most: 1 })
  it.put('a')
  await turn()
  it.put('b')
  await rest()
  it.put('c')
  await rest()
  assert.deepEqual(it.batches, [['a']])
  it.ends[0]?.()
  await rest()
  assert.deepEqual(it.batches, [['a'], ['b', 'c']])
  it.ends[1]?.()
  await rest()
  assert.deepEqual(it.done, ['a', 'b', 'c'])
})

test('who comes while a batch is under way goes at once where the process has nothing else to do', async () => {
  const it = lane()
  it.put('a')
  await turn()
  it.put('b')
  await rest()
  assert.deepEqual(it.batches, [['a'], ['b']])
})

test('enough of them do not wait for the batch under way, however busy the process is', async () => {
  const it = lane({ enough: 3 })
  await busily(async () => {
    it.put('a')
    await turn()
    it.put('b', 'c', 'd')
    await turn()
    await turn()
    assert.deepEqual(it.batches, [['a'], ['b', 'c', 'd']])
  })
})

test('never are more under way than allowed', async () => {
  const it = lane({ most: 2, enough: 1, together: 1 })
  it.put('a', 'b', 'c')
  await rest()
  assert.equal(it.batches.length, 2)
  it.ends[0]?.()
  await rest()
  assert.deepEqual(it.batches, [['a'], ['b'], ['c']])
})

test('who has waited too long is refused instead of being begun with', async () => {
  const it = lane()
  it.put({ name: 'old', at: performance.now() - 1_600 }, 'young')
  await rest()
  assert.deepEqual(it.batches, [['young']])
  assert.ok(it.failed[0] instanceof StoreUnavailable)
})

test('who comes after a connection was asked for that never comes gets another, and is not refused with the others', async () => {
  const it = lane({ hangs: 1 })
  it.put('a')
  await new Promise((resolve) => setTimeout(resolve, 80))
  it.put('b')
  await rest()
  assert.deepEqual(it.batches, [['a', 'b']])
  it.give()
  await rest()
  assert.deepEqual(it.failed, [])
})

test('where no connection is to be had, all who wait are refused', async () => {
  const it = lane({ refuse: new StoreUnavailable('none') })
  it.put('a', 'b')
  await rest()
  assert.equal(it.failed.length, 2)
  for (const error of it.failed) assert.ok(error instanceof StoreUnavailable)
})
