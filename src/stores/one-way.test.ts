import assert from 'node:assert/strict'
import { test } from 'node:test'
import { insert, put, row } from '#ports/store.ts'
import { storeContract } from '#test/contracts/store.contract.ts'
import { asTenant, challenge, user } from '#test/contracts/store-rows.ts'
import { endForGood, expireOnce } from './one-way.ts'
import { openStore } from './open.ts'

const acme = asTenant('acme')
const back = { from: 5_000, to: 1_000 }

storeContract('SQLite where the clock went back', async () =>
  expireOnce(await openStore('sqlite::memory:'), { now: Date.now, wentBack: () => [{ from: 0, to: 0 }] }),
)

async function world(wentBack: readonly (typeof back)[]) {
  const real = await openStore('sqlite::memory:')
  const made = [
    challenge(acme, 'over', { createdAt: 900, codeExpiresAt: 4_000 }),
    challenge(acme, 'still-good', { createdAt: 900, codeExpiresAt: 6_000 }),
    challenge(acme, 'made-since', { createdAt: 1_100, codeExpiresAt: 4_000 }),
    challenge(acme, 'made-ahead', { createdAt: 3_000, codeExpiresAt: 4_000 }),
    challenge(acme, 'good-ahead', { createdAt: 3_000, codeExpiresAt: 6_000 }),
  ]
  const writes = [...made.map((it) => insert('challenges', it)), insert('users', user(acme, 'ada'))]
  await real.change({}, () => ({ result: 0, writes }))
  let now = 1_200
  const clock = { now: () => now, wentBack: () => wentBack }
  return {
    real,
    store: expireOnce(real, clock),
    at: (ms: number) => {
      now = ms
    },
  }
}

test('what was over before the clock went back is over, and what is made since is judged by the new time', async () => {
  const { store } = await world([back])
  const end = async (id: string) => (await store.get('challenges', acme, id))?.codeExpiresAt
  assert.deepEqual([await end('over'), await end('still-good'), await end('made-since')], [0, 6_000, 4_000])
  assert.deepEqual([await end('made-ahead'), await end('good-ahead')], [0, 6_000])
  const listed = await store.list('challenges', acme, { by: { index: 'flow', value: 'flow' } })
  assert.deepEqual(Object.fromEntries(listed.map((it) => [it.id, it.codeExpiresAt])), {
    over: 0,
    'still-good': 6_000,
    'made-since': 4_000,
    'made-ahead': 0,
    'good-ahead': 6_000,
  })
})

test('S-166: what was made and over before the clock went back stays over when it comes to that time again', async () => {
  const { store, at } = await world([back])
  await endForGood(store, acme)
  at(3_500)
  const end = async (id: string) => (await store.get('challenges', acme, id))?.codeExpiresAt
  assert.deepEqual([await end('over'), await end('made-ahead')], [0, 0])
  assert.deepEqual([await end('made-since'), await end('good-ahead')], [4_000, 6_000])
})

test('S-166: a flow that is kept as one member of its row ends by the same rule', async () => {
  const { store } = await world([back])
  const journey = (id: string, startedAt: number, endsAt: number) =>
    insert('artifacts', { tenant: acme, id, model: 'Journey', payload: { startedAt, endsAt }, expiresAt: 9_000 })
  const writes = [journey('before', 900, 4_000), journey('ahead', 3_000, 4_000), journey('since', 1_100, 4_000)]
  await store.change({}, () => ({ result: undefined, writes }))
  const end = async (id: string) => (await store.get('artifacts', acme, id))?.payload.endsAt
  assert.deepEqual([await end('before'), await end('ahead'), await end('since')], [0, 0, 4_000])
})

test('a change sees it so and writes it down', async () => {
  const { store, real } = await world([back])
  const ended = await store.change({ it: row('challenges', acme, 'over') }, ({ it }) => ({
    result: it?.codeExpiresAt,
    writes: it ? [put('challenges', { ...it, failures: 1 })] : [],
  }))
  assert.equal(ended, 0)
  assert.equal((await real.get('challenges', acme, 'over'))?.codeExpiresAt, 0)
})

test('nothing is touched while the clock goes on', async () => {
  const { store } = await world([])
  assert.equal((await store.get('challenges', acme, 'over'))?.codeExpiresAt, 4_000)
  assert.equal((await store.get('users', acme, 'ada'))?.createdAt, 1)
})
