import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHashPool } from './hash-pool.ts'

/** A job that ends when told. */
function job() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let starts = 0
  const start = (): Promise<string> => {
    starts++
    return promise
  }
  return { start, end: resolve, fail: reject, started: () => starts }
}

test('S-159: no more run at once than allowed, the rest wait their turn in order', async () => {
  const pool = createHashPool({ atOnce: 2 })
  const jobs = Array.from({ length: 5 }, job)
  const done = jobs.map(({ start }) => pool.run(start))
  await Promise.resolve()
  assert.deepEqual(
    jobs.map(({ started }) => started()),
    [1, 1, 0, 0, 0],
  )
  assert.deepEqual(pool.load, { running: 2, waiting: 3 })
  jobs[1]?.end('second')
  assert.deepEqual(await done[1], { kind: 'done', value: 'second' })
  assert.deepEqual(
    jobs.map(({ started }) => started()),
    [1, 1, 1, 0, 0],
  )
  for (const { end } of jobs) end('x')
  await Promise.all(done)
  assert.deepEqual(pool.load, { running: 0, waiting: 0 })
})

test('S-159: over the queue the answer is at once that the pool is full, and the job never starts', async () => {
  const pool = createHashPool({ atOnce: 1, queue: 2 })
  const jobs = Array.from({ length: 4 }, job)
  const done = jobs.map(({ start }) => pool.run(start))
  assert.deepEqual(await done[3], { kind: 'pool-full', retryAfterSeconds: 2 })
  for (const { end } of jobs) end('x')
  assert.deepEqual(
    (await Promise.all(done)).map(({ kind }) => kind),
    ['done', 'done', 'done', 'pool-full'],
  )
  assert.equal(jobs[3]?.started(), 0)
})

test('S-159: who has waited two seconds is turned away and leaves the queue', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const pool = createHashPool({ atOnce: 1 })
  const [first, second] = [job(), job()]
  const running = pool.run(first.start)
  const waiting = pool.run(second.start)
  t.mock.timers.tick(1999)
  assert.equal(pool.load.waiting, 1)
  t.mock.timers.tick(1)
  assert.deepEqual(await waiting, { kind: 'pool-full', retryAfterSeconds: 2 })
  first.end('x')
  await running
  assert.equal(second.started(), 0)
  assert.deepEqual(pool.load, { running: 0, waiting: 0 })
})

test('a job that fails gives its place back', async () => {
  const pool = createHashPool({ atOnce: 1 })
  await assert.rejects(
    pool.run(() => Promise.reject(new Error('broken'))),
    /broken/,
  )
  assert.deepEqual(await pool.run(async () => 1), { kind: 'done', value: 1 })
})
