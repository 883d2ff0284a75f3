import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createChecksum } from '#crypto/checksum.ts'
import { insert, type Store, StoreUnavailable, upsert } from '#ports/store.ts'
import { copyStore } from '#stores/copy.ts'
import { openStore } from '#stores/open.ts'
import { asTenant, budget, challenge, event, tenant, user } from '#test/contracts/store-rows.ts'
import { type PostgresServer, postgresKinds, startPostgres } from '#test/support/postgres.ts'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'polyfactor-copy-'))
const acme = asTenant('acme')
const tiny = asTenant('tiny')
let server: PostgresServer
before(async () => {
  const [kind] = postgresKinds()
  assert.ok(kind)
  server = await startPostgres(kind)
})
after(async () => {
  await server.remove()
  rmSync(folder, { recursive: true, force: true })
})

function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [main, 'store', 'copy', ...args], { cwd: folder, timeout: 30_000 })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (err += chunk))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })))
}

async function filled(name: string): Promise<string> {
  const url = `sqlite:${join(folder, name)}`
  const store = await openStore(url)
  const many = Array.from({ length: 700 }, (_, n) => [
    insert('users', user(acme, `ü${n}`, { emailKey: `u${n}@a.example`, name: `漢字 ${n} \u0000 \ud800` })),
    insert('events', event(acme, `e${n}`, `ü${n}`)),
  ]).flat()
  const few = [insert('challenges', challenge(tiny, 'c')), insert('budgets', budget(tiny, 'b', { expiresAt: 5 }))]
  const tenants = [insert('tenants', tenant(acme)), insert('tenants', tenant(tiny))]
  await store.change({}, () => ({ result: 0, writes: [...tenants, ...many, ...few] }))
  await store.close()
  return url
}

test('a copy to PostgreSQL and back is the same, row by row and through every index', async () => {
  const from = await filled('there.db')
  const middle = await server.database('middle')
  const there = await run(from, middle)
  assert.deepEqual(
    [there.code, there.out],
    [0, '1405 rows copied; counts and checksums of all tables agree\n'],
    there.err,
  )
  assert.match(there.err, /^copying \d+ % .*^comparing 100 %/ms)
  const back = await run(middle, 'sqlite:./back.db')
  assert.equal(back.code, 0, back.err)
  const [first, last] = [await openStore(from), await openStore(`sqlite:${join(folder, 'back.db')}`)]
  for (const table of ['users', 'events', 'challenges', 'budgets', 'tenants'] as const) {
    for (const id of [acme, tiny]) {
      assert.deepEqual(await last.list(table, id, { limit: 1000 }), await first.list(table, id, { limit: 1000 }))
    }
  }
  assert.equal((await last.list('users', acme, { by: { index: 'email', value: 'u7@a.example' } }))[0]?.id, 'ü7')
  await first.close()
  await last.close()
})

test('a copy that broke off goes on where it stopped', async () => {
  const from = await openStore(await filled('broken.db'))
  const to = await openStore(await server.database('broken'))
  let left = 2
  const failing: Store = Object.assign(Object.create(to) as Store, {
    list: to.list.bind(to),
    count: to.count.bind(to),
    everyTenant: to.everyTenant.bind(to),
    change: async (refs: never, decide: never) => {
      if (left-- === 0) throw new StoreUnavailable('gone')
      return to.change(refs, decide)
    },
  })
  await assert.rejects(copyStore({ from, to: failing, checksum: createChecksum }), StoreUnavailable)
  const copied = await copyStore({ from, to, checksum: createChecksum })
  assert.deepEqual(copied, { rows: 1405, already: 251, differences: [] })
  await from.close()
  await to.close()
})

test('a row that differs, is missing or too many is found', async () => {
  const from = await openStore(await filled('differs.db'))
  const to = await openStore(`sqlite:${join(folder, 'differs-to.db')}`)
  await copyStore({ from, to, checksum: createChecksum })
  await to.change({}, () => ({
    result: 0,
    writes: [upsert('users', user(acme, 'ü8', { name: 'other' })), upsert('budgets', budget(tiny, 'more'))],
  }))
  const { differences } = await copyStore({ from, to, checksum: createChecksum })
  assert.deepEqual(differences, [
    { tenant: acme, table: 'users', fromRows: 700, toRows: 700 },
    { tenant: tiny, table: 'budgets', fromRows: 1, toRows: 2 },
  ])
  await from.close()
  await to.close()
})

test('databases that cannot be meant are refused in words, without their passwords', async () => {
  const from = await filled('refused.db')
  const cases = [
    [['sqlite:./nowhere.db', from], /FROM: there is no file/],
    [[from, from], /TO: is the same database/],
    [[from, 'mysql://root:hunter2@localhost/x'], /TO: is no database/],
    [[from, 'postgres://root:hunter2@127.0.0.1:1/x'], /TO: .*cannot be reached/],
  ] as const
  for (const [args, message] of cases) {
    const { code, out, err } = await run(...args)
    assert.deepEqual([code, out], [1, ''])
    assert.match(err, message)
    assert.doesNotMatch(err, /hunter2|\n\s+at /)
  }
  const other = await openStore(`sqlite:${join(folder, 'foreign.db')}`)
  await other.change({}, () => ({ result: 0, writes: [insert('tenants', tenant(asTenant('foreign')))] }))
  await other.close()
  const { code, err } = await run(from, `sqlite:${join(folder, 'foreign.db')}`)
  assert.equal(code, 1)
  assert.match(err, /TO: the target holds tenants the source does not have: foreign/)
})
