import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPasswordHasher } from '#crypto/passwords.ts'
import { type Auth0World, openAuth0World, type Reply } from '#test/support/auth0.ts'

/*
 * S-103, AC-56: what is asked about a known and about an unknown user takes the same time, with passwords hashed at the
 * figures of production. `npm test` takes few samples; `POLYFACTOR_LONG=1` the 500 of the contract.
 */

const samples = process.env.POLYFACTOR_LONG === '1' ? 500 : 25

type Ask = (it: Auth0World, who: 'known' | 'unknown') => Promise<Reply>

const json = (path: string, body: (who: string, now: number) => object): Ask => {
  return (it, who) => it.post(path, { client_id: 'web', client_secret: 'web-secret', ...body(who, it.clock.now()) })
}

const doors: readonly [door: string, ask: Ask][] = [
  [
    'login',
    json('/oauth/token', (who) => ({
      grant_type: 'password',
      username: `${who}@example.com`,
      password: 'not the right one',
    })),
  ],
  ['reset', json('/dbconnections/change_password', (who) => ({ email: `${who}@example.com`, connection: 'users' }))],
  [
    'sign-up',
    json('/dbconnections/signup', (who, now) => ({
      email: who === 'known' ? 'known@example.com' : `new${now}@example.com`,
      password: 'a rather unusual sentence',
      connection: 'users',
    })),
  ],
  [
    'factor start',
    json('/passwordless/start', (who) => ({ connection: 'email', email: `${who}@example.com`, send: 'code' })),
  ],
]

const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0

/** Medians of interleaved samples, ms. */
async function measure(it: Auth0World, ask: Ask, samples: number): Promise<readonly [known: number, unknown: number]> {
  const times = { known: [] as number[], unknown: [] as number[] }
  for (let sample = 0; sample < samples + 3; sample++) {
    for (const who of sample % 2 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const)) {
      // Past every wait, which both run into alike.
      it.clock.advance(3_601)
      const began = performance.now()
      const reply = await ask(it, who)
      const took = performance.now() - began
      assert.ok(reply.status < 500 && reply.status !== 429, reply.text)
      // The first ones warm up.
      if (sample >= 3) times[who].push(took)
    }
  }
  return [median(times.known), median(times.unknown)]
}

const apart = ([a, b]: readonly [number, number]): boolean => Math.abs(a - b) >= Math.max(5, Math.max(a, b) * 0.05)

/** They can be told apart only when each of so many runs says so; a busy machine alone makes some of them say so. */
const runs = 5

async function separable(it: Auth0World, ask: Ask, count = samples): Promise<readonly string[]> {
  const told: string[] = []
  for (let run = 0; run < runs; run++) {
    const medians = await measure(it, ask, count)
    if (!apart(medians)) return []
    told.push(medians.map((ms) => `${ms.toFixed(2)} ms`).join(' against '))
  }
  return told
}

async function open(passwords = createPasswordHasher()): Promise<Auth0World> {
  const it = await openAuth0World({ passwords })
  await it.addUser('known')
  return it
}

for (const [door, ask] of doors) {
  test(`S-103, AC-56: known and unknown users cannot be told apart by the time at ${door}`, async () => {
    const it = await open()
    assert.deepEqual(await separable(it, ask), [])
    await it.store.close()
  })
}

test('S-103: the check notices a server that hashes for known users only', async () => {
  const passwords = createPasswordHasher()
  const it = await open({ ...passwords, verifyDecoy: async () => ({ kind: 'checked', ok: false, rehash: false }) })
  const [, login] = doors[0] ?? assert.fail()
  assert.equal((await separable(it, login, 5)).length, runs)
  await it.store.close()
})
