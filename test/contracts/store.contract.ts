import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Tables } from '#model/tables.ts'
import {
  insert,
  loosely,
  put,
  remove,
  row,
  rows,
  type Store,
  StoreConflict,
  StoreUnavailable,
  seen,
  upsert,
  type Write,
} from '#ports/store.ts'
import { asTenant, budget, challenge, event, spend, tenant as tenantRow, user } from './store-rows.ts'

const acme = asTenant('acme')
const other = asTenant('other')

/** What a store of the port must do, whatever it is made of. Each test keeps to ids of its own. */
export function storeContract(name: string, open: () => Promise<Store>): void {
  describe(`the store ${name}`, () => {
    let store: Store
    before(async () => {
      store = await open()
    })
    after(() => store.close())

    const write = (...writes: readonly Write[]) => once(store, writes)

    test('gives back exactly the row that was inserted', async () => {
      const made = user(acme, 'made', { emailKey: 'made@a.example', userMetadata: { deep: [1, { two: null }] } })
      await write(insert('users', made))
      assert.deepEqual(await store.get('users', acme, 'made'), made)
    })

    test('answers undefined for a row that is not there', async () => {
      assert.equal(await store.get('users', acme, 'nobody'), undefined)
    })

    test('answers with the result of the decision', async () => {
      assert.equal(await store.change({}, () => ({ result: 42 })), 42)
    })

    test('gives a decision the rows its refs name, and undefined for a missing one', async () => {
      await write(insert('budgets', budget(acme, 'found')))
      const seen = await store.change(
        { there: row('budgets', acme, 'found'), missing: row('budgets', acme, 'lost') },
        (found) => ({ result: found }),
      )
      assert.deepEqual(seen, { there: budget(acme, 'found'), missing: undefined })
    })

    test('gives a decision all rows with a value in an index', async () => {
      const flow = 'many-refs'
      await write(...[3, 1, 2].map((n) => insert('challenges', challenge(acme, `many-${n}`, { flow }))))
      await write(insert('challenges', challenge(acme, 'many-else', { flow: 'another' })))
      const ids = await store.change({ all: rows('challenges', 'flow', acme, flow) }, ({ all }) => ({
        result: all.map((it) => it.id),
        writes: all.map((it) => put('challenges', { ...it, voidedAt: 7 })),
      }))
      assert.deepEqual([...ids].sort(), ['many-1', 'many-2', 'many-3'])
      const after = await store.list('challenges', acme, { by: { index: 'flow', value: flow } })
      assert.deepEqual(
        after.map((it) => it.voidedAt),
        [7, 7, 7],
      )
      assert.equal((await store.get('challenges', acme, 'many-else'))?.voidedAt, undefined)
    })

    test('keeps tenants apart in every verb', async () => {
      await write(insert('users', user(acme, 'shared', { emailKey: 'shared@a.example', name: 'of acme' })))
      await write(insert('users', user(other, 'shared', { emailKey: 'shared@a.example', name: 'of other' })))
      const by = { index: 'email', value: 'shared@a.example' } as const
      assert.equal((await store.get('users', other, 'shared'))?.name, 'of other')
      assert.equal((await store.list('users', other, { by }))[0]?.name, 'of other')
      assert.equal(await store.count('users', other), 1)
      const found = await store.change(
        { one: row('users', other, 'shared'), many: rows('users', 'email', other, by.value) },
        (it) => ({ result: it, writes: [remove('users', other, 'shared')] }),
      )
      assert.equal(found.one?.name, 'of other')
      assert.deepEqual(
        found.many.map((it) => it.name),
        ['of other'],
      )
      assert.equal((await store.get('users', acme, 'shared'))?.name, 'of acme')
    })

    test('refuses a put of a row of another tenant than was loaded', async () => {
      await write(insert('budgets', budget(acme, 'foreign')), insert('budgets', budget(other, 'foreign')))
      await assert.rejects(
        store.change({ it: row('budgets', acme, 'foreign') }, () => ({
          result: 0,
          writes: [put('budgets', budget(other, 'foreign', { used: 9 }))],
        })),
        TypeError,
      )
      assert.equal((await store.get('budgets', other, 'foreign'))?.used, 0)
    })

    test('finds a row by the new value of its index after a put, and no longer by the old', async () => {
      await write(insert('users', user(acme, 'moved', { emailKey: 'old@a.example' })))
      await store.change({ it: row('users', acme, 'moved') }, ({ it }) => ({
        result: 0,
        writes: [put('users', { ...(it as Tables['users']), emailKey: 'new@a.example' })],
      }))
      const count = (value: string) => store.count('users', acme, { index: 'email', value })
      assert.deepEqual([await count('old@a.example'), await count('new@a.example')], [0, 1])
    })

    test('leaves a row out of an index for which it has no value', async () => {
      await write(insert('users', user(acme, 'no-mail-1')), insert('users', user(acme, 'no-mail-2')))
      assert.equal(await store.count('users', acme, { index: 'email', value: '' }), 0)
    })

    test('lets the loser of a unique value decide again, seeing the winner', async () => {
      const emailKey = 'raced@a.example'
      const claim = (id: string) =>
        store.change({ held: rows('users', 'email', acme, emailKey) }, ({ held }) =>
          held.length > 0
            ? { result: `lost to ${held[0]?.id}` }
            : { result: 'won', writes: [insert('users', user(acme, id, { emailKey }))] },
        )
      const answers = await Promise.all([claim('raced-1'), claim('raced-2'), claim('raced-3')])
      const winner = (await store.list('users', acme, { by: { index: 'email', value: emailKey } })).map((it) => it.id)
      assert.equal(winner.length, 1)
      assert.deepEqual(answers.toSorted(), [`lost to ${winner[0]}`, `lost to ${winner[0]}`, 'won'])
    })

    test('runs a change again when a blind insert meets a taken key, then refuses with StoreConflict', async () => {
      await write(insert('users', user(acme, 'taken', { emailKey: 'taken@a.example' })))
      for (const it of [user(acme, 'taken'), user(acme, 'else', { emailKey: 'taken@a.example' })]) {
        let runs = 0
        const blind = store.change({}, () => {
          runs++
          return { result: 0, writes: [insert('budgets', budget(acme, `beside-${it.id}`)), insert('users', it)] }
        })
        await assert.rejects(blind, StoreConflict)
        assert.equal(runs, 4)
        assert.equal(await store.get('budgets', acme, `beside-${it.id}`), undefined)
      }
    })

    test('does not hold a deleted row against a new one with its unique value', async () => {
      await write(insert('users', user(acme, 'gone', { usernameKey: 'reused' })))
      await write(remove('users', acme, 'gone'), insert('users', user(acme, 'came', { usernameKey: 'reused' })))
      const [it] = await store.list('users', acme, { by: { index: 'username', value: 'reused' } })
      assert.equal(it?.id, 'came')
    })

    test('lets exactly one of 50 parallel changes spend a row, 100 rounds', async () => {
      for (let round = 0; round < 100; round++) {
        const id = `spent-${round}`
        await write(insert('challenges', challenge(acme, id)))
        const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => spend(store, acme, id, `${n}`)))
        const won = answers.flatMap((it, n) => (it ? [`${id}-${n}`] : []))
        assert.equal(won.length, 1)
        const results = await store.list('events', acme, { by: { index: 'user', value: id } })
        assert.deepEqual(
          results.map((it) => it.id),
          won,
        )
      }
    })

    test('lets no two changes decide on what the other one is about to write', async () => {
      for (let round = 0; round < 30; round++) {
        const [a, b] = [`skew-a${round}`, `skew-b${round}`]
        await write(insert('budgets', budget(acme, a)), insert('budgets', budget(acme, b)))
        const refs = { a: row('budgets', acme, a), b: row('budgets', acme, b) }
        const use = (id: string) =>
          store.change(refs, ({ a, b }) => {
            if ((a?.used ?? 0) + (b?.used ?? 0) > 0) return { result: false }
            return { result: true, writes: [put('budgets', budget(acme, id, { used: 1 }))] }
          })
        const answers = await Promise.all([use(a), use(b), use(a), use(b)])
        assert.equal(answers.filter(Boolean).length, 1)
      }
    })

    test('keeps a row that is missing missing until the change is over', async () => {
      for (let round = 0; round < 30; round++) {
        const id = `absent-${round}`
        const first = (n: number) =>
          store.change({ mark: row('budgets', acme, id) }, ({ mark }) => {
            const writes = [upsert('budgets', budget(acme, id)), insert('events', event(acme, `${id}-${n}`))]
            return mark ? { result: false } : { result: true, writes }
          })
        const answers = await Promise.all([1, 2, 3, 4].map(first))
        assert.equal(answers.filter(Boolean).length, 1)
      }
    })

    test('lets no row come into a set while a change decides on it', async () => {
      for (let round = 0; round < 30; round++) {
        const flow = `set-${round}`
        const add = (n: number) =>
          store.change({ all: rows('challenges', 'flow', acme, flow) }, ({ all }) =>
            all.length >= 2
              ? { result: false }
              : { result: true, writes: [insert('challenges', challenge(acme, `${flow}-${n}`, { flow }))] },
          )
        const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(add))
        assert.equal(answers.filter(Boolean).length, 2)
      }
    })

    test('refuses to hold a set of a table that grows with every request', async () => {
      const all = { all: rows('messages', 'state', acme, 'queued') }
      await assert.rejects(
        store.change(all, () => ({ result: 0 })),
        TypeError,
      )
    })

    test('writes nothing when decide throws, passes the error on, and leaves its neighbours alone', async () => {
      const boom = new Error('boom')
      const [good, bad] = await Promise.allSettled([
        write(insert('budgets', budget(acme, 'neighbour'))),
        store.change({}, () => {
          throw boom
        }),
      ])
      assert.equal(good.status, 'fulfilled')
      assert.equal(bad.status === 'rejected' && bad.reason, boom)
      assert.ok(await store.get('budgets', acme, 'neighbour'))
    })

    test('writes all of a change or nothing', async () => {
      await write(insert('budgets', budget(acme, 'all-kept', { used: 1 })), insert('budgets', budget(acme, 'all-gone')))
      const half = store.change({ it: row('budgets', acme, 'all-kept') }, ({ it }) => ({
        result: 0,
        writes: [
          insert('budgets', budget(acme, 'all-new')),
          put('budgets', { ...(it as Tables['budgets']), used: 2 }),
          remove('budgets', acme, 'all-gone'),
          upsert('budgets', budget(acme, 'all-upserted')),
          put('budgets', budget(acme, 'all-never-loaded')),
        ],
      }))
      await assert.rejects(half, TypeError)
      assert.equal((await store.get('budgets', acme, 'all-kept'))?.used, 1)
      assert.ok(await store.get('budgets', acme, 'all-gone'))
      for (const id of ['all-new', 'all-upserted', 'all-never-loaded']) {
        assert.equal(await store.get('budgets', acme, id), undefined)
      }
    })

    test('refuses a decision that is a promise, and writes nothing of it', async () => {
      const late = async () => ({ result: 0, writes: [insert('budgets', budget(acme, 'late'))] })
      await assert.rejects(store.change({}, late as never), /synchronous/)
      assert.equal(await store.get('budgets', acme, 'late'), undefined)
    })

    test('refuses to put a row twice in one change', async () => {
      await write(insert('budgets', budget(acme, 'twice')))
      const twice = store.change({ it: row('budgets', acme, 'twice') }, ({ it }) => {
        const writes = [1, 2].map((used) => put('budgets', { ...(it as Tables['budgets']), used }))
        return { result: 0, writes }
      })
      await assert.rejects(twice, TypeError)
      assert.equal((await store.get('budgets', acme, 'twice'))?.used, 0)
    })

    test('counts right when many changes add to one row at once', async () => {
      await write(insert('budgets', budget(acme, 'sum')))
      const add = () =>
        store.change({ it: row('budgets', acme, 'sum') }, ({ it }) => {
          const used = (it as Tables['budgets']).used + 1
          return { result: used, writes: [put('budgets', { ...(it as Tables['budgets']), used })] }
        })
      const answers = await Promise.all(Array.from({ length: 200 }, add))
      assert.equal(new Set(answers).size, 200)
      assert.equal((await store.get('budgets', acme, 'sum'))?.used, 200)
    })

    test('counts right too when the row is named loosely, as long as the change writes it', async () => {
      for (const start of [[insert('budgets', budget(acme, 'loose'))], [remove('budgets', acme, 'loose')]]) {
        await write(...start)
        const add = () =>
          store.change({ it: loosely(row('budgets', acme, 'loose')) }, ({ it }) => {
            const used = (it?.used ?? 0) + 1
            return { result: used, writes: [upsert('budgets', { ...budget(acme, 'loose'), used })] }
          })
        const answers = await Promise.all(Array.from({ length: 40 }, add))
        assert.equal(new Set(answers).size, 40)
        assert.equal((await store.get('budgets', acme, 'loose'))?.used, 40)
      }
    })

    test('upserts over what is there and where nothing is, and removes what is not there', async () => {
      await write(upsert('users', user(acme, 'up', { emailKey: 'up1@a.example' })))
      await write(upsert('users', user(acme, 'up', { emailKey: 'up2@a.example' })))
      assert.equal((await store.get('users', acme, 'up'))?.emailKey, 'up2@a.example')
      assert.equal(await store.count('users', acme, { index: 'email', value: 'up1@a.example' }), 0)
      await write(remove('users', acme, 'up'), remove('users', acme, 'up'))
      assert.equal(await store.get('users', acme, 'up'), undefined)
    })

    test('lists by id, upwards and downwards, in pages by id or number', async () => {
      const tenant = asTenant('paged')
      const ids = Array.from({ length: 25 }, (_, n) => `e-${String(n).padStart(2, '0')}`)
      await write(...ids.toReversed().map((id, n) => insert('events', event(tenant, id, n % 2 ? 'odd' : 'even'))))
      const list = async (options: Parameters<typeof store.list<'events'>>[2]) =>
        (await store.list('events', tenant, options)).map((it) => it.id)
      assert.deepEqual(await list({}), ids)
      assert.deepEqual(await list({ descending: true, limit: 3 }), ['e-24', 'e-23', 'e-22'])
      assert.deepEqual(await list({ after: 'e-20' }), ['e-21', 'e-22', 'e-23', 'e-24'])
      assert.deepEqual(await list({ after: 'e-02', descending: true }), ['e-01', 'e-00'])
      assert.deepEqual(await list({ offset: 10, limit: 2 }), ['e-10', 'e-11'])
      const by = { index: 'user', value: 'odd' } as const
      assert.deepEqual(await list({ by, limit: 3 }), ['e-01', 'e-03', 'e-05'])
      assert.deepEqual(await list({ by, after: 'e-05', offset: 1, limit: 2 }), ['e-09', 'e-11'])
      assert.deepEqual(await list({ by, descending: true, after: 'e-05' }), ['e-03', 'e-01'])
      assert.deepEqual(await list({ limit: 0 }), [])
      assert.deepEqual([await store.count('events', tenant), await store.count('events', tenant, by)], [25, 12])
    })

    test('lists 100 rows when not told how many, and never more than 1,000', async () => {
      const tenant = asTenant('crowd')
      const all = Array.from({ length: 1001 }, (_, n) =>
        insert('challenges', challenge(tenant, `c${n}`, { flow: 'f' })),
      )
      await write(...all)
      assert.equal((await store.list('challenges', tenant)).length, 100)
      assert.equal((await store.list('challenges', tenant, { limit: 5000 })).length, 1000)
      const loaded = await store.change({ all: rows('challenges', 'flow', tenant, 'f') }, (it) => ({
        result: it.all.length,
      }))
      assert.equal(loaded, 1000)
    })

    test('names every tenant', async () => {
      const ids = ['tenant-a', 'tenant-b'].map(asTenant)
      await write(...ids.map((id) => insert('tenants', tenantRow(id))))
      assert.deepEqual(await store.everyTenant(), ids)
    })

    test('sweeps rows whose end lies before now, at most as many as allowed, and no other', async () => {
      const tenant = asTenant('swept')
      const ends = (id: string, expiresAt?: number) => insert('budgets', budget(tenant, id, { expiresAt }))
      await write(...Array.from({ length: 1500 }, (_, n) => ends(`dead-${n}`, 1000)))
      await write(ends('now', 2000), ends('soon', 2001), ends('never'))
      assert.equal(await store.sweep(2000, 10), 10)
      assert.equal(await store.sweep(2000, 9999), 1000)
      assert.equal(await store.sweep(2000), 490)
      assert.equal(await store.sweep(2000), 0)
      const left = (await store.list('budgets', tenant)).map((it) => it.id)
      assert.deepEqual(left, ['never', 'now', 'soon'])
    })

    test('sees a new end of a row when sweeping', async () => {
      const tenant = asTenant('prolonged')
      await write(insert('budgets', budget(tenant, 'it', { expiresAt: 1000 })))
      await store.change({ it: row('budgets', tenant, 'it') }, ({ it }) => ({
        result: 0,
        writes: [put('budgets', { ...(it as Tables['budgets']), expiresAt: 5000 })],
      }))
      await store.sweep(3000)
      assert.ok(await store.get('budgets', tenant, 'it'))
    })

    test('takes quotes, comments, wildcards and all of Unicode in every field (S-160)', async () => {
      const nasty = [
        `'; DROP TABLE users; --`,
        `" OR ""="`,
        '%_\\',
        '/* */ $1 ?1 :a @b',
        'ünïcödé 漢字 🧑‍🚀 \u202e\ufeff',
        'line\nbreak\ttab\u0001',
      ]
      for (const text of nasty) {
        const tenant = asTenant(`t${text}`)
        const it = user(tenant, text, { emailKey: text, usernameKey: text, phoneNumber: text, name: text })
        const meta = { ...it, userMetadata: { [text]: text, __proto__x: `nul \u0000 and half \ud800` } }
        await write(insert('users', meta))
        assert.deepEqual(await store.get('users', tenant, text), meta)
        for (const index of ['email', 'username', 'phone'] as const) {
          assert.deepEqual(await store.list('users', tenant, { by: { index, value: text } }), [meta])
        }
        assert.deepEqual(await store.list('users', tenant, { by: { index: 'email', value: `${text}x` } }), [])
        assert.equal((await store.list('users', tenant, { after: `${text}x` })).length, 0)
      }
    })

    test('finds nothing under a key with NUL or half a character, and does not let one in', async () => {
      for (const text of ['a\u0000', 'a\ud800']) {
        assert.equal(await store.get('users', acme, text), undefined)
        assert.deepEqual(await store.list('users', acme, { by: { index: 'email', value: text } }), [])
        assert.deepEqual(await store.list('users', acme, { after: text, by: { index: 'email', value: 'x' } }), [])
        assert.equal(await store.count('users', acme, { index: 'email', value: text }), 0)
        assert.equal(await store.get('users', asTenant(text), 'made'), undefined)
        const refs = { one: row('users', acme, text), many: rows('users', 'email', acme, text) }
        assert.deepEqual(await store.change(refs, (result) => ({ result })), { one: undefined, many: [] })
        await assert.rejects(write(insert('users', user(acme, text))), TypeError)
        await assert.rejects(write(insert('users', user(acme, 'broken', { emailKey: text }))), TypeError)
      }
    })

    test('decides on the row as it is, whatever the caller has seen of it before', async () => {
      const tenant = asTenant('seen')
      await write(insert('budgets', budget(tenant, 'it')))
      const before = (await store.get('budgets', tenant, 'it')) as Tables['budgets']
      const add = (it: Tables['budgets']) => put('budgets', { ...it, used: it.used + 1 })
      const refs = { it: seen('budgets', before) }
      const once = await store.change(refs, ({ it }) => ({ result: it?.used, writes: it ? [add(it)] : [] }))
      const again = await store.change(refs, ({ it }) => ({ result: it?.used, writes: it ? [add(it)] : [] }))
      assert.deepEqual([once, again], [0, 1])
      assert.equal(await store.change(refs, ({ it }) => ({ result: it?.used })), 2)
      const beside = { ...refs, other: row('budgets', tenant, 'other') }
      const decided = await store.change(beside, ({ it }) => ({
        result: it?.used,
        writes: [upsert('budgets', budget(tenant, 'other', { used: it?.used ?? 0 }))],
      }))
      assert.deepEqual([decided, (await store.get('budgets', tenant, 'other'))?.used], [2, 2])
      const all = Array.from({ length: 20 }, () =>
        store.change(refs, ({ it }) => ({ result: it?.used ?? -1, writes: it ? [add(it)] : [] })),
      )
      assert.deepEqual(
        (await Promise.all(all)).toSorted((a, b) => a - b),
        Array.from({ length: 20 }, (_, n) => n + 2),
      )
      await write(remove('budgets', tenant, 'it'))
      assert.equal(await store.change(refs, ({ it }) => ({ result: it })), undefined)
    })

    test('an empty id or value names nothing, and no row may have an empty id', async () => {
      const tenant = asTenant('nameless')
      await write(insert('users', user(tenant, 'ada', { emailKey: '' })))
      const refs = { one: row('users', tenant, ''), many: rows('users', 'email', tenant, '') }
      assert.deepEqual(await store.change(refs, (result) => ({ result })), { one: undefined, many: [] })
      await assert.rejects(write(insert('users', user(tenant, ''))), TypeError)
      await assert.rejects(write(upsert('budgets', budget(tenant, ''))), TypeError)
    })

    test('keeps tenant and id from running into each other', async () => {
      await write(insert('budgets', budget(asTenant('a:b'), 'c')))
      assert.equal(await store.get('budgets', asTenant('a'), 'b:c'), undefined)
    })

    test('serves', async () => {
      await store.check()
    })
  })

  test(`the store ${name} answers what it took on before it closes, and refuses every call after`, async () => {
    const store = await open()
    const taken = once(store, [insert('budgets', budget(acme, 'last'))])
    await Promise.all([store.close(), store.close(), taken])
    const calls = [
      () => store.get('budgets', acme, 'last'),
      () => store.list('budgets', acme),
      () => store.count('budgets', acme),
      () => store.everyTenant(),
      () => store.change({}, () => ({ result: 0 })),
      () => store.sweep(0),
      () => store.check(),
    ]
    for (const call of calls) await assert.rejects(call(), StoreUnavailable)
    await store.close()
  })
}

/**
 * For stores whose data outlives them; `open` opens the same data each time, also twice at once.
 */
export function durableStoreContract(name: string, open: () => Promise<Store>): void {
  test(`the store ${name} still has its data when it is opened again`, async () => {
    const first = await open()
    await once(first, [insert('users', user(acme, 'kept', { emailKey: 'kept@a.example' }))])
    await first.close()
    const second = await open()
    assert.deepEqual(await second.get('users', acme, 'kept'), user(acme, 'kept', { emailKey: 'kept@a.example' }))
    await second.close()
  })

  test(`the store ${name} has committed before it answers: another connection sees every answered change`, async () => {
    const [writer, reader] = [await open(), await open()]
    const each = Array.from({ length: 40 }, async (_, n) => {
      await once(writer, [insert('budgets', budget(acme, `seen-${n}`))])
      assert.ok(await reader.get('budgets', acme, `seen-${n}`))
    })
    await Promise.all(each)
    await Promise.all([writer.close(), reader.close()])
  })

  test(`the store ${name} lets one of two connections spend a row, and the other sees it spent`, async () => {
    const [a, b] = [await open(), await open()]
    for (let round = 0; round < 20; round++) {
      const id = `two-${round}`
      await once(a, [insert('challenges', challenge(acme, id))])
      const tries = Array.from({ length: 10 }, (_, n) => spend(n % 2 ? a : b, acme, id, `${n}`))
      assert.equal((await Promise.all(tries)).filter(Boolean).length, 1)
    }
    await Promise.all([a.close(), b.close()])
  })

  test(`the store ${name} may be opened many times at once while it is still empty`, async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, open))
    for (const store of stores) await store.check()
    for (const store of stores) await store.close()
  })
}

/** Writes without asking. */
function once(store: Store, writes: readonly Write[]): Promise<undefined> {
  return store.change({}, () => ({ result: undefined, writes }))
}
