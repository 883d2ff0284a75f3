import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { createKeyring } from '#crypto/keyring.ts'
import { systemRandom } from '#crypto/random.ts'
import { asId, type TenantId } from '#model/ids.ts'
import { put, row, type Store } from '#ports/store.ts'
import { openStore } from '#stores/open.ts'
import { ask, type PostgresServer, postgresKinds, startPostgres } from '#test/support/postgres.ts'
import { systemAudit } from '../events.ts'
import { exportChain } from './export.ts'
import { linkAll } from './link.ts'
import { retain } from './retain.ts'
import { verifyExport } from './verify.ts'

const tenant = asId<TenantId>('demo')
const keyring = createKeyring([new Uint8Array(32).fill(7)])
const clock = { now: () => Date.now() }

let server: PostgresServer
before(async () => {
  const [kind] = postgresKinds()
  assert.ok(kind)
  server = await startPostgres(kind)
})
after(() => server.remove())

const happen = (store: Store) =>
  store.change({}, () => ({
    result: undefined,
    writes: [systemAudit({ clock, random: systemRandom }, tenant, 'admin.change')],
  }))

async function verified(store: Store) {
  const lines: string[] = []
  for await (const line of exportChain(store, tenant)) lines.push(line)
  return verifyExport(lines)
}

describe('the chain of audit events on PostgreSQL', () => {
  it('has every event of two stores once, while both write and both link', async (t) => {
    const url = await server.database('chain')
    const stores = [await openStore(url), await openStore(url)] as const
    t.after(() => Promise.all(stores.map((it) => it.close())))
    let writing = true
    const linkers = stores.map(async (store) => {
      while (writing) await linkAll({ store, keyring, clock }, tenant)
    })
    await Promise.all(Array.from({ length: 300 }, (_, n) => happen(stores[n % 2] as Store)))
    writing = false
    await Promise.all(linkers)
    await linkAll({ store: stores[0], keyring, clock }, tenant)
    const done = await verified(stores[0])
    assert.deepEqual([done.problems, done.rows], [[], 300])
  })

  it('lets the events of changes that are committed together wait in one row, and links each', async (t) => {
    const store = await openStore(await server.database('together'))
    t.after(() => store.close())
    await Promise.all(Array.from({ length: 100 }, () => happen(store)))
    const waiting = await store.count('audit_queue', tenant)
    assert.ok(waiting > 0 && waiting < 50, `${waiting} rows for 100 changes`)
    assert.equal(await linkAll({ store, keyring, clock }, tenant), 100)
    const done = await verified(store)
    assert.deepEqual([done.problems, done.rows], [[], 100])
  })

  it('S-147: the role of the server adds to the trail and links it, and can neither change nor delete a row of it', async (t) => {
    const url = await server.database('roles')
    const owner = await openStore(url)
    t.after(() => owner.close())
    await happen(owner)
    const script = readFileSync(new URL('../../../deploy/postgres/append-only.sql', import.meta.url), 'utf8')
    // What psql itself would do: the variable, and running what a statement answers.
    await ask(url, "CREATE ROLE polyfactor_server LOGIN PASSWORD 'x'")
    const grants = script.slice(script.indexOf('GRANT USAGE'))
    assert.match(grants, /^REVOKE UPDATE, DELETE, TRUNCATE ON events, audit_blocks/m)
    await ask(url, grants)
    const role = url.replace('postgres@', 'polyfactor_server@')
    const store = await openStore(role)
    t.after(() => store.close())
    await happen(store)
    await linkAll({ store, keyring, clock }, tenant)
    await store.sweep(clock.now())
    const [event] = await store.list('events', tenant)
    assert.ok(event)
    await assert.rejects(
      store.change({ it: row('events', tenant, event.id) }, ({ it }) => ({
        result: undefined,
        writes: [put('events', { ...it, reason: 'other' } as never)],
      })),
    )
    for (const table of ['events', 'audit_blocks']) {
      for (const sql of [`DELETE FROM ${table}`, `UPDATE ${table} SET doc = '{}'`, `TRUNCATE ${table}`]) {
        await assert.rejects(ask(role, sql), /permission denied/, sql)
      }
    }
    assert.deepEqual((await verified(store)).problems, [])
    await happen(store)
    await linkAll({ store, keyring, clock }, tenant)
    await assert.rejects(retain({ store, keyring, clock }, tenant, clock.now() + 1_000))
    assert.equal(await retain({ store: owner, keyring, clock }, tenant, clock.now() + 1_000), 2)
    assert.deepEqual((await verified(store)).problems, [])
  })
})
