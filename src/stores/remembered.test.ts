import assert from 'node:assert/strict'
import { test } from 'node:test'
import { insert, put, row, type Store } from '#ports/store.ts'
import { storeContract } from '#test/contracts/store.contract.ts'
import { asTenant, tenant, user } from '#test/contracts/store-rows.ts'
import { openStore } from './open.ts'
import { rememberedFor, rememberSettings } from './remembered.ts'

const acme = asTenant('acme')
const other = asTenant('other')

storeContract('SQLite with remembered settings', async () => rememberSettings(await openStore('sqlite::memory:')))

/** One database behind two processes' stores, a clock by hand, and how often the first one asked. */
async function world() {
  const real = await openStore('sqlite::memory:')
  const asked: string[] = []
  let now = 0
  const watched = new Proxy(real, {
    get(_, name) {
      if (name === 'get') {
        return (...args: Parameters<Store['get']>) => {
          asked.push(`${args[0]} ${args[2]}`)
          return real.get(...args)
        }
      }
      const value = real[name as keyof Store]
      return typeof value === 'function' ? value.bind(real) : value
    },
  })
  const here = rememberSettings(watched, () => now)
  const there = rememberSettings(real, () => now)
  await real.change({}, () => ({
    result: 0,
    writes: [insert('tenants', tenant(acme)), insert('tenants', tenant(other))],
  }))
  const sleep = (ms: number) => {
    now += ms
  }
  return { here, there, asked, sleep }
}

const rename = (store: Store, name: string) =>
  store.change({ it: row('tenants', acme, acme) }, ({ it }) => ({
    result: 0,
    writes: it ? [put('tenants', { ...it, name })] : [],
  }))
const nameIn = async (store: Store) => (await store.get('tenants', acme, acme))?.name

test('a tenant is asked for four times a second at most, and a tenant that is not there each time', async () => {
  const { here, asked, sleep } = await world()
  for (let n = 0; n < 5; n++) assert.equal(await nameIn(here), 'acme')
  assert.deepEqual(asked, ['tenants acme'])
  sleep(rememberedFor)
  await nameIn(here)
  assert.equal(asked.length, 2)
  for (let n = 0; n < 2; n++) assert.equal(await here.get('tenants', asTenant('none'), 'none'), undefined)
  assert.equal(asked.length, 4)
})

test('a process reads what it wrote at once, and what another one wrote a quarter of a second later', async () => {
  const { here, there, sleep } = await world()
  await nameIn(here)
  await rename(here, 'mine')
  assert.equal(await nameIn(here), 'mine')
  await rename(there, 'theirs')
  sleep(rememberedFor - 1)
  assert.equal(await nameIn(here), 'mine')
  sleep(1)
  assert.equal(await nameIn(here), 'theirs')
})

test('a row read while it is written is not remembered', async () => {
  const { here } = await world()
  const reading = nameIn(here)
  await Promise.all([rename(here, 'new'), reading])
  assert.equal(await nameIn(here), 'new')
})

test('a change sees the database, and users are never remembered', async () => {
  const { here, there, asked } = await world()
  await nameIn(here)
  await rename(there, 'theirs')
  const seen = await here.change({ it: row('tenants', acme, acme) }, ({ it }) => ({ result: it?.name }))
  assert.equal(seen, 'theirs')
  await here.change({}, () => ({ result: 0, writes: [insert('users', user(acme, 'ada'))] }))
  for (let n = 0; n < 2; n++) await here.get('users', acme, 'ada')
  assert.deepEqual(
    asked.filter((it) => it.startsWith('users')),
    ['users ada', 'users ada'],
  )
})
