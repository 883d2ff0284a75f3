import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLease } from './lease.ts'
import { open } from './sqlite.ts'

async function two() {
  const store = await open('sqlite::memory:')
  let now = 1000
  const clock = { now: () => now }
  const make = (holder: string) => createLease({ store, clock, name: 'work', holder, lastsMs: 100 })
  return { store, a: make('a'), b: make('b'), pass: (ms: number) => (now += ms) }
}

test('of many who ask for a lease at once one gets it, and keeps it while it renews it', async () => {
  const { store, a, b, pass } = await two()
  assert.deepEqual(await Promise.all([a.hold(), b.hold(), b.hold()]), [true, false, false])
  pass(99)
  assert.equal(await a.hold(), true)
  pass(99)
  assert.equal(await b.hold(), false)
  await store.close()
})

test('a lease that is not renewed goes to who asks next', async () => {
  const { store, a, b, pass } = await two()
  assert.equal(await a.hold(), true)
  pass(100)
  assert.equal(await b.hold(), true)
  assert.equal(await a.hold(), false)
  await store.close()
})

test('a lease given up is free at once, and nobody gives up that of another', async () => {
  const { store, a, b } = await two()
  assert.equal(await a.hold(), true)
  await b.release()
  assert.equal(await b.hold(), false)
  await a.release()
  assert.equal(await b.hold(), true)
  await store.close()
})
